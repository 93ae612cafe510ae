//! The arithmetic under the layers: functions of slices and sizes that know neither tensors nor tapes.
//!
//! Each number is computed by one thread in an order that depends on the shapes alone, however work is cut into pieces: the same
//! bits for any number of threads. All `input_gradient` functions add to the gradient
//! they are handed, unless they are told that it is a fresh one.

pub mod average;
pub mod columns;
pub mod concat;
pub mod conv;
pub mod convolution;
pub mod dense;
pub mod gemm;
pub mod lanes;
pub mod memory;
pub mod panels;
pub mod pool;
pub mod relu;
pub mod taps;
pub mod threads;
pub mod weight;
pub mod winograd;

use std::fmt;

/// The family of kernels that convolutions run on; which one is part of what makes a result reproducible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Kernels {
    /// In f32: Winograd's minimal filtering for 3x3 windows that keep the size, the kernels of `direct` for the others.
    /// In f64 the same as `direct`.
    #[default]
    Winograd,
    /// The products of the definition, summed without transforms: on the processor by one matrix product for each place of the
    /// window, or by one for all of them where there are few channels and in f64.
    Direct,
    /// The layers composed of dfdx's own tensor operations: a slow second opinion.
    Composed,
}

impl fmt::Display for Kernels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Winograd => "winograd",
            Self::Direct => "direct",
            Self::Composed => "composed",
        })
    }
}
