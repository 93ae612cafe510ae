//! The rectifier and the three rules of its gradient.

mod octets;

use super::{gemm::Shared, lanes::Level, threads::deal};
use crate::{
    fault::{self, Fault},
    nn::{Real, Rule},
};

/// Numbers handled by one thread at a time, about.
const CHUNK: usize = 1 << 14;
/// Bits of a byte.
const BYTE: usize = 8;

/// Replaces what is below zero by zero; a NaN stays.
pub fn forward<E: Real>(x: &mut [E]) {
    let work = |x: &mut [E]| {
        for x in x {
            *x = if *x <= E::ZERO { E::ZERO } else { *x };
        }
    };
    deal(x.chunks_mut(CHUNK), |chunks| chunks.for_each(work));
}

/// Bytes of a row of so many bits.
fn bytes(width: usize) -> usize {
    width.div_ceil(BYTE)
}

/// Whether a bit of a row is set.
fn is_set(bits: &[u8], at: usize) -> bool {
    bits[at / BYTE] >> (at % BYTE) & 1 == 1
}

/// Which outputs of a rectifier are above zero: a bit for each, the first of a byte lowest. Each row of outputs begins with a
/// byte of its own, so that several threads can note rows next to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    width: usize,
    rows: usize,
    bits: Vec<u8>,
}

impl Open {
    /// None of `len` outputs in rows of `width`.
    ///
    /// # Panics
    /// If rows are not whole.
    pub fn none(len: usize, width: usize) -> Self {
        let rows = len.checked_div(width).unwrap_or(0);
        assert_eq!(rows * width, len, "rows of a rectifier");
        Self { width, rows, bits: vec![0; rows * bytes(width)] }
    }

    /// Of how many outputs.
    fn len(&self) -> usize {
        self.rows * self.width
    }

    /// Whether these are `len` outputs in rows of `width`.
    pub(super) fn fits(&self, len: usize, width: usize) -> bool {
        self.len() == len && self.width == width
    }

    /// Rows for a thread at a time.
    fn share(&self) -> usize {
        (CHUNK / self.width.max(1)).max(1)
    }

    /// Those that threads will note, each its own rows.
    pub(super) fn notes(&mut self) -> Notes<'_> {
        Notes { width: self.width, bits: Shared::new(&mut self.bits) }
    }

    /// Sets to zero what `rule` does not let through of `gradient`, which begins with row `first`.
    pub(super) fn gate_rows<E: Real>(&self, level: Level, rule: Rule, first: usize, gradient: &mut [E]) {
        if self.width > 0 {
            gate_bits(level, rule, self.width, &self.bits[first * bytes(self.width)..], gradient);
        }
    }
}

/// Rows of bits that several threads note.
#[derive(Clone, Copy)]
pub(super) struct Notes<'a> {
    width: usize,
    bits: Shared<'a, u8>,
}

impl Notes<'_> {
    /// Notes which of `y` are above zero, whole rows from row `first` on.
    ///
    /// # Safety
    /// No other thread may note the same rows meanwhile.
    #[expect(unsafe_code, reason = "rows of one rectifier are noted by several threads")]
    pub unsafe fn note<E: Real>(&self, level: Level, first: usize, y: &[E]) {
        let bytes = bytes(self.width);
        if bytes > 0 {
            // SAFETY: the caller's promise is the same.
            let bits = unsafe { self.bits.part(first * bytes, y.len() / self.width * bytes) };
            note_bits(level, self.width, y, bits);
        }
    }
}

fn note_bits<E: Real>(level: Level, width: usize, y: &[E], bits: &mut [u8]) {
    if E::NAME == f32::NAME {
        return octets::open(level, width, bytemuck::cast_slice(y), bits);
    }
    for (y, bits) in y.chunks_exact(width).zip(bits.chunks_exact_mut(bytes(width))) {
        for (y, bits) in y.chunks(BYTE).zip(bits) {
            *bits = y.iter().enumerate().fold(0, |bits, (i, y)| bits | u8::from(*y > E::ZERO) << i);
        }
    }
}

fn gate_bits<E: Real>(level: Level, rule: Rule, width: usize, bits: &[u8], gradient: &mut [E]) {
    let rule = fault::swapped(Fault::GuidedGate, rule, Rule::Gradient);
    if E::NAME == f32::NAME {
        return octets::gate(level, rule, width, bits, bytemuck::cast_slice_mut(gradient));
    }
    for (gradient, bits) in gradient.chunks_exact_mut(width).zip(bits.chunks_exact(bytes(width))) {
        for (i, g) in gradient.iter_mut().enumerate() {
            if !passes(rule, is_set(bits, i), *g) {
                *g = E::ZERO;
            }
        }
    }
}

/// Which outputs `y` of a rectifier, in rows of `width`, are above zero.
///
/// # Panics
/// If rows are not whole.
pub fn open<E: Real>(level: Level, y: &[E], width: usize) -> Open {
    let mut open = Open::none(y.len(), width);
    let (share, bytes) = (open.share(), bytes(width));
    if bytes > 0 {
        let shares = y.chunks(share * width).zip(open.bits.chunks_mut(share * bytes));
        deal(shares, |shares| shares.for_each(|(y, bits)| note_bits(level, width, y, bits)));
    }
    open
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
pub fn input_gradient<E: Real>(rule: Rule, open: &Open, up: &[E], down: &mut [E]) {
    assert_eq!([up.len(), down.len()], [open.len(); 2], "sizes of a rectifier");
    let rule = fault::swapped(Fault::GuidedGate, rule, Rule::Gradient);
    let width = open.width.max(1);
    let share = open.share();
    let work = |((down, up), bits): ((&mut [E], &[E]), &[u8])| {
        for ((down, up), bits) in down.chunks_mut(width).zip(up.chunks(width)).zip(bits.chunks(bytes(width))) {
            for (i, (d, &u)) in down.iter_mut().zip(up).enumerate() {
                if passes(rule, is_set(bits, i), u) {
                    *d += u;
                }
            }
        }
    };
    let shares =
        down.chunks_mut(share * width).zip(up.chunks(share * width)).zip(open.bits.chunks(share * bytes(width)));
    deal(shares, |shares| shares.for_each(work));
}

/// Sets to zero what `rule` does not let through of a gradient.
///
/// # Panics
/// If the lengths differ.
pub fn gate<E: Real>(level: Level, rule: Rule, open: &Open, gradient: &mut [E]) {
    assert_eq!(open.len(), gradient.len(), "sizes of a rectifier");
    let share = open.share();
    let shares = gradient.chunks_mut((share * open.width).max(1)).enumerate();
    deal(shares, |shares| shares.for_each(|(at, gradient)| open.gate_rows(level, rule, at * share, gradient)));
}
