//! 3x3 convolutions that keep height and width, by Winograd's minimal filtering (arXiv 1509.09308): tiles of the map and
//! of the filter are transformed so that a convolution becomes one matrix product for each element of a tile.
//!
//! Going back uses the same filters: a convolution with the filter turned by 180 degrees is the convolution of the map
//! turned by 180 degrees, turned again. So maps are turned while they are read and written, and the products take the
//! transpose of the filter's matrices.
#![expect(unsafe_code, reason = "pieces of one output are written by several threads")]

mod alike;
mod filter;
mod tiling;
mod transform;

use std::{borrow::Cow, ops::Range};

use rayon::prelude::*;

use alike::Alike;
pub use filter::{Filter, Untransformed};
use tiling::{Rows, Tiling};
use transform::Spread;

use super::{
    conv::{Finish, Size},
    gemm::Shared,
    lanes::{Level, ask, turn},
    memory::Buffer,
    panels::{Block, OCTET, multiply},
    relu::{Notes, Open},
};
use crate::nn::Rule;

/// The output tile's side for a convolution of `size`. Side 4 multiplies least; side 2 reads less where the map is so small
/// that reading a large filter takes longest.
pub fn tile(size: &Size) -> usize {
    let (largest, weights) = (size.output.into_iter().max(), size.inputs * size.outputs);
    if largest <= Some(16) && weights > 1 << 16 { 2 } else { 4 }
}

/// Whether the map of a convolution of `size` is one block, so that each filter is used just once: then filters that are used
/// for one photo only need not be kept transformed.
pub fn uses_filters_once(level: Level, size: &Size) -> bool {
    size.batch == 1 && !size.output.contains(&0) && Tiling::new(level, tile(size), size.output).blocks() == 1
}

/// The filters of a convolution.
#[derive(Clone, Copy, Debug)]
pub enum Filters<'a> {
    /// All of them, transformed.
    Ready(&'a Filter),
    /// As in their file: some are transformed at a time.
    Untransformed(Untransformed<'a>),
}

impl Filters<'_> {
    fn tile(&self) -> usize {
        match self {
            Self::Ready(filter) => filter.tile,
            Self::Untransformed(plain) => plain.tile,
        }
    }

    fn fit(&self, size: &Size) -> bool {
        match self {
            Self::Ready(filter) => (filter.shape.columns, filter.shape.rows) == (size.inputs, size.outputs),
            Self::Untransformed(plain) => plain.inputs == size.inputs && plain.values.len() == size.filter_len(),
        }
    }
}

/// `y = conv(x, filters)`, finished as `finish` says.
///
/// # Panics
/// If a size does not fit.
pub fn forward(level: Level, size: &Size, x: &[f32], filters: Filters, finish: Finish<'_, f32>, y: &mut [f32]) {
    check(size, filters, x.len(), y.len());
    let (inputs, outputs, batch) = (size.inputs, size.outputs, size.batch);
    Job { level, filters, finish, gates: Gates::None, inputs, outputs, batch }.run::<false>(size.output, x, y);
}

/// The same with a rectifier, and which of its outputs are above zero.
///
/// # Panics
/// As [`forward`].
pub fn rectified(level: Level, size: &Size, x: &[f32], filters: Filters, bias: &[f32], y: &mut [f32]) -> Open {
    check(size, filters, x.len(), y.len());
    let (inputs, outputs, batch) = (size.inputs, size.outputs, size.batch);
    let (finish, mut open) = (Finish::Forward { bias, relu: true }, Open::none(y.len(), size.output[1]));
    let gates = Gates::Note(open.to_note());
    Job { level, filters, finish, gates, inputs, outputs, batch }.run::<false>(size.output, x, y);
    open
}

/// Adds to `down`, the gradient of the input, what `up`, the gradient of the output, implies - or writes it there,
/// whatever was there, if `fresh`.
///
/// # Panics
/// If a size does not fit.
pub fn input_gradient(level: Level, size: &Size, up: &[f32], filters: Filters, down: &mut [f32], fresh: bool) {
    check(size, filters, down.len(), up.len());
    let finish = if fresh { Finish::Write } else { Finish::Add };
    let (inputs, outputs, batch) = (size.outputs, size.inputs, size.batch);
    Job { level, filters, finish, gates: Gates::None, inputs, outputs, batch }.run::<true>(size.output, up, down);
}

