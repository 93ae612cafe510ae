//! Sums of the weights that meet one plane of what a dense layer reads.
//!
//! A pooling between a plane and the layer hands each gradient on to one place, so that the mean over the plane, which is all
//! that Grad-CAM wants, is that of the layer's gradient; and this is a product with these sums, a fiftieth of VGG's weights.
#![expect(unsafe_code, reason = "the same code for several kinds of instructions")]
#![expect(clippy::needless_range_loop, reason = "iterators are not inlined into functions with other instructions")]
#![expect(clippy::inline_always, reason = "loops must be inlined into functions that have other instructions")]

use super::streams::{ROWS, ask};
use crate::nn::{Real, kernel::lanes::Level};

/// Numbers added up side by side.
const LANES: usize = 16;

/// The sum of each `area` numbers of each row, row after row, for as many rows as `out` has place for. The bits do not depend on
/// the level.
///
/// # Panics
/// If rows are not of one length, or there is no place for the first.
pub fn sums<E: Real>(level: Level, rows: [&[E]; ROWS], area: usize, out: &mut [E]) {
    let planes = rows[0].len() / area;
    assert!(rows.iter().all(|row| row.len() == planes * area), "whole planes");
    match level {
        // SAFETY: the level was found available.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { of_avx512(rows, [area, planes], out) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { of_avx2(rows, [area, planes], out) },
        _ => of_all(rows, [area, planes], out),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
fn of_avx512<E: Real>(rows: [&[E]; ROWS], sizes: [usize; 2], out: &mut [E]) {
    of_all(rows, sizes, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn of_avx2<E: Real>(rows: [&[E]; ROWS], sizes: [usize; 2], out: &mut [E]) {
    of_all(rows, sizes, out);
}

/// All rows side by side, as memory gives more to who asks for several things at once.
#[inline(always)]
fn of_all<E: Real>(rows: [&[E]; ROWS], [area, planes]: [usize; 2], out: &mut [E]) {
    let count = out.len() / planes.max(1);
    for plane in 0..planes {
        for row in 0..count.min(ROWS) {
            let numbers = &rows[row][plane * area..][..area];
            ask(numbers);
            out[row * planes + plane] = sum(numbers);
        }
    }
}

#[inline(always)]
fn sum<E: Real>(numbers: &[E]) -> E {
    let (whole, rest) = numbers.as_chunks::<LANES>();
    let mut lanes = [E::ZERO; LANES];
    for at in 0..whole.len() {
        for lane in 0..LANES {
            lanes[lane] += whole[at][lane];
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            let other = lanes[lane + width];
            lanes[lane] += other;
        }
        width /= 2;
    }
    for at in 0..rest.len() {
        lanes[0] += rest[at];
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::{ROWS, sums};
    use crate::nn::kernel::lanes::Level;

    #[test]
    fn sums_are_those_of_planes_with_all_instructions() {
        for (area, planes) in [(1, 3), (7, 2), (16, 2), (49, 5), (64, 1)] {
            let rows: Vec<Vec<f32>> = (0..ROWS)
                .map(|row| (0..area * planes).map(|at| ((row * 977 + at * 31) % 101) as f32 / 8.0 - 5.0).collect())
                .collect();
            for count in 1..=ROWS {
                for level in Level::available() {
                    let mut out = vec![f32::NAN; count * planes];
                    sums(level, std::array::from_fn(|row| &rows[row][..]), area, &mut out);
                    let exact =
                        rows[..count].iter().flat_map(|row| row.chunks(area)).map(|plane| plane.iter().sum::<f32>());
                    assert_eq!(
                        out,
                        exact.collect::<Vec<f32>>(),
                        "{level}, {area} x {planes}, eighths are added exactly"
                    );
                }
            }
        }
    }
}
