//! Products of matrices in panels with blocks of columns, instruction set by instruction set, against sums in f64.

use std::ops::Range;

use crate::common::numbers::{noise, reals};
use proptest::prelude::*;
use saltty::nn::kernel::{
    lanes::Level,
    panels::{Blocks, DepthPart, OCTET, Panels, multiply, multiply_part},
};

/// Some matrices, their blocks, and which groups of rows are asked for.
#[derive(Clone, Debug)]
struct Products {
    shape: Panels,
    transposed: bool,
    count: usize,
    columns: usize,
    groups: Range<usize>,
    matrices: Vec<f32>,
    blocks: Vec<f32>,
}

/// Numbers between rows of a block that belong to nobody, as between blocks.
const GAP: usize = 8;

impl Products {
    fn new(rows: usize, depth: usize, transposed: bool, [count, columns]: [usize; 2], seed: u64) -> Self {
        let (rows, columns_of_matrix) = if transposed { (depth, rows) } else { (rows, depth) };
        let shape = Panels { rows, columns: columns_of_matrix };
        let groups = shape.outputs(transposed).div_ceil(OCTET);
        let first = seed as usize % groups;
        let groups = first..first + 1 + (seed >> 32) as usize % (groups - first);
        let matrices = reals(&noise(count * shape.len(), seed));
        let mut made = Self { shape, transposed, count, columns, groups, matrices, blocks: Vec::new() };
        made.blocks = reals(&noise(count * made.apart(), seed ^ 1));
        made
    }

    fn step(&self) -> usize {
        self.columns.next_multiple_of(OCTET) + GAP
    }

    fn apart(&self) -> usize {
        self.shape.depth(self.transposed) * self.step() + GAP
    }

    /// All products from column `first` on, at most `columns` of them, without what is behind the columns.
    fn computed(&self, level: Level, first: usize, columns: usize) -> Vec<f32> {
        // What follows may be anything, but must be there: a whole vector.
        let values: Vec<f32> = self.blocks[first..].iter().copied().chain([f32::NAN; 2 * OCTET]).collect();
        let blocks = Blocks { values: &values, apart: self.apart(), step: self.step(), columns };
        let mut out = vec![f32::NAN; self.count * self.groups.len() * OCTET * blocks.width()];
        let multiply = if self.transposed { multiply::<true> } else { multiply::<false> };
        multiply(level, self.shape, &self.matrices, self.groups.clone(), blocks, &mut out);
        out.chunks_exact(blocks.width()).flat_map(|row| row[..columns].to_vec()).collect()
    }

    /// The same in parts of the depth, each with matrices of its own: `cut` of it, then the rest.
    fn in_parts(&self, level: Level, cut: usize) -> Vec<f32> {
        let depth = self.shape.depth(self.transposed);
        let width = self.columns.next_multiple_of(OCTET);
        let mut out = vec![f32::NAN; self.count * self.groups.len() * OCTET * width];
        for part in [0..cut, cut..depth] {
            let [rows, columns] = if self.transposed {
                [part.clone(), 0..self.shape.columns]
            } else {
                [0..self.shape.rows, part.clone()]
            };
            let shape = Panels { rows: rows.len(), columns: columns.len() };
            let mut matrices = vec![f32::NAN; self.count * shape.len()];
            for product in 0..self.count {
                let (whole, some) =
                    (&self.matrices[product * self.shape.len()..], &mut matrices[product * shape.len()..]);
                for row in 0..rows.len() {
                    for column in 0..columns.len() {
                        some[shape.at(row, column)] = whole[self.shape.at(rows.start + row, columns.start + column)];
                    }
                }
            }
            let values = &self.blocks[part.start * self.step()..];
            let blocks = Blocks { values, apart: self.apart(), step: self.step(), columns: self.columns };
            let multiply_part = if self.transposed { multiply_part::<true> } else { multiply_part::<false> };
            let part = DepthPart { before: part.start, whole: depth };
            multiply_part(level, part, shape, &matrices, self.groups.clone(), blocks, &mut out);
        }
        out.chunks_exact(width).flat_map(|row| row[..self.columns].to_vec()).collect()
    }

    /// Cut there, the depth gives the same bits as at once.
    fn check_parts(&self, level: Level, cut: usize) {
        let (parts, whole) = (self.in_parts(level, cut), self.computed(level, 0, self.columns));
        let asked = self.groups.len() * OCTET;
        let rows = (self.shape.outputs(self.transposed) - self.groups.start * OCTET).min(asked);
        for (parts, whole) in parts.chunks_exact(asked * self.columns).zip(whole.chunks_exact(asked * self.columns)) {
            assert!(same(&parts[..rows * self.columns], &whole[..rows * self.columns]), "{level}, cut at {cut}");
        }
    }

