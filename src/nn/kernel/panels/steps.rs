//! The inner loops of a product: a few rows times a few vectors of columns, or a few vectors of rows times a few columns.
#![expect(unsafe_code, reason = "vectors in registers, read and written through raw pointers")]
#![expect(clippy::needless_range_loop, reason = "iterators are not inlined into functions with other instructions")]
#![expect(clippy::inline_always, reason = "intrinsics must be inlined into functions that have their instructions")]

use std::ops::Range;

use super::{Job, OCTET};
use crate::nn::kernel::lanes::{Lanes, Octet, prefetch};

impl Job {
    /// A part of some rows times `N` vectors of columns, and of eight rows times `R` columns behind them, whose sums are kept in
    /// `few`. It begins with a square; the sums go on from those of the part before.
    #[inline(always)]
    pub(super) unsafe fn part<L: Lanes, O: Octet, const M: usize, const N: usize, const R: usize, const T: bool>(
        self,
        Place { group, first, at, deep }: Place,
        mut weights: Weights,
        few: &mut [[f32; OCTET]; R],
    ) {
        // SAFETY: the caller vouches for the job, and that the columns are inside the block.
        unsafe {
            let out = self.out.add((group * OCTET + first) * self.width + at * OCTET);
            let mut sums = Sums { many: [[L::all(0.0); N]; M], few: [O::all(0.0); R] };
            if self.part.before + deep.start > 0 {
                sums.load(out, self.width, few);
            }
            let mut x = self.block.add(deep.start * self.step + at * OCTET);
            weights.square = weights.square.wrapping_add(if T { first * OCTET } else { first });
            let mut left = deep.len();
            while L::UNROLLED && left >= OCTET {
                weights.ask();
                x = sums.steps::<T>(weights.square, x, self.step);
                weights.square = weights.square.wrapping_add(weights.apart);
                left -= OCTET;
            }
            while !T && left > 0 {
                weights.ask_for_one();
                sums.step::<T>(weights.square, 0, x);
                (weights.square, x) = (weights.square.wrapping_add(OCTET), x.wrapping_add(self.step));
                left -= 1;
            }
            while left > 0 {
                weights.ask();
                let count = left.min(OCTET);
                for k in 0..count {
                    sums.step::<T>(weights.square, k, x);
                    x = x.wrapping_add(self.step);
                }
                weights.square = weights.square.wrapping_add(weights.apart);
                left -= count;
            }
            sums.store(out, self.width, few);
        }
    }

    /// Writes eight rows of a few columns from column `at` on.
    #[inline(always)]
    pub(super) unsafe fn put<const R: usize>(self, group: usize, at: usize, columns: &[[f32; OCTET]; R]) {
        // SAFETY: the caller vouches for the job, and that group and columns are inside it.
        unsafe {
            let out = self.out.add(group * OCTET * self.width + at);
            for r in 0..R {
                for m in 0..OCTET {
                    *out.add(m * self.width + r) = columns[r][m];
                }
            }
        }
    }

    /// What [`put`](Self::put) wrote.
    #[inline(always)]
    pub(super) unsafe fn kept<const R: usize>(self, group: usize, at: usize) -> [[f32; OCTET]; R] {
        let mut columns = [[0.0; OCTET]; R];
        // SAFETY: the caller vouches for the job, and that group and columns are inside it.
        unsafe {
            let out = self.out.add(group * OCTET * self.width + at);
            for r in 0..R {
                for m in 0..OCTET {
                    columns[r][m] = *out.add(m * self.width + r);
                }
            }
        }
        columns
    }

    /// All rows of `G` groups from `group`, which it moves on, times `R` columns from column `at`.
    #[inline(always)]
    pub(super) unsafe fn columns<L: Octet, const G: usize, const R: usize, const T: bool>(
        self,
        group: &mut usize,
        at: usize,
    ) {
        // SAFETY: the caller vouches for the job, and that groups and columns are inside it.
        unsafe {
            let mut sums = [[L::all(0.0); R]; G];
            if self.part.before > 0 {
                for g in 0..G {
                    let columns: [[f32; OCTET]; R] = self.kept(*group + g, at);
                    for r in 0..R {
                        sums[g][r] = L::load(columns[r].as_ptr());
                    }
                }
            }
            let mut x = self.block.add(at);
            let matrix = self.matrix.add(*group * self.apart);
            if T {
                for panel in 0..self.depth.div_ceil(OCTET) {
                    let deep = OCTET.min(self.depth - panel * OCTET);
                    for g in 0..G {
                        let weights = matrix.add(panel * self.stride + g * self.apart);
                        let each = L::transposed(std::array::from_fn(|r| L::load(weights.add(r * OCTET))));
                        for k in 0..deep {
                            for r in 0..R {
                                sums[g][r] = sums[g][r].plus(L::all(*x.add(k * self.step + r)), each[k]);
                            }
                        }
                    }
                    x = x.wrapping_add(deep * self.step);
                }
            } else {
                for k in 0..self.depth {
                    for r in 0..R {
                        let x = L::all(*x.add(r));
                        for g in 0..G {
                            sums[g][r] = sums[g][r].plus(x, L::load(matrix.add(g * self.apart + k * OCTET)));
                        }
                    }
                    x = x.wrapping_add(self.step);
                }
            }
            for g in 0..G {
                let mut columns = [[0.0; OCTET]; R];
                for r in 0..R {
                    sums[g][r].store(columns[r].as_mut_ptr());
                }
                self.put(*group + g, at, &columns);
            }
        }
        *group += G;
    }
}

