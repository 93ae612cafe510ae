//! One convolution on its way: blocks of tiles are transformed, multiplied, transformed back, and what comes out is finished
//! while it is at hand.
#![expect(unsafe_code, reason = "pieces of one output are written by several threads")]

use std::ops::Range;

use super::{
    Filter, Filters,
    alike::{self, Alike},
    tiling::{Rows, Tiling},
    transform::Spread,
};
use crate::nn::{
    Rule,
    kernel::{
        conv::{Finish, Size},
        gemm::Shared,
        lanes::{Level, ask, turn},
        memory::{Buffer, LINE, from_a_line},
        panels::{Blocks, DepthPart, OCTET, multiply, multiply_part},
        relu::{Notes, Open},
        threads::{self, deal},
    },
};

/// Blocks whose transforms are kept at a time where threads share them.
const AT_ONCE: usize = 4;
/// Some output channels computed from one reading of a block's transform.
const GROUP: usize = 32;
/// Numbers that fill a second cache, 1 MB.
const PRODUCTS: usize = 1 << 18;
/// Output channels computed at a time where filters are transformed for it.
const PASSING: usize = 2 * GROUP;
/// Input channels for which they are transformed at a time: with so many outputs and tiles of side 4, 0.6 MB, which are still in the
/// second cache when they are used.
const DEEP: usize = 64;
/// Reading a block's transform takes as long as computing so many output channels, about.
const READING: usize = 16;
/// Input channels transformed by one thread at a time.
const CHANNELS: usize = 16;

/// The gates of a rectifier behind what is computed.
#[derive(Clone, Copy)]
pub enum Gates<'a> {
    None,
    /// Which are open is noted.
    Note(Notes<'a>),
    /// What they do not let through becomes zero.
    Obey(Rule, &'a Open),
}

/// One image: the planes of its input, and where those of its output go among those of all.
#[derive(Clone, Copy)]
struct Image<'a> {
    from: &'a [f32],
    to: &'a Shared<'a, f32>,
    /// Its first plane there.
    first: usize,
}

pub struct Job<'a> {
    level: Level,
    filters: Filters<'a>,
    finish: Finish<'a, f32>,
    pub gates: Gates<'a>,
    inputs: usize,
    outputs: usize,
    batch: usize,
    sides: [usize; 2],
}

impl<'a> Job<'a> {
    pub fn forth(level: Level, size: &Size, filters: Filters<'a>, finish: Finish<'a, f32>) -> Self {
        let Size { inputs, outputs, batch, output: sides, .. } = *size;
        Self { level, filters, finish, gates: Gates::None, inputs, outputs, batch, sides }
    }

    pub fn back(level: Level, size: &Size, filters: Filters<'a>, finish: Finish<'a, f32>) -> Self {
        Self { inputs: size.outputs, outputs: size.inputs, ..Self::forth(level, size, filters, finish) }
    }

    /// `BACK`: turned, and with the transposed filter.
    pub fn run<const BACK: bool>(&self, x: &[f32], y: &mut [f32]) {
        if self.sides.contains(&0) || self.inputs == 0 {
            return;
        }
        let tiling = Tiling::new(self.level, self.filters.tile(), self.sides);
        let to = &Shared::new(y);
        for index in 0..self.batch {
            let len = self.inputs * tiling.area();
            let image = Image { from: &x[index * len..][..len], to, first: index * self.outputs };
            let (blocks, own) = (tiling.blocks(), tiling.own_blocks(threads::count()));
            self.by_blocks::<BACK>(&tiling, 0..own, image);
            self.by_channels::<BACK>(&tiling, own..blocks, image);
        }
    }

    /// Blocks of large maps, or for one thread: it takes a block, transforms all its channels, multiplies, transforms back.
    fn by_blocks<const BACK: bool>(&self, tiling: &Tiling, blocks: Range<usize>, image: Image<'_>) {
        let group = self.own_group(tiling);
        let work = |index| {
            let rows = tiling.block(index);
            let mut transformed = Buffer::new(self.transformed_len(tiling, &rows));
            let transformed = from_a_line(&mut transformed);
            self.transform::<BACK>(tiling, &rows, image, 0..self.inputs, &Shared::new(transformed));
            let alike = self.alike::<BACK>(tiling, &rows, image);
            for first in (0..self.outputs).step_by(group) {
                let outputs = first..(first + group).min(self.outputs);
                self.multiply::<BACK>(tiling, (&rows, &alike), transformed, outputs, image);
            }
        };
        deal(blocks, |indices| indices.for_each(&work));
    }

