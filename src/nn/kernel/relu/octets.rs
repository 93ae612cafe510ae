//! Gates of f32, eight at a time.
#![expect(unsafe_code, reason = "vectors, read and written through raw pointers")]
#![expect(clippy::inline_always, reason = "intrinsics must be inlined into functions that have their instructions")]

use crate::nn::{
    Rule,
    kernel::{
        lanes::{Level, Octet, Plain},
        panels::OCTET,
    },
};

/// Notes in `bits` which numbers of `y`, in rows of `width`, are above zero.
pub fn open(level: Level, width: usize, y: &[f32], bits: &mut [u8]) {
    assert!(bits.len() >= y.len() / width * width.div_ceil(OCTET), "bits of a rectifier");
    // SAFETY: the level was found available, and there are bits for all rows.
    unsafe {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 | Level::Avx512 => open_avx2(width, y, bits),
            _ => open_octets::<Plain>(width, y, bits),
        }
    }
}

/// Sets to zero what `rule` does not let through of `gradient`, in rows of `width`.
pub fn gate(level: Level, rule: Rule, width: usize, bits: &[u8], gradient: &mut [f32]) {
    assert!(bits.len() >= gradient.len() / width * width.div_ceil(OCTET), "bits of a rectifier");
    // SAFETY: the level was found available, and there are bits for all rows.
    unsafe {
        match (level, rule) {
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2 | Level::Avx512, Rule::Gradient) => gate_avx2::<true, false>(width, bits, gradient),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2 | Level::Avx512, Rule::Guided) => gate_avx2::<true, true>(width, bits, gradient),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2 | Level::Avx512, Rule::Deconvnet) => gate_avx2::<false, true>(width, bits, gradient),
            (_, Rule::Gradient) => gate_octets::<Plain, true, false>(width, bits, gradient),
            (_, Rule::Guided) => gate_octets::<Plain, true, true>(width, bits, gradient),
            (_, Rule::Deconvnet) => gate_octets::<Plain, false, true>(width, bits, gradient),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn open_avx2(width: usize, y: &[f32], bits: &mut [u8]) {
    // SAFETY: the caller vouches for AVX2 and the sizes.
    unsafe { open_octets::<std::arch::x86_64::__m256>(width, y, bits) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn gate_avx2<const INPUT: bool, const SIGN: bool>(width: usize, bits: &[u8], gradient: &mut [f32]) {
    // SAFETY: the caller vouches for AVX2 and the sizes.
    unsafe { gate_octets::<std::arch::x86_64::__m256, INPUT, SIGN>(width, bits, gradient) }
}

#[inline(always)]
unsafe fn open_octets<L: Octet>(width: usize, y: &[f32], bits: &mut [u8]) {
    let (octets, rest) = (width / OCTET, width % OCTET);
    let (mut at, mut byte) = (y.as_ptr(), bits.as_mut_ptr());
    for _ in 0..y.len() / width {
        // SAFETY: the caller vouches for the instructions of `L`; a row has so many numbers, and a bit for each.
        unsafe {
            for _ in 0..octets {
                *byte = L::load(at).positive();
                (at, byte) = (at.add(OCTET), byte.add(1));
            }
            if rest > 0 {
                *byte = L::load_first(rest, at).positive();
                (at, byte) = (at.add(rest), byte.add(1));
            }
        }
    }
}

/// `INPUT`: what was not above zero in the input is closed; `SIGN`: what is not above zero in the gradient does not pass.
#[inline(always)]
unsafe fn gate_octets<L: Octet, const INPUT: bool, const SIGN: bool>(width: usize, bits: &[u8], gradient: &mut [f32]) {
    let (octets, rest) = (width / OCTET, width % OCTET);
    let (mut at, mut byte) = (gradient.as_mut_ptr(), bits.as_ptr());
    for _ in 0..gradient.len() / width {
        // SAFETY: the caller vouches for the instructions of `L`; a row has so many numbers, and a bit for each.
        unsafe {
            for _ in 0..octets {
                passed::<L, INPUT, SIGN>(L::load(at), *byte).store(at);
                (at, byte) = (at.add(OCTET), byte.add(1));
            }
            if rest > 0 {
                passed::<L, INPUT, SIGN>(L::load_first(rest, at), *byte).store_first(rest, at);
                (at, byte) = (at.add(rest), byte.add(1));
            }
        }
    }
}

/// What a rule lets through of eight gradients.
#[inline(always)]
unsafe fn passed<L: Octet, const INPUT: bool, const SIGN: bool>(gradient: L, bits: u8) -> L {
    // SAFETY: the caller vouches for the instructions of `L`.
    unsafe {
        let gradient = if SIGN { gradient.rectified() } else { gradient };
        if INPUT { gradient.masked(bits) } else { gradient }
    }
}
