//! Products of a matrix kept in panels with a block of columns: the inner loop of the fast convolutions.
//!
//! Every sum runs over the whole depth in order, in one accumulator, wherever its column lies in a vector: results do
//! not depend on how columns are cut into blocks.
#![expect(unsafe_code, reason = "vectors in registers, read and written through raw pointers")]
#![expect(clippy::needless_range_loop, reason = "iterators are not inlined into functions with other instructions")]
#![expect(clippy::inline_always, reason = "intrinsics must be inlined into functions that have their instructions")]

use super::lanes::{Lanes, Level, Plain};

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
    /// From a panel to the next. The odd 64 keep the same column of many panels from falling on the same cache lines.
    pub fn stride(&self) -> usize {
        self.columns.next_multiple_of(OCTET) * OCTET + 64
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

/// A block of columns: `depth` rows of `8 * octets` numbers, `step` apart.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// Begins with the first row.
    pub values: &'a [f32],
    /// From a row to the next.
    pub step: usize,
    /// Columns over eight.
    pub octets: usize,
}

/// Rows `8 * group..` of the product of a matrix (or its transpose) with `block`, into eight rows of `out` that lie
/// `8 * octets` apart. Rows beyond the matrix are zero or without meaning.
///
/// # Panics
/// If a size does not fit.
pub fn multiply<const TRANSPOSED: bool>(
    level: Level,
    shape: Panels,
    matrix: &[f32],
    group: usize,
    block: Block,
    out: &mut [f32],
) {
    let (depth, width) = (shape.depth(TRANSPOSED), OCTET * block.octets);
    assert!(matrix.len() >= shape.len() && out.len() >= OCTET * width, "sizes of a product");
    assert!(group < shape.outputs(TRANSPOSED).div_ceil(OCTET), "rows of a product");
    if depth == 0 || block.octets == 0 {
        return out[..OCTET * width].fill(0.0);
    }
    assert!(block.values.len() >= (depth - 1) * block.step + width, "block of a product");
    let start = if TRANSPOSED { group * OCTET * OCTET } else { group * shape.stride() };
    let job = Job {
        matrix: matrix[start..].as_ptr(),
        stride: shape.stride(),
        depth,
        block: block.values.as_ptr(),
        step: block.step,
        out: out.as_mut_ptr(),
        width,
    };
    // SAFETY: the level was found available (or is the plain one), and the assertions above keep what a job reads and
    // writes inside its slices: panels are whole, blocks have `depth` rows of `width`, `out` eight rows of `width`.
    unsafe {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => job.avx512::<TRANSPOSED>(block.octets),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => job.avx2::<TRANSPOSED>(block.octets),
            _ => job.plain::<TRANSPOSED>(block.octets),
        }
    }
}

/// Eight rows of one product.
#[derive(Clone, Copy)]
struct Job {
    matrix: *const f32,
    stride: usize,
    depth: usize,
    block: *const f32,
    step: usize,
    out: *mut f32,
    width: usize,
}

impl Job {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    unsafe fn avx512<const T: bool>(self, octets: usize) {
        use std::arch::x86_64::{__m256, __m512};
        let mut at = 0;
        // SAFETY: the caller vouches for the job; each call stays within `octets`.
        unsafe {
            while octets - at >= 6 {
                self.rows::<__m512, 8, 3, T>(0, &mut at);
            }
            while octets - at >= 4 {
                self.rows::<__m512, 8, 2, T>(0, &mut at);
            }
            while octets - at >= 2 {
                self.rows::<__m512, 8, 1, T>(0, &mut at);
            }
            while at < octets {
                self.rows::<__m256, 8, 1, T>(0, &mut at);
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2<const T: bool>(self, octets: usize) {
        use std::arch::x86_64::__m256;
        let mut at = 0;
        // SAFETY: the caller vouches for the job; each call stays within `octets`.
        unsafe {
            while octets - at >= 3 && octets - at != 4 {
                self.halves::<__m256, 3, T>(&mut at);
            }
            while octets - at >= 2 {
                self.halves::<__m256, 2, T>(&mut at);
            }
            while at < octets {
                self.rows::<__m256, 8, 1, T>(0, &mut at);
            }
        }
    }

    unsafe fn plain<const T: bool>(self, octets: usize) {
        let mut at = 0;
        while at < octets {
            // SAFETY: the caller vouches for the job.
            unsafe { self.halves::<Plain, 1, T>(&mut at) };
        }
    }

    /// Two times four rows, where registers do not hold eight.
    #[inline(always)]
    unsafe fn halves<L: Lanes, const N: usize, const T: bool>(self, at: &mut usize) {
        let mut again = *at;
        // SAFETY: the caller vouches for the job.
        unsafe {
            self.rows::<L, 4, N, T>(0, &mut again);
            self.rows::<L, 4, N, T>(4, at);
        }
    }

    /// Rows `first..first + M` times `N` vectors of columns from octet `at`, which it moves on.
    #[inline(always)]
    unsafe fn rows<L: Lanes, const M: usize, const N: usize, const T: bool>(self, first: usize, at: &mut usize) {
        // SAFETY: the caller vouches for the job, and that the columns are inside the block.
        unsafe {
            let mut sums = [[L::all(0.0); N]; M];
            let mut x = self.block.add(*at * OCTET);
            if T {
                let panels = self.depth.div_ceil(OCTET);
                for panel in 0..panels {
                    if panel + AHEAD < panels {
                        prefetch(self.matrix.add((panel + AHEAD) * self.stride));
                    }
                    let weights = self.matrix.add(panel * self.stride + first * OCTET);
                    for k in 0..OCTET.min(self.depth - panel * OCTET) {
                        step::<L, M, N>(&mut sums, weights.add(k), OCTET, x);
                        x = x.add(self.step);
                    }
                }
            } else {
                for k in 0..self.depth {
                    step::<L, M, N>(&mut sums, self.matrix.add(k * OCTET + first), 1, x);
                    x = x.add(self.step);
                }
            }
            for m in 0..M {
                for n in 0..N {
                    sums[m][n].store(self.out.add((first + m) * self.width + *at * OCTET + n * L::WIDTH));
                }
            }
        }
        *at += N * L::WIDTH / OCTET;
    }
}

/// Panels between the one at work and the one asked for: they are too far apart for the processor to foresee.
const AHEAD: usize = 6;

/// Asks for the 64 numbers from `at` on. Not beyond the end: looking for memory that is not there takes long.
#[inline(always)]
fn prefetch(at: *const f32) {
    #[cfg(target_arch = "x86_64")]
    for line in 0..4 {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: SSE is part of x86-64, and a prefetch reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(16 * line).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// Adds to the sums `M` weights, `apart` from each other, times `N` vectors. No closures and no iterators here: where
/// each part of the crate is compiled by itself, the compiler would not inline them.
#[inline(always)]
unsafe fn step<L: Lanes, const M: usize, const N: usize>(
    sums: &mut [[L; N]; M],
    weights: *const f32,
    apart: usize,
    x: *const f32,
) {
    // SAFETY: the caller vouches for the pointers and the instructions of `L`.
    unsafe {
        let mut columns = [L::all(0.0); N];
        for n in 0..N {
            columns[n] = L::load(x.add(n * L::WIDTH));
        }
        for m in 0..M {
            let weight = L::all(*weights.add(m * apart));
            for n in 0..N {
                sums[m][n] = sums[m][n].plus(weight, columns[n]);
            }
        }
    }
}
