//! Max pooling with PyTorch's rules: the first of equal maxima, and NaN above all.
#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "compiled a second time for wider vectors"))]
#![expect(clippy::inline_always, reason = "to be compiled with the instructions of the caller")]

mod columns;
mod pairs;

use super::{lanes::Level, memory, relu::Open, threads::deal};
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
    /// Where in its plane the place `winner` of an output's window is.
    pub fn at(&self, output: usize, winner: u8) -> usize {
        let (winner, [row, column]) = (usize::from(winner), [output / self.output[1], output % self.output[1]]);
        let (down, right) = (winner / self.kernel, winner % self.kernel);
        (row * self.stride + down) * self.input[1] + column * self.stride + right
    }

    /// Numbers in the input.
    pub fn input_len(&self) -> usize {
        self.planes * self.input[0] * self.input[1]
    }

    /// Whether windows are pairs of pixels of two rows, side by side and whole.
    pub fn is_of_pairs(&self) -> bool {
        (self.kernel, self.stride) == (2, 2) && self.output == self.input.map(|side| side / 2)
    }

    /// Planes that are worth a thread's while.
    fn share(&self) -> usize {
        (LEAST / self.area()[1].max(1)).max(1)
    }

    fn area(&self) -> [usize; 2] {
        [self.input[0] * self.input[1], self.output[0] * self.output[1]]
    }
}

/// Maxima, and where in its window, in reading order, each was found.
///
/// # Panics
/// If `x` has not the length that `size` says, or windows have more than 256 places.
pub fn forward<E: Real>(level: Level, size: &Size, x: &[E]) -> (Vec<E>, Vec<u8>) {
    let [in_area, out_area] = size.area();
    assert_eq!(x.len(), size.input_len(), "sizes of a pooling");
    assert!(size.kernel <= WIDEST, "windows of {0} x {0}", size.kernel);
    let mut y = memory::take_to_keep(size.planes * out_area);
    let mut winners = vec![0; y.len()];
    let share = size.share();
    let work = |((y, winners), planes): ((&mut [E], &mut [u8]), &[E])| {
        let planes = planes.chunks_exact(in_area);
        for ((y, winners), plane) in y.chunks_exact_mut(out_area).zip(winners.chunks_exact_mut(out_area)).zip(planes) {
            plane_maxima(level, size, plane, y, winners);
        }
    };
    let shares =
        y.chunks_mut(share * out_area).zip(winners.chunks_mut(share * out_area)).zip(x.chunks(share * in_area));
    deal(shares, |shares| shares.for_each(work));
    (y, winners)
}

fn plane_maxima<E: Real>(level: Level, size: &Size, plane: &[E], y: &mut [E], winners: &mut [u8]) {
    if !fault::last_of_equals(true) && maxima(level, size, plane, y, winners) {
        return;
    }
    for (at, (y, winner)) in y.iter_mut().zip(winners).enumerate() {
        *winner = window_maximum(size, plane, at / size.output[1], at % size.output[1]);
        *y = plane[size.at(at, *winner)];
    }
}

/// Side of the widest window: a byte says where in it something is.
const WIDEST: usize = 16;
/// Outputs below which a thread is not worth its while.
const LEAST: usize = 1 << 12;