    /// The sum for one row and one column of a product, and of its absolute parts.
    fn sum(&self, product: usize, row: usize, column: usize) -> (f64, f64) {
        let part = |k: usize| {
            let at = if self.transposed { self.shape.at(k, row) } else { self.shape.at(row, k) };
            let x = self.blocks[product * self.apart() + k * self.step() + column];
            f64::from(self.matrices[product * self.shape.len() + at]) * f64::from(x)
        };
        let parts = (0..self.shape.depth(self.transposed)).map(part);
        parts.fold((0.0, 0.0), |(sum, size), part| (sum + part, size + part.abs()))
    }

    fn check(&self) {
        let all: Vec<_> = Level::available().into_iter().map(|l| (l, self.computed(l, 0, self.columns))).collect();
        for (level, found) in &all {
            for (at, &value) in found.iter().enumerate() {
                let (line, column) = (at / self.columns, at % self.columns);
                let (product, row) = (line / (self.groups.len() * OCTET), line % (self.groups.len() * OCTET));
                let row = self.groups.start * OCTET + row;
                if row < self.shape.outputs(self.transposed) {
                    let (sum, size) = self.sum(product, row, column);
                    let allowed = 1e-6 * size + 1e-30;
                    assert!(
                        (f64::from(value) - sum).abs() <= allowed,
                        "{level} {product} {row} {column}: {value} {sum}"
                    );
                }
            }
        }
        let vectors: Vec<_> =
            all.into_iter().filter(|(level, _)| *level != Level::Scalar).map(|(_, all)| all).collect();
        assert!(vectors.windows(2).all(|pair| same(&pair[0], &pair[1])), "the same bits with all vectors");
    }
}

fn same(a: &[f32], b: &[f32]) -> bool {
    a.iter().map(|v| v.to_bits()).eq(b.iter().map(|v| v.to_bits()))
}

prop_compose! {
    /// Depths around those that are done at a time; columns that fill strips of all widths, and some more.
    fn products()(
        rows in prop_oneof![1..40usize, 120..150usize],
        depth in prop_oneof![1..20usize, 60..70usize, 120..140usize, Just(300)],
        transposed in any::<bool>(),
        count in 1..4usize,
        columns in prop_oneof![1..130usize, 48..52usize, 96..100usize, Just(112)],
        seed in any::<u64>(),
    ) -> Products {
        Products::new(rows, depth, transposed, [count, columns], seed)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn products_are_sums_over_the_depth(products in products()) {
        products.check();
    }

    #[test]
    fn a_column_has_the_same_bits_wherever_it_is_cut(
        products in products(), at in any::<prop::sample::Index>(), level in any::<prop::sample::Index>(),
    ) {
        let levels = Level::available();
        let level = levels[level.index(levels.len())];
        let whole = products.computed(level, 0, products.columns);
        let column = at.index(products.columns);
        let alone = products.computed(level, column, 1);
        let found: Vec<f32> = whole.chunks_exact(products.columns).map(|row| row[column]).collect();
        prop_assert!(same(&found, &alone));
    }

    #[test]
    fn parts_of_the_depth_give_the_same_bits(
        products in products(), cut in any::<prop::sample::Index>(), level in any::<prop::sample::Index>(),
    ) {
        let levels = Level::available();
        let level = levels[level.index(levels.len())];
        products.check_parts(level, cut.index(products.shape.depth(products.transposed) + 1));
    }
}

/// The shapes of VGG19's products: one strip and a column or two beside it, of 16 groups and of more.
#[test]
fn strips_with_columns_beside_them() {
    for (rows, depth) in [(128, 130), (136, 64), (8, 65)] {
        for transposed in [false, true] {
            for columns in [49, 50, 97, 98, 112] {
                let mut products = Products::new(rows, depth, transposed, [2, columns], 3);
                products.groups = 0..rows / OCTET;
                products.check();
                for level in Level::available() {
                    for cut in [8, depth / 2, 64] {
                        products.check_parts(level, cut.min(depth));
                    }
                }
            }
        }
    }
}

/// Nothing to sum gives zeros, and no groups nothing.
#[test]
fn nothing_is_zero() {
    for (rows, columns) in [(0, 3), (3, 0), (0, 0)] {
        let (mut out, blocks) = ([1.0; 8], Blocks { values: &[], apart: 0, step: 8, columns: 1 });
        multiply::<true>(Level::best(), Panels { rows, columns }, &[], 0..0, blocks, &mut out);
        assert_eq!(out, [0.0; 8]);
    }
    let mut products = Products::new(9, 5, false, [1, 3], 1);
    products.groups = 1..1;
    assert!(products.computed(Level::best(), 0, 3).is_empty());
}
