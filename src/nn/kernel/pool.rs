//! Max pooling with PyTorch's rules: the first of equal maxima, and NaN above all.

use rayon::prelude::*;

use super::memory;
use crate::{fault, nn::Real};

/// The sizes of a pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Planes, of all images together.
    pub planes: usize,
    /// Height and width of an input plane.
    pub input: [usize; 2],
    /// Height and width of an output plane.
    pub output: [usize; 2],
    /// Side of the window.
    pub kernel: usize,
    /// Step of the window.
    pub stride: usize,
}

impl Size {
    fn area(&self) -> [usize; 2] {
        [self.input[0] * self.input[1], self.output[0] * self.output[1]]
    }
}

/// Maxima, and where in its plane each was found.
///
/// # Panics
/// If `x` has not the length that `size` says.
pub fn forward<E: Real>(size: &Size, x: &[E]) -> (Vec<E>, Vec<u32>) {
    let [in_area, out_area] = size.area();
    assert_eq!(x.len(), size.planes * in_area, "sizes of a pooling");
    let mut y = memory::take(size.planes * out_area);
    let mut argmax = vec![0; y.len()];
    let whole = (0..2).all(|axis| 2 * size.output[axis] <= size.input[axis]);
    let halves = (size.kernel, size.stride) == (2, 2) && whole;
    y.par_chunks_exact_mut(out_area)
        .zip(argmax.par_chunks_exact_mut(out_area))
        .zip(x.par_chunks_exact(in_area))
        .with_min_len((LEAST / out_area.max(1)).max(1))
        .for_each(|((y, argmax), plane)| {
            let mut columns = Columns::default();
            let quick = !halves && !fault::last_of_equals(true) && !plane.iter().any(|&v| is_nan(v));
            let rows = y.chunks_exact_mut(size.output[1]).zip(argmax.chunks_exact_mut(size.output[1]));
            for (row, (y, argmax)) in rows.enumerate() {
                if halves {
                    halve(plane, 2 * row * size.input[1], size.input[1], y, argmax);
                } else if quick {
                    columns.fill(size, plane, row);
                    columns.maxima(size, row, y, argmax);
                } else {
                    for (column, (y, argmax)) in y.iter_mut().zip(argmax).enumerate() {
                        let best = window_maximum(size, plane, row, column);
                        (*y, *argmax) = (plane[best], best as u32);
                    }
                }
            }
        });
    (y, argmax)
}

/// For each column of the input, the largest value in a row of windows, and how far down its first occurrence is.
#[derive(Default)]
struct Columns<E> {
    values: Vec<E>,
    down: Vec<u32>,
}

impl<E: Real> Columns<E> {
    fn fill(&mut self, size: &Size, plane: &[E], row: usize) {
        let [height, width] = size.input;
        let top = row * size.stride;
        self.values.clear();
        self.values.extend_from_slice(&plane[top * width..][..width]);
        self.down.clear();
        self.down.resize(width, 0);
        for down in 1..size.kernel.min(height - top) {
            let line = &plane[(top + down) * width..][..width];
            for ((best, first), &value) in self.values.iter_mut().zip(&mut self.down).zip(line) {
                let larger = value > *best;
                *best = if larger { value } else { *best };
                *first = if larger { down as u32 } else { *first };
            }
        }
    }

    /// One row of outputs. Of equal columns the one whose maximum comes first in reading order.
    fn maxima(&self, size: &Size, row: usize, y: &mut [E], argmax: &mut [u32]) {
        let width = size.input[1];
        for (column, (y, argmax)) in y.iter_mut().zip(argmax).enumerate() {
            let mut best = column * size.stride;
            for at in best + 1..(best + size.kernel).min(width) {
                let (value, largest) = (self.values[at], self.values[best]);
                if value > largest || value == largest && self.down[at] < self.down[best] {
                    best = at;
                }
            }
            *y = self.values[best];
            *argmax = ((row * size.stride + self.down[best] as usize) * width + best) as u32;
        }
    }
}

/// Outputs below which a thread is not worth its while.
const LEAST: usize = 1 << 12;

/// One row of 2x2 maxima, of the two rows that begin at `start` of a plane `width` wide.
fn halve<E: Real>(plane: &[E], start: usize, width: usize, y: &mut [E], argmax: &mut [u32]) {
    let (top, bottom) = (&plane[start..][..width], &plane[start + width..][..width]);
    let pairs = top.chunks_exact(2).zip(bottom.chunks_exact(2));
    for ((at, (top, bottom)), (y, argmax)) in pairs.enumerate().zip(y.iter_mut().zip(argmax)) {
        let (mut best, mut found) = (top[0], 0);
        for (value, offset) in [(top[1], 1), (bottom[0], width), (bottom[1], width + 1)] {
            let larger = value > best || is_nan(value);
            best = if larger { value } else { best };
            found = if larger { offset } else { found };
        }
        (*y, *argmax) = (best, (start + 2 * at + found) as u32);
    }
}

fn window_maximum<E: Real>(size: &Size, plane: &[E], row: usize, column: usize) -> usize {
    let [height, width] = size.input;
    let (top, left) = (row * size.stride, column * size.stride);
    let mut best = top * width + left;
    for y in top..(top + size.kernel).min(height) {
        for at in y * width + left..y * width + (left + size.kernel).min(width) {
            if plane[at] > plane[best] || is_nan(plane[at]) || fault::last_of_equals(plane[at] == plane[best]) {
                best = at;
            }
        }
    }
    best
}

#[expect(clippy::eq_op, reason = "only a NaN differs from itself")]
fn is_nan<E: Real>(x: E) -> bool {
    x != x
}

/// Adds to `down`, the gradient of the input, each output's gradient at that output's `argmax`.
///
/// # Panics
/// If a slice has not the length that `size` says.
pub fn input_gradient<E: Real>(size: &Size, argmax: &[u32], up: &[E], down: &mut [E]) {
    let [in_area, out_area] = size.area();
    assert_eq!((up.len(), down.len()), (size.planes * out_area, size.planes * in_area), "sizes of a pooling");
    down.par_chunks_exact_mut(in_area)
        .zip(up.par_chunks_exact(out_area))
        .zip(argmax.par_chunks_exact(out_area))
        .for_each(|((down, up), argmax)| {
            for (&u, &at) in up.iter().zip(argmax) {
                down[at as usize] += u;
            }
        });
}
