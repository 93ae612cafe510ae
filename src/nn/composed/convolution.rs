//! Convolution and its input gradient: one gathering and one matrix product.

use dfdx::prelude::{
    Axes2, Axis, BroadcastTo, Device, GatherTo, HasShape, PermuteTo, ReshapeTo, Tensor, TryAdd, TryMatMul,
};

use super::{Column, Composed, Failure, Rows, table::Table, with_row};
use crate::nn::{Real, kernel::conv::Size, placed::Windows};

/// The filters of a convolution on a device.
#[derive(Clone)]
pub struct Convolution<E: Real, D: Device<E>> {
    /// `(K x K x I) x O`.
    forth: Rows<E, D>,
    /// `(K x K x O) x I`.
    back: Rows<E, D>,
    bias: Column<E, D>,
    size: Size,
}

impl<E: Real, D: Device<E>> Convolution<E, D> {
    /// A layer whose `filter` is `O x K x K x I`; of `size` all but batch and sides counts.
    pub fn new(composed: &Composed<E, D>, filter: &[E], bias: &[E], size: Size) -> Result<Self, Failure<D>> {
        let (taps, inputs, outputs) = (size.kernel * size.kernel, size.inputs, size.outputs);
        let mut turned = Vec::with_capacity(filter.len());
        for tap in 0..taps {
            for output in 0..outputs {
                turned.extend_from_slice(&filter[(output * taps + tap) * inputs..][..inputs]);
            }
        }
        let forth = composed.settle(filter.to_vec(), (outputs, taps * inputs))?;
        Ok(Self {
            forth: forth.try_permute::<_, Axes2<1, 0>>()?,
            back: composed.settle(turned, (taps * outputs, inputs))?,
            bias: composed.device.try_tensor_from_vec(bias.to_vec(), (outputs,))?,
            size,
        })
    }

    /// `conv(x) + bias`.
    pub fn forward(
        &self,
        composed: &Composed<E, D>,
        x: Rows<E, D>,
        windows: Windows,
    ) -> Result<Rows<E, D>, Failure<D>> {
        let seen = self.gathered(composed, x, Table::Under(windows), self.size.inputs)?;
        let y = seen.try_matmul(self.forth.clone())?;
        let shape = windows.output(self.size.outputs).rows();
        y.try_add(self.bias.clone().try_broadcast_like::<_, Axis<0>>(&shape)?)
    }

    /// The gradient of what the windows slid over, given that of the output.
    pub fn input_gradient(
        &self,
        composed: &Composed<E, D>,
        up: Rows<E, D>,
        windows: Windows,
    ) -> Result<Rows<E, D>, Failure<D>> {
        let seen = self.gathered(composed, up, Table::Over(windows), self.size.outputs)?;
        seen.try_matmul(self.back.clone())
    }

    /// The rows that `table` names, side by side.
    fn gathered(
        &self,
        composed: &Composed<E, D>,
        rows: Rows<E, D>,
        table: Table,
        channels: usize,
    ) -> Result<Rows<E, D>, Failure<D>> {
        if self.size.is_pointwise() {
            return Ok(rows);
        }
        let index = composed.table(table)?;
        let (places, each) = *index.shape();
        let seen: Tensor<(usize, usize, usize), E, D> = with_row(rows, E::ZERO)?.try_gather(index)?;
        seen.try_reshape_like(&(places, each * channels))
    }
}
