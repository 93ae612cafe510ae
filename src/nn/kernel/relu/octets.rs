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

/// Sets the bits of `words` whose numbers in `y` are above zero, and says how many numbers that were: all whole octets.
pub fn open(level: Level, y: &[f32], words: &mut [u64]) -> usize {
    assert!(words.len() * 64 >= y.len(), "bits of a rectifier");
    // SAFETY: the level was found available.
    unsafe {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 | Level::Avx512 => open_avx2(y, words),
            _ => open_octets::<Plain>(y, words),
        }
    }
    y.len() / OCTET * OCTET
}

/// Sets to zero what `rule` does not let through of `gradient`, and says how many numbers it looked at: all whole octets.
pub fn gate(level: Level, rule: Rule, open: &[u64], gradient: &mut [f32]) -> usize {
    assert!(open.len() * 64 >= gradient.len(), "bits of a rectifier");
    // SAFETY: the level was found available.
    unsafe {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 | Level::Avx512 => gate_avx2(rule, open, gradient),
            _ => gate_octets::<Plain>(rule, open, gradient),
        }
    }
    gradient.len() / OCTET * OCTET
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn open_avx2(y: &[f32], words: &mut [u64]) {
    // SAFETY: the caller vouches for AVX2.
    unsafe { open_octets::<std::arch::x86_64::__m256>(y, words) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn gate_avx2(rule: Rule, open: &[u64], gradient: &mut [f32]) {
    // SAFETY: the caller vouches for AVX2.
    unsafe { gate_octets::<std::arch::x86_64::__m256>(rule, open, gradient) }
}

#[inline(always)]
unsafe fn open_octets<L: Octet>(y: &[f32], words: &mut [u64]) {
    for octet in 0..y.len() / OCTET {
        // SAFETY: the caller vouches for the instructions of `L`; the octet is inside `y`.
        let bits = unsafe { L::load(y.as_ptr().add(octet * OCTET)).positive() };
        words[octet / 8] |= u64::from(bits) << (octet % 8 * 8);
    }
}

#[inline(always)]
unsafe fn gate_octets<L: Octet>(rule: Rule, open: &[u64], gradient: &mut [f32]) {
    for octet in 0..gradient.len() / OCTET {
        let bits = (open[octet / 8] >> (octet % 8 * 8)) as u8;
        // SAFETY: the caller vouches for the instructions of `L`; the octet is inside `gradient`.
        unsafe {
            let at = gradient.as_mut_ptr().add(octet * OCTET);
            let values = L::load(at);
            let passed = match rule {
                Rule::Gradient => values.masked(bits),
                Rule::Guided => values.rectified().masked(bits),
                Rule::Deconvnet => values.rectified(),
            };
            passed.store(at);
        }
    }
}
