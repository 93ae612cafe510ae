//! The rectifier and the three rules of its gradient.

mod octets;

use rayon::prelude::*;

use super::lanes::Level;
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
pub fn open<E: Real>(level: Level, y: &[E]) -> Vec<u64> {
    let mut words = vec![0; y.len().div_ceil(64)];
    words.par_chunks_mut(CHUNK / 64).zip(y.par_chunks(CHUNK)).for_each(|(words, y)| {
        let done = if E::NAME == f32::NAME { octets::open(level, bytemuck::cast_slice(y), words) } else { 0 };
        for (i, y) in y.iter().enumerate().skip(done) {
            words[i / 64] |= u64::from(*y > E::ZERO) << (i % 64);
        }
    });
    words
}

/// Whether a gradient `up` passes a rectifier whose input was above zero if `open`. A NaN passes every rule: it must
/// not vanish.
fn passes<E: Real>(rule: Rule, open: bool, up: E) -> bool {
    let blocked = up <= E::ZERO;
    match rule {
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
    let rule = fault::swapped(Fault::GuidedGate, rule, Rule::Gradient);
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
pub fn gate<E: Real>(level: Level, rule: Rule, open: &[u64], gradient: &mut [E]) {
    assert_eq!(open.len(), gradient.len().div_ceil(64), "sizes of a rectifier");
    let rule = fault::swapped(Fault::GuidedGate, rule, Rule::Gradient);
    gradient.par_chunks_mut(CHUNK).zip(open.par_chunks(CHUNK / 64)).for_each(|(gradient, open)| {
        let done =
            if E::NAME == f32::NAME { octets::gate(level, rule, open, bytemuck::cast_slice_mut(gradient)) } else { 0 };
        for (i, g) in gradient.iter_mut().enumerate().skip(done) {
            if !passes(rule, open[i / 64] >> (i % 64) & 1 == 1, *g) {
                *g = E::ZERO;
            }
        }
    });
}
