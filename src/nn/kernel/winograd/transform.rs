//! The transforms of tiles, vectorised over tiles: B^T d B on the way in, A^T m A on the way out (arXiv 1509.09308,
//! section 4), with polynomials through 0, +-1 and infinity for tiles of side 2, and through 0, +-a, +-b and infinity
//! for tiles of side 4.
#![expect(unsafe_code, reason = "vectors, read and written through raw pointers")]
#![expect(clippy::needless_range_loop, reason = "iterators are not inlined into functions with other instructions")]
#![expect(clippy::inline_always, reason = "intrinsics must be inlined into functions that have their instructions")]

use crate::nn::kernel::{
    gemm::Shared,
    lanes::{Level, Octet, Plain},
    panels::OCTET,
};

/// Interpolation points of tiles of side 4. With these (and with those of tiles of side 2), a tile whose pixels are all
/// equal has only one element that is not exactly zero (given fused multiply-add), and all its outputs are the same: plain areas of a
/// photo stay plain. (Of tiles that reach beyond such an area, [`alike`](super::alike) sees to that.)
const A: f64 = 1.0;
const B: f64 = 2.0;

/// Numbers that vectors may reach beyond the end.
pub const SLACK: usize = 32;

/// `G`, by which a filter's rows and columns are multiplied, for tiles of side `T - 2`: the first row sees the first number
/// only, the last the third; between are pairs of rows that differ in the sign of the second.
pub fn filter_matrix<const T: usize>() -> [[f64; 3]; T] {
    let mut matrix = [[0.0; 3]; T];
    let at = |p: f64, scale: f64| [1.0 / scale, p / scale, p * p / scale];
    let (a2, b2) = (A * A, B * B);
    let (near, far) = (2.0 * a2 * (a2 - b2), 2.0 * b2 * (b2 - a2));
    let small = [[-1.0, 0.0, 0.0], at(1.0, 2.0), at(-1.0, 2.0)];
    let large = [[1.0 / (a2 * b2), 0.0, 0.0], at(A, near), at(-A, near), at(B, far), at(-B, far)];
    matrix[..T - 1].copy_from_slice(if T == 4 { &small } else { &large });
    matrix[T - 1] = [0.0, 0.0, 1.0];
    matrix
}

/// `B^T` down the columns of a padded block: `taps` arrays of lines.
pub fn run_down(level: Level, tile: usize, rows: usize, wide: usize, padded: &[f32], lines: &mut [f32]) {
    assert!(padded.len() >= (tile * rows + 2) * wide + SLACK && lines.len() >= (tile + 2) * (rows * wide + SLACK));
    // SAFETY: the level was found available, and the assertion keeps reads and writes in bounds.
    unsafe {
        match (level, tile) {
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2 | Level::Avx512, 2) => down_avx2::<2, 4>(rows, wide, padded, lines),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2 | Level::Avx512, _) => down_avx2::<4, 6>(rows, wide, padded, lines),
            (_, 2) => down::<Plain, 2, 4>(rows, wide, padded, lines),
            _ => down::<Plain, 4, 6>(rows, wide, padded, lines),
        }
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

/// `B` along `rows` lines of `tiles` tiles, which lie with a tile between them in `line`: to elements from `first` on.
///
/// # Safety
/// Nobody else may touch these elements meanwhile.
pub unsafe fn run_along(
    level: Level,
    tile: usize,
    [rows, tiles]: [usize; 2],
    line: &[f32],
    phases: &mut [f32],
    (out, first): (&Spread<'_>, usize),
) {
    let wide = rows * (tiles + 1);
    assert!(line.len() >= tile * wide + SLACK, "a line of tiles");
    assert!(phases.len() >= tile * (wide + SLACK), "scratch of a line");
    let to = out.values.pointer(out.start + first * out.apart, (tile + 1) * out.apart + rows * tiles);
    let out = (to, out.apart);
    // SAFETY: the level was found available, the assertions keep reads in bounds, and the pointer is one to all elements.
    unsafe {
        match (level, tile) {
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2 | Level::Avx512, 2) => along_avx2::<2, 4>(rows, tiles, line, phases, out),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2 | Level::Avx512, _) => along_avx2::<4, 6>(rows, tiles, line, phases, out),
            (_, 2) => along::<Plain, 2, 4>(rows, tiles, line, phases, out),
            _ => along::<Plain, 4, 6>(rows, tiles, line, phases, out),
        }
    }
}

