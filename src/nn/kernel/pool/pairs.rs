//! Maxima of windows of two by two that lie side by side, in one reading.
#![expect(clippy::inline_always, reason = "to be compiled with the instructions of the caller")]

use super::{Size, is_nan};
use crate::nn::Real;

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
