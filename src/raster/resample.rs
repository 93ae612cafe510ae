//! Resampling as Pillow does it, to the bit: the numbers a network sees depend on it.

use rayon::prelude::*;

use super::Raster;

/// Bits of a weight after the point, as in Pillow: 8 bits for the pixel, 2 to spare, of 32.
const PRECISION: u32 = 32 - 8 - 2;

/// The weights of one output pixel: the first input pixel, and one weight for it and each after it.
type Window = (usize, Vec<i32>);

/// Bilinear with antialiasing (a triangle as wide as the reduction), across first, then down; each pass rounds to 8 bits
/// with 22-bit weights, as Pillow's `Image.resize(..., BILINEAR)`. A raster without pixels stays as it is.
pub fn bilinear(raster: &Raster, width: usize, height: usize) -> Raster {
    if (width, height) == (raster.width, raster.height) || raster.pixels.is_empty() {
        return raster.clone();
    }
    let mut across = raster.clone();
    if width != raster.width {
        let windows = windows(raster.width, width);
        let rows = raster.pixels.par_chunks_exact(raster.width);
        let pixels = rows.flat_map_iter(|row| windows.iter().map(|(first, weights)| mix(weights, |i| row[first + i])));
        across = Raster::new(width, raster.height, pixels.collect());
    }
    if height == raster.height {
        return across;
    }
    let windows = windows(raster.height, height);
    let pixel = |x: usize, y: usize| across.pixels[y * width + x];
    let row = |(first, weights): &Window| (0..width).map(|x| mix(weights, |i| pixel(x, first + i))).collect::<Vec<_>>();
    let pixels = windows.par_iter().flat_map_iter(row);
    Raster::new(width, height, pixels.collect())
}

fn mix(weights: &[i32], pixel: impl Fn(usize) -> [u8; 3]) -> [u8; 3] {
    let mut sums = [1 << (PRECISION - 1); 3];
    for (i, &weight) in weights.iter().enumerate() {
        for (sum, channel) in sums.iter_mut().zip(pixel(i)) {
            *sum += weight * i32::from(channel);
        }
    }
    sums.map(|sum| (sum >> PRECISION).clamp(0, 255) as u8)
}

fn windows(from: usize, to: usize) -> Vec<Window> {
    let scale = from as f64 / to as f64;
    let wide = scale.max(1.0);
    let window = |out: usize| {
        let center = (out as f64 + 0.5) * scale;
        let first = (center - wide + 0.5).max(0.0) as usize;
        let end = ((center + wide + 0.5) as usize).min(from);
        let triangle = |i: usize| (1.0 - ((i as f64 - center + 0.5) / wide).abs()).max(0.0);
        let weights: Vec<f64> = (first..end).map(triangle).collect();
        let sum: f64 = weights.iter().sum();
        let fixed = |w: f64| (0.5 + w / sum * f64::from(1 << PRECISION)) as i32;
        (first, weights.into_iter().map(fixed).collect())
    };
    (0..to).map(window).collect()
}

/// The nearest pixel, as Pillow's `Image.resize(..., NEAREST)` and so Keras' `load_img`.
pub fn nearest(raster: &Raster, width: usize, height: usize) -> Raster {
    let (columns, rows) = (nearest_of(raster.width, width), nearest_of(raster.height, height));
    let pixels = rows.iter().flat_map(|y| columns.iter().map(move |x| raster.pixels[y * raster.width + x]));
    Raster::new(width, height, pixels.collect())
}

/// Pillow adds the step up from the middle of the first pixel, and so does this: the sums round differently from products.
fn nearest_of(from: usize, to: usize) -> Vec<usize> {
    let step = from as f64 / to as f64;
    let mut at = step * 0.5;
    let mut next = || {
        let here = (at as usize).min(from - 1);
        at += step;
        here
    };
    (0..to).map(|_| next()).collect()
}
