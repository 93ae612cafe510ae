//! Matrix times vector, and its transpose: bound by how fast the weights can be read.

mod planes;
mod streams;

use rayon::prelude::*;

use streams::{LANES, ROWS, add, dots};

use super::{lanes::Level, memory, weight::Weight};
use crate::nn::Real;

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
    products(batch, x, weight, bias, None).0
}

/// The same, and from the same reading the sum of each `area` weights of a row: `bias.len()` rows of them; nothing for no vectors.
///
/// # Panics
/// If the lengths do not fit, or `area` is 0.
pub fn forward_and_sums<E: Real>(
    batch: usize,
    x: &[E],
    weight: &Weight<E>,
    bias: &[E],
    area: usize,
) -> (Vec<E>, Vec<E>) {
    products(batch, x, weight, bias, Some(area))
}

fn products<E: Real>(batch: usize, x: &[E], weight: &Weight<E>, bias: &[E], area: Option<usize>) -> (Vec<E>, Vec<E>) {
    let (outputs, inputs) = (bias.len(), x.len().checked_div(batch).unwrap_or(0));
    if batch == 0 {
        return (Vec::new(), Vec::new());
    }
    assert_eq!(weight.len(), outputs * inputs, "sizes of a dense layer");
    let mut by_output = vec![E::ZERO; outputs * batch];
    let planes = area.map_or(0, |area| inputs / area);
    let mut sums = memory::fresh(outputs * planes);
    let mut rest = &mut *sums;
    let sums_of = bias.chunks(ROWS).map(|bias| rest.split_off_mut(..bias.len() * planes).expect("sums of all rows"));
    let sums_of: Vec<&mut [E]> = sums_of.collect();
    let chunks = by_output.par_chunks_mut(ROWS * batch).zip(bias.par_chunks(ROWS)).zip(sums_of).enumerate();
    chunks.for_each_init(<[Vec<f32>; ROWS]>::default, |rooms, (chunk, ((y, bias), sums))| {
        let [a, b, c, d] = rooms;
        // Where there are fewer rows, the last one takes the place of those missing, and no one asks for its products.
        let row = |at: usize, room| weight.part((chunk * ROWS + at).min(outputs - 1) * inputs, inputs, room);
        let rows = [row(0, a), row(1, b), row(2, c), row(3, d)];
        if let Some(area) = area {
            planes::sums(Level::best(), rows.each_ref().map(|row| &**row), area, sums);
        }
        dots(Level::best(), rows.each_ref().map(|row| &**row), (batch, x), |image, products| {
            weight.inspect_rows(&products, &rows);
            for ((y, product), &bias) in y.chunks_exact_mut(batch).zip(products).zip(bias) {
                y[image] = product + bias;
            }
        });
    });
    let y = (0..batch * outputs).map(|i| by_output[i % outputs * batch + i / outputs]).collect();
    (y, sums)
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
    if inputs == 0 {
        return;
    }
    let live: Vec<usize> = (0..outputs).filter(|&row| (0..batch).any(|v| up[v * outputs + row] != E::ZERO)).collect();
    let share = share(inputs);
    let mut shares: Vec<Vec<&mut [E]>> = (0..inputs.div_ceil(share)).map(|_| Vec::with_capacity(batch)).collect();
    for down in down.chunks_exact_mut(inputs) {
        shares.iter_mut().zip(down.chunks_mut(share)).for_each(|(shares, part)| shares.push(part));
    }
    let (tall, wide) = if batch == 1 { (ROWS, share) } else { (TALL, WIDE) };
    shares.into_par_iter().enumerate().for_each_init(<[Vec<f32>; TALL]>::default, |rooms, (chunk, mut downs)| {
        let (first, count) = (chunk * share, downs[0].len());
        for rows in live.chunks(tall) {
            let parts = rows.iter().zip(&mut *rooms).map(|(row, room)| weight.part(row * inputs + first, count, room));
            let parts: Vec<_> = parts.collect();
            for at in (0..count).step_by(wide) {
                let columns = at..count.min(at + wide);
                for (up, down) in up.chunks_exact(outputs).zip(&mut downs) {
                    add_all(rows, |row| up[row], |part| &parts[part][columns.clone()], &mut down[columns.clone()]);
                }
            }
        }
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
