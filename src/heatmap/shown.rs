//! The numbers behind the colours: a map brought to the range of its colour map, and what the end of that range stands for.

use super::{ColorMap, Edge, magnitude_with_bound, positive_over_max, signed_over_max_abs, upsample};
use crate::{planes::Planes, raster::Raster};

/// A map as its colours show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// One plane at the map's own size: 0 to 1, or -1 to 1 in signed colours.
    pub values: Planes,
    /// The raw value that 1 stands for; 0 where there is nothing to scale.
    pub bound: f64,
}

/// What `colors` show of `map`: of a coarse map the positive part over its maximum (in signed colours all of it over
/// its largest size); of a map of pixels (`fine`) the largest channel's size over the 99th percentile.
pub fn shown(map: &Planes, fine: bool, colors: ColorMap) -> Shown {
    if fine {
        let (values, bound) = magnitude_with_bound(map);
        return Shown { values, bound };
    }
    let (values, size): (Planes, fn(f64) -> f64) =
        if colors.is_signed() { (signed_over_max_abs(map), f64::abs) } else { (positive_over_max(map), |v| v) };
    Shown { values, bound: map.values.iter().fold(0.0, |max, &v| max.max(size(v))) }
}

impl Shown {
    /// The same map on a scale whose 1 stands for `bound`; unchanged where either scale is empty.
    #[must_use]
    pub fn on_scale(&self, bound: f64) -> Self {
        if self.bound <= 0.0 || bound <= 0.0 || self.bound == bound {
            return self.clone();
        }
        let factor = self.bound / bound;
        Self { values: self.values.map(|v| v * factor), bound }
    }

    /// The values at `height` x `width`, half-pixel bilinear as everywhere in saltty.
    pub fn enlarged(&self, height: usize, width: usize) -> Planes {
        if (self.values.height, self.values.width) == (height, width) {
            return self.values.clone();
        }
        upsample(&self.values, height, width, Edge::Clamp)
    }

    /// In colours, as large as `photo`.
    pub fn paint(&self, photo: &Raster, colors: ColorMap) -> Raster {
        colors.paint(&self.enlarged(photo.height, photo.width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_what_one_stands_for() {
        let map = Planes::new(1, 1, 3, vec![-4.0, 0.0, 2.0]);
        let positive = shown(&map, false, ColorMap::Jet);
        assert_eq!((positive.values.values.as_slice(), positive.bound), ([0.0, 0.0, 1.0].as_slice(), 2.0));
        let signed = shown(&map, false, ColorMap::Diverging);
        assert_eq!((signed.values.values.as_slice(), signed.bound), ([-1.0, 0.0, 0.5].as_slice(), 4.0));
        let fine = shown(&Planes::new(3, 1, 1, vec![1.0, -3.0, 2.0]), true, ColorMap::Jet);
        assert_eq!((fine.values.values[0], fine.bound), (1.0, 3.0));
    }

    #[test]
    fn another_scale_keeps_the_raw_values() {
        let map = Planes::new(1, 1, 2, vec![1.0, 2.0]);
        let shared = shown(&map, false, ColorMap::Jet).on_scale(8.0);
        assert_eq!(shared.values.map(|v| v * shared.bound).values, map.values);
        let blank = shown(&map.map(|_| 0.0), false, ColorMap::Jet);
        assert_eq!(blank.on_scale(8.0), blank);
    }
}
