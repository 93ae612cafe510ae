//! Filters transformed once, for both directions.
#![expect(unsafe_code, reason = "panels of many matrices are written by several threads")]

use rayon::prelude::*;

use super::transform::filter_matrix;
use crate::nn::kernel::{
    gemm::Shared,
    panels::{OCTET, Panels},
};

/// The filters of a convolution, transformed: one matrix of outputs x inputs for each element of a tile.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Side of the output tiles.
    pub tile: usize,
    /// Of each matrix: as many rows as output channels, as many columns as input channels.
    pub shape: Panels,
    values: Vec<f32>,
}

impl Filter {
    /// Transforms `filter`, which is `O x 3 x 3 x I`, for tiles of side `tile` (2 or 4). Computed in f64, rounded once.
    ///
    /// # Panics
    /// If `filter` has another size.
    pub fn new(tile: usize, outputs: usize, inputs: usize, filter: &[f32]) -> Self {
        assert_eq!(filter.len(), outputs * 9 * inputs, "sizes of a filter");
        let shape = Panels { rows: outputs, columns: inputs };
        let taps = tile + 2;
        let mut values = vec![0.0; taps * taps * shape.len()];
        let shared = Shared::new(&mut values);
        (0..outputs.div_ceil(OCTET)).into_par_iter().for_each(|group| {
            for input in 0..inputs {
                let mut kernels = [[0.0; OCTET]; 9];
                for (r, output) in (group * OCTET..outputs).take(OCTET).enumerate() {
                    for (tap, kernel) in kernels.iter_mut().enumerate() {
                        kernel[r] = f64::from(filter[(output * 9 + tap) * inputs + input]);
                    }
                }
                let start = shape.at(group * OCTET, input);
                each_element(tile, &kernels, |element, values| {
                    // SAFETY: threads differ in the group, so no other writes here.
                    unsafe { shared.write(element * shape.len() + start, &values.map(|v| v as f32)) };
                });
            }
        });
        Self { tile, shape, values }
    }

    /// The matrix of one element of a tile.
    pub fn matrix(&self, element: usize) -> &[f32] {
        &self.values[element * self.shape.len()..][..self.shape.len()]
    }
}

/// `G g G^T` of eight kernels at once.
fn each_element(tile: usize, kernels: &[[f64; OCTET]; 9], mut put: impl FnMut(usize, [f64; OCTET])) {
    let matrix = filter_matrix(tile);
    let weighted = |parts: [&[f64; OCTET]; 3], weights: [f64; 3]| -> [f64; OCTET] {
        std::array::from_fn(|r| parts[0][r] * weights[0] + parts[1][r] * weights[1] + parts[2][r] * weights[2])
    };
    for (row, &down) in matrix.iter().enumerate() {
        let columns: [_; 3] = std::array::from_fn(|x| weighted([&kernels[x], &kernels[3 + x], &kernels[6 + x]], down));
        for (column, &along) in matrix.iter().enumerate() {
            put(row * matrix.len() + column, weighted(columns.each_ref(), along));
        }
    }
}
