//! Outputs that see the same pixels are the same.
//!
//! What a tile of side 4 is rounded to depends on all its pixels: outputs over a plain area of a photo, of whose tile some
//! other pixel is not plain, could differ in their last bits, and a pooling would not find the first of equal maxima. So it is
//! looked up which neighbours in a window of two by two see equal pixels in all channels, and these get one value.

use super::tiling::Tiling;

/// The tiles' side.
const SIDE: usize = 4;
/// Pixels that a tile sees, down and across.
const SEEN: usize = SIDE + 2;

/// A tile with outputs that are equal to others.
pub struct Alike {
    /// Its first row and column on the map.
    corner: [usize; 2],
    /// For each of its outputs the first one that is equal.
    first: [usize; SIDE * SIDE],
}

/// Tiles of `rows` of rows of tiles with such outputs, if the planes `x` are convolved.
pub fn find(tiling: &Tiling, rows: std::ops::Range<usize>, x: &[f32]) -> Vec<Alike> {
    let [height, width] = tiling.sides();
    if tiling.tile() != SIDE {
        return Vec::new();
    }
    let corners = rows.flat_map(|row| (0..width.div_ceil(SIDE)).map(move |column| [SIDE * row, SIDE * column]));
    let of_tile = |corner: [usize; 2]| {
        let mut pairs = Pairs::ALL;
        for plane in x.chunks_exact(height * width) {
            pairs = pairs.and(Pairs::of(&seen(plane, [height, width], corner)));
            if pairs == Pairs::NONE {
                return None;
            }
        }
        Some(Alike { corner, first: pairs.first() })
    };
    corners.filter_map(of_tile).collect()
}

/// Gives outputs the values of the first ones that are equal: `y` begins with row `top` of a map of this width.
pub fn equalize(tiles: &[Alike], [top, width]: [usize; 2], y: &mut [f32]) {
    let len = y.len();
    for Alike { corner: [row, column], first } in tiles {
        let at = |output: usize| {
            let [down, across] = [row - top + output / SIDE, column + output % SIDE];
            (across < width).then_some(down * width + across).filter(|&at| at < len)
        };
        for (output, &first) in first.iter().enumerate().filter(|(output, first)| output != *first) {
            if let (Some(to), Some(from)) = (at(output), at(first)) {
                y[to] = y[from];
            }
        }
    }
}

/// The pixels of a plane that the tile at `corner` sees, with zeros around the plane.
fn seen(plane: &[f32], [height, width]: [usize; 2], [top, left]: [usize; 2]) -> [[f32; SEEN]; SEEN] {
    let mut pixels = [[0.0; SEEN]; SEEN];
    let skipped = usize::from(left == 0);
    let columns = left + skipped - 1..width.min(left + SEEN - 1);
    for (at, row) in pixels.iter_mut().enumerate() {
        if let Some(y) = (top + at).checked_sub(1).filter(|&y| y < height) {
            row[skipped..][..columns.len()].copy_from_slice(&plane[y * width..][columns.clone()]);
        }
    }
    pixels
}

/// Neighbours in windows that see equal pixels: a bit for the left one of each of two a row, and the upper one of each of four
/// a window's height.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pairs {
    across: [u8; SIDE],
    down: [u8; SIDE / 2],
}

/// The columns in which windows begin.
const WINDOWS: u8 = 0b0101;

impl Pairs {
    const ALL: Self = Self { across: [WINDOWS; SIDE], down: [0b1111; SIDE / 2] };
    const NONE: Self = Self { across: [0; SIDE], down: [0; SIDE / 2] };

    fn of(pixels: &[[f32; SEEN]; SEEN]) -> Self {
        // Three equal pairs, beginning with this one.
        let three = |bits: u8| bits & bits >> 1 & bits >> 2;
        let bits = |equal: &dyn Fn(usize) -> bool| (0..SEEN - 1).fold(0, |bits, at| bits | u8::from(equal(at)) << at);
        let right = pixels.map(|row| three(bits(&|at| row[at] == row[at + 1])));
        let across = std::array::from_fn(|i| right[i] & right[i + 1] & right[i + 2] & WINDOWS);
        let below: [u8; SEEN - 1] = std::array::from_fn(|row| {
            (0..SEEN).fold(0, |bits, at| bits | u8::from(pixels[row][at] == pixels[row + 1][at]) << at)
        });
        let down = std::array::from_fn(|window| {
            let i = 2 * window;
            three(below[i] & below[i + 1] & below[i + 2])
        });
        Self { across, down }
    }

