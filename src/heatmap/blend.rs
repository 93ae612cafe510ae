//! A map over its photo.

use crate::raster::Raster;

/// How much of the photo and of the map's colours are added up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blend {
    /// Share of the photo.
    pub photo: f64,
    /// Share of the map's colours.
    pub map: f64,
}

impl Default for Blend {
    /// The article's: half the photo and the whole map.
    fn default() -> Self {
        Self { photo: 0.5, map: 1.0 }
    }
}

impl Blend {
    /// The weighted sum, rounded and clipped to 255.
    ///
    /// # Panics
    /// If the two differ in size.
    pub fn overlay(self, photo: &Raster, colors: &Raster) -> Raster {
        assert_eq!((photo.width, photo.height), (colors.width, colors.height), "a map as large as its photo");
        let sum = |p: u8, c: u8| (self.photo * f64::from(p) + self.map * f64::from(c) + 0.5) as u8;
        let pixels = photo.pixels.iter().zip(&colors.pixels).map(|(p, c)| std::array::from_fn(|i| sum(p[i], c[i])));
        Raster::new(photo.width, photo.height, pixels.collect())
    }
}

/// The article's overlay: half the photo plus the map's colours, clipped.
///
/// # Panics
/// If the two differ in size.
pub fn overlay(photo: &Raster, colors: &Raster) -> Raster {
    Blend::default().overlay(photo, colors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_the_photo_plus_the_map_clipped() {
        let (photo, colors) = (Raster::filled(1, 1, [200, 100, 0]), Raster::filled(1, 1, [200, 10, 3]));
        assert_eq!(overlay(&photo, &colors).pixels, [[255, 60, 3]]);
    }
}
