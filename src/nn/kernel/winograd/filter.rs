//! Filters transformed, for both directions: all of them once, or some whenever they are used.
#![expect(
    unsafe_code,
    reason = "panels of many matrices are written by several threads, with the processor's instructions"
)]
#![expect(clippy::needless_range_loop, reason = "iterators are not inlined into functions with other instructions")]
#![expect(clippy::inline_always, reason = "loops must be inlined into functions that have other instructions")]

use std::ops::Range;

use super::transform::filter_matrix;
use crate::nn::{
    Real,
    kernel::{
        gemm::Shared,
        lanes::{Doubles, Level, Octet, Plain, ask},
        memory::{self, Buffer},
        panels::{OCTET, Panels},
        threads::deal,
        weight::Weight,
    },
};

/// The filters of a convolution, transformed: one matrix of outputs x inputs for each element of a tile.
#[derive(Debug)]
pub struct Filter {
    /// Side of the output tiles.
    pub tile: usize,
    /// Of each matrix: as many rows as output channels, as many columns as input channels.
    pub shape: Panels,
    values: Buffer<f32>,
}

impl Filter {
    /// Transforms `filter`, which is `O x I x 3 x 3`, for tiles of side `tile` (2 or 4). Computed in f64, rounded once: the
    /// same bits for every level.
    ///
    /// # Panics
    /// If `filter` has another size, or is not of f32, or the side is another.
    pub fn new<E: Real>(level: Level, tile: usize, outputs: usize, inputs: usize, filter: &Weight<E>) -> Self {
        assert_eq!(E::NAME, f32::NAME, "filters of f32");
        assert_eq!(filter.len(), outputs * inputs * TAPS, "sizes of a filter");
        let shape = Panels { rows: outputs, columns: inputs };
        let (width, mut values) = (inputs * TAPS, memory::fresh::<f32>(elements(tile) * shape.len()));
        let (nothing, shared) = (vec![0.0; width], Shared::new(&mut values));
        let work = |room: &mut Vec<f32>, group| {
            let rows = group * OCTET..outputs.min((group + 1) * OCTET);
            let filters = filter.part(rows.start * width, rows.len() * width, room);
            filter.inspect(&filters);
            let mut each = bytemuck::cast_slice(&filters).chunks_exact(width);
            let rows = std::array::from_fn(|_| each.next().unwrap_or(&nothing));
            // SAFETY: threads differ in the group.
            unsafe { panel(level, tile, (group, rows), shape, (&shared, true)) };
        };
        deal(0..outputs.div_ceil(OCTET), |groups| {
            let mut room = Vec::new();
            groups.for_each(|group| work(&mut room, group));
        });
        Self { tile, shape, values: values.into() }
    }

