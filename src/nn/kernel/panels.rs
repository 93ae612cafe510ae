//! Products of a matrix kept in panels with a block of columns: the inner loop of the fast convolutions.
//!
//! Every sum runs over the whole depth in order, in one accumulator, wherever its column lies in a vector: results do
//! not depend on how columns are cut into blocks.
#![expect(unsafe_code, reason = "vectors in registers, read and written through raw pointers")]
#![expect(clippy::inline_always, reason = "intrinsics must be inlined into functions that have their instructions")]

mod steps;

use std::ops::Range;

use super::lanes::{Level, Octet, Plain};

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

    /// Numbers of the whole matrix.
    pub fn len(&self) -> usize {
        self.rows.div_ceil(OCTET) * self.stride()
    }

    /// Where an element is.
    pub fn at(&self, row: usize, column: usize) -> usize {
        row / OCTET * self.stride() + column * OCTET + row % OCTET
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

/// A block of columns: `depth` rows of them, `step` apart. Rows are whole vectors of eight, which may hold anything behind
/// the columns.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// Begins with the first row.
    pub values: &'a [f32],
    /// From a row to the next.
    pub step: usize,
    /// How many columns.
    pub columns: usize,
}

impl Block<'_> {
    /// Numbers of a row of the product: the columns and what fills their last vector.
    pub fn width(&self) -> usize {
        self.columns.next_multiple_of(OCTET)
    }
}

/// Rows `8 * groups.start..8 * groups.end` of the product of a matrix (or its transpose) with `block`, into rows of `out`
/// that lie [`Block::width`] apart. Rows beyond the matrix, and what is behind the columns, are without meaning.
///
/// # Panics
/// If a size does not fit.
pub fn multiply<const TRANSPOSED: bool>(
    level: Level,
    shape: Panels,
    matrix: &[f32],
    groups: Range<usize>,
    block: Block,
    out: &mut [f32],
) {
    let (depth, width, rows) = (shape.depth(TRANSPOSED), block.width(), OCTET * groups.len());
    assert!(matrix.len() >= shape.len() && out.len() >= rows * width, "sizes of a product");
    assert!(groups.end <= shape.outputs(TRANSPOSED).div_ceil(OCTET), "rows of a product");
    if depth == 0 || block.columns == 0 {
        return out[..rows * width].fill(0.0);
    }
    assert!(block.values.len() >= (depth - 1) * block.step + width, "block of a product");
    let apart = if TRANSPOSED { OCTET * OCTET } else { shape.stride() };
    let job = Job {
        matrix: matrix[groups.start * apart..].as_ptr(),
        stride: shape.stride(),
        apart,
        groups: groups.len(),
        depth,
        block: block.values.as_ptr(),
        step: block.step,
        out: out.as_mut_ptr(),
        width,
    };
    // SAFETY: the level was found available (or is the plain one), and the assertions above keep what a job reads and
    // writes inside its slices: panels are whole, blocks have `depth` rows of `width`, `out` eight of them for each group.
    unsafe {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => job.avx512::<TRANSPOSED>(block.columns),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => job.avx2::<TRANSPOSED>(block.columns),
            _ => job.plain::<TRANSPOSED>(block.columns),
        }
    }
}

/// Some rows of one product, eight in a group.
#[derive(Clone, Copy)]
struct Job {
    matrix: *const f32,
    /// From a panel to the next.
    stride: usize,
    /// From a group to the next.
    apart: usize,
    groups: usize,
    depth: usize,
    block: *const f32,
    step: usize,
    out: *mut f32,
    width: usize,
}

/// A depth from which on some of it is done at a time, for all groups.
#[cfg(target_arch = "x86_64")]
const MUCH: usize = 512;
/// Of so much depth, 48 columns stay in the first cache. Whole panels, also of a transpose.
const DEEP: usize = 128;
const _: () = assert!(DEEP.is_multiple_of(OCTET));

/// So few columns in the last vector are computed one by one.
const FEW: usize = 4;

/// Of so many columns, those that are computed in vectors of eight, over eight; and what is left.
fn octets(columns: usize) -> (usize, usize) {
    let rest = columns % OCTET;
    if rest <= FEW { (columns / OCTET, rest) } else { (columns / OCTET + 1, 0) }
}

impl Job {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    unsafe fn avx512<const T: bool>(self, columns: usize) {
        use std::arch::x86_64::{__m256, __m512};
        let (octets, rest) = octets(columns);
        // SAFETY: the caller vouches for the job; each call stays within the columns.
        unsafe {
            let (threes, step) = (octets / 6, if self.depth < MUCH { self.depth } else { DEEP });
            for at in 0..threes {
                for start in (0..self.depth).step_by(step) {
                    let deep = start..(start + step).min(self.depth);
                    for group in 0..self.groups {
                        self.part::<__m512, 8, 3, T>(group, 0, 6 * at, deep.clone());
                    }
                }
            }
            for group in 0..self.groups {
                let mut at = 6 * threes;
                while octets - at >= 4 {
                    self.rows::<__m512, 8, 2, T>(group, 0, &mut at);
                }
                while octets - at >= 2 {
                    self.rows::<__m512, 8, 1, T>(group, 0, &mut at);
                }
                while at < octets {
                    self.rows::<__m256, 8, 1, T>(group, 0, &mut at);
                }
            }
            self.rest::<__m256, T>(octets * OCTET, rest);
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2<const T: bool>(self, columns: usize) {
        use std::arch::x86_64::__m256;
        let (octets, rest) = octets(columns);
        // SAFETY: the caller vouches for the job; each call stays within the columns.
        unsafe {
            for group in 0..self.groups {
                let mut at = 0;
                while octets - at >= 3 && octets - at != 4 {
                    self.halves::<__m256, 3, T>(group, &mut at);
                }
                while octets - at >= 2 {
                    self.halves::<__m256, 2, T>(group, &mut at);
                }
                while at < octets {
                    self.rows::<__m256, 8, 1, T>(group, 0, &mut at);
                }
            }
            self.rest::<__m256, T>(octets * OCTET, rest);
        }
    }

    unsafe fn plain<const T: bool>(self, columns: usize) {
        let (octets, rest) = octets(columns);
        // SAFETY: the caller vouches for the job.
        unsafe {
            for group in 0..self.groups {
                let mut at = 0;
                while at < octets {
                    self.halves::<Plain, 1, T>(group, &mut at);
                }
            }
            self.rest::<Plain, T>(octets * OCTET, rest);
        }
    }

    /// The last few columns, from column `at` on: eight rows in a vector, several groups at once.
    #[inline(always)]
    unsafe fn rest<L: Octet, const T: bool>(self, at: usize, count: usize) {
        // SAFETY: the caller vouches for the job and the columns; of three, a fourth is inside their vector.
        unsafe {
            match count {
                0 => {}
                1 => self.few::<L, 8, 1, T>(at),
                2 => self.few::<L, 4, 2, T>(at),
                _ => self.few::<L, 2, FEW, T>(at),
            }
        }
    }

    /// `R` columns from column `at`, `G` groups at once as long as there are so many.
    #[inline(always)]
    unsafe fn few<L: Octet, const G: usize, const R: usize, const T: bool>(self, at: usize) {
        let mut group = 0;
        // SAFETY: the caller vouches for the job and the columns.
        unsafe {
            while self.groups - group >= G {
                self.columns::<L, G, R, T>(&mut group, at);
            }
            while group < self.groups {
                self.columns::<L, 1, R, T>(&mut group, at);
            }
        }
    }
}
