//! The layers composed of dfdx's own tensor operations, on any of its devices.
//!
//! A second implementation of every layer that shares no line with the kernels of [`kernel`](super::kernel) and
//! `cuda`: on the CPU it is what the first are tested against, on a GPU a second opinion. A convolution gathers
//! the rows that each window covers and multiplies one matrix; a window that reaches beyond the image gathers a row of zeros.

mod convolution;
mod pool;
mod rectifier;
mod table;
mod vector;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
};

use dfdx::prelude::{Device, HasErr, HasShape, ReshapeTo, Tensor, TryAdd, TryStack};

use super::{
    Real, Rule,
    kernel::conv,
    placed::{Extent, Place, Windows, by_planes, by_rows},
};
use convolution::Convolution;
use table::{Index, Table};
use vector::Dense;

/// `places x channels`, image after image, row after row.
type Rows<E, D> = Tensor<(usize, usize), E, D>;

/// One number for each place, or for each channel.
type Column<E, D> = Tensor<(usize,), E, D>;

/// Maxima and the taps under which they lie.
type Pooled<E, D> = (Rows<E, D>, Rows<E, D>);

/// What a device's operations say when they fail.
type Failure<D> = <D as HasErr>::Err;

/// A device with the tables that were already copied to it.
pub struct Composed<E: Real, D: Device<E>> {
    device: D,
    tables: RefCell<HashMap<Table, Index<D>>>,
    taps: RefCell<HashMap<Table, Column<E, D>>>,
    batch: Cell<usize>,
}

impl<E: Real, D: Device<E>> Composed<E, D> {
    /// Layers on `device`.
    pub fn new(device: D) -> Self {
        Self { device, tables: RefCell::default(), taps: RefCell::default(), batch: Cell::new(0) }
    }

    /// Values that stay: copied once more on the device, since the first copy keeps its source in memory.
    fn settle(&self, values: Vec<E>, shape: (usize, usize)) -> Result<Rows<E, D>, Failure<D>> {
        self.copied(values, shape)?.try_slice((0..shape.0, 0..shape.1))
    }

    fn table(&self, table: Table) -> Result<Index<D>, Failure<D>> {
        if let Some(index) = self.tables.borrow().get(&table) {
            return Ok(index.clone());
        }
        let index = table.upload(&self.device)?;
        self.tables.borrow_mut().insert(table, index.clone());
        Ok(index)
    }

    fn copied(&self, values: Vec<E>, shape: (usize, usize)) -> Result<Rows<E, D>, Failure<D>> {
        self.device.try_tensor_from_vec(values, shape)
    }
}

impl<E: Real, D: Device<E>> Place<E> for Composed<E, D> {
    type Values = Rows<E, D>;
    type Filters = Convolution<E, D>;
    type Matrix = Dense<E, D>;
    /// The taps that won.
    type Winners = Rows<E, D>;
    type Failure = Failure<D>;

    /// Forgets the tables of batches of another size.
    fn prepare(&self, batch: usize) {
        if self.batch.replace(batch) != batch {
            self.tables.borrow_mut().clear();
            self.taps.borrow_mut().clear();
        }
    }

    fn upload(&self, values: &[E], extent: Extent) -> Result<Rows<E, D>, Failure<D>> {
        self.copied(by_rows(values, extent), extent.rows())
    }

    fn download(&self, values: &Rows<E, D>, extent: Extent) -> Result<Vec<E>, Failure<D>> {
        Ok(by_planes(&values.as_vec(), extent))
    }

    fn one(&self, values: &Rows<E, D>, extent: Extent, image: usize) -> Result<Rows<E, D>, Failure<D>> {
        let area = extent.area();
        values.clone().try_slice((image * area..(image + 1) * area, 0..extent.channels))
    }

    fn add(&self, a: Rows<E, D>, b: Rows<E, D>, _: Extent) -> Result<Rows<E, D>, Failure<D>> {
        a.try_add(b)
    }

    fn filters(&self, filter: &[E], bias: &[E], size: &conv::Size) -> Result<Convolution<E, D>, Failure<D>> {
        Convolution::new(self, filter, bias, *size)
    }

    fn convolution(
        &self,
        filters: &Convolution<E, D>,
        x: Rows<E, D>,
        windows: Windows,
    ) -> Result<Rows<E, D>, Failure<D>> {
        filters.forward(self, x, windows)
    }

    fn convolution_gradient(
        &self,
        filters: &Convolution<E, D>,
        up: Rows<E, D>,
        windows: Windows,
    ) -> Result<Rows<E, D>, Failure<D>> {
        filters.input_gradient(self, up, windows)
    }

    fn rectified(&self, x: Rows<E, D>, _: Extent) -> Result<Rows<E, D>, Failure<D>> {
        rectifier::forward(x)
    }

    fn gated(&self, rule: Rule, y: &Rows<E, D>, up: Rows<E, D>, _: Extent) -> Result<Rows<E, D>, Failure<D>> {
        rectifier::input_gradient(rule, y, up)
    }

    fn pooled(&self, x: Rows<E, D>, windows: Windows, _: usize) -> Result<Pooled<E, D>, Failure<D>> {
        pool::forward(self, &x, windows)
    }

    fn pooled_gradient(
        &self,
        winners: &Rows<E, D>,
        up: Rows<E, D>,
        windows: Windows,
        _: usize,
    ) -> Result<Rows<E, D>, Failure<D>> {
        pool::input_gradient(self, up, winners.clone(), windows)
    }

    fn matrix(&self, weight: &[E], bias: &[E], reads: &[usize]) -> Result<Dense<E, D>, Failure<D>> {
        Dense::new(self, weight, bias, reads)
    }

    fn dense(&self, matrix: &Dense<E, D>, x: Rows<E, D>, extent: Extent) -> Result<Rows<E, D>, Failure<D>> {
        matrix.forward(x, extent.batch)
    }

    fn dense_gradient(&self, matrix: &Dense<E, D>, up: Rows<E, D>, extent: Extent) -> Result<Rows<E, D>, Failure<D>> {
        matrix.input_gradient(up, extent)
    }

    fn average(&self, x: Rows<E, D>, extent: Extent) -> Result<Rows<E, D>, Failure<D>> {
        vector::average(self, x, extent)
    }

    fn average_gradient(&self, up: Rows<E, D>, extent: Extent) -> Result<Rows<E, D>, Failure<D>> {
        vector::average_gradient(up, extent)
    }

    fn beside(&self, a: Rows<E, D>, b: Rows<E, D>, _: Extent) -> Result<Rows<E, D>, Failure<D>> {
        vector::beside(a, b)
    }

    fn apart(&self, both: Rows<E, D>, _: Extent) -> Result<[Rows<E, D>; 2], Failure<D>> {
        vector::apart(both)
    }
}

/// `rows` with at least one row of `value` after them.
fn with_row<E: Real, D: Device<E>>(rows: Rows<E, D>, value: E) -> Result<Rows<E, D>, Failure<D>> {
    let (places, channels) = *rows.shape();
    let mut after = rows.device().try_zeros_like(&(places, channels))?;
    if value != E::ZERO {
        after = after.try_add(value)?;
    }
    vec![rows, after].try_stack()?.try_reshape_like(&(2 * places, channels))
}
