//! Filters transformed, for both directions: all of them once, or some whenever they are used.
#![expect(
    unsafe_code,
    reason = "panels of many matrices are written by several threads, with the processor's instructions"
)]
#![expect(clippy::inline_always, reason = "loops must be inlined into functions that have other instructions")]

use std::ops::Range;

use rayon::prelude::*;

use super::transform::filter_matrix;
use crate::nn::{
    Real,
    kernel::{
        gemm::Shared,
        lanes::{Level, Octet, Plain},
        memory,
        panels::{OCTET, Panels},
        weight::Weight,
    },
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
    /// Transforms `filter`, which is `O x I x 3 x 3`, for tiles of side `tile` (2 or 4). Computed in f64, rounded once: the
    /// same bits for every level.
    ///
    /// # Panics
    /// If `filter` has another size, or is not of f32.
    pub fn new<E: Real>(level: Level, tile: usize, outputs: usize, inputs: usize, filter: &Weight<E>) -> Self {
        assert_eq!(E::NAME, f32::NAME, "filters of f32");
        assert_eq!(filter.len(), outputs * inputs * TAPS, "sizes of a filter");
        let shape = Panels { rows: outputs, columns: inputs };
        let (width, mut values) = (inputs * TAPS, memory::fresh(elements(tile) * shape.len()));
        let (nothing, shared) = (vec![0.0; width], Shared::new(&mut values));
        (0..outputs.div_ceil(OCTET)).into_par_iter().for_each_init(Vec::new, |room, group| {
            let rows = group * OCTET..outputs.min((group + 1) * OCTET);
            let filters = filter.part(rows.start * width, rows.len() * width, room);
            filter.inspect(&filters);
            let mut each = bytemuck::cast_slice(&filters).chunks_exact(width);
            let rows = std::array::from_fn(|_| each.next().unwrap_or(&nothing));
            // SAFETY: threads differ in the group.
            unsafe { panel(level, tile, (group, rows), shape, &shared) };
        });
        Self { tile, shape, values }
    }

    /// Those of some output channels and some input channels, by one thread, in memory that is used again after
    /// [`done`](Self::done).
    ///
    /// # Panics
    /// If there are not so many.
    pub fn some(level: Level, filters: &Untransformed<'_>, outputs: Range<usize>, inputs: Range<usize>) -> Self {
        let shape = Panels { rows: outputs.len(), columns: inputs.len() };
        let mut values = memory::take(elements(filters.tile) * shape.len());
        let (nothing, shared) = (vec![0.0; inputs.len() * TAPS], Shared::new(&mut values));
        for group in 0..outputs.len().div_ceil(OCTET) {
            let rows = std::array::from_fn(|r| {
                let output = outputs.start + group * OCTET + r;
                let row = || &filters.values[(output * filters.inputs + inputs.start) * TAPS..][..inputs.len() * TAPS];
                if output < outputs.end { row() } else { &nothing }
            });
            // SAFETY: nobody else knows of this memory.
            unsafe { panel(level, filters.tile, (group, rows), shape, &shared) };
        }
        Self { tile: filters.tile, shape, values }
    }

    /// Leaves the memory to others.
    pub fn done(self) {
        memory::give(self.values);
    }

    /// The matrices of all elements of a tile.
    pub fn matrices(&self) -> &[f32] {
        &self.values
    }
}

/// Filters as they are kept in files, `O x I x 3 x 3`.
#[derive(Clone, Copy, Debug)]
pub struct Untransformed<'a> {
    /// Side of the output tiles that they are transformed for.
    pub tile: usize,
    /// Input channels.
    pub inputs: usize,
    /// All numbers.
    pub values: &'a [f32],
}

/// Elements of a transformed tile.
fn elements(tile: usize) -> usize {
    (tile + 2) * (tile + 2)
}

