//! The rectifier and the three rules of its gradient.

use rayon::prelude::*;

use crate::{
    fault::{self, Fault},
    nn::{Real, Rule},
};

/// Numbers handled by one thread at a time; a multiple of 64.
const CHUNK: usize = 1 << 14;

/// Replaces what is below zero by zero; a NaN stays.
pub fn forward<E: Real>(x: &mut [E]) {
    x.par_chunks_mut(CHUNK).for_each(|x| {
        for x in x {
            *x = if *x <= E::ZERO { E::ZERO } else { *x };
        }
    });
}

/// One bit for each output of a rectifier, set where it is above zero.
pub fn open<E: Real>(y: &[E]) -> Vec<u64> {
    // Eight bytes of zero or one become as many bits by a multiplication that moves each to its place in the top byte.
    let eight = |y: &[E]| {
        let bytes: [u8; 8] = std::array::from_fn(|i| u8::from(y[i] > E::ZERO));
        u64::from_le_bytes(bytes).wrapping_mul(0x0102_0408_1020_4080) >> 56
    };
    let bits = |y: &[E]| {
        let (eights, rest) = (y.chunks_exact(8), y.chunks_exact(8).remainder());
        let tail = rest.iter().rev().fold(0, |word, &y| word << 1 | u64::from(y > E::ZERO));
        let tail = if rest.is_empty() { 0 } else { tail << (8 * eights.len()) };
        eights.enumerate().fold(tail, |word, (i, y)| word | eight(y) << (8 * i))
    };
    y.par_chunks(64).with_min_len(CHUNK / 64).map(bits).collect()
}

/// Whether a gradient `up` passes a rectifier whose input was above zero if `open`. A NaN passes every rule: it must
/// not vanish.
fn passes<E: Real>(rule: Rule, open: bool, up: E) -> bool {
    let blocked = up <= E::ZERO;
    match fault::swapped(Fault::GuidedGate, rule, Rule::Gradient) {
        Rule::Gradient => open,
        Rule::Guided => open && !blocked,
        Rule::Deconvnet => !blocked,
    }
}

/// Adds to `down` the part of `up` that `rule` lets through, where `open` says which inputs were above zero.
///
/// # Panics
/// If the lengths differ.
pub fn input_gradient<E: Real>(rule: Rule, open: &[u64], up: &[E], down: &mut [E]) {
    assert_eq!((up.len(), open.len()), (down.len(), up.len().div_ceil(64)), "sizes of a rectifier");
    down.par_chunks_mut(CHUNK).zip(up.par_chunks(CHUNK)).zip(open.par_chunks(CHUNK / 64)).for_each(
        |((down, up), open)| {
            for (i, (d, &u)) in down.iter_mut().zip(up).enumerate() {
                if passes(rule, open[i / 64] >> (i % 64) & 1 == 1, u) {
                    *d += u;
                }
            }
        },
    );
}

/// Sets to zero what `rule` does not let through of a gradient.
///
/// # Panics
/// If the lengths differ.
pub fn gate<E: Real>(rule: Rule, open: &[u64], gradient: &mut [E]) {
    assert_eq!(open.len(), gradient.len().div_ceil(64), "sizes of a rectifier");
    gradient.par_chunks_mut(CHUNK).zip(open.par_chunks(CHUNK / 64)).for_each(|(gradient, open)| match rule {
        Rule::Gradient => gate_each(gradient, open, |open, g| if open { g } else { E::ZERO }),
        Rule::Guided => gate_each(gradient, open, |open, g| if passes(Rule::Guided, open, g) { g } else { E::ZERO }),
        Rule::Deconvnet => gate_each(gradient, &[], |_, g| if passes(rule, true, g) { g } else { E::ZERO }),
    });
}

/// Replaces each number by what `f` makes of its bit and it; without bits, all are set.
#[inline]
fn gate_each<E: Real>(gradient: &mut [E], open: &[u64], f: impl Fn(bool, E) -> E) {
    if open.is_empty() {
        return gradient.iter_mut().for_each(|g| *g = f(true, *g));
    }
    for (gradient, &open) in gradient.chunks_mut(64).zip(open) {
        for (eight, bits) in gradient.chunks_mut(8).zip(open.to_le_bytes()) {
            for (i, g) in eight.iter_mut().enumerate() {
                *g = f(bits & 1 << i != 0, *g);
            }
        }
    }
}
