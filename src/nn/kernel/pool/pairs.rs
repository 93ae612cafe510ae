//! Windows of two by two that lie side by side: their maxima, in one reading, and the way back, in one writing.
#![expect(unsafe_code, reason = "vectors, read and written through raw pointers")]
#![expect(clippy::inline_always, reason = "to be compiled with the instructions of the caller")]

use super::{Size, is_nan};
use crate::nn::{
    Real,
    kernel::{
        lanes::{Level, Octet, Plain},
        panels::OCTET,
    },
};

/// The maxima of one plane, and where in its window each was found: of equal ones, the first in reading order. Returns false
/// if there is a NaN: then neither means anything.
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

/// Writes the gradient of one plane: of each window's maximum where that was found, zero elsewhere.
///
/// # Panics
/// If a slice has not the length that `size` says.
pub fn spread<E: Real>(level: Level, size: &Size, winners: &[u8], up: &[E], down: &mut [E]) {
    let [in_area, out_area] = size.area();
    assert!(size.is_of_pairs(), "windows of two by two");
    assert_eq!([winners.len(), up.len(), down.len()], [out_area, out_area, in_area], "sizes of a pooling");
    let (width, [rows, count]) = (size.input[1], size.output);
    let whole = if E::NAME == f32::NAME { count / OCTET * OCTET } else { 0 };
    if whole > 0 {
        octets(level, size, winners, bytemuck::cast_slice(up), bytemuck::cast_slice_mut(down));
    }
    let rest = if 2 * whole < width { 0..rows } else { 0..0 };
    for row in rest {
        let (upper, lower) = down[2 * row * width..][..2 * width].split_at_mut(width);
        for at in whole..count {
            let (u, winner) = (up[row * count + at] + E::ZERO, winners[row * count + at]);
            let of = |place: u8| if winner == place { u } else { E::ZERO };
            [upper[2 * at], upper[2 * at + 1], lower[2 * at], lower[2 * at + 1]] = [of(0), of(1), of(2), of(3)];
        }
        upper[2 * count..].fill(E::ZERO);
        lower[2 * count..].fill(E::ZERO);
    }
    down[2 * rows * width..].fill(E::ZERO);
}

/// All whole octets of windows.
fn octets(level: Level, size: &Size, winners: &[u8], up: &[f32], down: &mut [f32]) {
    // SAFETY: the level was found available, and the caller compared the lengths.
    unsafe {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 | Level::Avx512 => octets_avx2(size, winners, up, down),
            _ => rows::<Plain>(size, winners, up, down),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn octets_avx2(size: &Size, winners: &[u8], up: &[f32], down: &mut [f32]) {
    // SAFETY: the caller vouches for AVX2 and the lengths.
    unsafe { rows::<std::arch::x86_64::__m256>(size, winners, up, down) }
}

#[inline(always)]
unsafe fn rows<L: Octet>(size: &Size, winners: &[u8], up: &[f32], down: &mut [f32]) {
    let (width, [rows, count]) = (size.input[1], size.output);
    for row in 0..rows {
        for at in (0..count / OCTET * OCTET).step_by(OCTET) {
            // SAFETY: the caller vouches for the instructions of `L` and the lengths; the octet is inside a row.
            unsafe {
                let winners = winners.as_ptr().add(row * count + at);
                // What is minus zero becomes zero, as if added to it.
                let up = L::load(up.as_ptr().add(row * count + at)).add(L::all(0.0));
                let upper = down.as_mut_ptr().add(2 * row * width + 2 * at);
                L::store_halves([up.chosen(winners, 0), up.chosen(winners, 1)], upper);
                L::store_halves([up.chosen(winners, 2), up.chosen(winners, 3)], upper.add(width));
            }
        }
    }
}
