//! The transforms of tiles, vectorised over tiles: B^T d B on the way in, A^T m A on the way out (arXiv 1509.09308,
//! section 4), with polynomials through 0, +-1 and infinity for tiles of side 2, and through 0, +-a, +-b and infinity
//! for tiles of side 4.
#![expect(unsafe_code, reason = "vectors, read and written through raw pointers")]
#![expect(clippy::inline_always, reason = "intrinsics must be inlined into functions that have their instructions")]

use std::ops::Range;

use crate::nn::kernel::{
    lanes::{Level, Octet, Plain},
    panels::OCTET,
};

/// Interpolation points of tiles of side 4. With these (and with those of tiles of side 2), a tile whose pixels are all
/// equal has only one element that is not exactly zero (given fused multiply-add), and all its outputs are the same: plain areas of a
/// photo stay plain, and pooling finds the first of equal maxima there.
const A: f64 = 1.0;
const B: f64 = 2.0;

/// `G`, by which a filter's rows and columns are multiplied.
pub fn filter_matrix(tile: usize) -> Vec<[f64; 3]> {
    if tile == 2 {
        return vec![[-1.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.0, 0.0, 1.0]];
    }
    let at = |p: f64, scale: f64| [1.0 / scale, p / scale, p * p / scale];
    let (a2, b2) = (A * A, B * B);
    let (near, far) = (2.0 * a2 * (a2 - b2), 2.0 * b2 * (b2 - a2));
    vec![[1.0 / (a2 * b2), 0.0, 0.0], at(A, near), at(-A, near), at(B, far), at(-B, far), [0.0, 0.0, 1.0]]
}

/// Rows of tiles.
pub type Rows = Range<usize>;

/// How a map is cut into tiles, rows of tiles, and blocks of such rows. Depends on the map's sides alone.
#[derive(Clone, Copy, Debug)]
pub struct Tiling {
    tile: usize,
    sides: [usize; 2],
    /// Tiles down and across.
    tiles: [usize; 2],
    /// Rows of tiles in a block.
    high: usize,
}

/// Tiles in a block, about.
const TILES: usize = 56;
/// Numbers that vectors may reach beyond the end.
const SLACK: usize = 32;

impl Tiling {
    /// Tiles of side `tile` on a map of these sides.
    pub fn new(tile: usize, sides: [usize; 2]) -> Self {
        let tiles = sides.map(|side| side.div_ceil(tile));
        let most = (TILES / tiles[1]).max(1);
        let high = tiles[0].div_ceil(tiles[0].div_ceil(most));
        Self { tile, sides, tiles, high }
    }