/// One group of outputs' filters into each matrix.
///
/// # Safety
/// Nobody else may touch the group's panels meanwhile.
unsafe fn panel(
    level: Level,
    tile: usize,
    (group, rows): (usize, Eight<&[f32]>),
    shape: Panels,
    values: &Shared<'_, f32>,
) {
    let mut block = Block([[0.0; RUN * OCTET]; 36]);
    for first in (0..shape.columns).step_by(RUN) {
        let count = RUN.min(shape.columns - first);
        run_filters(level, tile, rows, first..first + count, &mut block.0);
        let start = shape.at(group * OCTET, first);
        for (element, block) in block.0[..elements(tile)].iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { values.write(element * shape.len() + start, &block[..count * OCTET]) };
        }
    }
}

/// Numbers of a window.
const TAPS: usize = 9;
/// Input channels transformed before they are written: the matrices lie so far apart that single writes to each in turn
/// push each other out of the cache.
const RUN: usize = 8;

/// Elements of tiles, each of a run of inputs and eight outputs.
#[repr(align(64))]
struct Block([[f32; RUN * OCTET]; 36]);

/// `G g G^T` of eight outputs' kernels of some inputs; `rows` are these outputs' filters.
fn run_filters(level: Level, tile: usize, rows: Eight<&[f32]>, part: Range<usize>, out: &mut [[f32; RUN * OCTET]; 36]) {
    // SAFETY: the level was found available.
    unsafe {
        match (level, tile) {
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2 | Level::Avx512, 2) => filters_avx2::<4>(rows, part, out),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2 | Level::Avx512, _) => filters_avx2::<6>(rows, part, out),
            (_, 2) => filters::<Plain, 4>(rows, part, out),
            _ => filters::<Plain, 6>(rows, part, out),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn filters_avx2<const T: usize>(rows: Eight<&[f32]>, part: Range<usize>, out: &mut [[f32; RUN * OCTET]; 36]) {
    // SAFETY: the caller vouches for AVX2.
    unsafe { filters::<std::arch::x86_64::__m256, T>(rows, part, out) };
}

/// One of each of eight outputs.
type Eight<N> = [N; OCTET];

#[inline(always)]
unsafe fn filters<L: Octet, const T: usize>(
    rows: Eight<&[f32]>,
    part: Range<usize>,
    out: &mut [[f32; RUN * OCTET]; 36],
) {
    let matrix = filter_matrix::<T>();
    let mut kernels = [[0.0; OCTET]; RUN * TAPS];
    // SAFETY: the caller vouches for the instructions of `L`.
    unsafe { side_by_side::<L>(rows, part.start * TAPS, &mut kernels[..part.len() * TAPS]) };
    for (at, kernel) in kernels.as_chunks::<TAPS>().0[..part.len()].iter().enumerate() {
        let [a, b, c, d, e, f, g, h, i] = kernel.map(|eight| eight.map(f64::from));
        let columns =
            [weighted(&matrix, [&a, &d, &g]), weighted(&matrix, [&b, &e, &h]), weighted(&matrix, [&c, &f, &i])];
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

/// Numbers `first..` of eight rows: those of one place side by side.
#[inline(always)]
unsafe fn side_by_side<L: Octet>(rows: Eight<&[f32]>, first: usize, out: &mut [Eight<f32>]) {
    let rows = rows.map(|row| &row[first..first + out.len()]);
    let (blocks, rest) = out.as_chunks_mut::<OCTET>();
    for (block, places) in blocks.iter_mut().enumerate() {
        // SAFETY: the caller vouches for the instructions; rows have so many numbers.
        unsafe {
            let turned = L::transposed(rows.map(|row| L::load(row.as_ptr().add(block * OCTET))));
            for (place, eight) in places.iter_mut().zip(turned) {
                eight.store(place.as_mut_ptr());
            }
        }
    }
    let done = blocks.len() * OCTET;
    for (at, place) in rest.iter_mut().enumerate() {
        *place = rows.map(|row| row[done + at]);
    }
}

/// `G` times three numbers. Its first row sees only the first, its last only the third as it is, and those between are pairs
/// that differ in the sign of the second.
#[inline(always)]
fn weighted<const T: usize>(matrix: &[[f64; 3]; T], [a, b, c]: [&Eight<f64>; 3]) -> [Eight<f64>; T] {
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