    /// Blocks that several threads share: first all transform, then all multiply.
    fn by_channels<const BACK: bool>(&self, tiling: &Tiling, blocks: Range<usize>, image: Image<'_>) {
        let blocks: Vec<Rows> = blocks.map(|index| tiling.block(index)).collect();
        blocks.chunks(AT_ONCE).for_each(|blocks| self.of_blocks::<BACK>(tiling, blocks, image));
    }

    /// Some blocks' part of [`by_channels`](Self::by_channels).
    fn of_blocks<const BACK: bool>(&self, tiling: &Tiling, blocks: &[Rows], image: Image<'_>) {
        let mut transformed: Vec<Buffer<f32>> =
            blocks.iter().map(|rows| Buffer::new(self.transformed_len(tiling, rows))).collect();
        let pieces = self.inputs.div_ceil(CHANNELS);
        let mut transformed: Vec<&mut [f32]> = transformed.iter_mut().map(|values| from_a_line(values)).collect();
        let shared: Vec<_> = transformed.iter_mut().map(|values| Shared::new(values)).collect();
        let transform = |index: usize| {
            let (block, first) = (index / pieces, index % pieces * CHANNELS);
            let channels = first..(first + CHANNELS).min(self.inputs);
            self.transform::<BACK>(tiling, &blocks[block], image, channels, &shared[block]);
        };
        deal(0..blocks.len() * pieces, |indices| indices.for_each(&transform));
        let mut alike: Vec<Vec<Alike>> = blocks.iter().map(|_| Vec::new()).collect();
        deal(alike.iter_mut().zip(blocks), |pairs| {
            pairs.for_each(|(alike, rows)| *alike = self.alike::<BACK>(tiling, rows, image));
        });
        let group = self.group(blocks.len());
        let groups = self.outputs.div_ceil(group);
        let multiply = |index: usize| {
            let (block, first) = (index / groups, index % groups * group);
            let outputs = first..(first + group).min(self.outputs);
            self.multiply::<BACK>(tiling, (&blocks[block], &alike[block]), &*transformed[block], outputs, image);
        };
        deal(0..blocks.len() * groups, |indices| indices.for_each(&multiply));
    }

    /// Output channels that a thread computes at a time in its own block: many, as the block's transform is read again for each
    /// such group, but so few that the products are in the second cache when they are transformed back.
    fn own_group(&self, tiling: &Tiling) -> usize {
        if matches!(self.filters, Filters::Untransformed(_)) {
            return self.group(1);
        }
        let each = tiling.elements() * tiling.padded_tiles(&tiling.block(0));
        let most = if self.level == Level::Avx512 { 4 * GROUP } else { 2 * GROUP };
        (PRODUCTS / each / GROUP * GROUP).clamp(GROUP, most)
    }

