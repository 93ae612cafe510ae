//! Maps with the input's pixels: three signed planes, for looking at.

use crate::{planes::Planes, raster::Raster};

/// As pytorch-grad-cam shows them: (x - mean) / (deviation + 1e-5) / 10 + 1/2 over all values, clipped to 0..1. Grey is
/// zero. `rgb` says which planes are red, green and blue.
pub fn deprocess(map: &Planes, rgb: [usize; 3]) -> Raster {
    let count = map.values.len().max(1) as f64;
    let mean = map.values.iter().sum::<f64>() / count;
    let deviation = (map.values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt();
    let shown = |v: f64| (((v - mean) / (deviation + 1e-5) * 0.1 + 0.5).clamp(0.0, 1.0) * 255.0) as u8;
    let area = map.height * map.width;
    let pixels = (0..area).map(|at| rgb.map(|plane| shown(map.plane(plane)[at])));
    Raster::new(map.width, map.height, pixels.collect())
}

/// How much each pixel matters: the largest absolute value of its channels over the 99th percentile of those, at most 1
/// (as the paper of `SmoothGrad`, arXiv 1706.03825, shows maps); 1 x height x width.
pub fn magnitude(map: &Planes) -> Planes {
    magnitude_with_bound(map).0
}

/// [`magnitude`], and the value that its 1 stands for.
pub fn magnitude_with_bound(map: &Planes) -> (Planes, f64) {
    let area = map.height * map.width;
    let largest = |at: usize| (0..map.channels).fold(0.0, |max: f64, c| max.max(map.plane(c)[at].abs()));
    let sizes: Vec<f64> = (0..area).map(largest).collect();
    let bound = match percentile(&sizes, 99) {
        bound if bound > 0.0 => bound,
        _ => sizes.iter().copied().fold(0.0, f64::max),
    };
    let values = sizes.into_iter().map(|v| if bound > 0.0 { (v / bound).min(1.0) } else { 0.0 });
    (Planes::new(1, map.height, map.width, values.collect()), bound)
}

/// The value that `percent` of the others do not exceed; 0 if there are none.
fn percentile(values: &[f64], percent: usize) -> f64 {
    let Some(last) = values.len().checked_sub(1) else { return 0.0 };
    *values.to_vec().select_nth_unstable_by(last * percent / 100, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_grey_and_colours_go_where_they_belong() {
        assert_eq!(deprocess(&Planes::new(3, 1, 2, vec![0.0; 6]), [2, 1, 0]).pixels, [[127; 3]; 2]);
        let blue_first = Planes::new(3, 1, 1, vec![9.0, 0.0, -9.0]);
        let [r, _, b] = deprocess(&blue_first, [2, 1, 0]).pixels[0];
        assert!(b > 127 && r < 127);
    }

    #[test]
    fn magnitude_is_the_largest_channel() {
        let map = Planes::new(3, 1, 2, vec![1.0, 0.0, -4.0, 0.0, 2.0, 1.0]);
        assert_eq!(magnitude(&map).values, [1.0, 1.0]);
        assert_eq!(magnitude(&Planes::new(3, 1, 2, vec![0.0; 6])).values, [0.0, 0.0]);
    }
}
