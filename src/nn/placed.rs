//! Networks placed where their layers compute: by dfdx's operations on any of its devices, or by kernels on a GPU.
//!
//! What a layer does to values is a [`Place`]'s business; what a network is, its passes and the way back are the same
//! everywhere. Values lie as rows: one row a place of an image, one column a channel.

mod network;
mod track;

use std::fmt;

use super::{Real, Rule, kernel::conv, window::slid};

pub use network::Placed;
pub use track::Track;

/// Sizes of a batch of maps; a vector of features is a map of one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Images.
    pub batch: usize,
    /// Planes of each.
    pub channels: usize,
    /// Height and width.
    pub sides: [usize; 2],
}

impl Extent {
    /// Places of one image.
    pub fn area(self) -> usize {
        self.sides[0] * self.sides[1]
    }

    /// Places of all images.
    pub fn places(self) -> usize {
        self.batch * self.area()
    }

    /// Places of all images, and channels.
    pub fn rows(self) -> (usize, usize) {
        (self.places(), self.channels)
    }

    /// Numbers of all images.
    pub fn count(self) -> usize {
        self.places() * self.channels
    }
}

/// Windows that slide over a batch of maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Windows {
    /// Images.
    pub batch: usize,
    /// Height and width of what they slide over.
    pub input: [usize; 2],
    /// How many there are in a column and in a row.
    pub output: [usize; 2],
    /// Their side.
    pub kernel: usize,
    /// Their step.
    pub stride: usize,
    /// Zeros around the input.
    pub padding: usize,
}

impl Windows {
    /// Those of a convolution of sizes `size` - of which all but batch and sides counts - over maps of sizes `x`.
    pub fn of(size: &conv::Size, x: Extent) -> Self {
        let conv::Size { kernel, stride, padding, .. } = *size;
        let output = x.sides.map(|side| slid(side, kernel, stride, padding, false));
        Self { batch: x.batch, input: x.sides, output, kernel, stride, padding }
    }

    /// Sizes of a result with these windows as places.
    pub fn output(&self, channels: usize) -> Extent {
        Extent { batch: self.batch, channels, sides: self.output }
    }

    /// Sizes of what they slide over.
    pub fn input(&self, channels: usize) -> Extent {
        Extent { batch: self.batch, channels, sides: self.input }
    }
}

/// Where layers compute. Every operation fails if the place's memory is full or its device breaks down.
#[expect(clippy::missing_errors_doc, reason = "said once, above")]
pub trait Place<E: Real> {
    /// A batch of maps, cheap to clone.
    type Values: Clone + 'static;
    /// The filters of a convolution.
    type Filters: 'static;
    /// The weights of a dense layer.
    type Matrix: 'static;
    /// What a pooling remembers for the way back.
    type Winners: 'static;
    /// What goes wrong.
    type Failure: fmt::Display;

    /// Whether it can do what [`weighted`](Self::weighted) says: it spares a copy of activations and gradients from a GPU.
    const WEIGHS: bool = false;

    /// Gets ready for batches of `batch` images.
    fn prepare(&self, _batch: usize) {}

    /// `values` in C order, image after image, of these sizes.
    fn upload(&self, values: &[E], extent: Extent) -> Result<Self::Values, Self::Failure>;

    /// The other way round.
    fn download(&self, values: &Self::Values, extent: Extent) -> Result<Vec<E>, Self::Failure>;

    /// One image of many.
    fn one(&self, values: &Self::Values, extent: Extent, image: usize) -> Result<Self::Values, Self::Failure>;

    /// The sum of both.
    fn add(&self, a: Self::Values, b: Self::Values, extent: Extent) -> Result<Self::Values, Self::Failure>;

    /// `filter` is `O x K x K x I`.
    fn filters(&self, filter: &[E], bias: &[E], size: &conv::Size) -> Result<Self::Filters, Self::Failure>;

    /// `conv(x) + bias`.
    fn convolution(
        &self,
        filters: &Self::Filters,
        x: Self::Values,
        windows: Windows,
    ) -> Result<Self::Values, Self::Failure>;

