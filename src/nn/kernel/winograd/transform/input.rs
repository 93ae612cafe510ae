//! `B^T d B`: pixels to elements of tiles.
#![expect(unsafe_code, reason = "vectors, read and written through raw pointers")]
#![expect(clippy::needless_range_loop, reason = "iterators are not inlined into functions with other instructions")]
#![expect(clippy::inline_always, reason = "intrinsics must be inlined into functions that have their instructions")]

use super::{A, B, SLACK, first};
use crate::nn::kernel::{
    gemm::Shared,
    lanes::{Arithmetic, Level, Plain},
};

/// `B^T` down the columns of a padded block: `taps` arrays of lines.
pub fn run_down(level: Level, tile: usize, rows: usize, wide: usize, padded: &[f32], lines: &mut [f32]) {
    assert!(padded.len() >= (tile * rows + 2) * wide + SLACK && lines.len() >= (tile + 2) * (rows * wide + SLACK));
    // SAFETY: the level was found available, and the assertion keeps reads and writes in bounds.
    unsafe {
        with_instructions!(level, tile, [down_avx512, down_avx2, down], (rows, wide, padded, lines));
    }
}

/// Where the elements of a plane's tiles go: element e of tile t to `start + e * apart + t`.
#[derive(Clone, Copy)]
pub struct Spread<'a> {
    /// Elements of other planes are written by other threads.
    pub values: &'a Shared<'a, f32>,
    /// The first tile's first element.
    pub start: usize,
    /// From an element to the next.
    pub apart: usize,
}

