//! Arrays of eight, of which the compiler makes what vectors there are.
#![expect(unsafe_code, reason = "loads and stores through raw pointers")]
#![expect(clippy::inline_always, reason = "as the vectors of processors are inlined")]

use super::{Arithmetic, Lanes, Octet};

/// Eight numbers in whatever registers there are.
#[derive(Clone, Copy)]
#[repr(align(32))]
pub struct Plain<V = f32>(pub(super) [V; 8]);

impl<V: Copy> Plain<V> {
    #[inline(always)]
    pub(super) fn zip(self, other: Self, f: impl Fn(V, V) -> V) -> Self {
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

impl Arithmetic for Plain {
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
    unsafe fn store_first(self, count: usize, at: *mut f32) {
        for (i, &value) in self.0.iter().enumerate().take(count) {
            // SAFETY: the caller vouches for the memory.
            unsafe { *at.add(i) = value };
        }
    }

    #[inline(always)]
    unsafe fn load_halves(at: *const f32) -> [Self; 2] {
        // SAFETY: the caller vouches for 16 numbers.
        unsafe { parts(at) }
    }

    #[inline(always)]
    unsafe fn store_halves(parts: [Self; 2], at: *mut f32) {
        // SAFETY: the caller vouches for 16 numbers.
        unsafe { in_turn(parts, at) }
    }

    #[inline(always)]
    unsafe fn load_fourths(at: *const f32) -> [Self; 4] {
        // SAFETY: the caller vouches for 32 numbers.
        unsafe { parts(at) }
    }

    #[inline(always)]
    unsafe fn store_fourths(parts: [Self; 4], at: *mut f32) {
        // SAFETY: the caller vouches for 32 numbers.
        unsafe { in_turn(parts, at) }
    }

    #[inline(always)]
    unsafe fn followed_by(self, last: *const f32) -> Self {
        // SAFETY: the caller vouches for the number.
        Self(std::array::from_fn(|i| if i < 7 { self.0[i + 1] } else { unsafe { *last } }))
    }
}

/// Every `N`th number, from the first, the second and so on.
#[inline(always)]
unsafe fn parts<const N: usize>(at: *const f32) -> [Plain; N] {
    // SAFETY: the caller vouches for eight numbers of each part.
    std::array::from_fn(|part| Plain(std::array::from_fn(|i| unsafe { *at.add(N * i + part) })))
}

/// The inverse of [`parts`].
#[inline(always)]
unsafe fn in_turn<const N: usize>(parts: [Plain; N], at: *mut f32) {
    for (part, values) in parts.iter().enumerate() {
        for (i, &value) in values.0.iter().enumerate() {
            // SAFETY: the caller vouches for eight numbers of each part.
            unsafe { *at.add(N * i + part) = value };
        }
    }
}

impl Octet for Plain {
    #[inline(always)]
    unsafe fn chosen(self, all: *const u8, one: u8) -> Self {
        // SAFETY: the caller vouches for the memory.
        Self(std::array::from_fn(|i| if unsafe { *all.add(i) } == one { self.0[i] } else { 0.0 }))
    }

    #[inline(always)]
    unsafe fn load_first(count: usize, at: *const f32) -> Self {
        // SAFETY: the caller vouches for the memory.
        Self(std::array::from_fn(|i| if i < count { unsafe { *at.add(i) } } else { 0.0 }))
    }

    #[inline(always)]
    unsafe fn positive(self) -> u8 {
        let mut bits = 0;
        for i in 0..8 {
            bits |= u8::from(self.0[i] > 0.0) << i;
        }
        bits
    }

    #[inline(always)]
    unsafe fn masked(self, bits: u8) -> Self {
        Self(std::array::from_fn(|i| if bits >> i & 1 == 1 { self.0[i] } else { 0.0 }))
    }

    #[inline(always)]
    unsafe fn transposed(rows: [Self; 8]) -> [Self; 8] {
        std::array::from_fn(|i| Self(std::array::from_fn(|j| rows[j].0[i])))
    }
}