/// The maxima of one plane in simple loops, of which compilers make vectors, if there is no NaN and windows are narrow; whether
/// that is so.
fn maxima<E: Real>(level: Level, size: &Size, plane: &[E], y: &mut [E], winners: &mut [u8]) -> bool {
    match level {
        // SAFETY: the level was found available.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::Avx512 => unsafe { maxima_avx2(size, plane, y, winners) },
        _ => maxima_plain(size, plane, y, winners),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn maxima_avx2<E: Real>(size: &Size, plane: &[E], y: &mut [E], winners: &mut [u8]) -> bool {
    maxima_plain(size, plane, y, winners)
}

#[inline(always)]
fn maxima_plain<E: Real>(size: &Size, plane: &[E], y: &mut [E], winners: &mut [u8]) -> bool {
    if size.is_of_pairs() {
        return pairs::maxima(size, plane, y, winners);
    }
    let suits = size.kernel <= columns::NARROW && plane.iter().fold(true, |none, &v| none & !is_nan(v));
    if suits {
        columns::maxima(size, plane, y, winners);
    }
    suits
}

fn window_maximum<E: Real>(size: &Size, plane: &[E], row: usize, column: usize) -> u8 {
    let [height, width] = size.input;
    let (top, left) = (row * size.stride, column * size.stride);
    let (mut best, mut winner) = (plane[top * width + left], 0);
    for y in top..(top + size.kernel).min(height) {
        for x in left..(left + size.kernel).min(width) {
            let value = plane[y * width + x];
            if value > best || is_nan(value) || fault::last_of_equals(value == best) {
                (best, winner) = (value, ((y - top) * size.kernel + x - left) as u8);
            }
        }
    }
    winner
}

#[inline(always)]
#[expect(clippy::eq_op, reason = "only a NaN differs from itself")]
fn is_nan<E: Real>(x: E) -> bool {
    x != x
}

/// Writes to `down` the gradient of the input: each output's gradient where its window's maximum was found, zero elsewhere. Then
/// what the gate of a rectifier that made the input lets through of it, if one is given.
///
/// # Panics
/// If a slice has not the length that `size` says.
pub fn gated_gradient<E: Real>(
    level: Level,
    size: &Size,
    winners: &[u8],
    up: &[E],
    gate: Option<(Rule, &Open)>,
    down: &mut [E],
) {
    assert!(gate.is_none_or(|(_, open)| open.fits(size.input_len(), size.input[1])), "sizes of a rectifier");
    for_each_plane(size, winners, up, down, |plane, winners, up, down| {
        if size.is_of_pairs() {
            pairs::spread(level, size, winners, up, down);
        } else {
            down.fill(E::ZERO);
            add(size, winners, up, down);
        }
        if let Some((rule, open)) = gate {
            open.gate_rows(level, rule, plane * size.input[0], down);
        }
    });
}

/// Adds to `down`, the gradient of the input, each output's gradient where its window's maximum was found.
///
/// # Panics
/// If a slice has not the length that `size` says.
pub fn input_gradient<E: Real>(size: &Size, winners: &[u8], up: &[E], down: &mut [E]) {
    for_each_plane(size, winners, up, down, |_, winners, up, down| add(size, winners, up, down));
}

/// The gradients of some planes' inputs and outputs, and where the maxima were.
type Share<'a, E> = ((&'a mut [E], &'a [E]), &'a [u8]);

fn for_each_plane<E: Real>(
    size: &Size,
    winners: &[u8],
    up: &[E],
    down: &mut [E],
    work: impl Fn(usize, &[u8], &[E], &mut [E]) + Sync,
) {
    let [in_area, out_area] = size.area();
    let count = size.planes * out_area;
    assert_eq!([winners.len(), up.len(), down.len()], [count, count, size.input_len()], "sizes of a pooling");
    let share = size.share();
    let all = |(index, ((down, up), winners)): (usize, Share<'_, E>)| {
        let planes = up.chunks_exact(out_area).zip(winners.chunks_exact(out_area));
        for (at, (down, (up, winners))) in down.chunks_exact_mut(in_area).zip(planes).enumerate() {
            work(index * share + at, winners, up, down);
        }
    };
    let shares =
        down.chunks_mut(share * in_area).zip(up.chunks(share * out_area)).zip(winners.chunks(share * out_area));
    deal(shares.enumerate(), |shares| shares.for_each(all));
}

fn add<E: Real>(size: &Size, winners: &[u8], up: &[E], down: &mut [E]) {
    let (mut places, width) = ([0; WIDEST * WIDEST], size.output[1]);
    for (place, at) in places[..size.kernel * size.kernel].iter_mut().zip(0..=u8::MAX) {
        *place = size.at(0, at);
    }
    let rows = up.chunks_exact(width).zip(winners.chunks_exact(width));
    for (row, (up, winners)) in rows.enumerate() {
        let down = &mut down[row * size.stride * size.input[1]..];
        for (column, (&u, &winner)) in up.iter().zip(winners).enumerate() {
            down[column * size.stride + places[usize::from(winner)]] += u;
        }
    }
}
