//! Vectors of sixteen.
#![expect(unsafe_code, reason = "processor intrinsics, and loads and stores through raw pointers")]
#![expect(clippy::inline_always, reason = "intrinsics must be inlined into functions that have their instructions")]

use std::arch::x86_64 as x86;

use crate::nn::kernel::lanes::{Arithmetic, Lanes};

impl Lanes for x86::__m512 {
    const WIDTH: usize = 16;
    const UNROLLED: bool = true;

    #[inline(always)]
    unsafe fn all(value: f32) -> Self {
        // SAFETY: the caller vouches for AVX-512 (here and below) and for the memory.
        unsafe { x86::_mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(at: *const f32) -> Self {
        // SAFETY: as above.
        unsafe { x86::_mm512_loadu_ps(at) }
    }

    #[inline(always)]
    unsafe fn store(self, at: *mut f32) {
        // SAFETY: as above.
        unsafe { x86::_mm512_storeu_ps(at, self) }
    }

    #[inline(always)]
    unsafe fn plus(self, a: Self, b: Self) -> Self {
        // SAFETY: as above.
        unsafe { x86::_mm512_fmadd_ps(a, b, self) }
    }

    #[inline(always)]
    unsafe fn transpose_square(from: *const f32, to: *mut f32) {
        // SAFETY: the caller vouches for AVX-512 and for 64 numbers each.
        unsafe {
            let (a, b) = (Self::load(from), Self::load(from.add(16)));
            let (c, d) = (Self::load(from.add(32)), Self::load(from.add(48)));
            let (left, right) = (two(a, b, &FOURS), two(c, d, &FOURS));
            two(left, right, &QUARTERS).store(to);
            two(left, right, &QUARTERS_HIGH).store(to.add(16));
            let (left, right) = (two(a, b, &FOURS_HIGH), two(c, d, &FOURS_HIGH));
            two(left, right, &QUARTERS).store(to.add(32));
            two(left, right, &QUARTERS_HIGH).store(to.add(48));
        }
    }
}

impl Arithmetic for x86::__m512 {
    const PAIRS: bool = true;

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller vouches for AVX-512 (here and below).
        unsafe { x86::_mm512_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { x86::_mm512_sub_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { x86::_mm512_mul_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn rectified(self) -> Self {
        // SAFETY: as above. A comparison with a NaN is false, so that it is kept.
        unsafe {
            let zero = x86::_mm512_setzero_ps();
            x86::_mm512_mask_mov_ps(self, x86::_mm512_cmp_ps_mask::<{ x86::_CMP_LE_OQ }>(self, zero), zero)
        }
    }

    #[inline(always)]
    unsafe fn store_first(self, count: usize, at: *mut f32) {
        // SAFETY: the caller vouches for AVX-512 and for `count` numbers; others are not written.
        unsafe { x86::_mm512_mask_storeu_ps(at, ((1_u32 << count) - 1) as u16, self) }
    }

    #[inline(always)]
    unsafe fn load_halves(at: *const f32) -> [Self; 2] {
        // SAFETY: the caller vouches for AVX-512 and for 32 numbers.
        unsafe {
            let (a, b) = (Self::load(at), Self::load(at.add(16)));
            [two(a, b, &EVEN), two(a, b, &ODD)]
        }
    }

    #[inline(always)]
    unsafe fn store_halves([a, b]: [Self; 2], at: *mut f32) {
        // SAFETY: the caller vouches for AVX-512 and for 32 numbers.
        unsafe {
            two(a, b, &ZIPPED).store(at);
            two(a, b, &ZIPPED_HIGH).store(at.add(16));
        }
    }

    #[inline(always)]
    unsafe fn load_fourths(at: *const f32) -> [Self; 4] {
        // SAFETY: the caller vouches for AVX-512 and for 64 numbers.
        unsafe {
            let (a, b) = (Self::load(at), Self::load(at.add(16)));
            let (c, d) = (Self::load(at.add(32)), Self::load(at.add(48)));
            let (first, second) = (two(a, b, &FOURTHS), two(c, d, &FOURTHS));
            let (third, fourth) = (two(a, b, &FOURTHS_HIGH), two(c, d, &FOURTHS_HIGH));
            let ([x, y], [z, w]) = (halves(first, second), halves(third, fourth));
            [x, y, z, w]
        }
    }

    #[inline(always)]
    unsafe fn store_fourths([a, b, c, d]: [Self; 4], at: *mut f32) {
        // SAFETY: the caller vouches for AVX-512 and for 64 numbers.
        unsafe {
            let (ab, cd) = (halves(a, b), halves(c, d));
            for half in 0..2 {
                two(ab[half], cd[half], &FOURS).store(at.add(32 * half));
                two(ab[half], cd[half], &FOURS_HIGH).store(at.add(32 * half + 16));
            }
        }
    }

    #[inline(always)]
    unsafe fn followed_by(self, last: *const f32) -> Self {
        // SAFETY: the caller vouches for AVX-512 and the number.
        unsafe {
            let (numbers, last) = (x86::_mm512_castps_si512(self), x86::_mm512_castps_si512(Self::all(*last)));
            x86::_mm512_castsi512_ps(x86::_mm512_alignr_epi32::<1>(last, numbers))
        }
    }

    #[inline(always)]
    unsafe fn store_pair(self, at: *mut f32, exactly: bool) {
        // SAFETY: the caller vouches for AVX-512 and for 14 numbers, or 15.
        unsafe {
            let high = x86::_mm512_extractf64x4_pd::<1>(x86::_mm512_castps_pd(self));
            let (low, high) = (x86::_mm512_castps512_ps256(self), x86::_mm256_castpd_ps(high));
            low.store(at);
            if exactly { high.store_first(7, at.add(7)) } else { high.store(at.add(7)) }
        }
    }
}

/// Which of 32 numbers become the 16 of a vector.
type Places = [i32; 16];

/// Every second of 32 from the first.
const EVEN: Places = [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30];
/// And from the second.
const ODD: Places = [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31];
/// In turn from the lower halves of two vectors.
const ZIPPED: Places = [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23];
/// And from the upper halves.
const ZIPPED_HIGH: Places = [8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31];
/// Every fourth of 32 from the first, then from the second.
const FOURTHS: Places = [0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29];
/// From the third, then from the fourth.
const FOURTHS_HIGH: Places = [2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31];
/// In turn from four quarters: first the lower half of each half.
const FOURS: Places = [0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27];
/// Then the upper.
const FOURS_HIGH: Places = [4, 12, 20, 28, 5, 13, 21, 29, 6, 14, 22, 30, 7, 15, 23, 31];

/// Quarters in turn from the lower halves of two vectors.
const QUARTERS: Places = [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23];
/// And from the upper halves.
const QUARTERS_HIGH: Places = [8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31];

/// The numbers of `a` and, counted from 16, of `b` that `places` names.
#[inline(always)]
unsafe fn two(a: x86::__m512, b: x86::__m512, places: &Places) -> x86::__m512 {
    // SAFETY: the caller vouches for AVX-512; 16 numbers are 64 bytes.
    unsafe { x86::_mm512_permutex2var_ps(a, x86::_mm512_loadu_si512(places.as_ptr().cast()), b) }
}

/// The lower halves of both, and the upper halves.
#[inline(always)]
unsafe fn halves(a: x86::__m512, b: x86::__m512) -> [x86::__m512; 2] {
    // SAFETY: the caller vouches for AVX-512.
    unsafe {
        let (a, b) = (x86::_mm512_castps_pd(a), x86::_mm512_castps_pd(b));
        let (low, high) = (x86::_mm512_shuffle_f64x2::<0x44>(a, b), x86::_mm512_shuffle_f64x2::<0xEE>(a, b));
        [x86::_mm512_castpd_ps(low), x86::_mm512_castpd_ps(high)]
    }
}
