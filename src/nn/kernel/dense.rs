//! Matrix times vector, and its transpose: bound by how fast the weights can be read.

mod streams;

use std::{borrow::Cow, sync::Arc};

use half::{bf16, f16, slice::HalfFloatSliceExt};
use rayon::prelude::*;

use streams::{LANES, ROWS, add, dots};

use super::lanes::Level;
use crate::nn::Real;

/// A matrix of weights in the number type it is kept in. Half the bytes are read in half the time; sums are the same to
/// the bit as with the weights widened beforehand.
#[derive(Clone, Debug)]
pub enum Weight<E> {
    /// In the type that the network computes in.
    Whole(Arc<Vec<E>>),
    /// IEEE 754 half.
    Half(Arc<Vec<f16>>),
    /// bfloat16.
    Brain(Arc<Vec<bf16>>),
}

impl<E> From<Arc<Vec<E>>> for Weight<E> {
    fn from(values: Arc<Vec<E>>) -> Self {
        Self::Whole(values)
    }
}

impl<E> From<Vec<E>> for Weight<E> {
    fn from(values: Vec<E>) -> Self {
        Self::Whole(values.into())
    }
}

impl<E: Real> Weight<E> {
    /// How many numbers.
    pub fn len(&self) -> usize {
        match self {
            Self::Whole(values) => values.len(),
            Self::Half(values) => values.len(),
            Self::Brain(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All numbers, widened.
    pub fn widened(self) -> Arc<Vec<E>> {
        match self {
            Self::Whole(values) => values,
            other => Arc::new(other.part(0, other.len(), &mut Vec::new()).to_vec()),
        }
    }

    /// `count` numbers from `start`; widened, if need be, into `room`.
    fn part<'a>(&'a self, start: usize, count: usize, room: &'a mut Vec<f32>) -> Cow<'a, [E]> {
        let part = start..start + count;
        match self {
            Self::Whole(values) => return Cow::Borrowed(&values[part]),
            Self::Half(values) => {
                room.resize(count, 0.0);
                values[part].convert_to_f32_slice(room);
            }
            Self::Brain(values) => {
                room.resize(count, 0.0);
                values[part].convert_to_f32_slice(room);
            }
        }
        if E::NAME == f32::NAME {
            return Cow::Borrowed(bytemuck::cast_slice(room));
        }
        Cow::Owned(room.iter().map(|&v| E::of_f32(v)).collect())
    }
}

/// Columns of the input gradient that one thread computes, at most: they stay in its cache.
const COLUMNS: usize = 8192;

/// Columns for each turn of a thread, so that all threads take equally many turns. Of no influence on the numbers, as they
/// are whole `LANES`: only the last columns of a row are added one by one.
fn share(columns: usize) -> usize {
    let threads = rayon::current_num_threads();
    let turns = columns.div_ceil(threads * COLUMNS).max(1);
    columns.div_ceil(threads * turns).next_multiple_of(LANES)
}

/// `weight x + bias` for each of `batch` vectors; `weight` has a row for each bias. The weights are read once.
///
/// # Panics
/// If the lengths do not fit.
pub fn forward<E: Real>(batch: usize, x: &[E], weight: &Weight<E>, bias: &[E]) -> Vec<E> {
    let (outputs, inputs) = (bias.len(), x.len().checked_div(batch).unwrap_or(0));
    if batch == 0 {
        return Vec::new();
    }
    assert_eq!(weight.len(), outputs * inputs, "sizes of a dense layer");
    let mut by_output = vec![E::ZERO; outputs * batch];
    let chunks = by_output.par_chunks_mut(ROWS * batch).zip(bias.par_chunks(ROWS)).enumerate();
    chunks.for_each_init(<[Vec<f32>; ROWS]>::default, |rooms, (chunk, (y, bias))| {
        let [a, b, c, d] = rooms;
        // Where there are fewer rows, the last one takes the place of those missing, and no one asks for its products.
        let row = |at: usize, room| weight.part((chunk * ROWS + at).min(outputs - 1) * inputs, inputs, room);
        let rows = [row(0, a), row(1, b), row(2, c), row(3, d)];
        for (image, x) in x.chunks_exact(inputs).enumerate() {
            let products = dots(Level::best(), rows.each_ref().map(|row| &**row), x);
            for ((y, product), &bias) in y.chunks_exact_mut(batch).zip(products).zip(bias) {
                y[image] = product + bias;
            }
        }
    });
    (0..batch * outputs).map(|i| by_output[i % outputs * batch + i / outputs]).collect()
}

/// Adds `weight^T up` to `down` for each of `batch` vectors. Rows of `weight` whose `up` is zero are not read, so a
/// one-hot gradient reads one row.
///
/// # Panics
/// If the lengths do not fit.
pub fn input_gradient<E: Real>(batch: usize, up: &[E], weight: &Weight<E>, down: &mut [E]) {
    if batch == 0 {
        return;
    }
    let (outputs, inputs) = (up.len() / batch, down.len() / batch);
    assert_eq!(weight.len(), outputs * inputs, "sizes of a dense layer");
    let share = share(inputs);
    for (up, down) in up.chunks_exact(outputs).zip(down.chunks_exact_mut(inputs)) {
        let live: Vec<(usize, E)> = up.iter().copied().enumerate().filter(|(_, u)| *u != E::ZERO).collect();
        down.par_chunks_mut(share).enumerate().for_each_init(<[Vec<f32>; ROWS]>::default, |rooms, (chunk, down)| {
            let first = chunk * share;
            let (fours, rest) = live.as_chunks::<ROWS>();
            for rows in fours {
                let [a, b, c, d] = rooms;
                let room = [(rows[0].0, a), (rows[1].0, b), (rows[2].0, c), (rows[3].0, d)];
                let parts = room.map(|(row, room)| weight.part(row * inputs + first, down.len(), room));
                add(Level::best(), rows.map(|(_, u)| u), parts.each_ref().map(|part| &**part), down);
            }
            for &(row, u) in rest {
                let part = weight.part(row * inputs + first, down.len(), &mut rooms[0]);
                add(Level::best(), [u], [&*part], down);
            }
        });
    }
}
