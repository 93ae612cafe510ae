//! How a map is cut into tiles, and the way of a plane's tiles through the transforms.
#![expect(unsafe_code, reason = "elements of different planes are written by several threads")]

use std::ops::Range;

use super::transform::{SLACK, Spread, run_along, run_back, run_down};
use crate::nn::kernel::{
    lanes::{Level, turn},
    panels::OCTET,
};

/// Rows of tiles.
pub type Rows = Range<usize>;

/// How a map is cut into tiles, rows of tiles, and blocks of such rows.
#[derive(Clone, Copy, Debug)]
pub struct Tiling {
    tile: usize,
    sides: [usize; 2],
    /// Tiles down and across.
    tiles: [usize; 2],
    /// Rows of tiles in a block.
    high: usize,
}

/// Tiles in a block, about: of VGG's maps, 56 fill vectors of eight, and 112 those of sixteen.
fn most_tiles(level: Level) -> usize {
    if level == Level::Avx512 { 112 } else { 56 }
}

/// Blocks for each thread below which all share each block.
const FEW: usize = 2;
/// Blocks for each thread from which on those left over are not shared.
const MANY: usize = 8;

impl Tiling {
    /// Tiles of side `tile` on a map of these sides.
    pub fn new(level: Level, tile: usize, sides: [usize; 2]) -> Self {
        let tiles = sides.map(|side| side.div_ceil(tile));
        let most = (most_tiles(level) / tiles[1]).max(1);
        let high = tiles[0].div_ceil(tiles[0].div_ceil(most));
        Self { tile, sides, tiles, high }
    }

    /// The side of an output tile.
    pub fn tile(&self) -> usize {
        self.tile
    }

    /// Height and width of the map.
    pub fn sides(&self) -> [usize; 2] {
        self.sides
    }

    /// Blocks of the map.
    pub fn blocks(&self) -> usize {
        self.tiles[0].div_ceil(self.high)
    }

    /// How many blocks are computed by one thread each; the others by all threads together. One thread takes all; of several, each
    /// takes as many as the others, or, where the few that are left over make no difference, whichever is next.
    pub fn own_blocks(&self, threads: usize) -> usize {
        match self.blocks() {
            blocks if threads == 1 || blocks >= MANY * threads => blocks,
            blocks if blocks < FEW * threads => 0,
            blocks => blocks / threads * threads,
        }
    }

    /// The rows of tiles of one block.
    pub fn block(&self, index: usize) -> Rows {
        index * self.high..((index + 1) * self.high).min(self.tiles[0])
    }

    /// Pixels of the map.
    pub fn area(&self) -> usize {
        self.sides[0] * self.sides[1]
    }

    fn taps(&self) -> usize {
        self.tile + 2
    }

    /// Elements of a transformed tile.
    pub fn elements(&self) -> usize {
        self.taps() * self.taps()
    }

    /// Tiles of a block.
    pub fn tiles(&self, rows: &Rows) -> usize {
        rows.len() * self.tiles[1]
    }

    /// The pixels of a plane that `rows` cover, in the plane turned by 180 degrees if `turned`.
    pub fn pixels(&self, rows: &Rows, turned: bool) -> Range<usize> {
        let [first, last] = [rows.start, rows.end].map(|row| (row * self.tile).min(self.sides[0]) * self.sides[1]);
        if turned { self.area() - last..self.area() - first } else { first..last }
    }

    /// Tiles of a block, with padding to whole vectors.
    pub fn padded_tiles(&self, rows: &Rows) -> usize {
        self.tiles(rows).next_multiple_of(OCTET)
    }

    /// Pixels of a padded row.
    fn wide(&self) -> usize {
        self.tile * (self.tiles[1] + 1)
    }

    /// Every array that a transform uses on the way, from its beginning.
    fn lengths(&self, rows: &Rows) -> [usize; 2] {
        let lines = rows.len() * self.wide();
        let pixels = (self.tile * rows.len() + 2) * self.wide() + SLACK;
        [pixels, self.taps() * (lines + SLACK)]
    }

