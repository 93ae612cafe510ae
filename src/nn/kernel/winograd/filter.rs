//! Filters transformed once, for both directions.
#![expect(
    unsafe_code,
    reason = "panels of many matrices are written by several threads, with the processor's instructions"
)]
#![expect(clippy::inline_always, reason = "loops must be inlined into functions that have other instructions")]

use std::ops::Range;

use rayon::prelude::*;

use super::transform::filter_matrix;
use crate::nn::kernel::{
    gemm::Shared,
    lanes::Level,
    memory,
    panels::{OCTET, Panels},
};

/// The filters of a convolution, transformed: one matrix of outputs x inputs for each element of a tile.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Side of the output tiles.
    pub tile: usize,
    /// Of each matrix: as many rows as output channels, as many columns as input channels.
    pub shape: Panels,
    values: Vec<f32>,
}

impl Filter {
    /// Transforms `filter`, which is `O x 3 x 3 x I`, for tiles of side `tile` (2 or 4). Computed in f64, rounded once: the
    /// same bits for every level.
    ///
    /// # Panics
    /// If `filter` has another size.
    pub fn new(level: Level, tile: usize, outputs: usize, inputs: usize, filter: &[f32]) -> Self {
        assert_eq!(filter.len(), outputs * 9 * inputs, "sizes of a filter");
        let shape = Panels { rows: outputs, columns: inputs };
        let taps = tile + 2;
        let mut values = memory::fresh(taps * taps * shape.len());
        let shared = Shared::new(&mut values);
        (0..outputs.div_ceil(OCTET)).into_par_iter().for_each(|group| {
            let rows = &filter[group * OCTET * 9 * inputs..outputs.min((group + 1) * OCTET) * 9 * inputs];
            let mut block = Block([[0.0; RUN * OCTET]; 36]);
            for first in (0..inputs).step_by(RUN) {
                let count = RUN.min(inputs - first);
                run_filters(level, tile, rows, inputs, first..first + count, &mut block.0);
                let start = shape.at(group * OCTET, first);
                for (element, values) in block.0[..taps * taps].iter().enumerate() {
                    // SAFETY: threads differ in the group, so no other writes here.
                    unsafe { shared.write(element * shape.len() + start, &values[..count * OCTET]) };
                }
            }
        });
        Self { tile, shape, values }
    }

    /// The matrix of one element of a tile.
    pub fn matrix(&self, element: usize) -> &[f32] {
        &self.values[element * self.shape.len()..][..self.shape.len()]
    }
}

/// Input channels transformed before they are written: the matrices lie so far apart that single writes to each in turn
/// push each other out of the cache.
const RUN: usize = 8;

/// Elements of tiles, each of a run of inputs and eight outputs.
#[repr(align(64))]
struct Block([[f32; RUN * OCTET]; 36]);

/// `G g G^T` of up to eight outputs' kernels of some inputs; `rows` holds these outputs' filters.
fn run_filters(
    level: Level,
    tile: usize,
    rows: &[f32],
    inputs: usize,
    part: Range<usize>,
    out: &mut [[f32; RUN * OCTET]; 36],
) {
    match (level, tile) {
        // SAFETY: the level was found available.
        #[cfg(target_arch = "x86_64")]
        (Level::Avx2 | Level::Avx512, 2) => unsafe { filters_avx2::<4>(rows, inputs, part, out) },
        // SAFETY: the level was found available.
        #[cfg(target_arch = "x86_64")]
        (Level::Avx2 | Level::Avx512, _) => unsafe { filters_avx2::<6>(rows, inputs, part, out) },
        (_, 2) => filters::<4>(rows, inputs, part, out),
        _ => filters::<6>(rows, inputs, part, out),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn filters_avx2<const T: usize>(rows: &[f32], inputs: usize, part: Range<usize>, out: &mut [[f32; RUN * OCTET]; 36]) {
    filters::<T>(rows, inputs, part, out);
}

/// One number of each of eight kernels.
type Eight = [f64; OCTET];

#[inline(always)]
fn filters<const T: usize>(rows: &[f32], inputs: usize, part: Range<usize>, out: &mut [[f32; RUN * OCTET]; 36]) {
    let matrix = filter_matrix::<T>();
    let outputs = rows.len() / (9 * inputs);
    for (at, input) in part.enumerate() {
        let mut kernels = [[0.0; OCTET]; 9];
        for r in 0..outputs {
            for (tap, kernel) in kernels.iter_mut().enumerate() {
                kernel[r] = f64::from(rows[(r * 9 + tap) * inputs + input]);
            }
        }
        let [a, b, c, d, e, f, g, h, i] = &kernels;
        let columns = [weighted(&matrix, [a, d, g]), weighted(&matrix, [b, e, h]), weighted(&matrix, [c, f, i])];
        for row in 0..T {
            let along = weighted(&matrix, [&columns[0][row], &columns[1][row], &columns[2][row]]);
            for column in 0..T {
                for r in 0..OCTET {
                    out[row * T + column][at * OCTET + r] = along[column][r] as f32;
                }
            }
        }
    }
}

/// `G` times three numbers. Its first row sees only the first, its last only the third as it is, and those between are pairs
/// that differ in the sign of the second.
#[inline(always)]
fn weighted<const T: usize>(matrix: &[[f64; 3]; T], [a, b, c]: [&Eight; 3]) -> [Eight; T] {
    let mut out = [[0.0; OCTET]; T];
    for r in 0..OCTET {
        out[0][r] = a[r] * matrix[0][0];
        out[T - 1][r] = c[r];
        for pair in (1..T - 1).step_by(2) {
            let [constant, linear, square] = matrix[pair];
            let (even, odd) = (a[r] * constant + c[r] * square, b[r] * linear);
            out[pair][r] = even + odd;
            out[pair + 1][r] = even - odd;
        }
    }
    out
}
