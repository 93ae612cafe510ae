//! In which order a product is computed: strips of columns, of each some depth at a time, of that all rows - so that what is
//! read again is in the first cache.
#![expect(unsafe_code, reason = "vectors in registers, read and written through raw pointers")]
#![expect(clippy::inline_always, reason = "intrinsics must be inlined into functions that have their instructions")]

use std::ops::Range;

use super::{
    Job, OCTET,
    steps::{Place, Weights},
};
use crate::nn::kernel::lanes::{Lanes, Octet, Plain, prefetch_into};

/// Of how much depth so many columns, and the weights that they meet, stay in the first cache, also where another thread has half
/// of it. Whole squares of eight.
const fn deep(columns: usize) -> usize {
    let deep = 3072 / columns / OCTET * OCTET;
    if deep < LEAST { LEAST } else { deep }
}

/// Less depth at a time would take longer to begin and end than to compute.
const LEAST: usize = 64;
const _: () = assert!(LEAST.is_multiple_of(OCTET));
/// A depth from which on columns are asked for ahead. With less, they are in the second cache.
const FAR: usize = 256;
/// So few columns in the last vector are computed one by one.
const FEW: usize = 4;
/// Groups whose sums of one or two more columns are kept beside those of a strip, at most.
const GROUPS: usize = 16;

/// Of so many columns, those that are computed in vectors of eight, over eight; and what is left.
fn octets(columns: usize) -> (usize, usize) {
    let rest = columns % OCTET;
    if rest <= FEW { (columns / OCTET, rest) } else { (columns / OCTET + 1, 0) }
}

