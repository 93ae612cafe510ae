//! The inner loops of a product: a few rows times a few vectors of columns, or a few vectors of rows times a few columns.
#![expect(unsafe_code, reason = "vectors in registers, read and written through raw pointers")]
#![expect(clippy::needless_range_loop, reason = "iterators are not inlined into functions with other instructions")]
#![expect(clippy::inline_always, reason = "intrinsics must be inlined into functions that have their instructions")]

use std::ops::Range;

use super::{Job, OCTET};
use crate::nn::kernel::lanes::{Lanes, Octet, prefetch};

impl Job {
    /// Two times four rows, where registers do not hold eight.
    #[inline(always)]
    pub(super) unsafe fn halves<L: Lanes, const N: usize, const T: bool>(self, group: usize, at: &mut usize) {
        let mut again = *at;
        // SAFETY: the caller vouches for the job.
        unsafe {
            self.rows::<L, 4, N, T>(group, 0, &mut again);
            self.rows::<L, 4, N, T>(group, 4, at);
        }
    }

    /// Rows `first..first + M` of a group times `N` vectors of columns from octet `at`, which it moves on.
    #[inline(always)]
    pub(super) unsafe fn rows<L: Lanes, const M: usize, const N: usize, const T: bool>(
        self,
        group: usize,
        first: usize,
        at: &mut usize,
    ) {
        // SAFETY: the caller vouches for the job, and that the columns are inside the block.
        unsafe { self.part::<L, M, N, T>(group, first, *at, 0..self.depth) };
        *at += N * L::WIDTH / OCTET;
    }

    /// The part of [`rows`](Self::rows) in `deep`, added to those before if it does not begin at 0; it begins with a panel.
    #[inline(always)]
    pub(super) unsafe fn part<L: Lanes, const M: usize, const N: usize, const T: bool>(
        self,
        group: usize,
        first: usize,
        at: usize,
        deep: Range<usize>,
    ) {
        // SAFETY: the caller vouches for the job, and that the columns are inside the block.
        unsafe {
            let mut sums = [[L::all(0.0); N]; M];
            let out = self.out.add(group * OCTET * self.width + at * OCTET);
            if deep.start > 0 {
                for m in 0..M {
                    for n in 0..N {
                        sums[m][n] = L::load(out.add((first + m) * self.width + n * L::WIDTH));
                    }
                }
            }
            let mut x = self.block.add(deep.start * self.step + at * OCTET);
            let matrix = self.matrix.add(group * self.apart);
            if T {
                let panels = deep.start / OCTET..deep.end.div_ceil(OCTET);
                for panel in panels.clone() {
                    self.ask(matrix, panel, &panels);
                    let weights = matrix.add(panel * self.stride + first * OCTET);
                    for k in 0..OCTET.min(deep.end - panel * OCTET) {
                        step::<L, M, N>(&mut sums, weights.add(k), OCTET, x);
                        x = x.wrapping_add(self.step);
                    }
                }
            } else {
                for k in deep {
                    prefetch(matrix.wrapping_add(self.apart + k * OCTET));
                    step::<L, M, N>(&mut sums, matrix.add(k * OCTET + first), 1, x);
                    x = x.wrapping_add(self.step);
                }
            }
            for m in 0..M {
                for n in 0..N {
                    sums[m][n].store(out.add((first + m) * self.width + n * L::WIDTH));
                }
            }
        }
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
            let out = self.out.add(*group * OCTET * self.width + at);
            for g in 0..G {
                for r in 0..R {
                    let mut rows = [0.0; OCTET];
                    sums[g][r].store(rows.as_mut_ptr());
                    for m in 0..OCTET {
                        *out.add((g * OCTET + m) * self.width + r) = rows[m];
                    }
                }
            }
        }
        *group += G;
    }

    /// Asks for the weights of a panel that is soon at work, in this group or the next: panels of a transpose are too far
    /// apart for the processor to foresee.
    #[inline(always)]
    fn ask(self, matrix: *const f32, panel: usize, panels: &Range<usize>) {
        let (panel, further) = if panel + AHEAD < panels.end {
            (panel + AHEAD, 0)
        } else {
            ((panels.start + panel + AHEAD - panels.end).min(panels.end - 1), self.apart)
        };
        for line in 0..4 {
            prefetch(matrix.wrapping_add(panel * self.stride + further + 16 * line));
        }
    }
}

/// Panels between the one at work and the one asked for.
const AHEAD: usize = 6;

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