    /// Blocks of the map.
    pub fn blocks(&self) -> usize {
        self.tiles[0].div_ceil(self.high)
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

    /// Tiles of a block, with padding to whole vectors.
    pub fn padded_tiles(&self, rows: &Rows) -> usize {
        (rows.len() * self.tiles[1]).next_multiple_of(OCTET)
    }

    /// Pixels of a padded row.
    fn wide(&self) -> usize {
        self.tile * (self.tiles[1] + 1)
    }

    /// Every array that a transform uses on the way, from its beginning.
    fn lengths(&self, rows: &Rows) -> [usize; 4] {
        let lines = rows.len() * self.wide();
        let pixels = (self.tile * rows.len() + 2) * self.wide() + SLACK;
        let tiles = lines / self.tile + SLACK;
        [pixels, self.taps() * (lines + SLACK), self.tile * tiles, self.taps() * tiles]
    }

    /// Scratch that [`forth`](Self::forth) needs.
    pub fn input_scratch(&self, rows: &Rows) -> usize {
        self.lengths(rows).iter().sum()
    }

    /// Scratch that [`back`](Self::back) needs.
    pub fn output_scratch(&self, rows: &Rows) -> usize {
        self.tile * self.tile * self.padded_tiles(rows)
    }

    /// Transforms the tiles of `rows` in one plane (turned by 180 degrees if `turned`), handing on pieces:
    /// `put(element, first tile, values)`.
    pub fn forth(
        &self,
        level: Level,
        rows: &Rows,
        plane: &[f32],
        turned: bool,
        scratch: &mut [f32],
        mut put: impl FnMut(usize, usize, &[f32]),
    ) {
        let [pixels, lines, phases, transformed] = self.lengths(rows);
        let (padded, scratch) = scratch.split_at_mut(pixels);
        let (lines, scratch) = scratch.split_at_mut(lines);
        let (phases, scratch) = scratch.split_at_mut(phases);
        let transformed = &mut scratch[..transformed];
        self.pad(rows, plane, turned, padded);
        let wide = self.wide();
        let (line, tiles) = (lines.len() / self.taps(), transformed.len() / self.taps());
        run_down(level, self.tile, rows.len(), wide, padded, lines);
        for (a, line) in lines.chunks_exact(line).enumerate() {
            run_along(level, self.tile, rows.len() * wide / self.tile, line, phases, transformed);
            for (b, values) in transformed.chunks_exact(tiles).enumerate() {
                for row in 0..rows.len() {
                    let values = &values[row * (wide / self.tile)..][..self.tiles[1]];
                    put(a * self.taps() + b, row * self.tiles[1], values);
                }
            }
        }
    }

    /// The block's pixels with a border of zeros.
    fn pad(&self, rows: &Rows, plane: &[f32], turned: bool, padded: &mut [f32]) {
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
                let source = plane[(height - 1 - y) * width..][..width].iter().rev();
                row.iter_mut().zip(source).for_each(|(to, from)| *to = *from);
            } else {
                row.copy_from_slice(&plane[y * width..][..width]);
            }
        }
    }

    /// Transforms products back: element e of the tiles is at `products[e * step..]`. Leaves `tile` arrays in `out`, one
    /// for each row of pixels of a row of tiles.
    pub fn back(
        &self,
        level: Level,
        rows: &Rows,
        products: &[f32],
        step: usize,
        (bias, relu): (f32, bool),
        out: &mut [f32],
    ) {
        let tiles = self.padded_tiles(rows);
        assert!(products.len() >= (self.elements() - 1) * step + tiles, "products of a block");
        assert!(out.len() >= self.output_scratch(rows), "scratch of a block");
        // SAFETY: the level was found available, and the assertions keep reads and writes in bounds.
        unsafe {
            match (level, self.tile) {
                #[cfg(target_arch = "x86_64")]
                (Level::Avx2 | Level::Avx512, 2) => back_avx2::<2, 4>(products, step, tiles, bias, relu, out),
                #[cfg(target_arch = "x86_64")]
                (Level::Avx2 | Level::Avx512, _) => back_avx2::<4, 6>(products, step, tiles, bias, relu, out),
                (_, 2) => back::<Plain, 2, 4>(products, step, tiles, bias, relu, out),
                _ => back::<Plain, 4, 6>(products, step, tiles, bias, relu, out),
            }
        }
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

/// `B^T` down the columns of a padded block: `taps` arrays of lines.
fn run_down(level: Level, tile: usize, rows: usize, wide: usize, padded: &[f32], lines: &mut [f32]) {
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

/// `B` along one line of `tiles` tiles (and the one after): `taps` arrays of tiles.
fn run_along(level: Level, tile: usize, tiles: usize, line: &[f32], phases: &mut [f32], out: &mut [f32]) {
    assert!(line.len() >= tile * tiles + SLACK, "a line of tiles");
    assert!(phases.len() >= tile * (tiles + SLACK) && out.len() >= (tile + 2) * (tiles + SLACK), "arrays of tiles");
    // SAFETY: the level was found available, and the assertions keep reads and writes in bounds.
    unsafe {
        match (level, tile) {
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2 | Level::Avx512, 2) => along_avx2::<2, 4>(tiles, line, phases, out),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2 | Level::Avx512, _) => along_avx2::<4, 6>(tiles, line, phases, out),
            (_, 2) => along::<Plain, 2, 4>(tiles, line, phases, out),
            _ => along::<Plain, 4, 6>(tiles, line, phases, out),
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
unsafe fn along_avx2<const M: usize, const T: usize>(tiles: usize, line: &[f32], phases: &mut [f32], out: &mut [f32]) {
    // SAFETY: the caller vouches for AVX2 and the sizes.
    unsafe { along::<std::arch::x86_64::__m256, M, T>(tiles, line, phases, out) }
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
                for (j, out) in out.into_iter().enumerate() {
                    out.store(lines.as_mut_ptr().add(j * length + row * wide + at));
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn along<L: Octet, const M: usize, const T: usize>(
    tiles: usize,
    line: &[f32],
    phases: &mut [f32],
    out: &mut [f32],
) {
    let (phase, length) = (phases.len() / M, out.len() / T);
    for at in (0..tiles).step_by(OCTET) {
        // SAFETY: the caller vouches for the sizes: lines and phases have slack for whole vectors.
        unsafe {
            let source = line.as_ptr().add(M * at);
            if M == 4 {
                for (j, part) in L::load_fourths(source).into_iter().enumerate() {
                    part.store(phases.as_mut_ptr().add(j * phase + at));
                }
            } else {
                for (j, part) in L::load_halves(source).into_iter().enumerate() {
                    part.store(phases.as_mut_ptr().add(j * phase + at));
                }
            }
        }
    }
    for j in 0..M {
        phases[j * phase + tiles] = 0.0;
    }
    for at in (0..tiles).step_by(OCTET) {
        // SAFETY: as above.
        unsafe {
            let read = |j: usize| L::load(phases.as_ptr().add(j % M * phase + j / M + at));
            for (j, value) in input::<L, T>(std::array::from_fn(read)).into_iter().enumerate() {
                value.store(out.as_mut_ptr().add(j * length + at));
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
                for (element, column) in row.iter_mut().zip(&columns) {
                    *element = column[a];
                }
                let mut values = output::<L, M, T>(row);
                for value in &mut values {
                    *value = value.add(bias);
                    if relu {
                        *value = value.rectified();
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
