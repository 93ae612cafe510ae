//! Products of a matrix kept in panels with a block of columns: the inner loop of convolutions in f32.
//!
//! Every sum runs over the whole depth in order, in one accumulator, wherever its column lies in a vector: results do
//! not depend on how columns are cut into blocks.
#![expect(unsafe_code, reason = "vectors in registers, read and written through raw pointers")]

mod steps;
mod strips;

use std::ops::Range;

use super::lanes::Level;

/// Rows of a panel, and columns of a block are multiples of it.
pub const OCTET: usize = 8;

/// Sizes of a matrix in panels of eight rows: element (r, c) is at `r / 8 * stride + c * 8 + r % 8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panels {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
}

impl Panels {
    /// From a panel to the next. The odd 16 keep the same column of many panels from falling on the same cache lines.
    pub fn stride(&self) -> usize {
        self.columns.next_multiple_of(OCTET) * OCTET + 16
    }

    /// Numbers of the whole matrix. Of several, the next begins behind them.
    pub fn len(&self) -> usize {
        self.rows.div_ceil(OCTET) * self.stride()
    }

    /// Where an element is.
    pub fn at(&self, row: usize, column: usize) -> usize {
        row / OCTET * self.stride() + column * OCTET + row % OCTET
    }

    /// Writes `elements`, row after row, where they belong in `matrix`.
    ///
    /// # Panics
    /// If `matrix` has not [`len`](Self::len) numbers.
    pub fn fill(&self, matrix: &mut [f32], mut elements: impl Iterator<Item = f32>) {
        for row in 0..self.rows {
            for (column, element) in elements.by_ref().take(self.columns).enumerate() {
                matrix[self.at(row, column)] = element;
            }
        }
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.rows == 0 || self.columns == 0
    }

    /// Rows of the matrix, or of its transpose.
    pub fn outputs(&self, transposed: bool) -> usize {
        if transposed { self.columns } else { self.rows }
    }

    /// Columns of the matrix, or of its transpose.
    pub fn depth(&self, transposed: bool) -> usize {
        if transposed { self.rows } else { self.columns }
    }
}

/// Blocks of columns, one for each of several matrices: `depth` rows of them, `step` apart. Rows are whole vectors of eight,
/// which may hold anything behind the columns.
#[derive(Clone, Copy, Debug)]
pub struct Blocks<'a> {
    /// Begins with the first row of the first block.
    pub values: &'a [f32],
    /// From a block to the next.
    pub apart: usize,
    /// From a row to the next.
    pub step: usize,
    /// How many columns each has.
    pub columns: usize,
}

impl Blocks<'_> {
    /// Numbers of a row of the product: the columns and what fills their last vector.
    pub fn width(&self) -> usize {
        self.columns.next_multiple_of(OCTET)
    }
}

/// Rows `8 * groups.start..8 * groups.end` of the product of each matrix (or its transpose) with its block, into rows of `out`
/// that lie [`Blocks::width`] apart, one product behind the other. Rows beyond a matrix, and what is behind the columns, are
/// without meaning.
///
/// # Panics
/// If a size does not fit.
pub fn multiply<const TRANSPOSED: bool>(
    level: Level,
    shape: Panels,
    matrices: &[f32],
    groups: Range<usize>,
    blocks: Blocks,
    out: &mut [f32],
) {
    let part = DepthPart { before: 0, whole: shape.depth(TRANSPOSED) };
    multiply_part::<TRANSPOSED>(level, part, shape, matrices, groups, blocks, out);
}

/// A part of the depth of a product: which, is said here, and how much, by the matrices.
#[derive(Clone, Copy, Debug)]
pub struct DepthPart {
    /// The depth that was summed up before, which sums go on from.
    pub before: usize,
    /// The depth of the whole product: with much, columns are asked for ahead.
    pub whole: usize,
}

/// As [`multiply`] for a part of the depth, where matrices and blocks are only of this part: sums go on from those that `out` holds
/// already, unless the part is the first. Parts come in the order of the depth, cut wherever; all else stays the same for each. To the
/// bit the same as the whole depth at once.
///
/// # Panics
/// If a size does not fit.
pub fn multiply_part<const TRANSPOSED: bool>(
    level: Level,
    part: DepthPart,
    shape: Panels,
    matrices: &[f32],
    groups: Range<usize>,
    blocks: Blocks,
    out: &mut [f32],
) {
    if shape.is_empty() || blocks.columns == 0 {
        if part.before == 0 {
            out.fill(0.0);
        }
        return;
    }
    let (depth, width, rows) = (shape.depth(TRANSPOSED), blocks.width(), OCTET * groups.len());
    assert!(part.before + depth <= part.whole, "a part of the depth");
    let count = matrices.len() / shape.len();
    assert!(matrices.len().is_multiple_of(shape.len()) && out.len() >= count * rows * width, "sizes of products");
    assert!(groups.end <= shape.outputs(TRANSPOSED).div_ceil(OCTET), "rows of a product");
    let apart = if TRANSPOSED { OCTET * OCTET } else { shape.stride() };
    for index in 0..count {
        let matrix = &matrices[index * shape.len()..][..shape.len()];
        let block = &blocks.values[index * blocks.apart..][..(depth - 1) * blocks.step + width];
        let job = Job {
            matrix: matrix[groups.start * apart..].as_ptr(),
            next_matrix: shape.len(),
            stride: shape.stride(),
            apart,
            groups: groups.len(),
            depth,
            part,
            block: block.as_ptr(),
            next_block: blocks.apart,
            step: blocks.step,
            out: out[index * rows * width..][..rows * width].as_mut_ptr(),
            width,
        };
        // SAFETY: the level was found available (or is the plain one), and what a job reads and writes
        // is inside its slices: panels are whole, blocks have `depth` rows of `width`, `out` eight of them for each group.
        unsafe {
            match level {
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 => job.avx512::<TRANSPOSED>(blocks.columns),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => job.avx2::<TRANSPOSED>(blocks.columns),
                _ => job.plain::<TRANSPOSED>(blocks.columns),
            }
        }
    }
}

/// Some rows of one product, eight in a group.
#[derive(Clone, Copy)]
struct Job {
    matrix: *const f32,
    /// From the matrix to what is read after it, if anything is: another product's, or another group.
    next_matrix: usize,
    /// From a panel to the next.
    stride: usize,
    /// From a group to the next.
    apart: usize,
    groups: usize,
    depth: usize,
    part: DepthPart,
    block: *const f32,
    /// From the block to that of the product that is next, if any is.
    next_block: usize,
    step: usize,
    out: *mut f32,
    width: usize,
}