    /// Scratch that [`forth`](Self::forth) needs.
    pub fn input_scratch(&self, rows: &Rows) -> usize {
        self.lengths(rows).iter().sum()
    }

    /// Scratch that [`back`](Self::back) needs.
    pub fn output_scratch(&self, rows: &Rows) -> usize {
        self.tile * self.tile * self.padded_tiles(rows)
    }

    /// Transforms the tiles of `rows` in one plane (turned by 180 degrees if `turned`).
    ///
    /// # Safety
    /// Nobody else may touch the elements that `out` names meanwhile.
    pub unsafe fn forth(
        &self,
        level: Level,
        rows: &Rows,
        (plane, turned): (&[f32], bool),
        scratch: &mut [f32],
        out: &Spread<'_>,
    ) {
        let [pixels, lines] = self.lengths(rows);
        let (padded, scratch) = scratch.split_at_mut(pixels);
        let lines = &mut scratch[..lines];
        self.pad(level, rows, (plane, turned), padded);
        run_down(level, self.tile, rows.len(), self.wide(), padded, lines);
        // SAFETY: the caller's promise is the same.
        unsafe { run_along(level, self.tile, [rows.len(), self.tiles[1]], lines, out) };
    }

    /// The block's pixels with a border of zeros.
    fn pad(&self, level: Level, rows: &Rows, (plane, turned): (&[f32], bool), padded: &mut [f32]) {
        let [height, width] = self.sides;
        let first = self.tile * rows.start;
        for (at, row) in padded.chunks_exact_mut(self.wide()).take(self.tile * rows.len() + 2).enumerate() {
            let Some(y) = (first + at).checked_sub(1).filter(|&y| y < height) else {
                row.fill(0.0);
                continue;
            };
            row[0] = 0.0;
            row[width + 1..].fill(0.0);
            let row = &mut row[1..=width];
            if turned {
                turn(level, &plane[(height - 1 - y) * width..][..width], row, false);
            } else {
                row.copy_from_slice(&plane[y * width..][..width]);
            }
        }
    }

    /// Transforms products back: element e of the tiles is at `products[e * step..]`. Leaves `tile` arrays in `out`, one
    /// for each row of pixels of a row of tiles.
    pub fn back(&self, level: Level, rows: &Rows, products: &[f32], step: usize, bias: (f32, bool), out: &mut [f32]) {
        let tiles = self.padded_tiles(rows);
        assert!(products.len() >= (self.elements() - 1) * step + tiles, "products of a block");
        assert!(out.len() >= self.output_scratch(rows), "scratch of a block");
        run_back(level, self.tile, (products, step, tiles), bias, out);
    }

    /// Hands on the block's rows of pixels as [`back`](Self::back) left them: `put(row of the map, values)`. Turned maps
    /// come with rows counted from the end; their values are still to be turned.
    pub fn for_each_row(&self, rows: &Rows, out: &[f32], turned: bool, mut put: impl FnMut(usize, &[f32])) {
        let [height, width] = self.sides;
        let line = self.tile * self.padded_tiles(rows);
        for (at, row) in rows.clone().enumerate() {
            for (a, line) in out.chunks_exact(line).take(self.tile).enumerate() {
                let y = row * self.tile + a;
                if y < height {
                    let values = &line[at * self.tile * self.tiles[1]..][..width];
                    put(if turned { height - 1 - y } else { y }, values);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tiling;
    use crate::nn::kernel::lanes::Level;

    #[test]
    fn blocks_are_dealt_evenly() {
        // Maps as wide as a block has tiles, each row a block.
        let own = |blocks: usize, threads| Tiling::new(Level::Scalar, 2, [2 * blocks, 112]).own_blocks(threads);
        assert_eq!([1, 2, 3, 7].map(|blocks| own(blocks, 1)), [1, 2, 3, 7], "one thread");
        assert_eq!([1, 3, 4, 7, 15, 16, 17].map(|blocks| own(blocks, 2)), [0, 0, 4, 6, 14, 16, 17], "two threads");
        assert_eq!([5, 6, 8, 23, 25].map(|blocks| own(blocks, 3)), [0, 6, 6, 21, 25], "three threads");
    }
}
