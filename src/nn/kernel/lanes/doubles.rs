//! Eight f64 side by side, for what is computed once and rounded once.
#![expect(unsafe_code, reason = "processor intrinsics, and loads and stores through raw pointers")]
#![expect(clippy::inline_always, reason = "intrinsics must be inlined into functions that have their instructions")]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64 as x86;

use super::{Lanes, Plain};

/// Eight f64.
///
/// # Safety
/// Every method needs the instructions of its type; those that read or write need valid memory.
pub trait Doubles: Copy {
    /// All the same number.
    unsafe fn all(value: f64) -> Self;
    /// Reads eight f32.
    unsafe fn widened(at: *const f32) -> Self;
    /// Writes them, rounded, as eight f32.
    unsafe fn narrowed(self, at: *mut f32);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
}

impl Doubles for Plain<f64> {
    #[inline(always)]
    unsafe fn all(value: f64) -> Self {
        Self([value; 8])
    }

    #[inline(always)]
    unsafe fn widened(at: *const f32) -> Self {
        // SAFETY: the caller vouches for the memory.
        Self(unsafe { Plain::<f32>::load(at) }.0.map(f64::from))
    }

    #[inline(always)]
    unsafe fn narrowed(self, at: *mut f32) {
        // SAFETY: the caller vouches for the memory.
        unsafe { Plain(self.0.map(|value| value as f32)).store(at) }
    }

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
}

/// Two vectors of four.
#[cfg(target_arch = "x86_64")]
impl Doubles for [x86::__m256d; 2] {
    #[inline(always)]
    unsafe fn all(value: f64) -> Self {
        // SAFETY: the caller vouches for AVX2 (here and below) and for the memory.
        unsafe { [x86::_mm256_set1_pd(value); 2] }
    }

    #[inline(always)]
    unsafe fn widened(at: *const f32) -> Self {
        // SAFETY: as above.
        unsafe { [x86::_mm256_cvtps_pd(x86::_mm_loadu_ps(at)), x86::_mm256_cvtps_pd(x86::_mm_loadu_ps(at.add(4)))] }
    }

    #[inline(always)]
    unsafe fn narrowed(self, at: *mut f32) {
        // SAFETY: as above.
        unsafe {
            x86::_mm_storeu_ps(at, x86::_mm256_cvtpd_ps(self[0]));
            x86::_mm_storeu_ps(at.add(4), x86::_mm256_cvtpd_ps(self[1]));
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { [x86::_mm256_add_pd(self[0], other[0]), x86::_mm256_add_pd(self[1], other[1])] }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { [x86::_mm256_sub_pd(self[0], other[0]), x86::_mm256_sub_pd(self[1], other[1])] }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { [x86::_mm256_mul_pd(self[0], other[0]), x86::_mm256_mul_pd(self[1], other[1])] }
    }
}

#[cfg(target_arch = "x86_64")]
impl Doubles for x86::__m512d {
    #[inline(always)]
    unsafe fn all(value: f64) -> Self {
        // SAFETY: the caller vouches for AVX-512 (here and below) and for the memory.
        unsafe { x86::_mm512_set1_pd(value) }
    }

    #[inline(always)]
    unsafe fn widened(at: *const f32) -> Self {
        // SAFETY: as above.
        unsafe { x86::_mm512_cvtps_pd(x86::_mm256_loadu_ps(at)) }
    }

    #[inline(always)]
    unsafe fn narrowed(self, at: *mut f32) {
        // SAFETY: as above.
        unsafe { x86::_mm256_storeu_ps(at, x86::_mm512_cvtpd_ps(self)) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { x86::_mm512_add_pd(self, other) }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { x86::_mm512_sub_pd(self, other) }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { x86::_mm512_mul_pd(self, other) }
    }
}
