//! Matrix times vector, and its transpose: bound by how fast the weights can be read.

mod planes;
mod streams;

use std::{borrow::Cow, ops::Range};

pub use planes::PlaneSums;
use streams::{LANES, ROWS, add, dots};

use super::{
    lanes::Level,
    threads::{self, deal},
    weight::Weight,
};
use crate::nn::Real;

/// Columns of the input gradient that one thread computes, at most: they stay in its cache.
const COLUMNS: usize = 8192;

/// Columns for each turn of a thread, so that all threads take equally many turns. Of no influence on the numbers, as they
/// are whole `LANES`: only the last columns of a row are added one by one.
fn share(columns: usize) -> usize {
    let threads = threads::count();
    let turns = columns.div_ceil(threads * COLUMNS).max(1);
    columns.div_ceil(threads * turns).next_multiple_of(LANES)
}

/// `weight x + bias` for each of `batch` vectors; `weight` has a row for each bias. The weights are read once.
///
/// # Panics
/// If the lengths do not fit.
pub fn forward<E: Real>(batch: usize, x: &[E], weight: &Weight<E>, bias: &[E]) -> Vec<E> {
    products(batch, x, weight, bias, None)
}

/// The same, and from the same reading `sums` learns those of rows whose output is above zero for some vector. What the others add to
/// a gradient is mostly held back by a rectifier; where it is not, [`gradient_sums`] reads them.
///
/// # Panics
/// If the lengths do not fit.
pub fn forward_and_sums<E: Real>(batch: usize, x: &[E], weight: &Weight<E>, bias: &[E], sums: &PlaneSums<E>) -> Vec<E> {
    products(batch, x, weight, bias, Some(sums))
}

/// Some rows of a dense layer: which `ROWS` of them, their outputs for each vector, and their biases.
type Chunk<'a, E> = (usize, (&'a mut [E], &'a [E]));

fn products<E: Real>(batch: usize, x: &[E], weight: &Weight<E>, bias: &[E], sums: Option<&PlaneSums<E>>) -> Vec<E> {
    let (outputs, inputs) = (bias.len(), x.len().checked_div(batch).unwrap_or(0));
    if batch == 0 {
        return Vec::new();
    }
    assert_eq!(weight.len(), outputs * inputs, "sizes of a dense layer");
    assert!(sums.is_none_or(|sums| sums.fit(weight, outputs)), "sizes of sums");
    let mut by_output = vec![E::ZERO; outputs * batch];
    let work = |[a, b, c, d]: &mut [Vec<f32>; ROWS], (chunk, (y, bias)): Chunk<'_, E>| {
        // Where there are fewer rows, the last one takes the place of those missing, and no one asks for its products.
        let row = |at: usize, room| weight.part((chunk * ROWS + at).min(outputs - 1) * inputs, inputs, room);
        let rows = [row(0, a), row(1, b), row(2, c), row(3, d)];
        dots(Level::best(), rows.each_ref().map(|row| &**row), (batch, x), |image, products| {
            weight.inspect_rows(&products, &rows);
            for ((y, product), &bias) in y.chunks_exact_mut(batch).zip(products).zip(bias) {
                y[image] = product + bias;
            }
        });
        if let Some(sums) = sums {
            for (at, _) in y.chunks_exact(batch).enumerate().filter(|(_, y)| y.iter().any(|&y| y > E::ZERO)) {
                sums.learn(chunk * ROWS + at, &rows[at]);
            }
        }
    };
    deal(by_output.chunks_mut(ROWS * batch).zip(bias.chunks(ROWS)).enumerate(), |chunks| {
        let mut rooms = Default::default();
        chunks.for_each(|chunk| work(&mut rooms, chunk));
    });
    (0..batch * outputs).map(|i| by_output[i % outputs * batch + i / outputs]).collect()
}

/// The sums of planes of `weight^T up` for each of `batch` vectors.
///
/// # Panics
/// If the lengths do not fit.
pub fn gradient_sums<E: Real>(batch: usize, up: &[E], weight: &Weight<E>, sums: &PlaneSums<E>) -> Vec<E> {
    if batch == 0 {
        return Vec::new();
    }
    let outputs = up.len() / batch;
    assert!(sums.fit(weight, outputs) && up.len() == batch * outputs, "sizes of sums");
    let planes = sums.planes(weight);
    let mut down = vec![E::ZERO; batch * planes];
    let live = live(outputs, up);
    sums.read(&live, weight);
    add_rows((outputs, up), &live, (planes, &mut down), sums, |sums, row, columns, _| sums.of(row)[columns].into());
    down
}

