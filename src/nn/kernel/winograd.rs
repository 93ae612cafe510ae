//! 3x3 convolutions that keep height and width, by Winograd's minimal filtering (arXiv 1509.09308): tiles of the map and
//! of the filter are transformed so that a convolution becomes one matrix product for each element of a tile.
//!
//! Going back uses the same filters: a convolution with the filter turned by 180 degrees is the convolution of the map
//! turned by 180 degrees, turned again. So maps are turned while they are read and written, and the products take the
//! transpose of the filter's matrices.

mod alike;
mod filter;
mod job;
mod tiling;
mod transform;

pub use filter::{Filter, Untransformed};
use job::{Gates, Job};
use tiling::Tiling;

use super::{
    conv::{Finish, Size},
    lanes::Level,
    relu::Open,
};
use crate::nn::Rule;

/// The output tile's side for a convolution of `size`. Side 4 multiplies least; side 2 reads less where the map is so small
/// that reading a large filter takes longest.
pub fn tile(size: &Size) -> usize {
    let (largest, weights) = (size.output.into_iter().max(), size.inputs * size.outputs);
    if largest <= Some(16) && weights > 1 << 16 { 2 } else { 4 }
}

/// Whether the map of a convolution of `size` is one block, so that each filter is used just once: then filters that are used
/// for one photo only need not be kept transformed.
pub fn uses_filters_once(level: Level, size: &Size) -> bool {
    size.batch == 1 && !size.output.contains(&0) && Tiling::new(level, tile(size), size.output).blocks() == 1
}

/// The filters of a convolution.
#[derive(Clone, Copy, Debug)]
pub enum Filters<'a> {
    /// All of them, transformed.
    Ready(&'a Filter),
    /// As in their file: some are transformed at a time.
    Untransformed(Untransformed<'a>),
}

impl Filters<'_> {
    fn tile(&self) -> usize {
        match self {
            Self::Ready(filter) => filter.tile,
            Self::Untransformed(plain) => plain.tile,
        }
    }

    fn fit(&self, size: &Size) -> bool {
        match self {
            Self::Ready(filter) => (filter.shape.columns, filter.shape.rows) == (size.inputs, size.outputs),
            Self::Untransformed(plain) => plain.inputs == size.inputs && plain.values.len() == size.filter_len(),
        }
    }
}

/// `y = conv(x, filters)`, finished as `finish` says.
///
/// # Panics
/// If a size does not fit.
pub fn forward(level: Level, size: &Size, x: &[f32], filters: Filters, finish: Finish<'_, f32>, y: &mut [f32]) {
    check(size, filters, [x.len(), y.len()]);
    Job::forth(level, size, filters, finish).run::<false>(x, y);
}

/// The same with a rectifier, and which of its outputs are above zero.
///
/// # Panics
/// As [`forward`].
pub fn rectified(level: Level, size: &Size, x: &[f32], filters: Filters, bias: &[f32], y: &mut [f32]) -> Open {
    check(size, filters, [x.len(), y.len()]);
    let mut open = Open::none(y.len(), size.output[1]);
    let mut job = Job::forth(level, size, filters, Finish::Forward { bias, relu: true });
    job.gates = Gates::Note(open.notes());
    job.run::<false>(x, y);
    open
}

/// Adds to `down`, the gradient of the input, what `up`, the gradient of the output, implies - or writes it there,
/// whatever was there, if `fresh`.
///
/// # Panics
/// If a size does not fit.
pub fn input_gradient(level: Level, size: &Size, up: &[f32], filters: Filters, down: &mut [f32], fresh: bool) {
    check(size, filters, [down.len(), up.len()]);
    let finish = if fresh { Finish::Write } else { Finish::Add };
    Job::back(level, size, filters, finish).run::<true>(up, down);
}

/// Writes to `down` the gradient of the input of the rectifier that made the convolution's input, under a rule; `open` says which
/// of its outputs are above zero.
///
/// # Panics
/// If a size does not fit.
pub fn gated_gradient(
    level: Level,
    size: &Size,
    up: &[f32],
    filters: Filters,
    (rule, open): (Rule, &Open),
    down: &mut [f32],
) {
    check(size, filters, [down.len(), up.len()]);
    assert!(open.fits(down.len(), size.input[1]), "sizes of a rectifier");
    let mut job = Job::back(level, size, filters, Finish::Write);
    job.gates = Gates::Obey(rule, open);
    job.run::<true>(up, down);
}

fn check(size: &Size, filters: Filters, lengths: [usize; 2]) {
    assert!(size.fits_tiles(), "a window that keeps the size");
    assert_eq!(size.input, size.output, "a window that keeps the size");
    assert!(filters.fit(size) && [2, 4].contains(&filters.tile()), "sizes of a filter");
    assert_eq!(lengths, [size.input_len(), size.output_len()], "sizes of a convolution");
}