/// Writes to `down` the gradient of the input of the rectifier that made the convolution's input: of whose outputs `open` says
/// which are above zero.
///
/// # Panics
/// If a size does not fit.
pub fn gated_gradient(
    level: Level,
    size: &Size,
    up: &[f32],
    filters: Filters,
    (rule, open): (Rule, &Open),
    down: &mut [f32],
) {
    check(size, filters, down.len(), up.len());
    let (inputs, outputs, batch) = (size.outputs, size.inputs, size.batch);
    let (finish, gates) = (Finish::Write, Gates::Obey(rule, open));
    Job { level, filters, finish, gates, inputs, outputs, batch }.run::<true>(size.output, up, down);
}

/// The gates of a rectifier behind what is computed.
#[derive(Clone, Copy)]
enum Gates<'a> {
    None,
    /// Which are open is noted.
    Note(Notes<'a>),
    /// What they do not let through becomes zero.
    Obey(Rule, &'a Open),
}

fn check(size: &Size, filters: Filters, x: usize, y: usize) {
    assert!(size.fits_tiles(), "a window that keeps the size");
    assert_eq!(size.input, size.output, "a window that keeps the size");
    assert!(filters.fit(size) && [2, 4].contains(&filters.tile()), "sizes of a filter");
    assert_eq!((x, y), (size.input_len(), size.output_len()), "sizes of a convolution");
}

/// Blocks in one image from which on each block is one thread's work from beginning to end.
const MANY: usize = 8;
/// Blocks whose transforms are kept at a time where there are fewer.
const AT_ONCE: usize = 4;
/// Output channels computed from one reading of a block's transform.
const GROUP: usize = 32;
/// The same where filters are transformed for it. Of 16 to 128 none was quicker in a cold run of VGG19; with tiles of side 4, those
/// of 512 input channels take 4.7 MB.
const PASSING: usize = 2 * GROUP;
/// Reading a block's transform takes as long as computing so many output channels, about.
const READING: usize = 16;
/// Input channels transformed by one thread at a time.
const CHANNELS: usize = 16;

/// Numbers of a cache line.
const LINE: usize = 16;

/// `values` from where a cache line begins.
fn from_a_line(values: &mut [f32]) -> &mut [f32] {
    let skipped = values.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
    &mut values[skipped..]
}

/// The planes of one image's output among those of all.
#[derive(Clone, Copy)]
struct Image<'a> {
    values: &'a Shared<'a, f32>,
    /// Its first plane.
    first: usize,
}

struct Job<'a> {
    level: Level,
    filters: Filters<'a>,
    finish: Finish<'a, f32>,
    gates: Gates<'a>,
    inputs: usize,
    outputs: usize,
    batch: usize,
}

