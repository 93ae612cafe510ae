//! Dense layers, global averages and channel concatenation on rows.

use dfdx::prelude::{
    Axes2, Axes3, Axis, BroadcastTo, Device, HasShape, PermuteTo, ReshapeTo, Tensor, TryAdd, TryMatMul, TryMul,
    TryStack,
};

use super::{Column, Composed, Failure, Rows};
use crate::nn::{
    Real,
    placed::{Extent, channels_last},
};

/// Rows in groups.
type Blocks<E, D> = Tensor<(usize, usize, usize), E, D>;

/// The weights of a dense layer on a device.
#[derive(Clone)]
pub struct Dense<E: Real, D: Device<E>> {
    /// `O x (H x W x C)`.
    weight: Rows<E, D>,
    bias: Column<E, D>,
}

impl<E: Real, D: Device<E>> Dense<E, D> {
    /// A layer whose `weight` is `O x` the sizes in `reads`: features, or channels, height and width.
    pub fn new(composed: &Composed<E, D>, weight: &[E], bias: &[E], reads: &[usize]) -> Result<Self, Failure<D>> {
        let inputs = reads.iter().product();
        Ok(Self {
            weight: composed.settle(channels_last(weight, reads), (bias.len(), inputs))?,
            bias: composed.device.try_tensor_from_vec(bias.to_vec(), (bias.len(),))?,
        })
    }

    /// `W x + b`.
    pub fn forward(&self, x: Rows<E, D>, batch: usize) -> Result<Rows<E, D>, Failure<D>> {
        let (outputs, inputs) = *self.weight.shape();
        let y =
            x.try_reshape_like(&(batch, inputs))?.try_matmul(self.weight.clone().try_permute::<_, Axes2<1, 0>>()?)?;
        y.try_add(self.bias.clone().try_broadcast_like::<_, Axis<0>>(&(batch, outputs))?)
    }

    /// The gradient of an input of sizes `extent`.
    pub fn input_gradient(&self, up: Rows<E, D>, extent: Extent) -> Result<Rows<E, D>, Failure<D>> {
        up.try_matmul(self.weight.clone())?.try_reshape_like(&extent.rows())
    }
}

/// The mean of each plane, summed by a matrix product: dfdx's own sums on a GPU are not the same from run to run.
pub fn average<E: Real, D: Device<E>>(
    composed: &Composed<E, D>,
    x: Rows<E, D>,
    extent: Extent,
) -> Result<Rows<E, D>, Failure<D>> {
    let Extent { batch, channels, .. } = extent;
    let area = extent.area();
    // Not broadcast: on GPUs dfdx multiplies batches only of matrices that lie apart.
    let ones: Blocks<E, D> = composed.device.try_tensor_from_vec(vec![E::of(1.0); batch * area], (batch, 1, area))?;
    let sums = ones.try_matmul(x.try_reshape_like(&(batch, area, channels))?)?;
    sums.try_reshape_like(&(batch, channels))?.try_mul(E::of(1.0 / area as f64))
}

/// The gradient of planes of sizes `extent`, given that of their means.
pub fn average_gradient<E: Real, D: Device<E>>(up: Rows<E, D>, extent: Extent) -> Result<Rows<E, D>, Failure<D>> {
    let shape = (extent.batch, extent.area(), extent.channels);
    let spread = up.try_mul(E::of(1.0 / extent.area() as f64))?.try_broadcast_like::<_, Axis<1>>(&shape)?;
    contiguous(spread)?.try_reshape_like(&extent.rows())
}

/// Two maps of equally many channels, side by side.
pub fn beside<E: Real, D: Device<E>>(a: Rows<E, D>, b: Rows<E, D>) -> Result<Rows<E, D>, Failure<D>> {
    let (places, channels) = *a.shape();
    let stacked = vec![a, b].try_stack()?;
    contiguous(stacked.try_permute::<(usize, usize, usize), Axes3<1, 0, 2>>()?)?
        .try_reshape_like(&(places, 2 * channels))
}

/// The gradients of the two maps that [`beside`] laid side by side.
pub fn apart<E: Real, D: Device<E>>(up: Rows<E, D>) -> Result<[Rows<E, D>; 2], Failure<D>> {
    let (places, channels) = *up.shape();
    let first = up.clone().try_slice((0..places, 0..channels / 2))?;
    Ok([first, up.try_slice((0..places, channels / 2..channels))?])
}

/// The same values without gaps, by a copy that needs no compiler on the device.
fn contiguous<E: Real, D: Device<E>>(x: Blocks<E, D>) -> Result<Blocks<E, D>, Failure<D>> {
    let (a, b, c) = *x.shape();
    x.try_slice((0..a, 0..b, 0..c))
}
