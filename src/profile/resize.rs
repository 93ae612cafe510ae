//! Ways of enlarging that saltty itself does not use.

use crate::planes::Planes;

/// Bilinear with the corners' centres on each other: output pixel o lies at o (n - 1) / (N - 1), as in
/// `scipy.ndimage.zoom(order=1)`, Torch7's `image.scale` and PyTorch's `align_corners=True`.
///
/// # Panics
/// If `planes` has no rows or columns.
pub fn corner_aligned(planes: &Planes, height: usize, width: usize) -> Planes {
    let place = |out: usize, from: usize, to: usize| {
        let at = if to > 1 { out as f64 * (from - 1) as f64 / (to - 1) as f64 } else { 0.0 };
        let first = (at.floor() as usize).min(from - 1);
        (first, (first + 1).min(from - 1), at - first as f64)
    };
    resampled(planes, height, width, |plane, y, x| {
        let (top, bottom, down) = place(y, planes.height, height);
        let (left, right, across) = place(x, planes.width, width);
        let row = |row: usize| {
            let line = &plane[row * planes.width..][..planes.width];
            line[left] * (1.0 - across) + line[right] * across
        };
        row(top) * (1.0 - down) + row(bottom) * down
    })
}

/// The pixel at floor(o n / N), as in PyTorch's `interpolate(mode='nearest')`.
///
/// # Panics
/// If `planes` has no rows or columns.
pub fn nearest(planes: &Planes, height: usize, width: usize) -> Planes {
    let place = |out: usize, from: usize, to: usize| {
        // PyTorch computes this in float32.
        ((out as f32 * (from as f32 / to as f32)) as usize).min(from - 1)
    };
    resampled(planes, height, width, |plane, y, x| {
        plane[place(y, planes.height, height) * planes.width + place(x, planes.width, width)]
    })
}

fn resampled(planes: &Planes, height: usize, width: usize, at: impl Fn(&[f64], usize, usize) -> f64) -> Planes {
    let mut values = Vec::with_capacity(planes.channels * height * width);
    for channel in 0..planes.channels {
        let plane = planes.plane(channel);
        values.extend((0..height * width).map(|i| at(plane, i / width, i % width)));
    }
    Planes::new(planes.channels, height, width, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> Planes {
        Planes::new(1, 2, 2, vec![0.0, 4.0, 28.0, 32.5])
    }

    /// `scipy.ndimage.zoom(numpy.array([[0, 4], [28, 32.5]]), 2, order=1)`.
    #[test]
    fn aligned_corners_give_scipys_numbers() {
        let ours = corner_aligned(&map(), 4, 4).values;
        let third = |n: f64| n / 3.0;
        let rows = [[0.0, 4.0], [28.0, 32.5]];
        assert_eq!(ours[..4], [0.0, third(4.0), third(8.0), 4.0]);
        assert!((ours[5] - SCIPY_INSIDE).abs() < 1e-12, "{}", ours[5]);
        assert_eq!(ours[15], rows[1][1]);
    }

    const SCIPY_INSIDE: f64 = 10.722_222_222_222_221;

    /// `torch.nn.functional.interpolate(torch.tensor([[[[0, 4], [28, 32.5]]]]), (3, 4))`.
    #[test]
    fn nearest_is_pytorchs() {
        let ours = nearest(&map(), 3, 4).values;
        assert_eq!(ours, [0.0, 0.0, 4.0, 4.0, 0.0, 0.0, 4.0, 4.0, 28.0, 28.0, 32.5, 32.5]);
    }

    #[test]
    fn one_pixel_is_the_corner() {
        let map = Planes::new(1, 2, 2, vec![5.0, 6.0, 7.0, 8.0]);
        assert_eq!((corner_aligned(&map, 1, 1).values[0], nearest(&map, 1, 1).values[0]), (5.0, 5.0));
    }
}
