//! Resampling as Pillow does it, to the bit: the numbers a network sees depend on it.

use std::ops::Range;

use rayon::prelude::*;

use super::Raster;

/// Bits of a weight after the point, as in Pillow: 8 bits for the pixel, 2 to spare, of 32.
const PRECISION: u32 = 32 - 8 - 2;

/// The input pixels from which one output pixel is mixed, and the weight of each.
type Window = (Range<usize>, Vec<i32>);

/// Bilinear with antialiasing (a triangle as wide as the reduction), across first, then down; each pass rounds to 8 bits
/// with 22-bit weights, as Pillow's `Image.resize(..., BILINEAR)`.
pub fn bilinear(raster: &Raster, width: usize, height: usize) -> Raster {
    bilinear_part(raster, [width, height], 0..width, 0..height)
}

/// Only these columns and rows of what [`bilinear`] makes at the size `[width, height]`: a strip of a photo may be far
/// larger before it is cropped than after.
///
/// # Panics
/// If they reach outside that size.
pub fn bilinear_part(raster: &Raster, size: [usize; 2], columns: Range<usize>, rows: Range<usize>) -> Raster {
    let [width, height] = size;
    assert!(columns.end <= width && rows.end <= height, "a part of {width}x{height}");
    if columns.is_empty() || rows.is_empty() || raster.pixels.is_empty() {
        return Raster::new(columns.len(), rows.len(), vec![[0; 3]; columns.len() * rows.len()]);
    }
    let across = if width == raster.width {
        raster.crop(columns.start, 0, columns.len(), raster.height)
    } else {
        resampled_across(raster, &windows(raster.width, width, columns))
    };
    if height == raster.height {
        return across.crop(0, rows.start, across.width, rows.len());
    }
    resampled_down(&across, &windows(raster.height, height, rows))
}

/// Mixes pixels of each row: a pixel's channels side by side, in f64, which holds these sums exactly and which any
/// processor multiplies two at a time.
fn resampled_across(raster: &Raster, windows: &[Window]) -> Raster {
    let mut pixels = vec![[0; 3]; windows.len() * raster.height];
    let (first, end) = (windows[0].0.start, windows[windows.len() - 1].0.end);
    let weights: Vec<f64> = windows.iter().flat_map(|(_, weights)| weights).map(|&weight| f64::from(weight)).collect();
    let rows = raster.pixels.par_chunks_exact(raster.width).zip(pixels.par_chunks_exact_mut(windows.len()));
    rows.with_min_len(LEAST / raster.width + 1).for_each_init(Vec::new, |wide: &mut Vec<[f64; 4]>, (row, out)| {
        wide.clear();
        wide.extend(row[first..end].iter().map(|&[r, g, b]| [r.into(), g.into(), b.into(), 0.0]));
        let mut weights = &weights[..];
        for (out, (from, _)) in out.iter_mut().zip(windows) {
            let (here, rest) = weights.split_at(from.len());
            let mut sums = [f64::from(HALF); 4];
            for (pixel, weight) in wide[from.start - first..].iter().zip(here) {
                for (sum, channel) in sums.iter_mut().zip(pixel) {
                    *sum += weight * channel;
                }
            }
            *out = std::array::from_fn(|channel| rounded(sums[channel] as i32));
            weights = rest;
        }
    });
    Raster::new(windows.len(), raster.height, pixels)
}

/// Mixes whole rows.
fn resampled_down(raster: &Raster, windows: &[Window]) -> Raster {
    let mut pixels = vec![[0; 3]; raster.width * windows.len()];
    let rows = windows.par_iter().zip(pixels.par_chunks_exact_mut(raster.width));
    rows.with_min_len(LEAST / raster.width + 1).for_each_init(Vec::new, |sums, ((from, weights), out)| {
        sums.clear();
        sums.resize(3 * raster.width, HALF);
        for (row, &weight) in raster.pixels[from.start * raster.width..].chunks_exact(raster.width).zip(weights) {
            for (sum, &channel) in sums.iter_mut().zip(row.as_flattened()) {
                *sum += weight * i32::from(channel);
            }
        }
        out.as_flattened_mut().iter_mut().zip(&*sums).for_each(|(out, &sum)| *out = rounded(sum));
    });
    Raster::new(raster.width, windows.len(), pixels)
}

/// Pixels below which handing rows to another thread costs more than it gains.
const LEAST: usize = 1 << 13;

/// One half, to round.
const HALF: i32 = 1 << (PRECISION - 1);

fn rounded(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

/// The windows of these output pixels of `to`.
fn windows(from: usize, to: usize, part: Range<usize>) -> Vec<Window> {
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
        (first..end, weights.into_iter().map(fixed).collect())
    };
    part.map(window).collect()
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
