//! Convolution tap by tap, forward and input gradient: each place of the window stands for one matrix product, with the map moved
//! by as much. For windows of any size and step, without transforms.
#![expect(unsafe_code, reason = "pieces of one output are written by several threads")]

mod seen;

use std::ops::Range;

use super::{
    conv::{Finish, Size},
    gemm::Shared,
    lanes::Level,
    memory::{self, Buffer, LINE},
    panels::{DepthPart, OCTET, Panels, multiply_part},
    threads::deal,
};
use seen::Seen;

/// The filters of a convolution as one matrix `O x I` a tap, in panels; taps below each other are neighbours.
#[derive(Clone, Debug)]
pub struct Filter {
    shape: Panels,
    values: Vec<f32>,
}

impl Filter {
    /// From `O x I x K x K` weights.
    ///
    /// # Panics
    /// If there are not as many as `size` says.
    pub fn new(size: &Size, weights: &[f32]) -> Self {
        assert_eq!(weights.len(), size.filter_len(), "sizes of a filter");
        let shape = Panels { rows: size.outputs, columns: size.inputs };
        let mut values = memory::fresh(size.taps() * shape.len());
        let matrix = |(tap, matrix): (usize, &mut [f32])| {
            let (right, down) = (tap / size.kernel, tap % size.kernel);
            shape.fill(matrix, weights.iter().copied().skip(down * size.kernel + right).step_by(size.taps()));
        };
        deal(values.chunks_mut(shape.len().max(1)).enumerate(), |matrices| matrices.for_each(matrix));
        Self { shape, values }
    }

    /// The matrix of one tap of windows of side `kernel`.
    fn tap(&self, [down, right]: [usize; 2], kernel: usize) -> &[f32] {
        &self.values[(right * kernel + down) * self.shape.len()..][..self.shape.len()]
    }
}

/// `y = conv(x, filter)`, finished as `finish` says.
///
/// # Panics
/// If a size does not fit.
pub fn forward(level: Level, size: &Size, x: &[f32], filter: &Filter, finish: Finish<'_, f32>, y: &mut [f32]) {
    assert_eq!((x.len(), y.len()), (size.input_len(), size.output_len()), "sizes of a convolution");
    Way::<false>(size).convolve(level, x, filter, finish, y);
}

/// Adds to `down`, the gradient of the input, what `up`, the gradient of the output, implies - or writes it there,
/// whatever was there, if `fresh`.
///
/// # Panics
/// If a size does not fit.
pub fn input_gradient(level: Level, size: &Size, up: &[f32], filter: &Filter, down: &mut [f32], fresh: bool) {
    assert_eq!((down.len(), up.len()), (size.input_len(), size.output_len()), "sizes of a convolution");
    Way::<true>(size).convolve(level, up, filter, if fresh { Finish::Write } else { Finish::Add }, down);
}

/// Planes of one side of a convolution.
struct Side {
    planes: usize,
    sides: [usize; 2],
    area: usize,
}

/// A way through a convolution: forward, or back.
struct Way<'a, const BACK: bool>(&'a Size);

/// A part of an output: some rows of the product at some pixels.
struct Piece {
    image: usize,
    pixels: Range<usize>,
    rows: Range<usize>,
}

/// About as many numbers as a piece's sums are, were it of all rows, and what they are made of: both fit into a second cache of 1 MB.
const KEPT: usize = 14 << 12;
/// So many pieces are enough for the threads to share.
const PIECES: usize = 16;
/// Rows are cut into no more pieces than there are so many begun: what taps see is copied for each anew.
const ROWS: usize = 128;
/// So many columns behind whole vectors are computed beside these.
const BESIDE: usize = 2;
/// Products that are summed up one by one, at least, where there are more; sums of so many are then summed up, which rounds less.
const DEEP: usize = 1024;

