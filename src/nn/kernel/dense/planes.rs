//! Sums of the weights that meet one plane of what a dense layer reads.
//!
//! A pooling between a plane and the layer hands each gradient on to one place of the plane, so that the plane's sum, which is all
//! that Grad-CAM wants, is that of the layer's own gradient; and this is a product with these sums, which are a fiftieth of the
//! weights of VGG's first dense layer.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "processor intrinsics, and loads through raw pointers")
)]
#![cfg_attr(
    target_arch = "x86_64",
    expect(clippy::needless_range_loop, reason = "iterators are not inlined into functions with other instructions")
)]

use super::streams::ROWS;
#[cfg(target_arch = "x86_64")]
use super::streams::{ask, singles};
#[cfg(target_arch = "x86_64")]
use crate::nn::kernel::lanes::{Arithmetic, Lanes, Octet};
use crate::nn::{Real, kernel::lanes::Level};

/// Numbers added up side by side.
const LANES: usize = 16;

/// The sum of each `area` numbers of each row, row after row, for as many rows as `out` has place for. The bits do not depend on
/// the level.
///
/// # Panics
/// If rows are not of one length.
pub fn sums<E: Real>(level: Level, rows: [&[E]; ROWS], area: usize, out: &mut [E]) {
    let planes = rows[0].len() / area;
    assert!(rows.iter().all(|row| row.len() == planes * area), "whole planes");
    #[cfg(target_arch = "x86_64")]
    if let (Level::Avx2 | Level::Avx512, Some(rows)) = (level, singles(rows)) {
        // SAFETY: the level was found available, and rows are as long as asserted.
        unsafe { of_singles(rows, [area, planes], bytemuck::cast_slice_mut(out)) };
        return;
    }
    let _ = level;
    for (row, out) in rows.iter().zip(out.chunks_mut(planes.max(1))) {
        for (numbers, out) in row.chunks_exact(area).zip(out) {
            *out = sum(numbers);
        }
    }
}

fn sum<E: Real>(numbers: &[E]) -> E {
    let (whole, rest) = numbers.as_chunks::<LANES>();
    let mut lanes = [E::ZERO; LANES];
    for whole in whole {
        lanes.iter_mut().zip(whole).for_each(|(lane, &number)| *lane += number);
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        let (low, high) = lanes.split_at_mut(width);
        low.iter_mut().zip(high).for_each(|(low, high)| *low += *high);
    }
    rest.iter().fold(lanes[0], |sum, &number| sum + number)
}

/// All rows side by side, as memory gives more to who asks for several things at once, and two planes of each: eight sums are
/// eight vectors of eight, turned and added up.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn of_singles(rows: [&[f32]; ROWS], [area, planes]: [usize; 2], out: &mut [f32]) {
    use std::arch::x86_64::__m256;
    let (count, whole) = (out.len() / planes.max(1), area / LANES * LANES);
    for first in (0..planes).step_by(2) {
        let plane = |i: usize| (first + i / ROWS).min(planes - 1);
        let numbers = |i: usize| &rows[i % ROWS][plane(i) * area..][..area];
        let mut sums = [0.0; 2 * ROWS];
        // SAFETY: the caller vouches for the instructions; all reads are inside of `numbers`.
        unsafe {
            let mut parts = [__m256::all(0.0); 2 * ROWS];
            for i in 0..2 * ROWS {
                let numbers = numbers(i);
                ask(numbers);
                let (mut low, mut high) = (__m256::all(0.0), __m256::all(0.0));
                for at in (0..whole).step_by(LANES) {
                    low = low.add(__m256::load(numbers.as_ptr().add(at)));
                    high = high.add(__m256::load(numbers.as_ptr().add(at + LANES / 2)));
                }
                parts[i] = low.add(high);
            }
            let [a, b, c, d, e, f, g, h] = __m256::transposed(parts);
            let (even, odd) = (a.add(e).add(c.add(g)), b.add(f).add(d.add(h)));
            even.add(odd).store(sums.as_mut_ptr());
        }
        for i in 0..2 * ROWS {
            if i % ROWS < count {
                let rest = &numbers(i)[whole..];
                for at in 0..rest.len() {
                    sums[i] += rest[at];
                }
                out[i % ROWS * planes + plane(i)] = sums[i];
            }
        }
    }
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
            let found = |level, rows: &[Vec<f32>], count: usize| {
                let mut out = vec![f32::NAN; count * planes];
                sums(level, std::array::from_fn(|row| &rows[row][..]), area, &mut out);
                out
            };
            // Of rows that are no eighths, sums depend on the order.
            let odd: Vec<Vec<f32>> = rows.iter().map(|row| row.iter().map(|v| (v * 1.7).sin()).collect()).collect();
            for level in Level::available() {
                for count in 1..=ROWS {
                    let exact = rows[..count].iter().flat_map(|row| row.chunks(area)).map(|plane| plane.iter().sum());
                    let exact: Vec<f32> = exact.collect();
                    assert_eq!(found(level, &rows, count), exact, "{level}, {area} x {planes}");
                }
                assert!(found(level, &odd, ROWS) == found(Level::Scalar, &odd, ROWS), "{level}, {area} x {planes}");
            }
        }
    }
}