    /// Output channels computed at a time in each of `blocks` that threads share: many, as above, but so that threads share them
    /// evenly; and at the end all wait for the last piece, of which about a fourth is left.
    fn group(&self, blocks: usize) -> usize {
        if matches!(self.filters, Filters::Untransformed(_)) {
            let share = self.outputs.div_ceil(threads::count());
            return PASSING.min(share.next_multiple_of(OCTET)).max(OCTET);
        }
        if self.level != Level::Avx512 {
            return if self.outputs >= 8 * GROUP { GROUP } else { GROUP / 2 };
        }
        let cost = |group: usize| {
            let pieces = blocks * self.outputs.div_ceil(group);
            let fourths = 4 * pieces.div_ceil(threads::count()) + 1;
            fourths * (group + READING)
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
        image: Image<'_>,
        channels: Range<usize>,
        transformed: &Shared<f32>,
    ) {
        let (tiles, apart) = (tiling.padded_tiles(rows), self.element_len(tiling, rows));
        let mut scratch = Buffer::new(tiling.input_scratch(rows));
        let pixels = tiling.pixels(rows, BACK);
        for channel in channels {
            let plane = &image.from[channel * tiling.area()..][..tiling.area()];
            ask(image.from.as_ptr().wrapping_add((channel + 1) * tiling.area() + pixels.start), pixels.len());
            let out = Spread { values: transformed, start: channel * tiles, apart };
            // SAFETY: threads differ in the channel or in the block, so no other writes here.
            unsafe { tiling.forth(self.level, rows, (plane, BACK), &mut scratch, &out) };
        }
    }

    /// Outputs of `rows` that see equal pixels. Nothing is pooled on the way back, and what is added to other numbers need not
    /// make equal ones.
    fn alike<const BACK: bool>(&self, tiling: &Tiling, rows: &Rows, image: Image<'_>) -> Vec<Alike> {
        let pooled = !BACK && !matches!(self.finish, Finish::Add);
        if pooled { alike::find(tiling, rows.clone(), image.from) } else { Vec::new() }
    }

    /// Multiplies the transformed tiles of `rows` with the filters of some output channels and transforms back into `y`.
    fn multiply<const BACK: bool>(
        &self,
        tiling: &Tiling,
        (rows, alike): (&Rows, &[Alike]),
        transformed: &[f32],
        outputs: Range<usize>,
        image: Image<'_>,
    ) {
        let (tiles, apart) = (tiling.padded_tiles(rows), self.element_len(tiling, rows));
        let groups = outputs.len().div_ceil(OCTET);
        let mut products = Buffer::new(tiling.elements() * groups * OCTET * tiles);
        let blocks = Blocks { values: transformed, apart, step: tiles, columns: tiling.tiles(rows) };
        self.products::<BACK>(&outputs, blocks, &mut products);
        let mut scratch = Buffer::new(tiling.output_scratch(rows));
        let (pixels, [height, width]) = (tiling.pixels(rows, BACK), tiling.sides());
        let first = pixels.start / width;
        for (at, output) in outputs.enumerate() {
            let step = groups * OCTET * tiles;
            let plane = image.first + output;
            ask(image.to.pointer(0, 0).wrapping_add((plane + 1) * tiling.area() + pixels.start), pixels.len());
            tiling.back(self.level, rows, &products[at * tiles..], step, self.finish.bias(output), &mut scratch);
            // SAFETY: threads differ in the output channel or in the block's rows, so no other touches these.
            let block = unsafe { image.to.part(plane * tiling.area() + pixels.start, pixels.len()) };
            tiling.for_each_row(rows, &scratch, BACK, |row, values| {
                self.put::<BACK>(values, &mut block[(row - first) * width..][..width]);
            });
            if !alike.is_empty() {
                alike::equalize(alike, [rows.start * tiling.tile(), width], block);
            }
            match self.gates {
                Gates::None => {}
                // SAFETY: as above.
                Gates::Note(notes) => unsafe { notes.note(self.level, plane * height + first, block) },
                Gates::Obey(rule, open) => open.gate_rows(self.level, rule, plane * height + first, block),
            }
        }
    }

    /// The products of a block with the filters of some output channels.
    fn products<const BACK: bool>(&self, outputs: &Range<usize>, blocks: Blocks<'_>, products: &mut [f32]) {
        let groups = outputs.len().div_ceil(OCTET);
        match self.filters {
            Filters::Ready(filter) => {
                let first = outputs.start / OCTET;
                multiply::<BACK>(self.level, filter.shape, filter.matrices(), first..first + groups, blocks, products);
            }
            Filters::Untransformed(plain) => {
                for start in (0..self.inputs).step_by(DEEP) {
                    let part = DepthPart { before: start, whole: self.inputs };
                    let deep = start..self.inputs.min(start + DEEP);
                    let blocks = Blocks { values: &blocks.values[start * blocks.step..], ..blocks };
                    let [rows, columns] = if BACK { [deep, outputs.clone()] } else { [outputs.clone(), deep] };
                    let filter = Filter::some(self.level, &plain, rows, columns);
                    multiply_part::<BACK>(
                        self.level,
                        part,
                        filter.shape,
                        filter.matrices(),
                        0..groups,
                        blocks,
                        products,
                    );
                }
            }
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