    fn and(self, other: Self) -> Self {
        Self {
            across: std::array::from_fn(|row| self.across[row] & other.across[row]),
            down: std::array::from_fn(|window| self.down[window] & other.down[window]),
        }
    }

    /// For each output the first one that is equal to it, or equal to one that is, and so on.
    fn first(self) -> [usize; SIDE * SIDE] {
        let mut first = std::array::from_fn(|output| output);
        let mut join = |a: usize, b: usize| {
            let least = first[a].min(first[b]);
            (first[a], first[b]) = (least, least);
        };
        // A chain of equals in a window has three links at most.
        for _ in 0..3 {
            for (row, bits) in self.across.into_iter().enumerate() {
                (0..SIDE).filter(|at| bits >> at & 1 == 1).for_each(|at| join(row * SIDE + at, row * SIDE + at + 1));
            }
            for (window, bits) in self.down.into_iter().enumerate() {
                let upper = 2 * window * SIDE;
                (0..SIDE).filter(|at| bits >> at & 1 == 1).for_each(|at| join(upper + at, upper + SIDE + at));
            }
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::{SIDE, equalize, find};
    use crate::nn::kernel::{lanes::Level, winograd::tiling::Tiling};

    /// Maps whose pixels are few numbers in patches: which outputs must get one value is found by comparing what they see, pixel
    /// by pixel, in all planes.
    #[test]
    fn equal_neighbours_are_those_that_see_equal_pixels() {
        let (planes, mut random, mut found, mut blocks) = (3, 5_u32, 0, 0);
        for case in 0..60 {
            // Of the wide ones, a block is one row of tiles.
            let [height, width] = [9 + case % 9, if case % 5 == 0 { 117 + case % 11 } else { 6 + case % 11 }];
            let mut next = |below: u32| {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (random >> 16) % below
            };
            // Patches three or five wide, often of the same number.
            let side = if case % 2 == 0 { 3 } else { 5 };
            let patches: Vec<f32> = (0..400).map(|_| next(2) as f32).collect();
            let pixel = |p: usize, y: usize, x: usize| patches[(p * 7 + y / side * 11 + x / side) % patches.len()];
            let x: Vec<f32> = (0..planes * height * width)
                .map(|i| pixel(i / (height * width), i / width % height, i % width))
                .collect();
            let see = |y: usize, at: usize| -> Vec<f32> {
                let shift = |v: usize, d: usize| (v + d).checked_sub(1);
                let inside = |p: usize, y: Option<usize>, at: Option<usize>| match (y, at) {
                    (Some(y), Some(at)) if y < height && at < width => x[(p * height + y) * width + at],
                    _ => 0.0,
                };
                let taps = (0..planes * 9).map(|t| inside(t / 9, shift(y, t / 3 % 3), shift(at, t % 3)));
                taps.collect()
            };
            // All outputs differ at first; those made equal are as the definition says, and none else.
            let mut y: Vec<f32> = (0..height * width).map(|i| i as f32).collect();
            let tiling = Tiling::new(Level::Scalar, SIDE, [height, width]);
            blocks = tiling.blocks().max(blocks);
            for block in 0..tiling.blocks() {
                let rows = tiling.block(block);
                let (tiles, part) = (find(&tiling, rows.clone(), &x), tiling.pixels(&rows, false));
                equalize(&tiles, [SIDE * rows.start, width], &mut y[part]);
            }
            for (i, &value) in y.iter().enumerate() {
                let (row, column) = (i / width, i % width);
                let neighbours =
                    [(row, column ^ 1), (row ^ 1, column)].map(|(y, x)| (y < height && x < width).then_some([y, x]));
                for [below, right] in neighbours.into_iter().flatten() {
                    let same = see(row, column) == see(below, right);
                    assert!(!same || value == y[below * width + right], "case {case}, {row} {column}");
                    found += usize::from(same);
                }
                let source = value as usize;
                assert_eq!(see(row, column), see(source / width, source % width), "case {case}, {row} {column}");
            }
        }
        assert!(found > 500 && blocks > 2, "{found} pairs, {blocks} blocks");
    }
}
