//! Short vectors of f32 as the processor has them: AVX-512, AVX2, or arrays that the compiler makes do with.
#![expect(unsafe_code, reason = "processor intrinsics, and loads and stores through raw pointers")]
#![expect(clippy::inline_always, reason = "intrinsics must be inlined into functions that have their instructions")]

use std::{fmt, sync::OnceLock};

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64 as x86;

/// Which instructions the fast kernels use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Whatever the compiler makes of plain arrays: SSE2 on x86-64, NEON on ARM.
    Scalar,
    /// 256-bit vectors with fused multiply-add.
    Avx2,
    /// 512-bit vectors in the products, 256-bit ones elsewhere. Its results have the same bits as those of AVX2.
    Avx512,
}

impl Level {
    /// What this processor can do, lowest first.
    pub fn available() -> Vec<Self> {
        let mut levels = vec![Self::Scalar];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                levels.push(Self::Avx2);
                if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
                    levels.push(Self::Avx512);
                }
            }
        }
        levels
    }

    /// The highest available, or a lower one that the environment variable `SALTTY_SIMD` names (`avx512`, `avx2`,
    /// `scalar`). Looked up once.
    pub fn best() -> Self {
        static BEST: OnceLock<Level> = OnceLock::new();
        *BEST.get_or_init(|| {
            let most = std::env::var("SALTTY_SIMD").ok().and_then(|name| {
                [Self::Scalar, Self::Avx2, Self::Avx512].into_iter().find(|level| level.to_string() == name)
            });
            let fits = |level: &Self| most.is_none_or(|most| *level <= most);
            Self::available().into_iter().rfind(fits).unwrap_or(Self::Scalar)
        })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        })
    }
}

/// Several f32 side by side.
///
/// # Safety
/// Every method needs the instructions of its type; `load`, `splat` and `store` need valid memory.
pub(super) trait Lanes: Copy {
    /// How many.
    const WIDTH: usize;
    /// All the same number.
    unsafe fn all(value: f32) -> Self;
    /// Reads `WIDTH` numbers.
    unsafe fn load(at: *const f32) -> Self;
    /// Writes `WIDTH` numbers.
    unsafe fn store(self, at: *mut f32);
    /// `self + a * b`, rounded once where the processor can.
    unsafe fn plus(self, a: Self, b: Self) -> Self;
}

/// Eight f32: what transforms work on.
///
/// # Safety
/// As for [`Lanes`].
pub(super) trait Octet: Lanes {
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    /// Zero where below zero; a NaN stays.
    unsafe fn rectified(self) -> Self;
    /// Reads 16 numbers; every second from the first and from the second.
    unsafe fn load_halves(at: *const f32) -> [Self; 2];
    /// The inverse of [`load_halves`](Self::load_halves).
    unsafe fn store_halves(parts: [Self; 2], at: *mut f32);
    /// Reads 32 numbers; every fourth from the first, the second, the third and the fourth.
    unsafe fn load_fourths(at: *const f32) -> [Self; 4];
    /// The inverse of [`load_fourths`](Self::load_fourths).
    unsafe fn store_fourths(parts: [Self; 4], at: *mut f32);
}

/// Eight f32 in whatever registers there are.
#[derive(Clone, Copy)]
#[repr(align(32))]
pub(super) struct Plain([f32; 8]);

impl Plain {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}

impl Lanes for Plain {
    const WIDTH: usize = 8;

    #[inline(always)]
    unsafe fn all(value: f32) -> Self {
        Self([value; 8])
    }

    #[inline(always)]
    unsafe fn load(at: *const f32) -> Self {
        // SAFETY: the caller vouches for the memory.
        Self(unsafe { at.cast::<[f32; 8]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, at: *mut f32) {
        // SAFETY: the caller vouches for the memory.
        unsafe { at.cast::<[f32; 8]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn plus(self, a: Self, b: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] + a.0[i] * b.0[i]))
    }
}

impl Octet for Plain {
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }

    #[inline(always)]
    unsafe fn rectified(self) -> Self {
        Self(self.0.map(|v| if v <= 0.0 { 0.0 } else { v }))
    }

    #[inline(always)]
    unsafe fn load_halves(at: *const f32) -> [Self; 2] {
        // SAFETY: the caller vouches for 16 numbers.
        std::array::from_fn(|part| Self(std::array::from_fn(|i| unsafe { *at.add(2 * i + part) })))
    }

    #[inline(always)]
    unsafe fn store_halves(parts: [Self; 2], at: *mut f32) {
        for (part, values) in parts.iter().enumerate() {
            for (i, &value) in values.0.iter().enumerate() {
                // SAFETY: the caller vouches for 16 numbers.
                unsafe { *at.add(2 * i + part) = value };
            }
        }
    }

    #[inline(always)]
    unsafe fn load_fourths(at: *const f32) -> [Self; 4] {
        // SAFETY: the caller vouches for 32 numbers.
        std::array::from_fn(|part| Self(std::array::from_fn(|i| unsafe { *at.add(4 * i + part) })))
    }

    #[inline(always)]
    unsafe fn store_fourths(parts: [Self; 4], at: *mut f32) {
        for (part, values) in parts.iter().enumerate() {
            for (i, &value) in values.0.iter().enumerate() {
                // SAFETY: the caller vouches for 32 numbers.
                unsafe { *at.add(4 * i + part) = value };
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for x86::__m512 {
    const WIDTH: usize = 16;

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
}

#[cfg(target_arch = "x86_64")]
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

#[cfg(target_arch = "x86_64")]
impl Octet for x86::__m256 {
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
        // SAFETY: as above. Of a NaN and a number, `max` returns its second argument.
        unsafe { x86::_mm256_max_ps(x86::_mm256_setzero_ps(), self) }
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
            transposed([row(0), row(1), row(2), row(3)])
        }
    }

    #[inline(always)]
    unsafe fn store_fourths(parts: [Self; 4], at: *mut f32) {
        // SAFETY: the caller vouches for AVX2 and for 32 numbers.
        unsafe {
            for (r, row) in transposed(parts).into_iter().enumerate() {
                x86::_mm256_storeu2_m128(at.add(4 * r + 16), at.add(4 * r), row);
            }
        }
    }
}

/// Transposes the two 4x4 matrices in the lower and the upper halves of four vectors.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn transposed([a, b, c, d]: [x86::__m256; 4]) -> [x86::__m256; 4] {
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
