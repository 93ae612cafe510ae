//! Maxima of planes without NaN over narrow windows: first down the columns of a row of windows, then along the row, in
//! simple loops of which compilers make vectors.
#![expect(clippy::needless_bitwise_bool, reason = "branches would keep the loops from becoming vectors")]
#![expect(clippy::inline_always, reason = "to be compiled with the instructions of the caller")]
#![expect(clippy::needless_range_loop, reason = "several arrays in step")]

use super::Size;
use crate::nn::Real;

/// Side of the widest window that these loops are for.
pub const NARROW: usize = 3;

/// The maxima of one plane, and where in its window each was found. Of equal ones, the first in reading order.
///
/// # Panics
/// If windows are wider than [`NARROW`].
#[inline(always)]
pub fn maxima<E: Real>(size: &Size, plane: &[E], y: &mut [E], winners: &mut [u8]) {
    let mut columns = Columns::new(size);
    let rows = y.chunks_exact_mut(size.output[1]).zip(winners.chunks_exact_mut(size.output[1]));
    for (row, (y, winners)) in rows.enumerate() {
        let lines = &plane[row * size.stride * size.input[1]..];
        match size.kernel.min(size.input[0] - row * size.stride) {
            1 => columns.fill::<1>(size, lines),
            2 => columns.fill::<2>(size, lines),
            _ => columns.fill::<3>(size, lines),
        }
        match size.kernel {
            1 => columns.along::<1>(size, y, winners),
            2 => columns.along::<2>(size, y, winners),
            3 => columns.along::<3>(size, y, winners),
            wide => unreachable!("windows of side {wide}"),
        }
    }
}

/// For each column of the input, the largest value in a row of windows, and how far down its first occurrence is.
struct Columns<E> {
    values: Vec<E>,
    down: Vec<u32>,
    /// The same with columns that are `stride` apart side by side: column `c` at `c % stride * phase + c / stride`.
    sorted: Vec<E>,
    sorted_down: Vec<u32>,
    phase: usize,
}

impl<E: Real> Columns<E> {
    /// Places beyond the input's columns hold what never wins.
    fn new(size: &Size) -> Self {
        let phase = size.output[1] + size.kernel.div_ceil(size.stride);
        let (width, lowest) = (size.input[1], E::of(f64::NEG_INFINITY));
        let (values, sorted) = (vec![lowest; width], vec![lowest; size.stride * phase]);
        Self { values, down: vec![0; width], sorted, sorted_down: vec![NEVER; size.stride * phase], phase }
    }

    /// From `K` rows of the plane.
    #[inline(always)]
    fn fill<const K: usize>(&mut self, size: &Size, lines: &[E]) {
        let width = size.input[1];
        let lines: [&[E]; K] = std::array::from_fn(|down| &lines[down * width..][..width]);
        let (values, downs) = (&mut self.values[..width], &mut self.down[..width]);
        for at in 0..width {
            let (mut best, mut found) = (lines[0][at], 0);
            for down in 1..K {
                let larger = lines[down][at] > best;
                best = if larger { lines[down][at] } else { best };
                found = if larger { down as u32 } else { found };
            }
            values[at] = best;
            downs[at] = found;
        }
        sort(size.stride, self.phase, values, &mut self.sorted);
        sort(size.stride, self.phase, downs, &mut self.sorted_down);
    }

    /// One row of outputs. Of equal columns the one whose maximum comes first in reading order.
    #[inline(always)]
    fn along<const K: usize>(&self, size: &Size, y: &mut [E], winners: &mut [u8]) {
        let count = y.len();
        let tap = |right: usize| right % size.stride * self.phase + right / size.stride;
        let values: [&[E]; K] = std::array::from_fn(|right| &self.sorted[tap(right)..][..count]);
        let downs: [&[u32]; K] = std::array::from_fn(|right| &self.sorted_down[tap(right)..][..count]);
        let winners = &mut winners[..count];
        for at in 0..count {
            let (mut best, mut down, mut found) = (values[0][at], downs[0][at], 0);
            for right in 1..K {
                let (value, here) = (values[right][at], downs[right][at]);
                let better = (value > best) | ((value == best) & (here < down));
                best = if better { value } else { best };
                down = if better { here } else { down };
                found = if better { right as u32 } else { found };
            }
            y[at] = best;
            winners[at] = (down * K as u32 + found) as u8;
        }
    }
}

/// Further down than anything.
const NEVER: u32 = u32::MAX;

/// Puts elements that are `stride` apart side by side, `phase` places for each of `stride` beginnings.
#[inline(always)]
fn sort<T: Copy>(stride: usize, phase: usize, all: &[T], sorted: &mut [T]) {
    if stride == 2 {
        let (even, odd) = sorted.split_at_mut(phase);
        let (pairs, last) = all.as_chunks::<2>();
        for (([a, b], even), odd) in pairs.iter().zip(&mut *even).zip(odd) {
            (*even, *odd) = (*a, *b);
        }
        if let ([last], Some(even)) = (last, even.get_mut(pairs.len())) {
            *even = *last;
        }
        return;
    }
    for start in 0..stride.min(all.len()) {
        for at in 0..(all.len() - start).div_ceil(stride).min(phase) {
            sorted[start * phase + at] = all[start + at * stride];
        }
    }
}
