//! Bilinear interpolation between pixel centres.

use crate::{
    fault::{self, Fault},
    planes::Planes,
};

/// What lies beyond the centres of the edge pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The edge pixel: PyTorch's `interpolate(align_corners=False)` and OpenCV's `resize`.
    Clamp,
    /// The inside, mirrored about the edge pixel's centre: scikit-image's `resize(order=1, mode='reflect')`.
    Mirror,
}

/// Where an output pixel lies: between these two input pixels, this far from the first.
type Between = (usize, usize, f64);

/// Each plane at `height` x `width`, bilinear with half-pixel centres: output pixel o lies at (o + 1/2) n / N - 1/2.
/// Shrinking takes points, not averages.
///
/// # Panics
/// If `planes` has no rows or columns.
pub fn upsample(planes: &Planes, height: usize, width: usize, edge: Edge) -> Planes {
    let (rows, columns) = (axis(planes.height, height, edge), axis(planes.width, width, edge));
    let mut values = Vec::with_capacity(planes.channels * height * width);
    for channel in 0..planes.channels {
        let lines: Vec<f64> = planes
            .plane(channel)
            .chunks_exact(planes.width)
            .flat_map(|line| columns.iter().map(|&(left, right, across)| mix(line[left], line[right], across)))
            .collect();
        let line = |row: usize| &lines[row * width..][..width];
        for &(top, bottom, down) in &rows {
            values.extend(line(top).iter().zip(line(bottom)).map(|(&above, &below)| mix(above, below, down)));
        }
    }
    Planes::new(planes.channels, height, width, values)
}

fn mix(a: f64, b: f64, t: f64) -> f64 {
    a * (1.0 - t) + b * t
}

fn axis(from: usize, to: usize, edge: Edge) -> Vec<Between> {
    assert!(from > 0, "something to interpolate");
    let last = (from - 1) as f64;
    let place = |out: usize| {
        let at = (out as f64 + 0.5) * from as f64 / to as f64 - 0.5;
        let at = fault::swapped(Fault::Upsampling, at, out as f64 * last / (to.max(2) - 1) as f64);
        let inside = match edge {
            Edge::Clamp => at.clamp(0.0, last),
            Edge::Mirror => (last - (last - at.abs()).abs()).clamp(0.0, last),
        };
        let first = inside.floor() as usize;
        (first, (first + 1).min(from - 1), inside - first as f64)
    };
    (0..to).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_pixel_centres_give_pytorchs_row() {
        let map = Planes::new(1, 2, 2, vec![0.0, 4.0, 28.0, 32.5]);
        assert_eq!(upsample(&map, 4, 4, Edge::Clamp).values[..4], [0.0, 1.0, 3.0, 4.0]);
    }

    /// `skimage.transform.resize(numpy.array([[0., 4.], [28., 32.5]]), (4, 4), preserve_range=True)`.
    #[test]
    fn mirrored_edges_give_scikit_images_row() {
        let map = Planes::new(1, 2, 2, vec![0.0, 4.0, 28.0, 32.5]);
        let ours = upsample(&map, 4, 4, Edge::Mirror).values;
        let theirs = [8.031_25, 8.031_25, 10.093_75, 10.093_75];
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert!((ours - theirs).abs() < 1e-9, "{ours} is not {theirs}");
        }
    }

    #[test]
    fn the_same_size_is_the_same_map() {
        let map = Planes::new(2, 2, 3, (0..12).map(f64::from).collect());
        for edge in [Edge::Clamp, Edge::Mirror] {
            assert_eq!(upsample(&map, 2, 3, edge), map);
        }
    }
}
