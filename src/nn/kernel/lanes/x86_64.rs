//! Vectors of eight of Intel's and AMD's processors.
#![expect(unsafe_code, reason = "processor intrinsics, and loads and stores through raw pointers")]
#![expect(clippy::inline_always, reason = "intrinsics must be inlined into functions that have their instructions")]

mod sixteen;

use std::arch::x86_64 as x86;

use super::{Arithmetic, Lanes, Octet};

impl Lanes for x86::__m256 {
    const WIDTH: usize = 8;

    #[inline(always)]
    unsafe fn all(value: f32) -> Self {
        // SAFETY: the caller vouches for AVX2 and FMA (here and below) and for the memory.
        unsafe { x86::_mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(at: *const f32) -> Self {
        // SAFETY: as above.
        unsafe { x86::_mm256_loadu_ps(at) }
    }

    #[inline(always)]
    unsafe fn store(self, at: *mut f32) {
        // SAFETY: as above.
        unsafe { x86::_mm256_storeu_ps(at, self) }
    }

    #[inline(always)]
    unsafe fn plus(self, a: Self, b: Self) -> Self {
        // SAFETY: as above.
        unsafe { x86::_mm256_fmadd_ps(a, b, self) }
    }
}

impl Arithmetic for x86::__m256 {
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller vouches for AVX2 (here and below).
        unsafe { x86::_mm256_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { x86::_mm256_sub_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { x86::_mm256_mul_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn rectified(self) -> Self {
        // SAFETY: as above. A comparison with a NaN is false, so that it is kept.
        unsafe {
            x86::_mm256_andnot_ps(x86::_mm256_cmp_ps::<{ x86::_CMP_LE_OQ }>(self, x86::_mm256_setzero_ps()), self)
        }
    }

    #[inline(always)]
    unsafe fn store_first(self, count: usize, at: *mut f32) {
        // SAFETY: the caller vouches for AVX2 and for `count` numbers; others are not written.
        unsafe { x86::_mm256_maskstore_ps(at, inside(count), self) }
    }

    #[inline(always)]
    unsafe fn load_halves(at: *const f32) -> [Self; 2] {
        // SAFETY: the caller vouches for AVX2 and for 16 numbers.
        unsafe {
            let (a, b) = (x86::_mm256_loadu_ps(at), x86::_mm256_loadu_ps(at.add(8)));
            let (even, odd) = (x86::_mm256_shuffle_ps::<0x88>(a, b), x86::_mm256_shuffle_ps::<0xDD>(a, b));
            let even = x86::_mm256_permute4x64_pd::<0xD8>(x86::_mm256_castps_pd(even));
            let odd = x86::_mm256_permute4x64_pd::<0xD8>(x86::_mm256_castps_pd(odd));
            [x86::_mm256_castpd_ps(even), x86::_mm256_castpd_ps(odd)]
        }
    }

    #[inline(always)]
    unsafe fn store_halves([a, b]: [Self; 2], at: *mut f32) {
        // SAFETY: the caller vouches for AVX2 and for 16 numbers.
        unsafe {
            let (low, high) = (x86::_mm256_unpacklo_ps(a, b), x86::_mm256_unpackhi_ps(a, b));
            x86::_mm256_storeu_ps(at, x86::_mm256_permute2f128_ps::<0x20>(low, high));
            x86::_mm256_storeu_ps(at.add(8), x86::_mm256_permute2f128_ps::<0x31>(low, high));
        }
    }

    #[inline(always)]
    unsafe fn load_fourths(at: *const f32) -> [Self; 4] {
        // SAFETY: the caller vouches for AVX2 and for 32 numbers.
        unsafe {
            let row = |r: usize| x86::_mm256_loadu2_m128(at.add(4 * r + 16), at.add(4 * r));
            fours([row(0), row(1), row(2), row(3)])
        }
    }

    #[inline(always)]
    unsafe fn store_fourths(parts: [Self; 4], at: *mut f32) {
        // SAFETY: the caller vouches for AVX2 and for 32 numbers.
        unsafe {
            for (r, row) in fours(parts).into_iter().enumerate() {
                x86::_mm256_storeu2_m128(at.add(4 * r + 16), at.add(4 * r), row);
            }
        }
    }

    #[inline(always)]
    unsafe fn followed_by(self, last: *const f32) -> Self {
        // SAFETY: the caller vouches for AVX2 and the number.
        unsafe {
            let turned = x86::_mm256_permutevar8x32_ps(self, x86::_mm256_setr_epi32(1, 2, 3, 4, 5, 6, 7, 0));
            x86::_mm256_blend_ps::<0x80>(turned, x86::_mm256_broadcast_ss(&*last))
        }
    }
}

/// All bits of the first `count` of eight numbers.
#[inline(always)]
unsafe fn inside(count: usize) -> x86::__m256i {
    // SAFETY: the caller vouches for AVX2.
    unsafe {
        let place = x86::_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        x86::_mm256_cmpgt_epi32(x86::_mm256_set1_epi32(count as i32), place)
    }
}

impl Octet for x86::__m256 {
    #[inline(always)]
    unsafe fn chosen(self, all: *const u8, one: u8) -> Self {
        // SAFETY: the caller vouches for AVX2 and eight bytes.
        unsafe {
            let bytes = x86::_mm256_cvtepu8_epi32(x86::_mm_loadl_epi64(all.cast()));
            let same = x86::_mm256_cmpeq_epi32(bytes, x86::_mm256_set1_epi32(i32::from(one)));
            x86::_mm256_and_ps(x86::_mm256_castsi256_ps(same), self)
        }
    }

    #[inline(always)]
    unsafe fn load_first(count: usize, at: *const f32) -> Self {
        // SAFETY: the caller vouches for AVX2 and for `count` numbers; others are not read.
        unsafe { x86::_mm256_maskload_ps(at, inside(count)) }
    }

    #[inline(always)]
    unsafe fn positive(self) -> u8 {
        // SAFETY: the caller vouches for AVX2 (here and below).
        unsafe {
            let above = x86::_mm256_cmp_ps::<{ x86::_CMP_GT_OQ }>(self, x86::_mm256_setzero_ps());
            x86::_mm256_movemask_ps(above) as u8
        }
    }

    #[inline(always)]
    unsafe fn masked(self, bits: u8) -> Self {
        // SAFETY: as above.
        unsafe {
            let each = x86::_mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
            let set =
                x86::_mm256_cmpeq_epi32(x86::_mm256_and_si256(x86::_mm256_set1_epi32(i32::from(bits)), each), each);
            x86::_mm256_and_ps(x86::_mm256_castsi256_ps(set), self)
        }
    }

    #[inline(always)]
    unsafe fn transposed([a, b, c, d, e, f, g, h]: [Self; 8]) -> [Self; 8] {
        // SAFETY: the caller vouches for AVX2.
        unsafe {
            let (low, high) = (fours([a, b, c, d]), fours([e, f, g, h]));
            std::array::from_fn(|i| match i {
                0..4 => x86::_mm256_permute2f128_ps::<0x20>(low[i], high[i]),
                _ => x86::_mm256_permute2f128_ps::<0x31>(low[i - 4], high[i - 4]),
            })
        }
    }
}

/// Transposes the two 4x4 matrices in the lower and the upper halves of four vectors.
#[inline(always)]
unsafe fn fours([a, b, c, d]: [x86::__m256; 4]) -> [x86::__m256; 4] {
    // SAFETY: the caller vouches for AVX2.
    unsafe {
        let (ab, cd) = (x86::_mm256_unpacklo_ps(a, b), x86::_mm256_unpacklo_ps(c, d));
        let (ab_high, cd_high) = (x86::_mm256_unpackhi_ps(a, b), x86::_mm256_unpackhi_ps(c, d));
        [
            x86::_mm256_shuffle_ps::<0x44>(ab, cd),
            x86::_mm256_shuffle_ps::<0xEE>(ab, cd),
            x86::_mm256_shuffle_ps::<0x44>(ab_high, cd_high),
            x86::_mm256_shuffle_ps::<0xEE>(ab_high, cd_high),
        ]
    }
}
