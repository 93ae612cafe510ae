//! From the order of numbers in a file to the order in a layer.

use std::{any::Any, io};

use rayon::prelude::*;

use crate::nn::{Param, Part};

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
    /// From the numbers that come to those that are kept.
    kept: fn(f32) -> T,
    row: usize,
    next: usize,
    order: Order,
}

/// Where a whole row of the file goes.
enum Order {
    /// After what is there.
    Append,
    /// A row is one filter, `I x taps`; it goes to `taps x I`.
    Filter { inputs: usize },
    /// A row holds one number of each output; number `r` of `inputs` each.
    Transposed { inputs: usize, channels: usize },
}

impl Order {
    /// Puts whole rows that stay where they are, as rows.
    fn put_within<T>(&self, kept: fn(f32) -> T, row: usize, rows: &[f32], places: &mut [T]) {
        let Self::Filter { inputs } = *self else {
            return places.iter_mut().zip(rows).for_each(|(place, &v)| *place = kept(v));
        };
        for (row, filter) in rows.chunks_exact(row).zip(places.chunks_exact_mut(row)) {
            let taps = row.len() / inputs;
            for (tap, of_tap) in filter.chunks_exact_mut(inputs).enumerate() {
                for (place, &v) in of_tap.iter_mut().zip(row[tap..].iter().step_by(taps)) {
                    *place = kept(v);
                }
            }
        }
    }
}

/// Numbers read by one thread at a time: so few that they are still in its cache when they are looked at.
const PIECE: usize = 1 << 16;

impl<T: Copy + Send + Sync + 'static> Place<T> {
    /// Room for `param`'s numbers, which come in `layout` and are kept as what `kept` makes of them.
    pub fn new(param: &Param, layout: Layout, kept: fn(f32) -> T) -> Self {
        let count = param.shape.iter().product::<usize>();
        let (outputs, inputs) = (param.shape[0], param.shape.get(1).copied().unwrap_or(1));
        let each = count.checked_div(outputs).unwrap_or(0);
        let (row, order) = match (param.part, layout) {
            (Part::Bias, _) | (Part::Matrix, Layout::OutputsFirst) => (1, Order::Append),
            (Part::Filter, Layout::OutputsFirst) => (each, Order::Filter { inputs }),
            (Part::Filter, Layout::OutputsLast) => (outputs, Order::Transposed { inputs: each, channels: 1 }),
            (Part::Matrix, Layout::OutputsLast) => {
                let channels = if param.shape.len() == 4 { inputs } else { 1 };
                (outputs, Order::Transposed { inputs: each, channels })
            }
        };
        Self { values: vec![kept(0.0); count], kept, row, next: 0, order }
    }

    /// How many numbers belong together.
    pub fn row(&self) -> usize {
        self.row
    }

    /// Takes the next whole rows.
    pub fn put(&mut self, rows: &[f32]) {
        if let Order::Transposed { inputs, channels } = self.order {
            for row in rows.chunks_exact(self.row) {
                let at = self.next % channels * (inputs / channels) + self.next / channels;
                for (output, &v) in row.iter().enumerate() {
                    self.values[output * inputs + at] = (self.kept)(v);
                }
                self.next += 1;
            }
        } else {
            self.order.put_within(self.kept, self.row, rows, &mut self.values[self.next * self.row..][..rows.len()]);
            self.next += rows.len() / self.row.max(1);
        }
    }

    /// Takes all rows at once: `read(first, values)` fills `values` with the file's numbers from `first` on, and is asked by
    /// several threads. Returns how many numbers are not finite; `None`, having done nothing that lasts, where numbers
    /// move too far for that or `read` cannot do it.
    pub fn fill(
        &mut self,
        read: impl Fn(usize, &mut [f32]) -> Option<io::Result<()>> + Sync,
    ) -> Option<io::Result<usize>> {
        let (row, order, kept) = (self.row.max(1), &self.order, self.kept);
        let piece = (PIECE / row).max(1) * row;
        let odd = |values: &[f32]| values.iter().filter(|v| !v.is_finite()).count();
        let sum = |a: Option<io::Result<usize>>, b: Option<io::Result<usize>>| {
            let (a, b) = (a?, b?);
            Some(a.and_then(|a| Ok(a + b?)))
        };
        let none = || Some(Ok(0));
        match (order, (&mut self.values as &mut dyn Any).downcast_mut::<Vec<f32>>()) {
            (Order::Transposed { .. }, _) => None,
            (Order::Append, Some(values)) => {
                let pieces = values.par_chunks_mut(piece).enumerate();
                let filled = pieces.map(|(at, values)| Some(read(at * piece, values)?.map(|()| odd(values))));
                filled.reduce(none, sum)
            }
            _ => {
                let pieces = self.values.par_chunks_mut(piece).enumerate();
                let filled = pieces.map(|(at, places)| {
                    let mut values = vec![0.0; places.len()];
                    let done = read(at * piece, &mut values)?;
                    order.put_within(kept, row, &values, places);
                    Some(done.map(|()| odd(&values)))
                });
                filled.reduce(none, sum)
            }
        }
    }

    /// All numbers in the layer's order.
    pub fn finish(self) -> Vec<T> {
        self.values
    }
}
