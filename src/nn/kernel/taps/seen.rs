//! What the places of a window see of a map: rows of a product's block of columns.

use std::ops::Range;

use super::{KEPT, Side, Way};
use crate::nn::kernel::{
    conv::gather,
    memory::{Buffer, LINE, from_a_line},
    panels::Blocks,
};

/// What taps see at some pixels: a row for each plane. Where lines of the map are whole cache lines, and not too many for the second
/// cache, taps below each other see the same rows, a line further on.
pub struct Seen {
    memory: Buffer<f32>,
    /// From a row to the next: an odd number of cache lines, which keeps many rows from falling on the same few of the first cache.
    step: usize,
    pixels: Range<usize>,
    /// Numbers from the first of the taps below each other to the last, or none if each has rows of its own.
    below: usize,
}

impl Seen {
    /// Memory for what taps see at `pixels`.
    pub fn new<const BACK: bool>(way: &Way<BACK>, pixels: &Range<usize>) -> Self {
        let [Side { planes, .. }, Side { sides: [_, width], .. }] = way.ends();
        let below = (way.0.kernel - 1) * width;
        let shared = way.moves() && width.is_multiple_of(LINE) && planes * (pixels.len() + below) <= 2 * KEPT;
        let below = if shared { below } else { 0 };
        let step = ((pixels.len() + below).div_ceil(LINE) | 1) * LINE;
        Self { memory: Buffer::new(planes * step + LINE), step, pixels: pixels.clone(), below }
    }

    /// What a tap, the one at `line` of those below each other, sees of the planes `from`. Those come one after the other, from the
    /// first line on.
    pub fn block<const BACK: bool>(
        &mut self,
        way: &Way<BACK>,
        from: &[f32],
        tap: [usize; 2],
        line: usize,
    ) -> Blocks<'_> {
        let [Side { planes, area, .. }, Side { sides: [_, width], .. }] = way.ends();
        let rows = &mut from_a_line(&mut self.memory)[..planes * self.step];
        if line == 0 || self.below == 0 {
            for (plane, row) in rows.chunks_exact_mut(self.step).enumerate() {
                let row = &mut row[..self.pixels.len() + self.below];
                way.see(row, &from[plane * area..][..area], self.pixels.start, tap);
            }
        }
        let further = if self.below > 0 { line * width } else { 0 };
        let values = rows.get(further..).unwrap_or_default();
        Blocks { values, apart: 0, step: self.step, columns: self.pixels.len() }
    }
}

impl<const BACK: bool> Way<'_, BACK> {
    /// Fills `row` with what a tap sees from place `first` on.
    fn see(&self, row: &mut [f32], plane: &[f32], first: usize, tap: [usize; 2]) {
        let [Side { sides: from, .. }, Side { sides: [_, width], .. }] = self.ends();
        if self.moves() {
            moved(row, plane, width, first, tap.map(|tap| self.distance(tap)));
        } else {
            gather(row, plane, from, width, first, |at, axis| self.source(at, tap[axis]));
        }
    }

    /// Whether what a tap sees is the plane itself, moved: with steps of one between maps of the same sides.
    fn moves(&self) -> bool {
        self.0.stride == 1 && self.0.input == self.0.output
    }

    /// How far a tap sees along an axis.
    fn distance(&self, tap: usize) -> isize {
        let distance = tap as isize - self.0.padding as isize;
        if BACK { -distance } else { distance }
    }

    /// Where along an axis a tap sees what belongs to place `at`, if anywhere.
    fn source(&self, at: usize, tap: usize) -> Option<usize> {
        if BACK { self.0.seeing(at, tap) } else { self.0.seen(at, tap) }
    }
}

/// Fills `row` with what is so far down and right of the places from `first` on of a plane of lines `width` wide, or with zeros
/// where the plane ends.
fn moved(row: &mut [f32], plane: &[f32], width: usize, first: usize, [down, right]: [isize; 2]) {
    let from = first as isize + down * width as isize + right;
    let inside = |at: isize| (at - from).clamp(0, row.len() as isize) as usize;
    let (start, end) = (inside(0), inside(plane.len() as isize));
    row[..start].fill(0.0);
    row[end..].fill(0.0);
    if start < end {
        row[start..end].copy_from_slice(&plane[(from + start as isize) as usize..][..end - start]);
    }
    // What is left or right of the plane is not what is in the line above or below.
    let beyond = right.unsigned_abs().min(width);
    for x in if right < 0 { 0..beyond } else { width - beyond..width } {
        let next = (x + width - first % width) % width;
        row.iter_mut().skip(next).step_by(width).for_each(|value| *value = 0.0);
    }
}