    /// The gradient of what the windows slid over, given that of the output.
    fn convolution_gradient(
        &self,
        filters: &Self::Filters,
        up: Self::Values,
        windows: Windows,
    ) -> Result<Self::Values, Self::Failure>;

    /// `max(x, 0)`; a NaN stays.
    fn rectified(&self, x: Self::Values, extent: Extent) -> Result<Self::Values, Self::Failure>;

    /// What `rule` lets through of the gradient `up` of the output `y`; a NaN passes where its input's sign lets it.
    fn gated(
        &self,
        rule: Rule,
        y: &Self::Values,
        up: Self::Values,
        extent: Extent,
    ) -> Result<Self::Values, Self::Failure>;

    /// The maximum of each window, and where it lies: the first of equal ones, but the last NaN, as in PyTorch.
    fn pooled(
        &self,
        x: Self::Values,
        windows: Windows,
        channels: usize,
    ) -> Result<(Self::Values, Self::Winners), Self::Failure>;

    /// The gradient of what was pooled, given that of the maxima.
    fn pooled_gradient(
        &self,
        winners: &Self::Winners,
        up: Self::Values,
        windows: Windows,
        channels: usize,
    ) -> Result<Self::Values, Self::Failure>;

    /// `weight` is `O x` the sizes in `reads`: features, or channels, height and width.
    fn matrix(&self, weight: &[E], bias: &[E], reads: &[usize]) -> Result<Self::Matrix, Self::Failure>;

    /// `W x + b`, for `x` of sizes `extent`.
    fn dense(&self, matrix: &Self::Matrix, x: Self::Values, extent: Extent) -> Result<Self::Values, Self::Failure>;

    /// The gradient of an input of sizes `extent`.
    fn dense_gradient(
        &self,
        matrix: &Self::Matrix,
        up: Self::Values,
        extent: Extent,
    ) -> Result<Self::Values, Self::Failure>;

    /// The mean of each plane of `x`.
    fn average(&self, x: Self::Values, extent: Extent) -> Result<Self::Values, Self::Failure>;

    /// The gradient of planes of sizes `extent`, given that of their means.
    fn average_gradient(&self, up: Self::Values, extent: Extent) -> Result<Self::Values, Self::Failure>;

    /// For each image the means of the planes of `gradient`, and the planes of `values` added up with these as weights: summed
    /// in double precision, rounded in between and after. Only asked for where [`WEIGHS`](Self::WEIGHS) says so.
    fn weighted(
        &self,
        _values: &Self::Values,
        _gradient: Self::Values,
        _extent: Extent,
    ) -> Result<[Vec<E>; 2], Self::Failure> {
        unreachable!("it does not weigh")
    }

    /// Two maps of sizes `extent`, side by side as channels.
    fn beside(&self, a: Self::Values, b: Self::Values, extent: Extent) -> Result<Self::Values, Self::Failure>;

    /// The two halves, of sizes `extent` each, that [`beside`](Self::beside) laid side by side.
    fn apart(&self, both: Self::Values, extent: Extent) -> Result<[Self::Values; 2], Self::Failure>;
}

/// `O x` the sizes in `reads`, with the channels of each place together.
pub(super) fn channels_last<E: Real>(weight: &[E], reads: &[usize]) -> Vec<E> {
    let (channels, area) = (reads[0], reads[1..].iter().product::<usize>());
    conv::transposed(weight, weight.len() / (channels * area), [channels, area])
}

/// From C order, image after image, to one row a place.
pub(super) fn by_rows<E: Real>(values: &[E], extent: Extent) -> Vec<E> {
    conv::transposed(values, extent.batch, [extent.channels, extent.area()])
}

/// From one row a place to C order, image after image.
pub(super) fn by_planes<E: Real>(rows: &[E], extent: Extent) -> Vec<E> {
    conv::transposed(rows, extent.batch, [extent.area(), extent.channels])
}