impl Job {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    pub(super) unsafe fn avx512<const T: bool>(self, columns: usize) {
        use std::arch::x86_64::{__m256, __m512};
        let (octets, rest) = octets(columns);
        let mut at = 0;
        // SAFETY: the caller vouches for the job; each call stays within the columns.
        unsafe {
            while octets - at >= 2 {
                let beside = octets - at == 6 && self.groups <= GROUPS;
                match ((octets - at) / 2, rest) {
                    (3, 1) if beside => return self.strip::<__m512, __m256, 8, 3, 1, T>(&mut at, octets),
                    (3, 2) if beside => return self.strip::<__m512, __m256, 8, 3, 2, T>(&mut at, octets),
                    (1, _) => self.strip::<__m512, __m256, 8, 1, 0, T>(&mut at, octets),
                    (2, _) => self.strip::<__m512, __m256, 8, 2, 0, T>(&mut at, octets),
                    // Sums of fours and threes that are no sums of threes alone.
                    (4 | 7 | 8, _) => self.strip::<__m512, __m256, 4, 4, 0, T>(&mut at, octets),
                    _ => self.strip::<__m512, __m256, 8, 3, 0, T>(&mut at, octets),
                }
            }
            if at < octets {
                self.strip::<__m256, __m256, 8, 1, 0, T>(&mut at, octets);
            }
            self.rest::<__m256, T>(octets * OCTET, rest);
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn avx2<const T: bool>(self, columns: usize) {
        use std::arch::x86_64::__m256;
        let (octets, rest) = octets(columns);
        // Where not transposed, a group's weights are in a row: they rather than columns are what a strip finds in the cache.
        let alone = if T { self.groups } else { 1 };
        let mut group = 0;
        // SAFETY: the caller vouches for the job; each call stays within the columns.
        unsafe {
            while group < self.groups {
                let (job, mut at) = (self.some(group, alone), 0);
                while at < octets {
                    match octets - at {
                        1 => job.strip::<__m256, __m256, 8, 1, 0, T>(&mut at, octets),
                        2 | 4 => job.strip::<__m256, __m256, 4, 2, 0, T>(&mut at, octets),
                        _ => job.strip::<__m256, __m256, 4, 3, 0, T>(&mut at, octets),
                    }
                }
                group += alone;
            }
            self.rest::<__m256, T>(octets * OCTET, rest);
        }
    }

    pub(super) unsafe fn plain<const T: bool>(self, columns: usize) {
        let (octets, rest) = octets(columns);
        // SAFETY: the caller vouches for the job.
        unsafe {
            for group in 0..self.groups {
                let (job, mut at) = (self.some(group, 1), 0);
                while at < octets {
                    job.strip::<Plain, Plain, 4, 1, 0, T>(&mut at, octets);
                }
            }
            self.rest::<Plain, T>(octets * OCTET, rest);
        }
    }

    /// `count` groups from `group` on.
    #[inline(always)]
    unsafe fn some(self, group: usize, count: usize) -> Self {
        let skipped = group * self.apart;
        let (next_matrix, next_block) = if group + count < self.groups {
            (count * self.apart, 0)
        } else {
            (self.next_matrix.wrapping_sub(skipped), self.next_block)
        };
        // SAFETY: the caller vouches for the job and the groups.
        let (matrix, out) = unsafe { (self.matrix.add(skipped), self.out.add(group * OCTET * self.width)) };
        Self { matrix, out, groups: count, next_matrix, next_block, ..self }
    }

    /// `N` vectors of columns from octet `at`, which it moves on, `M` rows at a time; and, if `M` is eight, `R` columns behind
    /// them.
    #[inline(always)]
    unsafe fn strip<L: Lanes, O: Octet, const M: usize, const N: usize, const R: usize, const T: bool>(
        self,
        at: &mut usize,
        octets: usize,
    ) {
        const { assert!(OCTET.is_multiple_of(M) && (R == 0 || M == OCTET && deep(N * L::WIDTH) <= LEAST)) }
        let (here, wide) = (*at, N * L::WIDTH / OCTET);
        let apart = if T { self.stride } else { OCTET * OCTET };
        let (mut few, mut transposed) = ([[[0.0; OCTET]; R]; GROUPS], Transposed([0.0; OCTET * LEAST]));
        // What only one group reads is read once.
        let step = if self.groups == 1 && R == 0 { self.depth } else { const { deep(N * L::WIDTH) } };
        // Each group asks for its share of the columns that are next.
        let far = if self.part.whole < FAR || self.groups == 1 { 0 } else { step.min(self.depth) };
        let share = far.div_ceil(self.groups.max(1));
        let mut start = 0;
        while start < self.depth {
            let deep = start..(start + step).min(self.depth);
            let (columns, weights) = self.next::<T>(&deep, here..here + wide, octets);
            for group in 0..self.groups {
                self.ask(columns, wide, group * share..((group + 1) * share).min(far));
                let square = self.deeper::<T>(start).wrapping_add(group * self.apart);
                let next = if group + 1 < self.groups { square.wrapping_add(self.apart) } else { weights };
                let few = &mut few[if R > 0 { group } else { 0 }];
                if R > 0 && start == 0 && self.part.before > 0 {
                    // SAFETY: the caller vouches for the job; these columns are inside its output, where a part before put them.
                    *few = unsafe { self.kept(group, (here + wide) * OCTET) };
                }
                let mut first = 0;
                while first < OCTET {
                    let place = Place { group, first, at: here, deep: deep.clone() };
                    let next = (first == 0).then_some((next, apart));
                    // SAFETY: the caller vouches for the job, and that the columns are inside the block; what is transposed has
                    // as many numbers as a part reads.
                    unsafe {
                        if T && R > 0 {
                            self.transpose::<L>(square, deep.len(), &mut transposed);
                            let square = transposed.0.as_ptr();
                            let weights = Weights { square, apart: OCTET * OCTET, next };
                            self.part::<L, O, M, N, R, false>(place, weights, few);
                        } else {
                            self.part::<L, O, M, N, R, T>(place, Weights { square, apart, next }, few);
                        }
                    }
                    first += M;
                }
                if R > 0 && deep.end == self.depth {
                    // SAFETY: as above.
                    unsafe { self.put(group, (here + wide) * OCTET, few) };
                }
            }
            start = deep.end;
        }
        *at += wide;
    }

    /// The matrix from this depth on.
    #[inline(always)]
    fn deeper<const T: bool>(self, depth: usize) -> *const f32 {
        self.matrix.wrapping_add(if T { depth / OCTET * self.stride } else { depth * OCTET })
    }

    /// The columns and the weights that come after some: more of the depth, more columns, or another product.
    #[inline(always)]
    fn next<const T: bool>(self, deep: &Range<usize>, here: Range<usize>, octets: usize) -> (*const f32, *const f32) {
        if deep.end < self.depth {
            (self.block.wrapping_add(deep.end * self.step + here.start * OCTET), self.deeper::<T>(deep.end))
        } else if here.end < octets {
            (self.block.wrapping_add(here.end * OCTET), self.matrix)
        } else {
            (self.block.wrapping_add(self.next_block), self.matrix.wrapping_add(self.next_matrix))
        }
    }

    /// Asks for some rows of columns.
    #[inline(always)]
    fn ask(self, columns: *const f32, wide: usize, rows: Range<usize>) {
        let mut row = rows.start;
        while row < rows.end {
            let mut octet = 0;
            while octet < wide {
                prefetch_into::<false, _>(columns.wrapping_add(row * self.step + octet * OCTET));
                octet += 2;
            }
            row += 1;
        }
    }

    /// Some of a group's weights, of a transpose, as those of a matrix are.
    #[inline(always)]
    unsafe fn transpose<L: Lanes>(self, square: *const f32, deep: usize, to: &mut Transposed) {
        let (mut at, to) = (0, to.0.as_mut_ptr());
        while at < deep.div_ceil(OCTET) {
            // SAFETY: the caller vouches for the job, and that there is room for so many.
            unsafe { L::transpose_square(square.add(at * self.stride), to.add(at * OCTET * OCTET)) };
            at += 1;
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

/// Weights of a group of rows, those of a row side by side.
#[repr(align(64))]
struct Transposed([f32; OCTET * LEAST]);