/// Where a part of a product is: rows from `first` on of a group, columns from octet `at` on, some of the depth.
pub(super) struct Place {
    pub group: usize,
    pub first: usize,
    pub at: usize,
    pub deep: Range<usize>,
}

/// Weights of a group, from one square of 8 x 8 to the next.
pub(super) struct Weights {
    pub square: *const f32,
    /// From a square to the next.
    pub apart: usize,
    /// The squares needed after these, and how far apart they are.
    pub next: Option<(*const f32, usize)>,
}

impl Weights {
    /// Asks for a square of those needed next: they may be too far apart for the processor to foresee.
    #[inline(always)]
    fn ask(&mut self) {
        if let Some((square, apart)) = &mut self.next {
            for line in 0..4 {
                prefetch(square.wrapping_add(16 * line));
            }
            *square = square.wrapping_add(*apart);
        }
    }

    /// Asks for an eighth of a square of those needed next, where these are in a row.
    #[inline(always)]
    fn ask_for_one(&mut self) {
        if let Some((square, _)) = &mut self.next {
            prefetch(*square);
            *square = square.wrapping_add(OCTET);
        }
    }
}

/// Sums in registers: `M` rows of `N` vectors of columns, and eight rows of `R` columns behind these.
struct Sums<L, O, const M: usize, const N: usize, const R: usize> {
    many: [[L; N]; M],
    few: [O; R],
}

impl<L: Lanes, O: Octet, const M: usize, const N: usize, const R: usize> Sums<L, O, M, N, R> {
    /// Adds the weights of one column of a square, from row `row` on, times `N` vectors; and all eight times the `R` numbers behind
    /// these, which is for whole groups and no transpose. No closures and no iterators here: where each part of the crate is
    /// compiled by itself, the compiler would not inline them.
    #[inline(always)]
    unsafe fn step<const T: bool>(&mut self, row: *const f32, column: usize, x: *const f32) {
        // SAFETY: the caller vouches for the pointers and the instructions of `L` and `O`.
        unsafe {
            let weights = row.add(if T { column } else { column * OCTET });
            let mut columns = [L::all(0.0); N];
            for n in 0..N {
                columns[n] = L::load(x.add(n * L::WIDTH));
            }
            for m in 0..M {
                let weight = L::all(*weights.add(if T { m * OCTET } else { m }));
                for n in 0..N {
                    self.many[m][n] = self.many[m][n].plus(weight, columns[n]);
                }
            }
            for r in 0..R {
                self.few[r] = self.few[r].plus(O::all(*x.add(N * L::WIDTH + r)), O::load(weights));
            }
        }
    }

    /// All columns of a square. Written out, as the compiler would not; returns the columns that come next.
    #[inline(always)]
    unsafe fn steps<const T: bool>(&mut self, row: *const f32, x: *const f32, step: usize) -> *const f32 {
        // SAFETY: the caller vouches for the pointers and the instructions of `L` and `O`.
        unsafe {
            self.step::<T>(row, 0, x);
            self.step::<T>(row, 1, x.add(step));
            self.step::<T>(row, 2, x.add(2 * step));
            self.step::<T>(row, 3, x.add(3 * step));
            let x = x.add(4 * step);
            self.step::<T>(row, 4, x);
            self.step::<T>(row, 5, x.add(step));
            self.step::<T>(row, 6, x.add(2 * step));
            self.step::<T>(row, 7, x.add(3 * step));
            x.wrapping_add(4 * step)
        }
    }

    /// Goes on from what was stored.
    #[inline(always)]
    unsafe fn load(&mut self, out: *const f32, width: usize, few: &[[f32; OCTET]; R]) {
        // SAFETY: the caller vouches for the pointer and the instructions of `L` and `O`.
        unsafe {
            for m in 0..M {
                for n in 0..N {
                    self.many[m][n] = L::load(out.add(m * width + n * L::WIDTH));
                }
            }
            for r in 0..R {
                self.few[r] = O::load(few[r].as_ptr());
            }
        }
    }

    /// Stores them, to be gone on from or as they are.
    #[inline(always)]
    unsafe fn store(self, out: *mut f32, width: usize, few: &mut [[f32; OCTET]; R]) {
        // SAFETY: as above.
        unsafe {
            for m in 0..M {
                for n in 0..N {
                    self.many[m][n].store(out.add(m * width + n * L::WIDTH));
                }
            }
            for r in 0..R {
                self.few[r].store(few[r].as_mut_ptr());
            }
        }
    }
}