/// `A^T` along and down `tiles` tiles, element e of which is at `products[e * step..]`, a bias added and then rectified
/// if asked: `tile` arrays of pixels.
pub fn run_back(
    level: Level,
    tile: usize,
    (products, step, tiles): (&[f32], usize, usize),
    (bias, relu): (f32, bool),
    out: &mut [f32],
) {
    let elements = (tile + 2) * (tile + 2);
    assert!(products.len() >= (elements - 1) * step + tiles && tiles.is_multiple_of(OCTET), "products of a block");
    assert!(out.len() >= tile * tile * tiles, "scratch of a block");
    // SAFETY: the level was found available, and the assertions keep reads and writes in bounds.
    unsafe {
        match (level, tile) {
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2 | Level::Avx512, 2) => back_avx2::<2, 4>(products, step, tiles, bias, relu, out),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2 | Level::Avx512, _) => back_avx2::<4, 6>(products, step, tiles, bias, relu, out),
            (_, 2) => back::<Plain, 2, 4>(products, step, tiles, bias, relu, out),
            _ => back::<Plain, 4, 6>(products, step, tiles, bias, relu, out),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn down_avx2<const M: usize, const T: usize>(rows: usize, wide: usize, padded: &[f32], lines: &mut [f32]) {
    // SAFETY: the caller vouches for AVX2 and the sizes.
    unsafe { down::<std::arch::x86_64::__m256, M, T>(rows, wide, padded, lines) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn along_avx2<const M: usize, const T: usize>(
    rows: usize,
    tiles: usize,
    line: &[f32],
    phases: &mut [f32],
    out: (*mut f32, usize),
) {
    // SAFETY: the caller vouches for AVX2 and the sizes.
    unsafe { along::<std::arch::x86_64::__m256, M, T>(rows, tiles, line, phases, out) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn back_avx2<const M: usize, const T: usize>(
    products: &[f32],
    step: usize,
    tiles: usize,
    bias: f32,
    relu: bool,
    out: &mut [f32],
) {
    // SAFETY: the caller vouches for AVX2 and the sizes.
    unsafe { back::<std::arch::x86_64::__m256, M, T>(products, step, tiles, bias, relu, out) }
}

#[inline(always)]
unsafe fn down<L: Octet, const M: usize, const T: usize>(rows: usize, wide: usize, padded: &[f32], lines: &mut [f32]) {
    let length = lines.len() / T;
    for row in 0..rows {
        for at in (0..wide).step_by(OCTET) {
            // SAFETY: the caller vouches for the sizes: a vector that begins inside a row reaches at most 7 beyond it,
            // where either the next row or slack is (and the next row is written later).
            unsafe {
                let source = padded.as_ptr().add(M * row * wide + at);
                let out = input::<L, T>(std::array::from_fn(|j| L::load(source.add(j * wide))));
                for j in 0..T {
                    out[j].store(lines.as_mut_ptr().add(j * length + row * wide + at));
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn along<L: Octet, const M: usize, const T: usize>(
    rows: usize,
    tiles: usize,
    line: &[f32],
    phases: &mut [f32],
    out: (*mut f32, usize),
) {
    let (phase, wide) = (phases.len() / M, rows * (tiles + 1));
    for at in (0..wide).step_by(OCTET) {
        // SAFETY: the caller vouches for the sizes: lines and phases have slack for whole vectors.
        unsafe {
            let source = line.as_ptr().add(M * at);
            if M == 4 {
                let parts = L::load_fourths(source);
                for j in 0..4 {
                    parts[j].store(phases.as_mut_ptr().add(j * phase + at));
                }
            } else {
                let parts = L::load_halves(source);
                for j in 0..2 {
                    parts[j].store(phases.as_mut_ptr().add(j * phase + at));
                }
            }
        }
    }
    for row in 0..rows {
        for at in (0..tiles).step_by(OCTET) {
            // What a vector writes beyond its row, the next row writes again; nothing may be written beyond the last row.
            let beyond = row * tiles + at + OCTET > rows * tiles;
            let at = if beyond { tiles.saturating_sub(OCTET) } else { at };
            // SAFETY: as above.
            unsafe {
                let source = phases.as_ptr().add(row * (tiles + 1) + at);
                let read = |j: usize| L::load(source.add(j % M * phase + j / M));
                let values = input::<L, T>(std::array::from_fn(read));
                for j in 0..T {
                    let to = out.0.add(j * out.1 + row * tiles + at);
                    if beyond && tiles < OCTET {
                        values[j].store_first(tiles, to);
                    } else {
                        values[j].store(to);
                    }
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn back<L: Octet, const M: usize, const T: usize>(
    products: &[f32],
    step: usize,
    tiles: usize,
    bias: f32,
    relu: bool,
    out: &mut [f32],
) {
    for at in (0..tiles).step_by(OCTET) {
        // SAFETY: the caller vouches for the sizes, and `tiles` is a multiple of eight.
        unsafe {
            let bias = L::all(bias);
            let columns: [[L; M]; T] = std::array::from_fn(|b| {
                output::<L, M, T>(std::array::from_fn(|a| L::load(products.as_ptr().add((a * T + b) * step + at))))
            });
            for a in 0..M {
                let mut row = [bias; T];
                for b in 0..T {
                    row[b] = columns[b][a];
                }
                let mut values = output::<L, M, T>(row);
                for j in 0..M {
                    values[j] = values[j].add(bias);
                    if relu {
                        values[j] = values[j].rectified();
                    }
                }
                let line = out.as_mut_ptr().add(M * (a * tiles + at));
                if M == 4 {
                    L::store_fourths([values[0], values[1], values[2], values[3]], line);
                } else {
                    L::store_halves([values[0], values[1]], line);
                }
            }
        }
    }
}

/// One column or row of `B^T d`.
#[inline(always)]
unsafe fn input<L: Octet, const T: usize>(d: [L; T]) -> [L; T] {
    // SAFETY: the caller vouches for the instructions of `L`.
    unsafe {
        if T == 4 {
            let out = [d[2].sub(d[0]), d[1].add(d[2]), d[2].sub(d[1]), d[3].sub(d[1])];
            return std::array::from_fn(|j| out[j]);
        }
        let constant = |value: f64| L::all(value as f32);
        let (a2, b2) = (constant(-A * A), constant(-B * B));
        let (sum, product) = (constant(-(A * A + B * B)), constant(A * A * B * B));
        let even = [d[4].plus(b2, d[2]), d[4].plus(a2, d[2])];
        let odd = [d[3].plus(b2, d[1]).mul(constant(A)), d[3].plus(a2, d[1]).mul(constant(B))];
        let first = d[4].plus(sum, d[2]).plus(product, d[0]);
        let last = d[5].plus(sum, d[3]).plus(product, d[1]);
        let out = [first, even[0].add(odd[0]), even[0].sub(odd[0]), even[1].add(odd[1]), even[1].sub(odd[1]), last];
        std::array::from_fn(|j| out[j])
    }
}

/// One column or row of `A^T m`.
#[inline(always)]
unsafe fn output<L: Octet, const M: usize, const T: usize>(m: [L; T]) -> [L; M] {
    // SAFETY: the caller vouches for the instructions of `L`.
    unsafe {
        let (near, near_odd) = (m[1].add(m[2]), m[1].sub(m[2]));
        if T == 4 {
            let out = [m[0].add(near), near_odd.add(m[3])];
            return std::array::from_fn(|j| out[j]);
        }
        let constant = |value: f64| L::all(value as f32);
        let (far, far_odd) = (m[3].add(m[4]), m[3].sub(m[4]));
        let out = [
            m[0].add(near).add(far),
            near_odd.mul(constant(A)).plus(constant(B), far_odd),
            near.mul(constant(A * A)).plus(constant(B * B), far),
            m[5].plus(constant(A * A * A), near_odd).plus(constant(B * B * B), far_odd),
        ];
        std::array::from_fn(|j| out[j])
    }
}
