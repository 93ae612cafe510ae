//! Bringing maps to a known range. A NaN stays a NaN, to be seen in its own colour.

use crate::{
    fault::{self, Fault},
    planes::Planes,
};

/// The positive part over the largest value: 0 to 1; all zero where nothing is positive (Grad-CAM's ReLU, equation 2).
pub fn positive_over_max(map: &Planes) -> Planes {
    let max = map.values.iter().copied().fold(0.0, f64::max);
    let max = fault::swapped(Fault::Normalisation, max, map.values.iter().map(|v| v.abs()).sum());
    map.map(|v| if v.is_nan() || max <= 0.0 { v * 0.0 } else { v.max(0.0) / max })
}

/// Every value over the largest absolute one: -1 to 1; all zero where all are zero.
pub fn signed_over_max_abs(map: &Planes) -> Planes {
    let max = map.values.iter().fold(0.0, |max: f64, v| max.max(v.abs()));
    map.map(|v| if max > 0.0 { v / max } else { v })
}

/// From the smallest to the largest value: 0 to 1; all zero where all are equal.
pub fn min_max(map: &Planes) -> Planes {
    let min = map.values.iter().copied().fold(f64::INFINITY, f64::min);
    let max = map.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    map.map(|v| if max <= min { v * 0.0 } else { (v - min) / (max - min) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &[f64]) -> Planes {
        Planes::new(1, 1, values.len(), values.to_vec())
    }

    #[test]
    fn ranges_are_as_documented() {
        let map = line(&[-4.0, 0.0, 1.0, 2.0]);
        assert_eq!(positive_over_max(&map).values, [0.0, 0.0, 0.5, 1.0]);
        assert_eq!(signed_over_max_abs(&map).values, [-1.0, 0.0, 0.25, 0.5]);
        assert_eq!(min_max(&map).values, [0.0, 4.0 / 6.0, 5.0 / 6.0, 1.0]);
    }

    #[test]
    fn flat_maps_become_zero_and_nan_stays() {
        for steps in [positive_over_max, signed_over_max_abs, min_max] {
            assert!(steps(&line(&[0.0, 0.0])).values.iter().all(|&v| v == 0.0));
            let odd = steps(&line(&[f64::NAN, 1.0, 2.0])).values;
            assert!(odd[0].is_nan() && !odd[1].is_nan() && odd[2] == 1.0, "{odd:?}");
        }
        assert!(positive_over_max(&line(&[-1.0, -2.0])).values.iter().all(|&v| v == 0.0));
    }
}
