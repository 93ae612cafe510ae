//! Matrix times vector, and its transpose: bound by how fast the weights can be read.

use rayon::prelude::*;

use crate::nn::Real;

/// Sums kept apart in a dot product, so that the compiler can add them side by side.
const LANES: usize = 32;
/// Columns of the input gradient that one thread computes.
const COLUMNS: usize = 2048;

/// `weight x + bias` for each of `batch` vectors; `weight` has a row for each bias. The weights are read once.
///
/// # Panics
/// If the lengths do not fit.
pub fn forward<E: Real>(batch: usize, x: &[E], weight: &[E], bias: &[E]) -> Vec<E> {
    let (outputs, inputs) = (bias.len(), x.len().checked_div(batch).unwrap_or(0));
    if batch == 0 {
        return Vec::new();
    }
    assert_eq!(weight.len(), outputs * inputs, "sizes of a dense layer");
    let mut by_output = vec![E::ZERO; outputs * batch];
    by_output.par_chunks_exact_mut(batch).zip(weight.par_chunks_exact(inputs)).zip(bias).for_each(
        |((row, weights), &bias)| {
            for (y, x) in row.iter_mut().zip(x.chunks_exact(inputs)) {
                *y = dot(weights, x) + bias;
            }
        },
    );
    (0..batch * outputs).map(|i| by_output[i % outputs * batch + i / outputs]).collect()
}

/// Adds `weight^T up` to `down` for each of `batch` vectors. Rows of `weight` whose `up` is zero are not read, so a
/// one-hot gradient reads one row.
///
/// # Panics
/// If the lengths do not fit.
pub fn input_gradient<E: Real>(batch: usize, up: &[E], weight: &[E], down: &mut [E]) {
    if batch == 0 {
        return;
    }
    let (outputs, inputs) = (up.len() / batch, down.len() / batch);
    assert_eq!(weight.len(), outputs * inputs, "sizes of a dense layer");
    for (up, down) in up.chunks_exact(outputs).zip(down.chunks_exact_mut(inputs)) {
        let live: Vec<(&[E], E)> =
            weight.chunks_exact(inputs).zip(up.iter().copied()).filter(|(_, u)| *u != E::ZERO).collect();
        down.par_chunks_mut(COLUMNS).enumerate().for_each(|(chunk, down)| {
            let columns = chunk * COLUMNS..chunk * COLUMNS + down.len();
            let (fours, rest) = live.as_chunks::<4>();
            for rows in fours {
                let [a, b, c, d] = rows.map(|(row, _)| &row[columns.clone()]);
                for ((((down, &a), &b), &c), &d) in down.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                    *down += (rows[0].1 * a + rows[1].1 * b) + (rows[2].1 * c + rows[3].1 * d);
                }
            }
            for (row, u) in rest {
                for (down, &w) in down.iter_mut().zip(&row[columns.clone()]) {
                    *down += *u * w;
                }
            }
        });
    }
}

fn dot<E: Real>(a: &[E], b: &[E]) -> E {
    let mut sums = [E::ZERO; LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let tail = a.remainder().iter().zip(b.remainder()).fold(E::ZERO, |sum, (&x, &y)| sum + x * y);
    for (a, b) in a.zip(b) {
        for ((sum, &x), &y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    sums.into_iter().fold(tail, |total, sum| total + sum)
}
