//! Convolution tap by tap, forward and input gradient: each place of the window stands for one matrix product, with the map moved
//! by as much. For windows of any size and step; what the definition multiplies is multiplied, and nothing else.
#![expect(unsafe_code, reason = "pieces of one output are written by several threads")]

use std::ops::Range;

use super::{
    conv::{Finish, Size, gather},
    gemm::Shared,
    lanes::Level,
    memory::{self, Buffer},
    panels::{Blocks, DepthPart, OCTET, Panels, multiply_part},
    threads::deal,
};

/// The filters of a convolution as one matrix a tap, `K x K x O x I`, in panels.
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
            let mut weights = weights.iter().skip(tap).step_by(size.taps());
            for row in 0..shape.rows {
                for (column, &weight) in weights.by_ref().take(shape.columns).enumerate() {
                    matrix[shape.at(row, column)] = weight;
                }
            }
        };
        deal(values.chunks_mut(shape.len().max(1)).enumerate(), |matrices| matrices.for_each(matrix));
        Self { shape, values }
    }

    fn tap(&self, tap: usize) -> &[f32] {
        &self.values[tap * self.shape.len()..][..self.shape.len()]
    }
}

/// `y = conv(x, filter)`, finished as `finish` says.
///
/// # Panics
/// If a size does not fit.
pub fn forward(level: Level, size: &Size, x: &[f32], filter: &Filter, finish: Finish<'_, f32>, y: &mut [f32]) {
    assert_eq!((x.len(), y.len()), (size.input_len(), size.output_len()), "sizes of a convolution");
    Way::<false>(size).convolve(level, x, filter, y, |row, values, target| {
        let (bias, relu) = finish.bias(row);
        for (target, &value) in target.iter_mut().zip(values) {
            let value = value + bias;
            *target = if relu && value <= 0.0 { 0.0 } else { value };
        }
    });
}

