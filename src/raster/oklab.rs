//! Colours as people tell them apart.

use std::sync::LazyLock;

/// A colour in `OKLab` (Ottosson 2020): lightness 0 to 1, green to red, blue to yellow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lab([f32; 3]);

/// The light, 0 to 1, of each of sRGB's levels (IEC 61966-2-1).
static LIGHT: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|level| {
        let level = level as f32 / 255.0;
        if level <= 0.04045 { level / 12.92 } else { ((level + 0.055) / 1.055).powf(2.4) }
    })
});

/// From linear sRGB to the three kinds of cones.
const CONES: [[f32; 3]; 3] = [
    [0.412_221_47, 0.536_332_54, 0.051_445_993],
    [0.211_903_5, 0.680_699_5, 0.107_396_96],
    [0.088_302_46, 0.281_718_84, 0.629_978_7],
];

/// From the cones' cube roots to lightness and the two pairs of colours.
const AXES: [[f32; 3]; 3] = [
    [0.210_454_26, 0.793_617_8, -0.004_072_047],
    [1.977_998_5, -2.428_592_2, 0.450_593_7],
    [0.025_904_037, 0.782_771_77, -0.808_675_77],
];

impl Lab {
    /// The colour of a pixel in sRGB.
    pub fn of(color: [u8; 3]) -> Self {
        let light = color.map(|level| LIGHT[usize::from(level)]);
        Self(product(&AXES, product(&CONES, light).map(f32::cbrt)))
    }

    /// The square of how far two colours are apart: `OKLab`'s distance, with hue and chroma counted twice (Delta-E OK2),
    /// for those are narrower there than lightness is.
    pub fn distance(self, other: Self) -> f32 {
        let [l, a, b] = std::array::from_fn(|axis| (self.0[axis] - other.0[axis]).powi(2));
        l + 4.0 * (a + b)
    }
}

fn product(rows: &[[f32; 3]; 3], [x, y, z]: [f32; 3]) -> [f32; 3] {
    rows.map(|[a, b, c]| a * x + b * y + c * z)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_red_and_blue_are_where_the_definition_has_them() {
        for (color, lab) in [
            ([255, 255, 255], [1.0, 0.0, 0.0]),
            ([0, 0, 0], [0.0, 0.0, 0.0]),
            ([255, 0, 0], [0.627_96, 0.224_86, 0.125_85]),
            ([0, 0, 255], [0.452_01, -0.032_46, -0.311_53]),
        ] {
            let Lab(ours) = Lab::of(color);
            assert!(ours.iter().zip(lab).all(|(a, b): (&f32, f32)| (a - b).abs() < 1e-4), "{color:?}: {ours:?}");
        }
    }
}