/// `B` along the lines that [`run_down`] left, `rows` of `tiles` tiles with one between in each.
///
/// # Safety
/// Nobody else may touch the elements that `out` names meanwhile.
pub unsafe fn run_along(level: Level, tile: usize, [rows, tiles]: [usize; 2], lines: &[f32], out: &Spread<'_>) {
    let taps = tile + 2;
    assert!(lines.len() >= taps * (tile * rows * (tiles + 1) + SLACK), "lines of tiles");
    let to = out.values.pointer(out.start, (taps * taps - 1) * out.apart + rows * tiles);
    let out = (to, out.apart);
    // SAFETY: the level was found available, the assertions keep reads in bounds, and the pointer is one to all elements.
    unsafe {
        with_instructions!(level, tile, [along_avx512, along_avx2, along], (rows, tiles, lines, out));
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn down_avx2<const M: usize, const T: usize>(rows: usize, wide: usize, padded: &[f32], lines: &mut [f32]) {
    // SAFETY: the caller vouches for AVX2 and the sizes.
    unsafe { down::<std::arch::x86_64::__m256, M, T>(rows, wide, padded, lines) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
unsafe fn down_avx512<const M: usize, const T: usize>(rows: usize, wide: usize, padded: &[f32], lines: &mut [f32]) {
    // SAFETY: the caller vouches for AVX-512 and the sizes.
    unsafe { down::<std::arch::x86_64::__m512, M, T>(rows, wide, padded, lines) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn along_avx2<const M: usize, const T: usize>(rows: usize, tiles: usize, lines: &[f32], out: (*mut f32, usize)) {
    // SAFETY: the caller vouches for AVX2 and the sizes.
    unsafe { along::<std::arch::x86_64::__m256, M, T>(rows, tiles, lines, out) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
unsafe fn along_avx512<const M: usize, const T: usize>(
    rows: usize,
    tiles: usize,
    lines: &[f32],
    out: (*mut f32, usize),
) {
    // SAFETY: the caller vouches for AVX-512 and the sizes.
    unsafe { along::<std::arch::x86_64::__m512, M, T>(rows, tiles, lines, out) }
}

#[inline(always)]
unsafe fn down<L: Arithmetic, const M: usize, const T: usize>(
    rows: usize,
    wide: usize,
    padded: &[f32],
    lines: &mut [f32],
) {
    let length = lines.len() / T;
    for row in 0..rows {
        for at in (0..wide).step_by(L::WIDTH) {
            // SAFETY: the caller vouches for the sizes: a vector that begins inside a row reaches at most 15 beyond it,
            // where either the next row or slack is (and the next row is written later).
            unsafe {
                let mut d = [L::all(0.0); T];
                for j in 0..T {
                    d[j] = L::load(padded.as_ptr().add((M * row + j) * wide + at));
                }
                let out = input::<L, T>(d);
                for j in 0..T {
                    out[j].store(lines.as_mut_ptr().add(j * length + row * wide + at));
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn along<L: Arithmetic, const M: usize, const T: usize>(
    rows: usize,
    tiles: usize,
    lines: &[f32],
    out: (*mut f32, usize),
) {
    let length = lines.len() / T;
    for tap in 0..T {
        // SAFETY: the caller vouches for the sizes: lines have slack for whole vectors.
        unsafe {
            let (line, to) = (lines.as_ptr().add(tap * length), out.0.add(tap * T * out.1));
            let mut row = 0;
            // What a vector writes beyond its row, the next row writes again; nothing may be written beyond the last row.
            while L::PAIRS && 2 * (tiles + 1) == L::WIDTH && row + 2 <= rows {
                let values = elements::<L, M, T>(line.add(M * row * (tiles + 1)));
                for j in 0..T {
                    values[j].store_pair(to.add(j * out.1 + row * tiles), row + 2 == rows);
                }
                row += 2;
            }
            for row in row..rows {
                for at in (0..tiles).step_by(L::WIDTH) {
                    let beyond = row * tiles + at + L::WIDTH > rows * tiles;
                    let at = if beyond { tiles.saturating_sub(L::WIDTH) } else { at };
                    let values = elements::<L, M, T>(line.add(M * (row * (tiles + 1) + at)));
                    for j in 0..T {
                        let to = to.add(j * out.1 + row * tiles + at);
                        if beyond && tiles < L::WIDTH { values[j].store_first(tiles, to) } else { values[j].store(to) }
                    }
                }
            }
        }
    }
}

/// One row of elements of a vector of tiles, whose pixels begin at `line`.
#[inline(always)]
unsafe fn elements<L: Arithmetic, const M: usize, const T: usize>(line: *const f32) -> [L; T] {
    // SAFETY: the caller vouches for the instructions of `L` and the memory.
    unsafe {
        let mut d = [L::all(0.0); T];
        if M == 4 {
            let parts = L::load_fourths(line);
            d[..M].copy_from_slice(&parts[..M]);
        } else {
            let parts = L::load_halves(line);
            d[..M].copy_from_slice(&parts[..M]);
        }
        for j in M..T {
            d[j] = d[j - M].followed_by(line.add(M * L::WIDTH + j - M));
        }
        input::<L, T>(d)
    }
}

/// One column or row of `B^T d`.
#[inline(always)]
unsafe fn input<L: Arithmetic, const T: usize>(d: [L; T]) -> [L; T] {
    // SAFETY: the caller vouches for the instructions of `L`.
    unsafe {
        if T == 4 {
            let out = [d[2].sub(d[0]), d[1].add(d[2]), d[2].sub(d[1]), d[3].sub(d[1])];
            return first(out);
        }
        let constant = |value: f64| L::all(value as f32);
        let (a2, b2) = (constant(-A * A), constant(-B * B));
        let (sum, product) = (constant(-(A * A + B * B)), constant(A * A * B * B));
        let even = [d[4].plus(b2, d[2]), d[4].plus(a2, d[2])];
        let odd = [d[3].plus(b2, d[1]).mul(constant(A)), d[3].plus(a2, d[1]).mul(constant(B))];
        let lowest = d[4].plus(sum, d[2]).plus(product, d[0]);
        let highest = d[5].plus(sum, d[3]).plus(product, d[1]);
        let out = [lowest, even[0].add(odd[0]), even[0].sub(odd[0]), even[1].add(odd[1]), even[1].sub(odd[1]), highest];
        first(out)
    }
}
