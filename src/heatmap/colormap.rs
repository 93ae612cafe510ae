//! Colour maps.

use std::{fmt, str::FromStr};

use rayon::prelude::*;

use crate::{planes::Planes, raster::Raster};

/// Colours for numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum ColorMap {
    /// Blue to red through green, the article's; uneven in brightness, so it shows steps where there are none.
    #[default]
    Jet,
    /// Dark blue to yellow, even in brightness and fit for colour-blind people.
    Viridis,
    /// Blue for negative, white for zero, red for positive values of signed maps.
    Diverging,
    /// Black to white.
    Grey,
    /// Black for negative, grey for zero, white for positive values: what [`Diverging`](Self::Diverging) is where there are
    /// no colours.
    #[value(skip)]
    Shades,
}

/// Values below which handing them to another thread costs more than it gains.
const LEAST: usize = 1 << 12;

/// What a NaN looks like in every map.
const NOT_A_NUMBER: [u8; 3] = [255, 0, 255];

impl ColorMap {
    /// All that can be chosen.
    pub const ALL: [Self; 4] = [Self::Jet, Self::Viridis, Self::Diverging, Self::Grey];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jet => "jet",
            Self::Viridis => "viridis",
            Self::Diverging => "diverging",
            Self::Grey => "grey",
            Self::Shades => "shades",
        }
    }

    /// Whether it shows values below zero: from -1 to 1 instead of from 0 to 1.
    pub fn is_signed(self) -> bool {
        matches!(self, Self::Diverging | Self::Shades)
    }

    /// Itself, or for what has sizes only, as pixel maps (`fine`), grey in place of signed colours.
    #[must_use]
    pub fn of_sizes(self, fine: bool) -> Self {
        if fine && self.is_signed() { Self::Grey } else { self }
    }

    /// What shows the same where there are no colours, so that more is always brighter: jet's largest values are as dark as
    /// its smallest, and diverging colours' ends are alike.
    #[must_use]
    pub fn without_colors(self) -> Self {
        if self.is_signed() { Self::Shades } else { Self::Grey }
    }

    /// The colour of `value`, 0 to 1 (-1 to 1 if [signed](Self::is_signed)); beyond that, the end's colour. A NaN
    /// is magenta.
    pub fn color(self, value: f64) -> [u8; 3] {
        if value.is_nan() {
            return NOT_A_NUMBER;
        }
        let unit = value.clamp(0.0, 1.0);
        match self {
            Self::Jet => jet(unit),
            Self::Viridis => colorous::VIRIDIS.eval_continuous(unit).as_array(),
            Self::Grey => [level(unit); 3],
            Self::Shades => [level(0.5 + value.clamp(-1.0, 1.0) / 2.0); 3],
            Self::Diverging => colorous::RED_BLUE.eval_continuous(0.5 - value.clamp(-1.0, 1.0) / 2.0).as_array(),
        }
    }

    /// The first plane of `map` in colours.
    pub fn paint(self, map: &Planes) -> Raster {
        let values = map.plane(0).par_iter().with_min_len(LEAST);
        Raster::new(map.width, map.height, values.map(|&value| self.color(value)).collect())
    }

    /// A strip of all its colours from left to right.
    pub fn bar(self, width: usize, height: usize) -> Raster {
        let last = (width.max(2) - 1) as f64;
        let low = if self.is_signed() { -1.0 } else { 0.0 };
        let value = |x: usize| low + (1.0 - low) * x as f64 / last;
        Raster::new(width, height, (0..width * height).map(|at| self.color(value(at % width))).collect())
    }
}

/// Three overlapping ramps, as in MATLAB and OpenCV's `COLORMAP_JET`.
fn jet(v: f64) -> [u8; 3] {
    [3.0, 2.0, 1.0].map(|center| level((1.5 - (4.0 * v - center).abs()).clamp(0.0, 1.0)))
}

/// The nearest level. Half a level more, cut off: `round` is a call for each pixel on processors of unknown age.
fn level(v: f64) -> u8 {
    (v * 255.0 + 0.5) as u8
}

impl fmt::Display for ColorMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for ColorMap {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|map| map.name() == text.to_lowercase());
        found.ok_or_else(|| format!("no colour map is called `{text}`; use jet, viridis, diverging or grey"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Read off `cv2.applyColorMap(..., cv2.COLORMAP_JET)` at 0, 64, 128, 192 and 255, as RGB.
    #[test]
    fn jet_is_opencvs_within_a_few_levels() {
        let theirs =
            [(0, [0, 0, 128]), (64, [0, 128, 255]), (128, [130, 255, 126]), (192, [255, 126, 0]), (255, [128, 0, 0])];
        for (at, color) in theirs {
            let ours = ColorMap::Jet.color(f64::from(at) / 255.0);
            let off = ours.iter().zip(color).map(|(a, b): (&u8, u8)| a.abs_diff(b)).max().unwrap();
            assert!(off <= 4, "at {at}: {ours:?} is not {color:?}");
        }
    }

    #[test]
    fn diverging_is_blue_below_zero_and_red_above() {
        let [cold, zero, hot] = [-1.0, 0.0, 1.0].map(|v| ColorMap::Diverging.color(v));
        assert!(cold[2] > cold[0] && hot[0] > hot[2] && zero.iter().all(|&c| c > 230), "{cold:?} {zero:?} {hot:?}");
    }

    #[test]
    fn without_colors_more_is_brighter() {
        for (colors, low) in [(ColorMap::Jet, 0.0), (ColorMap::Diverging, -1.0)] {
            let levels: Vec<u8> = (0..=10)
                .map(|i| colors.without_colors().color(low + (1.0 - low) * f64::from(i) / 10.0))
                .map(|[r, g, b]| {
                    assert!(r == g && g == b, "{colors} in grey");
                    r
                })
                .collect();
            assert_eq!([levels[0], levels[10]], [0, 255], "{colors}");
            assert!(levels.is_sorted_by(|a, b| a < b), "{colors}: {levels:?}");
        }
        assert_eq!(ColorMap::Shades.color(0.0), [128; 3]);
    }

    #[test]
    fn a_nan_is_seen() {
        assert!(ColorMap::ALL.into_iter().all(|map| map.color(f64::NAN) == NOT_A_NUMBER));
    }
}