/// Adds to `down`, the gradient of the input, what `up`, the gradient of the output, implies - or writes it there,
/// whatever was there, if `fresh`.
///
/// # Panics
/// If a size does not fit.
pub fn input_gradient(level: Level, size: &Size, up: &[f32], filter: &Filter, down: &mut [f32], fresh: bool) {
    assert_eq!((down.len(), up.len()), (size.input_len(), size.output_len()), "sizes of a convolution");
    let finish = if fresh { Finish::Write } else { Finish::Add };
    Way::<true>(size).convolve(level, up, filter, down, |_, values, target| finish.put(values, target));
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

/// Numbers of a piece's sums, or of the rows that they are made of: both stay in the second cache.
const KEPT: usize = 48 << 10;
/// Pixels of a strip of a product, three vectors of sixteen.
const STRIP: usize = 48;
/// Rows of a piece, at most.
const ROWS: usize = 128;
/// Numbers of a cache line.
const LINE: usize = 16;
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

    /// Hands the sums of each row of each piece to `put`, with where they belong.
    fn convolve(
        &self,
        level: Level,
        from: &[f32],
        filter: &Filter,
        to: &mut [f32],
        put: impl Fn(usize, &[f32], &mut [f32]) + Sync,
    ) {
        let (size, [read, written]) = (self.0, self.ends());
        assert_eq!((filter.shape.rows, filter.shape.columns), (size.outputs, size.inputs), "sizes of a filter");
        let to = Shared::new(to);
        let work = |piece: Piece| {
            let from = &from[piece.image * read.planes * read.area..][..read.planes * read.area];
            let (sums, count) = (self.sums(level, from, filter, &piece), piece.pixels.len());
            for (row, sums) in piece.rows.zip(sums.chunks_exact(count.next_multiple_of(OCTET))) {
                let start = (piece.image * written.planes + row) * written.area + piece.pixels.start;
                // SAFETY: pieces differ in the image, the pixels or the rows, so no other thread touches these elements.
                put(row, &sums[..count], unsafe { to.part(start, count) });
            }
        };
        deal(self.pieces().into_iter(), |pieces| pieces.for_each(&work));
    }

    /// What is computed at a time: nearly equal numbers of whole strips.
    fn pieces(&self) -> Vec<Piece> {
        let [read, written] = self.ends();
        let most = (KEPT / read.planes.max(written.planes).max(1)).max(STRIP);
        let wide = written.area.div_ceil(written.area.div_ceil(most).max(1)).next_multiple_of(STRIP).max(1);
        let cut = |whole: usize, step: usize| (0..whole).step_by(step).map(move |at| at..(at + step).min(whole));
        let images = (0..self.0.batch).flat_map(|image| cut(written.area, wide).map(move |pixels| (image, pixels)));
        let piece = |(image, pixels): (usize, Range<usize>)| {
            cut(written.planes, ROWS).map(move |rows| Piece { image, pixels: pixels.clone(), rows })
        };
        images.flat_map(piece).collect()
    }

    /// The sums of a piece, in rows of whole vectors.
    fn sums(&self, level: Level, from: &[f32], filter: &Filter, piece: &Piece) -> Buffer<f32> {
        let (size, [read, written], columns) = (self.0, self.ends(), piece.pixels.len());
        let groups = piece.rows.start / OCTET..piece.rows.end.div_ceil(OCTET);
        let count = groups.len() * OCTET * columns.next_multiple_of(OCTET);
        // Where lines of the map are whole lines of the cache, taps below each other see the same rows, a line further on.
        let wide = written.sides[1];
        let below = if self.moves() && wide.is_multiple_of(LINE) { (size.kernel - 1) * wide } else { 0 };
        // An odd number of cache lines keeps many rows from falling on the same few of the first cache.
        let step = ((columns + below).div_ceil(LINE) | 1) * LINE;
        let mut seen = Buffer::<f32>::new(read.planes * step + LINE);
        let skipped = seen.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        let seen = &mut seen[skipped..][..read.planes * step];
        let (mut all, mut sums, mut summed) = (Buffer::new(0), Buffer::new(count), 0);
        for (right, line) in (0..size.kernel).flat_map(|right| (0..size.kernel).map(move |line| (right, line))) {
            let down = if BACK { size.kernel - 1 - line } else { line };
            if line == 0 || below == 0 {
                for (row, plane) in seen.chunks_exact_mut(step).zip(from.chunks_exact(read.area)) {
                    self.see(&mut row[..columns + below], plane, piece.pixels.start, [down, right]);
                }
            }
            let further = if below > 0 { line * wide } else { 0 };
            let block = Blocks { values: &seen[further..], apart: 0, step, columns };
            let part = DepthPart { before: summed, whole: size.taps() * read.planes };
            let matrix = filter.tap(down * size.kernel + right);
            multiply_part::<BACK>(level, part, filter.shape, matrix, groups.clone(), block, &mut sums);
            summed += read.planes;
            if summed >= DEEP {
                add(&mut all, &mut sums);
                summed = 0;
            }
        }
        if summed > 0 || all.is_empty() {
            add(&mut all, &mut sums);
        }
        all
    }

    /// Fills `row` with what a tap sees from place `first` on.
    fn see(&self, row: &mut [f32], plane: &[f32], first: usize, [down, right]: [usize; 2]) {
        let [read, written] = self.ends();
        if self.moves() {
            moved(row, plane, written.sides[1], first, [down, right].map(|tap| self.distance(tap)));
        } else {
            gather(row, plane, read.sides, written.sides[1], first, |at, axis| self.source(at, [down, right][axis]));
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
        let Size { stride, padding, .. } = *self.0;
        if !BACK {
            return (at * stride + tap).checked_sub(padding);
        }
        let reach = (at + padding).checked_sub(tap)?;
        reach.is_multiple_of(stride).then_some(reach / stride)
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
