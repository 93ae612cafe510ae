//! The layers composed of dfdx's own tensor operations, on any of its devices.
//!
//! This is how saltty computes on a GPU, whose memory only dfdx can touch, and a second implementation of every layer
//! that shares no line with the kernels of [`kernel`](super::kernel): on the CPU it is what they are tested against.
//! Values lie as rows: one row a place of an image, one column a channel. A convolution gathers the rows that each
//! window covers and multiplies one matrix; a window that reaches beyond the image gathers a row of zeros.

mod convolution;
mod pool;
mod rectifier;
mod table;
mod track;
mod vector;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
};

use dfdx::prelude::{Device, HasErr, HasShape, ReshapeTo, Tensor, TryAdd, TryStack};

use super::Real;
use table::{Index, Table};

pub use track::{Composed, Track};

/// `places x channels`, image after image, row after row.
type Rows<E, D> = Tensor<(usize, usize), E, D>;

/// One number for each place, or for each channel.
type Column<E, D> = Tensor<(usize,), E, D>;

/// What a device's operations say when they fail.
pub type Failure<D> = <D as HasErr>::Err;

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

    fn rows(self) -> (usize, usize) {
        (self.batch * self.area(), self.channels)
    }
}

/// A device with the tables that were already copied to it.
struct Bench<E: Real, D: Device<E>> {
    device: D,
    tables: RefCell<HashMap<Table, Index<D>>>,
    taps: RefCell<HashMap<Table, Column<E, D>>>,
    batch: Cell<usize>,
}

impl<E: Real, D: Device<E>> Bench<E, D> {
    fn new(device: D) -> Self {
        Self { device, tables: RefCell::default(), taps: RefCell::default(), batch: Cell::new(0) }
    }

    /// Forgets the tables of batches of another size.
    fn prepare(&self, batch: usize) {
        if self.batch.replace(batch) != batch {
            self.tables.borrow_mut().clear();
            self.taps.borrow_mut().clear();
        }
    }

    /// Values that stay: copied once more on the device, since the first copy keeps its source in memory.
    fn settle(&self, values: Vec<E>, shape: (usize, usize)) -> Result<Rows<E, D>, Failure<D>> {
        self.upload(values, shape)?.try_slice((0..shape.0, 0..shape.1))
    }

    fn table(&self, table: Table) -> Result<Index<D>, Failure<D>> {
        if let Some(index) = self.tables.borrow().get(&table) {
            return Ok(index.clone());
        }
        let index = table.upload(&self.device)?;
        self.tables.borrow_mut().insert(table, index.clone());
        Ok(index)
    }

    fn upload(&self, values: Vec<E>, shape: (usize, usize)) -> Result<Rows<E, D>, Failure<D>> {
        self.device.try_tensor_from_vec(values, shape)
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
