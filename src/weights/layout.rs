//! From the order of numbers in a file to the order in a layer.

use std::io;

use half::{bf16, f16};
use rayon::prelude::*;

use crate::nn::{Param, Real, kernel::memory};

/// A number as a network keeps it.
pub trait Kept: bytemuck::Pod + Send + Sync {
    /// Whether it is f32 itself.
    const SINGLE: bool = false;

    /// Exact, if the number came from a file of this type or a narrower one.
    fn of_single(value: f32) -> Self;
}

impl<E: Real> Kept for E {
    const SINGLE: bool = size_of::<E>() == size_of::<f32>();

    fn of_single(value: f32) -> Self {
        Self::of_f32(value)
    }
}

impl Kept for f16 {
    fn of_single(value: f32) -> Self {
        Self::from_f32(value)
    }
}

impl Kept for bf16 {
    fn of_single(value: f32) -> Self {
        Self::from_f32(value)
    }
}

/// The order of numbers in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// PyTorch's: `O x I x K x K` and `O x I`.
    OutputsFirst,
    /// Keras': `K x K x I x O` and `I x O`, where a dense layer reads a map as HWC.
    OutputsLast,
}

/// Puts a tensor's numbers, as they come, where the layer wants them.
pub struct Place<T> {
    values: Vec<T>,
    row: usize,
    next: usize,
    order: Order,
}

/// Where a whole row of the file goes.
#[derive(Clone, Copy, Debug)]
enum Order {
    /// After what is there.
    Append,
    /// A row holds one number of each output; number `r` of `inputs` each.
    Transposed { inputs: usize, channels: usize },
}

/// Numbers read by one thread at a time: so few that they are still in its cache when they are looked at.
const PIECE: usize = 1 << 16;

impl<T: Kept> Place<T> {
    /// Room for `param`'s numbers, which come in `layout`.
    pub fn new(param: &Param, layout: Layout) -> Self {
        let count = param.shape.iter().product::<usize>();
        let (row, order) = match layout {
            Layout::OutputsFirst => (1, Order::Append),
            Layout::OutputsLast => {
                let (outputs, inputs) = (param.shape[0], count.checked_div(param.shape[0]).unwrap_or(0));
                let channels = if param.shape.len() == 4 { param.shape[1] } else { 1 };
                (outputs, Order::Transposed { inputs, channels })
            }
        };
        Self { values: memory::fresh(count), row, next: 0, order }
    }

    /// How many numbers belong together.
    pub fn row(&self) -> usize {
        self.row
    }

    /// Takes the next whole rows.
    pub fn put(&mut self, rows: &[f32]) {
        match self.order {
            Order::Append => append(rows, &mut self.values[self.next..]),
            Order::Transposed { inputs, channels } => {
                for (row, next) in rows.chunks_exact(self.row).zip(self.next..) {
                    let at = next % channels * (inputs / channels) + next / channels;
                    for (output, &v) in row.iter().enumerate() {
                        self.values[output * inputs + at] = T::of_single(v);
                    }
                }
            }
        }
        self.next += rows.len() / self.row.max(1);
    }

    /// Takes all rows at once: `read(first, values)` fills `values` with the file's numbers from `first` on, and is asked by
    /// several threads. Returns how many numbers are not finite; `None`, having done nothing that lasts, where numbers
    /// move or `read` cannot do it.
    pub fn fill(
        &mut self,
        read: impl Fn(usize, &mut [f32]) -> Option<io::Result<()>> + Sync,
    ) -> Option<io::Result<usize>> {
        if matches!(self.order, Order::Transposed { .. }) {
            return None;
        }
        let odd = |values: &[f32]| values.iter().filter(|v| !v.is_finite()).count();
        let each = self.values.par_chunks_mut(PIECE).enumerate().map(|(index, place)| {
            let first = index * PIECE;
            if T::SINGLE {
                let values: &mut [f32] = bytemuck::cast_slice_mut(place);
                return Some(read(first, values)?.map(|()| odd(values)));
            }
            let mut values = vec![0.0; place.len()];
            let done = read(first, &mut values)?;
            append(&values, place);
            Some(done.map(|()| odd(&values)))
        });
        each.reduce(
            || Some(Ok(0)),
            |a, b| {
                let (a, b) = (a?, b?);
                Some(a.and_then(|a| Ok(a + b?)))
            },
        )
    }

    /// All numbers in the layer's order.
    pub fn finish(self) -> Vec<T> {
        self.values
    }
}

fn append<T: Kept>(values: &[f32], places: &mut [T]) {
    places.iter_mut().zip(values).for_each(|(place, &v)| *place = T::of_single(v));
}
