//! From the order of numbers in a file to the order in a layer.

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

impl<T: Copy> Place<T> {
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
        let values = match order {
            Order::Append => Vec::with_capacity(count),
            _ => vec![kept(0.0); count],
        };
        Self { values, kept, row, next: 0, order }
    }

    /// How many numbers belong together.
    pub fn row(&self) -> usize {
        self.row
    }

    /// Takes the next whole rows.
    pub fn put(&mut self, rows: &[f32]) {
        match self.order {
            Order::Append => self.values.extend(rows.iter().map(|&v| (self.kept)(v))),
            Order::Filter { inputs } => {
                for row in rows.chunks_exact(self.row) {
                    let taps = self.row / inputs;
                    let filter = &mut self.values[self.next * self.row..][..self.row];
                    for (at, slot) in filter.iter_mut().enumerate() {
                        *slot = (self.kept)(row[at % inputs * taps + at / inputs]);
                    }
                    self.next += 1;
                }
            }
            Order::Transposed { inputs, channels } => {
                for row in rows.chunks_exact(self.row) {
                    let at = self.next % channels * (inputs / channels) + self.next / channels;
                    for (output, &v) in row.iter().enumerate() {
                        self.values[output * inputs + at] = (self.kept)(v);
                    }
                    self.next += 1;
                }
            }
        }
    }

    /// All numbers in the layer's order.
    pub fn finish(self) -> Vec<T> {
        self.values
    }
}