    /// Those of some output channels and some input channels, by one thread, in memory that was used before.
    ///
    /// # Panics
    /// If there are not so many, or the tiles' side is not 2 or 4.
    pub fn some(level: Level, filters: &Untransformed<'_>, outputs: Range<usize>, inputs: Range<usize>) -> Self {
        let shape = Panels { rows: outputs.len(), columns: inputs.len() };
        let mut values = Buffer::new(elements(filters.tile) * shape.len());
        let (nothing, shared) = (vec![0.0; inputs.len() * TAPS], Shared::new(&mut values));
        for group in 0..outputs.len().div_ceil(OCTET) {
            let rows = std::array::from_fn(|r| {
                let output = outputs.start + group * OCTET + r;
                let row = || &filters.values[(output * filters.inputs + inputs.start) * TAPS..][..inputs.len() * TAPS];
                if output < outputs.end { row() } else { &nothing }
            });
            // SAFETY: nobody else knows of this memory.
            unsafe { panel(level, filters.tile, (group, rows), shape, (&shared, false)) };
        }
        Self { tile: filters.tile, shape, values }
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
///
/// # Panics
/// If there are no transforms for tiles of this side.
fn elements(tile: usize) -> usize {
    assert!([2, 4].contains(&tile), "sides of tiles");
    (tile + 2) * (tile + 2)
}

/// One group of outputs' filters into each matrix; `through_block` if these are so far apart that single writes to each in turn
/// would push each other out of the cache.
///
/// # Safety
/// Nobody else may touch the group's panels meanwhile.
unsafe fn panel(
    level: Level,
    tile: usize,
    (group, rows): (usize, Eight<&[f32]>),
    shape: Panels,
    (values, through_block): (&Shared<'_, f32>, bool),
) {
    for first in (0..shape.columns).step_by(RUN) {
        let inputs = first..shape.columns.min(first + RUN);
        let (start, count) = (shape.at(group * OCTET, first), inputs.len() * OCTET);
        if through_block {
            let mut block = Block([[0.0; RUN * OCTET]; 36]);
            // SAFETY: the block has place for a run of each element.
            unsafe { run_filters(level, tile, rows, inputs, (block.0.as_mut_ptr().cast(), RUN * OCTET)) };
            for (element, block) in block.0[..elements(tile)].iter().enumerate() {
                // SAFETY: the caller's promise.
                unsafe { values.write(element * shape.len() + start, &block[..count]) };
            }
        } else {
            let to = values.pointer(start, (elements(tile) - 1) * shape.len() + count);
            // SAFETY: the caller's promise, and what is written there is inside the slice.
            unsafe { run_filters(level, tile, rows, inputs, (to, shape.len())) };
        }
    }
}

/// Numbers of a window.
const TAPS: usize = 9;
/// Input channels transformed at a time.
const RUN: usize = 8;

/// Elements of tiles, each of a run of inputs and eight outputs.
#[repr(align(64))]
struct Block([[f32; RUN * OCTET]; 36]);

/// `G g G^T` of eight outputs' kernels of some inputs, at most `RUN`; `rows` are these outputs' filters.
///
/// # Safety
/// The elements of tiles go to `to.0`, `to.1` apart, each as many eights as there are inputs: there must be memory for them.
unsafe fn run_filters(level: Level, tile: usize, rows: Eight<&[f32]>, inputs: Range<usize>, to: (*mut f32, usize)) {
    // SAFETY: the level was found available, and the caller vouches for the memory.
    unsafe {
        match (level, tile) {
            #[cfg(target_arch = "x86_64")]
            (Level::Avx512, 2) => filters_avx512::<4>(rows, inputs, to),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx512, _) => filters_avx512::<6>(rows, inputs, to),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2, 2) => filters_avx2::<4>(rows, inputs, to),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2, _) => filters_avx2::<6>(rows, inputs, to),
            (_, 2) => filters::<Plain, Plain<f64>, 4>(rows, inputs, to),
            _ => filters::<Plain, Plain<f64>, 6>(rows, inputs, to),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
unsafe fn filters_avx512<const T: usize>(rows: Eight<&[f32]>, inputs: Range<usize>, to: (*mut f32, usize)) {
    use std::arch::x86_64::{__m256, __m512d};
    // SAFETY: the caller vouches for AVX-512 and the memory.
    unsafe { filters::<__m256, __m512d, T>(rows, inputs, to) };
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn filters_avx2<const T: usize>(rows: Eight<&[f32]>, inputs: Range<usize>, to: (*mut f32, usize)) {
    use std::arch::x86_64::{__m256, __m256d};
    // SAFETY: the caller vouches for AVX2 and the memory.
    unsafe { filters::<__m256, [__m256d; 2], T>(rows, inputs, to) };
}

/// One of each of eight outputs.
type Eight<N> = [N; OCTET];

#[inline(always)]
unsafe fn filters<L: Octet, D: Doubles, const T: usize>(
    rows: Eight<&[f32]>,
    inputs: Range<usize>,
    (to, apart): (*mut f32, usize),
) {
    let matrix = filter_matrix::<T>();
    let mut kernels = [[0.0; OCTET]; RUN * TAPS];
    for row in rows {
        // Eight rows at once are more than the processor foresees.
        ask(row.as_ptr().wrapping_add(inputs.end * TAPS), RUN * TAPS);
    }
    // SAFETY: the caller vouches for the instructions of `L` and `D`, and for the memory.
    unsafe {
        side_by_side::<L>(rows, inputs.start * TAPS, &mut kernels[..inputs.len() * TAPS]);
        for at in 0..inputs.len() {
            let mut taps = [D::all(0.0); TAPS];
            for tap in 0..TAPS {
                taps[tap] = D::widened(kernels[at * TAPS + tap].as_ptr());
            }
            let [a, b, c, d, e, f, g, h, i] = taps;
            let (left, middle) = (weighted(&matrix, [a, d, g]), weighted(&matrix, [b, e, h]));
            let right = weighted(&matrix, [c, f, i]);
            for row in 0..T {
                let along = weighted(&matrix, [left[row], middle[row], right[row]]);
                for column in 0..T {
                    along[column].narrowed(to.add((row * T + column) * apart + at * OCTET));
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
unsafe fn weighted<D: Doubles, const T: usize>(matrix: &[[f64; 3]; T], [a, b, c]: [D; 3]) -> [D; T] {
    // SAFETY: the caller vouches for the instructions of `D`.
    unsafe {
        let mut out = [c; T];
        out[0] = a.mul(D::all(matrix[0][0]));
        let mut pair = 1;
        while pair < T - 1 {
            let [constant, linear, square] = matrix[pair];
            let (even, odd) = (a.mul(D::all(constant)).add(c.mul(D::all(square))), b.mul(D::all(linear)));
            (out[pair], out[pair + 1]) = (even.add(odd), even.sub(odd));
            pair += 2;
        }
        out
    }
}
