//! Maxima of windows of two by two that lie side by side, in one reading.
#![expect(clippy::inline_always, reason = "to be compiled with the instructions of the caller")]

use super::{Size, is_nan};
use crate::nn::Real;

/// Whether windows are such, and all whole.
pub fn suit(size: &Size) -> bool {
    let whole = |axis: usize| 2 * size.output[axis] <= size.input[axis];
    (size.kernel, size.stride) == (2, 2) && whole(0) && whole(1)
}

/// The maxima of one plane, and where in its window each was found: of equal ones, the first in reading order. Whether that is so: if there is
/// a NaN, neither means anything.
#[inline(always)]
pub fn maxima<E: Real>(size: &Size, plane: &[E], y: &mut [E], winners: &mut [u8]) -> bool {
    let (width, count) = (size.input[1], size.output[1]);
    let mut odd = 0;
    for row in 0..size.output[0] {
        let first = 2 * row * width;
        let (upper, lower) = (&plane[first..][..2 * count], &plane[first + width..][..2 * count]);
        let (y, winners) = (&mut y[row * count..][..count], &mut winners[row * count..][..count]);
        for at in 0..count {
            let [a, b, c, d] = [upper[2 * at], upper[2 * at + 1], lower[2 * at], lower[2 * at + 1]];
            let (right, below_right) = (b > a, d > c);
            let (above, below) = (if right { b } else { a }, if below_right { d } else { c });
            let down = below > above;
            y[at] = if down { below } else { above };
            winners[at] = if down { 2 + u8::from(below_right) } else { u8::from(right) };
            odd |= u32::from(is_nan(a) | is_nan(b) | is_nan(c) | is_nan(d));
        }
    }
    odd == 0
}

/// The gradient of one plane from those of its maxima.
#[inline(always)]
pub fn spread<E: Real>(size: &Size, winners: &[u8], up: &[E], down: &mut [E]) {
    let (width, [rows, count]) = (size.input[1], size.output);
    for row in 0..rows {
        let (upper, lower) = down[2 * row * width..][..2 * width].split_at_mut(width);
        let (up, winners) = (&up[row * count..][..count], &winners[row * count..][..count]);
        let ((upper, beyond), (lower, below)) = (upper.split_at_mut(2 * count), lower.split_at_mut(2 * count));
        for at in 0..count {
            let (u, winner) = (up[at] + E::ZERO, winners[at]);
            let of = |place: u8| if winner == place { u } else { E::ZERO };
            [upper[2 * at], upper[2 * at + 1], lower[2 * at], lower[2 * at + 1]] = [of(0), of(1), of(2), of(3)];
        }
        beyond.fill(E::ZERO);
        below.fill(E::ZERO);
    }
    down[2 * rows * width..].fill(E::ZERO);
}
