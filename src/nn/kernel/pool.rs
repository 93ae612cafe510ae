//! Max pooling with PyTorch's rules: the first of equal maxima, and NaN above all.
#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "compiled a second time for wider vectors"))]
#![expect(clippy::inline_always, reason = "to be compiled with the instructions of the caller")]

mod columns;
mod pairs;

use rayon::prelude::*;

use super::{lanes::Level, memory, relu::Open};
use crate::{
    fault,
    nn::{Real, Rule},
};

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
pub fn forward<E: Real>(level: Level, size: &Size, x: &[E]) -> (Vec<E>, Vec<u32>) {
    let [in_area, out_area] = size.area();
    assert_eq!(x.len(), size.planes * in_area, "sizes of a pooling");
    let mut y = memory::take_to_keep(size.planes * out_area);
    let mut argmax = vec![0; y.len()];
    y.par_chunks_exact_mut(out_area)
        .zip(argmax.par_chunks_exact_mut(out_area))
        .zip(x.par_chunks_exact(in_area))
        .with_min_len((LEAST / out_area.max(1)).max(1))
        .for_each(|((y, argmax), plane)| {
            if !fault::last_of_equals(true) && maxima(level, size, plane, y, argmax) {
                return;
            }
            for (at, (y, argmax)) in y.iter_mut().zip(argmax).enumerate() {
                let best = window_maximum(size, plane, at / size.output[1], at % size.output[1]);
                (*y, *argmax) = (plane[best], best as u32);
            }
        });
    (y, argmax)
}

/// Outputs below which a thread is not worth its while.
const LEAST: usize = 1 << 12;

/// The maxima of one plane in simple loops, of which compilers make vectors, if there is no NaN and windows are narrow; whether
/// that is so.
fn maxima<E: Real>(level: Level, size: &Size, plane: &[E], y: &mut [E], argmax: &mut [u32]) -> bool {
    match level {
        // SAFETY: the level was found available.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::Avx512 => unsafe { maxima_avx2(size, plane, y, argmax) },
        _ => maxima_plain(size, plane, y, argmax),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn maxima_avx2<E: Real>(size: &Size, plane: &[E], y: &mut [E], argmax: &mut [u32]) -> bool {
    maxima_plain(size, plane, y, argmax)
}

#[inline(always)]
fn maxima_plain<E: Real>(size: &Size, plane: &[E], y: &mut [E], argmax: &mut [u32]) -> bool {
    if pairs::suit(size) {
        return pairs::maxima(size, plane, y, argmax);
    }
    let suits = size.kernel <= columns::WIDEST && plane.iter().fold(true, |none, &v| none & !is_nan(v));
    if suits {
        columns::maxima(size, plane, y, argmax);
    }
    suits
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

#[inline(always)]
#[expect(clippy::eq_op, reason = "only a NaN differs from itself")]
fn is_nan<E: Real>(x: E) -> bool {
    x != x
}

/// Writes to `down` the gradient of the input: each output's gradient at that output's `argmax`, zero elsewhere. Then what the
/// gate of a rectifier that made the input lets through of it, if one is given.
///
/// # Panics
/// If a slice has not the length that `size` says.
pub fn gated_gradient<E: Real>(
    level: Level,
    size: &Size,
    argmax: &[u32],
    up: &[E],
    gate: Option<(Rule, &Open)>,
    down: &mut [E],
) {
    let [in_area, out_area] = size.area();
    assert_eq!((up.len(), down.len()), (size.planes * out_area, size.planes * in_area), "sizes of a pooling");
    down.par_chunks_exact_mut(in_area)
        .zip(up.par_chunks_exact(out_area))
        .zip(argmax.par_chunks_exact(out_area))
        .enumerate()
        .for_each(|(plane, ((down, up), argmax))| {
            down.fill(E::ZERO);
            spread(argmax, up, down);
            if let Some((rule, open)) = gate {
                open.gate_rows(level, rule, plane * size.input[0], down);
            }
        });
}

/// Adds each number of `up` where `argmax` says.
fn spread<E: Real>(argmax: &[u32], up: &[E], down: &mut [E]) {
    for (&u, &at) in up.iter().zip(argmax) {
        down[at as usize] += u;
    }
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
        .for_each(|((down, up), argmax)| spread(argmax, up, down));
}