/// Rows whose gradient is not zero for some vector.
fn live<E: Real>(outputs: usize, up: &[E]) -> Vec<usize> {
    (0..outputs).filter(|&row| up.chunks_exact(outputs).any(|up| up[row] != E::ZERO)).collect()
}

/// Adds `weight^T up` to `down` for each of `batch` vectors. Rows of `weight` for which `up` is zero in all vectors are not
/// read, so a one-hot gradient reads one row; the others are read once.
///
/// # Panics
/// If the lengths do not fit.
pub fn input_gradient<E: Real>(batch: usize, up: &[E], weight: &Weight<E>, down: &mut [E]) {
    if batch == 0 {
        return;
    }
    let (outputs, inputs) = (up.len() / batch, down.len() / batch);
    assert_eq!(weight.len(), outputs * inputs, "sizes of a dense layer");
    add_rows((outputs, up), &live(outputs, up), (inputs, down), weight, |weight, row, columns, room| {
        weight.part(row * inputs + columns.start, columns.len(), room)
    });
}

/// Adds to each vector of `down` the rows `live` of a matrix, each times its number in that vector of `up`. `part(matrix, row, columns,
/// room)` is part of a row, read into `room` if need be.
fn add_rows<E: Real, M: Sync>(
    (outputs, up): (usize, &[E]),
    live: &[usize],
    (inputs, down): (usize, &mut [E]),
    matrix: &M,
    part: impl for<'r> Fn(&'r M, usize, Range<usize>, &'r mut Vec<f32>) -> Cow<'r, [E]> + Sync,
) {
    if inputs == 0 {
        return;
    }
    let batch = down.len() / inputs;
    let share = share(inputs);
    let mut shares: Vec<Vec<&mut [E]>> = (0..inputs.div_ceil(share)).map(|_| Vec::with_capacity(batch)).collect();
    for down in down.chunks_exact_mut(inputs) {
        shares.iter_mut().zip(down.chunks_mut(share)).for_each(|(shares, part)| shares.push(part));
    }
    let (tall, wide) = if batch == 1 { (ROWS, share) } else { (TALL, WIDE) };
    let work = |rooms: &mut [Vec<f32>; TALL], (chunk, mut downs): (usize, Vec<&mut [E]>)| {
        let (first, count) = (chunk * share, downs[0].len());
        for rows in live.chunks(tall) {
            let parts = rows.iter().zip(&mut *rooms).map(|(row, room)| part(matrix, *row, first..first + count, room));
            let parts: Vec<_> = parts.collect();
            for at in (0..count).step_by(wide) {
                let columns = at..count.min(at + wide);
                for (up, down) in up.chunks_exact(outputs).zip(&mut downs) {
                    add_all(rows, |row| up[row], |part| &parts[part][columns.clone()], &mut down[columns.clone()]);
                }
            }
        }
    };
    deal(shares.into_iter().enumerate(), |shares| {
        let mut rooms = Default::default();
        shares.for_each(|share| work(&mut rooms, share));
    });
}

/// Rows read one after the other where there are several vectors, and how many numbers of each at a time: 16 KB of them, and
/// 8 KB of sums for eight vectors, stay in the first cache.
const TALL: usize = 16;
const WIDE: usize = 256;

/// Adds `rows` times their factors to `sums`, four at a time; `part` says what is in the first, the second and so on.
fn add_all<'a, E: Real>(rows: &[usize], factor: impl Fn(usize) -> E, part: impl Fn(usize) -> &'a [E], sums: &mut [E]) {
    let (fours, rest) = rows.as_chunks::<ROWS>();
    for (at, rows) in fours.iter().enumerate() {
        add(Level::best(), rows.map(&factor), std::array::from_fn(|row| part(at * ROWS + row)), sums);
    }
    for (at, &row) in rest.iter().enumerate() {
        add(Level::best(), [factor(row)], [part(fours.len() * ROWS + at)], sums);
    }
}
