//! The gradient of a plane from those of the maxima of its windows of two by two, each pixel written once.
#![expect(unsafe_code, reason = "vectors, read and written through raw pointers")]
#![expect(clippy::inline_always, reason = "intrinsics must be inlined into functions that have their instructions")]

use super::Size;
use crate::nn::{
    Real,
    kernel::{
        lanes::{Level, Octet, Plain},
        panels::OCTET,
    },
};

/// Writes the gradient of one plane.
///
/// # Panics
/// If a slice has not the length that `size` says.
pub fn plane<E: Real>(level: Level, size: &Size, winners: &[u8], up: &[E], down: &mut [E]) {
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