impl Job<'_> {
    /// `BACK`: turned, and with the transposed filter.
    fn run<const BACK: bool>(&self, sides: [usize; 2], x: &[f32], y: &mut [f32]) {
        let area = sides[0] * sides[1];
        if area == 0 || self.batch == 0 || self.inputs == 0 {
            return;
        }
        let tiling = Tiling::new(self.level, self.filters.tile(), sides);
        let y = &Shared::new(y);
        for (image, x) in x.chunks_exact(self.inputs * area).enumerate() {
            let y = Image { values: y, first: image * self.outputs };
            if tiling.blocks() >= MANY {
                self.by_blocks::<BACK>(&tiling, x, y);
            } else {
                self.by_channels::<BACK>(&tiling, x, y);
            }
        }
    }

    /// Large maps: a thread takes a block, transforms all its channels, multiplies, transforms back.
    fn by_blocks<const BACK: bool>(&self, tiling: &Tiling, x: &[f32], y: Image<'_>) {
        (0..tiling.blocks()).into_par_iter().for_each(|index| {
            let rows = tiling.block(index);
            let mut transformed = Buffer::new(self.transformed_len(tiling, &rows));
            let transformed = from_a_line(&mut transformed);
            self.transform::<BACK>(tiling, &rows, x, 0..self.inputs, &Shared::new(transformed));
            let alike = self.alike::<BACK>(tiling, &rows, x);
            for first in (0..self.outputs).step_by(GROUP) {
                let outputs = first..(first + GROUP).min(self.outputs);
                self.multiply::<BACK>(tiling, (&rows, &alike), transformed, outputs, y);
            }
        });
    }

    /// Small maps: first all threads transform, then all multiply.
    fn by_channels<const BACK: bool>(&self, tiling: &Tiling, x: &[f32], y: Image<'_>) {
        let blocks: Vec<Rows> = (0..tiling.blocks()).map(|index| tiling.block(index)).collect();
        blocks.chunks(AT_ONCE).for_each(|blocks| self.of_blocks::<BACK>(tiling, blocks, x, y));
    }

    /// Some blocks' part of [`by_channels`](Self::by_channels).
    fn of_blocks<const BACK: bool>(&self, tiling: &Tiling, blocks: &[Rows], x: &[f32], y: Image<'_>) {
        let mut transformed: Vec<Buffer<f32>> =
            blocks.iter().map(|rows| Buffer::new(self.transformed_len(tiling, rows))).collect();
        let pieces = self.inputs.div_ceil(CHANNELS);
        let mut transformed: Vec<&mut [f32]> = transformed.iter_mut().map(|values| from_a_line(values)).collect();
        let shared: Vec<_> = transformed.iter_mut().map(|values| Shared::new(values)).collect();
        (0..blocks.len() * pieces).into_par_iter().for_each(|index| {
            let (block, first) = (index / pieces, index % pieces * CHANNELS);
            let channels = first..(first + CHANNELS).min(self.inputs);
            self.transform::<BACK>(tiling, &blocks[block], x, channels, &shared[block]);
        });
        let alike: Vec<_> = blocks.par_iter().map(|rows| self.alike::<BACK>(tiling, rows, x)).collect();
        let group = self.group(blocks.len());
        let groups = self.outputs.div_ceil(group);
        (0..blocks.len() * groups).into_par_iter().for_each(|index| {
            let (block, first) = (index / groups, index % groups * group);
            let outputs = first..(first + group).min(self.outputs);
            self.multiply::<BACK>(tiling, (&blocks[block], &alike[block]), transformed[block], outputs, y);
        });
    }

    /// Output channels computed at a time in each of `blocks`: many, as a block's transform is read again for each such
    /// group, but as the threads share them evenly.
    fn group(&self, blocks: usize) -> usize {
        if matches!(self.filters, Filters::Untransformed(_)) {
            let share = self.outputs.div_ceil(rayon::current_num_threads());
            return PASSING.min(share.next_multiple_of(OCTET)).max(OCTET);
        }
        if self.level != Level::Avx512 {
            return if self.outputs >= 8 * GROUP { GROUP } else { GROUP / 2 };
        }
        let cost = |group: usize| {
            let pieces = blocks * self.outputs.div_ceil(group);
            pieces.div_ceil(rayon::current_num_threads()) * (group + READING)
        };
        (1..=4 * GROUP / OCTET).map(|octets| octets * OCTET).min_by_key(|&group| cost(group)).unwrap_or(GROUP)
    }

    /// Numbers of a block's transform, and of what is skipped to begin on a cache line.
    fn transformed_len(&self, tiling: &Tiling, rows: &Rows) -> usize {
        tiling.elements() * self.element_len(tiling, rows) + LINE
    }

    /// From an element of the tiles to the next: an odd number of cache lines, as 36 places that are written in turn must
    /// not all fall on the same part of the cache.
    fn element_len(&self, tiling: &Tiling, rows: &Rows) -> usize {
        ((self.inputs * tiling.padded_tiles(rows)).div_ceil(LINE) | 1) * LINE
    }

    /// Transforms the tiles of `rows` in some input channels; element e of channel c is at `e * element_len + c * tiles`.
    fn transform<const BACK: bool>(
        &self,
        tiling: &Tiling,
        rows: &Rows,
        x: &[f32],
        channels: Range<usize>,
        transformed: &Shared<f32>,
    ) {
        let (tiles, apart) = (tiling.padded_tiles(rows), self.element_len(tiling, rows));
        let mut scratch = Buffer::new(tiling.input_scratch(rows));
        let pixels = tiling.pixels(rows, BACK);
        for channel in channels {
            let plane = &x[channel * tiling.area()..][..tiling.area()];
            ask(x.as_ptr().wrapping_add((channel + 1) * tiling.area() + pixels.start), pixels.len());
            let out = Spread { values: transformed, start: channel * tiles, apart };
            // SAFETY: threads differ in the channel or in the block, so no other writes here.
            unsafe { tiling.forth(self.level, rows, (plane, BACK), &mut scratch, &out) };
        }
    }

    /// Outputs of `rows` that see equal pixels. Nothing is pooled on the way back, and what is added to other numbers need not
    /// make equal ones.
    fn alike<const BACK: bool>(&self, tiling: &Tiling, rows: &Rows, x: &[f32]) -> Vec<Alike> {
        let pooled = !BACK && !matches!(self.finish, Finish::Add);
        if pooled { alike::find(tiling, rows.clone(), x) } else { Vec::new() }
    }

    /// Multiplies the transformed tiles of `rows` with the filters of some output channels and transforms back into `y`.
    fn multiply<const BACK: bool>(
        &self,
        tiling: &Tiling,
        (rows, alike): (&Rows, &[Alike]),
        transformed: &[f32],
        outputs: Range<usize>,
        y: Image<'_>,
    ) {
        let (tiles, apart) = (tiling.padded_tiles(rows), self.element_len(tiling, rows));
        let groups = outputs.len().div_ceil(OCTET);
        let (filter, first) = self.filter::<BACK>(&outputs);
        let mut products = Buffer::new(tiling.elements() * groups * OCTET * tiles);
        for (element, products) in products.chunks_exact_mut(groups * OCTET * tiles).enumerate() {
            let values = &transformed[element * apart..][..self.inputs * tiles];
            let block = Block { values, step: tiles, columns: tiling.tiles(rows) };
            multiply::<BACK>(self.level, filter.shape, filter.matrix(element), first..first + groups, block, products);
        }
        if let Cow::Owned(filter) = filter {
            filter.done();
        }
        let mut scratch = Buffer::new(tiling.output_scratch(rows));
        let pixels = tiling.pixels(rows, BACK);
        for (at, output) in outputs.enumerate() {
            let step = groups * OCTET * tiles;
            let (bias, relu) = self.finish.bias(output);
            let (plane, area, height) = (y.first + output, tiling.area(), tiling.sides()[0]);
            ask(y.values.pointer(0, 0).wrapping_add((plane + 1) * area + pixels.start), pixels.len());
            tiling.back(self.level, rows, &products[at * tiles..], step, (bias, relu), &mut scratch);
            tiling.for_each_row(rows, &scratch, BACK, |row, values| {
                let start = plane * area + row * values.len();
                // SAFETY: threads differ in the output channel or in the block's rows, so no other touches this row.
                let target = unsafe { y.values.part(start, values.len()) };
                self.put::<BACK>(values, target);
            });
            // SAFETY: as above.
            let block = unsafe { y.values.part(plane * area + pixels.start, pixels.len()) };
            if !alike.is_empty() {
                alike::equalize(alike, [rows.start * tiling.tile(), tiling.sides()[1]], block);
            }
            let first = plane * height + pixels.start / tiling.sides()[1];
            match self.gates {
                Gates::None => {}
                // SAFETY: as above.
                Gates::Note(notes) => unsafe { notes.note(self.level, first, block) },
                Gates::Obey(rule, open) => open.gate_rows(self.level, rule, first, block),
            }
        }
    }

    /// The filters of some output channels, and which group of eight of them is the first.
    fn filter<const BACK: bool>(&self, outputs: &Range<usize>) -> (Cow<'_, Filter>, usize) {
        let all = 0..self.inputs;
        match self.filters {
            Filters::Ready(filter) => (Cow::Borrowed(filter), outputs.start / OCTET),
            Filters::Untransformed(plain) if BACK => {
                (Cow::Owned(Filter::some(self.level, &plain, all, outputs.clone())), 0)
            }
            Filters::Untransformed(plain) => (Cow::Owned(Filter::some(self.level, &plain, outputs.clone(), all)), 0),
        }
    }

    /// Puts a row of finished sums where it belongs.
    fn put<const BACK: bool>(&self, values: &[f32], target: &mut [f32]) {
        if BACK {
            turn(self.level, values, target, matches!(self.finish, Finish::Add));
        } else {
            self.finish.put(values, target);
        }
    }
}