impl<const BACK: bool> Way<'_, BACK> {
    /// What is read and what is written.
    fn ends(&self) -> [Side; 2] {
        let Size { inputs, outputs, input, output, .. } = *self.0;
        let [read, written] = [(inputs, input), (outputs, output)].map(|(planes, sides)| Side {
            planes,
            sides,
            area: sides[0] * sides[1],
        });
        if BACK { [written, read] } else { [read, written] }
    }

    /// Computes all pieces, each finished as `finish` says.
    fn convolve(&self, level: Level, from: &[f32], filter: &Filter, finish: Finish<'_, f32>, to: &mut [f32]) {
        let (size, [read, written]) = (self.0, self.ends());
        let fits = (filter.shape.rows, filter.shape.columns, filter.values.len());
        assert_eq!(fits, (size.outputs, size.inputs, size.taps() * filter.shape.len()), "sizes of a filter");
        let to = Shared::new(to);
        let work = |piece: Piece| {
            let from = &from[piece.image * read.planes * read.area..][..read.planes * read.area];
            let (sums, count) = (self.sums(level, from, filter, &piece), piece.pixels.len());
            for (row, sums) in piece.rows.zip(sums.chunks_exact(count.next_multiple_of(OCTET))) {
                let start = (piece.image * written.planes + row) * written.area + piece.pixels.start;
                // SAFETY: pieces differ in the image, the pixels or the rows, so no other thread touches these elements.
                finish.apply(row, &sums[..count], unsafe { to.part(start, count) });
            }
        };
        deal(self.pieces().into_iter(), |pieces| pieces.for_each(&work));
    }

    /// What is computed at a time: nearly equal numbers of pixels, in whole vectors but for what is computed beside these.
    fn pieces(&self) -> Vec<Piece> {
        let [read, written] = self.ends();
        let most = (KEPT / read.planes.max(written.planes).max(1)).max(3 * LINE);
        let blocks = written.area.div_ceil(most).max(1);
        let even = written.area.div_ceil(blocks).max(1);
        let wide = if even % LINE <= BESIDE { even } else { even.next_multiple_of(LINE) };
        let along = PIECES.div_ceil(blocks).min(written.planes.div_ceil(ROWS)).max(1);
        let high = written.planes.div_ceil(along).next_multiple_of(OCTET).max(OCTET);
        let cut = |whole: usize, step: usize| (0..whole).step_by(step).map(move |at| at..(at + step).min(whole));
        let images = (0..self.0.batch).flat_map(|image| cut(written.area, wide).map(move |pixels| (image, pixels)));
        let piece = |(image, pixels): (usize, Range<usize>)| {
            cut(written.planes, high).map(move |rows| Piece { image, pixels: pixels.clone(), rows })
        };
        images.flat_map(piece).collect()
    }

    /// The sums of a piece, in rows of whole vectors.
    fn sums(&self, level: Level, from: &[f32], filter: &Filter, piece: &Piece) -> Buffer<f32> {
        let (size, planes) = (self.0, self.ends()[0].planes);
        let groups = piece.rows.start / OCTET..piece.rows.end.div_ceil(OCTET);
        let mut sums = Buffer::new(groups.len() * OCTET * piece.pixels.len().next_multiple_of(OCTET));
        let (mut all, mut summed) = (Buffer::new(0), 0);
        let mut seen = Seen::new(self, &piece.pixels);
        for (right, line) in (0..size.kernel).flat_map(|right| (0..size.kernel).map(move |line| (right, line))) {
            if summed >= DEEP {
                add(&mut all, &mut sums);
                summed = 0;
            }
            let tap = [if BACK { size.kernel - 1 - line } else { line }, right];
            let block = seen.block(self, from, tap, line);
            let part = DepthPart { before: summed, whole: size.taps() * planes };
            let matrix = filter.tap(tap, size.kernel);
            multiply_part::<BACK>(level, part, filter.shape, matrix, groups.clone(), block, &mut sums);
            summed += planes;
        }
        if all.is_empty() {
            return sums;
        }
        add(&mut all, &mut sums);
        all
    }
}

/// Adds `sums`, whose values then have no meaning, to all; at first these are none.
fn add(all: &mut Buffer<f32>, sums: &mut Buffer<f32>) {
    if all.is_empty() {
        *all = std::mem::replace(sums, Buffer::new(sums.len()));
    } else {
        all.iter_mut().zip(sums.iter()).for_each(|(all, sum)| *all += sum);
    }
}
