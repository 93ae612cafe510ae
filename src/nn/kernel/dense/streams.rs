//! Rows of a matrix read side by side: memory gives more to a thread that asks for several things at once.
#![expect(unsafe_code, reason = "vectors, read and written through raw pointers")]
#![expect(clippy::needless_range_loop, reason = "iterators are not inlined into functions with other instructions")]
#![expect(clippy::inline_always, reason = "loops must be inlined into functions that have other instructions")]

use crate::nn::{
    Real,
    kernel::lanes::{Lanes, Level, Plain, prefetch},
};

/// Rows read at once.
pub const ROWS: usize = 4;
/// Numbers that are at work in a row at a time; in a dot product each has a sum of its own, so that they can be added side by
/// side.
pub const LANES: usize = 32;
/// Bytes between what is at work in a row and what is asked for.
const AHEAD: usize = 1024;
/// Bytes that memory gives at once.
const LINE: usize = 64;

/// Numbers of each row that meet one vector after the other before the next come: together they stay in the first cache.
const PART: usize = 1024;

/// The dot product of each row with each of `count` vectors, which lie one behind the other. The same bits as with each
/// vector alone.
///
/// # Panics
/// If vectors are not as long as the rows.
pub fn dots<E: Real>(
    level: Level,
    rows: [&[E]; ROWS],
    (count, vectors): (usize, &[E]),
    mut put: impl FnMut(usize, [E; ROWS]),
) {
    let len = rows[0].len();
    assert!(rows.iter().all(|row| row.len() == len) && count * len == vectors.len(), "sizes of a dense layer");
    let mut sums = vec![[[E::ZERO; LANES]; ROWS]; count];
    let part = if count == 1 { len } else { PART };
    for first in (0..len).step_by(part.max(1)) {
        let part = first..len.min(first + part);
        let rows = rows.map(|row| &row[part.clone()]);
        let each = |vector: usize| &vectors[vector * len..][part.clone()];
        match singles(rows) {
            Some(rows) => {
                add_dots_of_singles(level, rows, |vector| bytemuck::cast_slice(each(vector)), of_singles(&mut sums));
            }
            None => sums.iter_mut().enumerate().for_each(|(vector, sums)| add_plain_dots(rows, each(vector), sums)),
        }
    }
    let whole = len / LANES * LANES;
    for (at, sums) in sums.into_iter().enumerate() {
        let x = &vectors[at * len..][..len];
        put(
            at,
            std::array::from_fn(|r| {
                let tail = rows[r][whole..].iter().zip(&x[whole..]).fold(E::ZERO, |sum, (&w, &x)| sum + w * x);
                sums[r].into_iter().fold(tail, |total, sum| total + sum)
            }),
        );
    }
}

/// Adds to `sums` one row after the other, each times its factor.
///
/// # Panics
/// If a row is not as long as `sums`.
pub fn add<E: Real, const R: usize>(level: Level, factors: [E; R], rows: [&[E]; R], sums: &mut [E]) {
    assert!(rows.iter().all(|row| row.len() == sums.len()), "sizes of a dense layer");
    let done = match singles(rows) {
        Some(rows) => add_singles(level, bytemuck::cast(factors), rows, bytemuck::cast_slice_mut(sums)),
        None => 0,
    };
    for at in done..sums.len() {
        for r in 0..R {
            sums[at] += factors[r] * rows[r][at];
        }
    }
}

/// The rows as f32, if they are.
pub fn singles<E: Real, const R: usize>(rows: [&[E]; R]) -> Option<[&[f32]; R]> {
    (E::NAME == f32::NAME).then(|| rows.map(bytemuck::cast_slice))
}

/// Sums of a dot product that are kept apart, for each row; all whole `LANES`.
type Sums<E> = [[E; LANES]; ROWS];

fn add_plain_dots<E: Real>(rows: [&[E]; ROWS], x: &[E], sums: &mut Sums<E>) {
    for (sums, row) in sums.iter_mut().zip(rows) {
        for (row, x) in row.chunks_exact(LANES).zip(x.chunks_exact(LANES)) {
            for ((sum, &w), &x) in sums.iter_mut().zip(row).zip(x) {
                *sum += w * x;
            }
        }
    }
}

/// Sums that are known to be f32.
fn of_singles<E: Real>(sums: &mut [Sums<E>]) -> &mut [Sums<f32>] {
    bytemuck::cast_slice_mut::<E, f32>(sums.as_flattened_mut().as_flattened_mut()).as_chunks_mut().0.as_chunks_mut().0
}

/// Vectors whose sums fit into the registers together, where there are 32 of these.
const VECTORS: usize = 3;

fn add_dots_of_singles<'x>(
    level: Level,
    rows: [&[f32]; ROWS],
    x: impl Fn(usize) -> &'x [f32],
    mut sums: &mut [Sums<f32>],
) {
    let mut at = 0;
    while !sums.is_empty() {
        let now = if level == Level::Avx512 { VECTORS.min(sums.len()) } else { 1 };
        let (these, rest) = std::mem::take(&mut sums).split_at_mut(now);
        let x: [&[f32]; VECTORS] = std::array::from_fn(|vector| x(at + vector.min(now - 1)));
        // SAFETY: the level was found available, and rows are as long as each of `x`.
        unsafe {
            match (level, these) {
                #[cfg(target_arch = "x86_64")]
                (Level::Avx512, [a]) => dots_avx512(rows, [x[0]], [a]),
                #[cfg(target_arch = "x86_64")]
                (Level::Avx512, [a, b]) => dots_avx512(rows, [x[0], x[1]], [a, b]),
                #[cfg(target_arch = "x86_64")]
                (Level::Avx512, [a, b, c]) => dots_avx512(rows, x, [a, b, c]),
                #[cfg(target_arch = "x86_64")]
                (Level::Avx2, [a]) => dots_avx2(rows, x[0], a),
                (_, [a]) => vector_dots::<Plain, 4, 1>(rows, [x[0]], [a]),
                _ => unreachable!("as many as this level takes"),
            }
        }
        (sums, at) = (rest, at + now);
    }
}

/// How many numbers are done: all whole `LANES`.
fn add_singles<const R: usize>(level: Level, factors: [f32; R], rows: [&[f32]; R], sums: &mut [f32]) -> usize {
    // SAFETY: the level was found available, and rows are as long as `sums`.
    unsafe {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => add_avx512(factors, rows, sums),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => add_avx2(factors, rows, sums),
            _ => vector_add::<Plain, R>(factors, rows, sums),
        }
    }
    sums.len() / LANES * LANES
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
unsafe fn dots_avx512<const V: usize>(rows: [&[f32]; ROWS], x: [&[f32]; V], sums: [&mut Sums<f32>; V]) {
    // SAFETY: the caller vouches for AVX-512 and the sizes.
    unsafe { vector_dots::<std::arch::x86_64::__m512, 2, V>(rows, x, sums) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn dots_avx2(rows: [&[f32]; ROWS], x: &[f32], sums: &mut Sums<f32>) {
    // SAFETY: the caller vouches for AVX2 and the sizes.
    unsafe { vector_dots::<std::arch::x86_64::__m256, 4, 1>(rows, [x], [sums]) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
unsafe fn add_avx512<const R: usize>(factors: [f32; R], rows: [&[f32]; R], sums: &mut [f32]) {
    // SAFETY: the caller vouches for AVX-512 and the sizes.
    unsafe { vector_add::<std::arch::x86_64::__m512, R>(factors, rows, sums) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn add_avx2<const R: usize>(factors: [f32; R], rows: [&[f32]; R], sums: &mut [f32]) {
    // SAFETY: the caller vouches for AVX2 and the sizes.
    unsafe { vector_add::<std::arch::x86_64::__m256, R>(factors, rows, sums) }
}

/// `N` registers make `LANES` numbers; sums with `V` vectors at a time.
#[inline(always)]
#[expect(clippy::needless_pass_by_value, reason = "borrowed sums of each vector")]
unsafe fn vector_dots<L: Lanes, const N: usize, const V: usize>(
    rows: [&[f32]; ROWS],
    x: [&[f32]; V],
    out: [&mut Sums<f32>; V],
) {
    // SAFETY: the caller vouches for the instructions of `L` and the sizes.
    unsafe {
        let mut sums = [[[L::all(0.0); N]; V]; ROWS];
        for r in 0..ROWS {
            for v in 0..V {
                for n in 0..N {
                    sums[r][v][n] = L::load(out[v][r].as_ptr().add(n * L::WIDTH));
                }
            }
        }
        for at in (0..x[0].len() / LANES * LANES).step_by(LANES) {
            for r in 0..ROWS {
                ask(rows[r].get_unchecked(at..at + LANES));
                let row = rows[r].as_ptr().add(at);
                for n in 0..N {
                    let weights = L::load(row.add(n * L::WIDTH));
                    for v in 0..V {
                        let x = L::load(x[v].as_ptr().add(at + n * L::WIDTH));
                        sums[r][v][n] = sums[r][v][n].plus(weights, x);
                    }
                }
            }
        }
        for r in 0..ROWS {
            for v in 0..V {
                for n in 0..N {
                    sums[r][v][n].store(out[v][r].as_mut_ptr().add(n * L::WIDTH));
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn vector_add<L: Lanes, const R: usize>(factors: [f32; R], rows: [&[f32]; R], sums: &mut [f32]) {
    // SAFETY: the caller vouches for the instructions of `L` and the sizes.
    unsafe {
        let mut each = [L::all(0.0); R];
        for r in 0..R {
            each[r] = L::all(factors[r]);
        }
        for at in (0..sums.len() / LANES * LANES).step_by(LANES) {
            for r in 0..R {
                ask(rows[r].get_unchecked(at..at + LANES));
            }
            for n in (0..LANES).step_by(L::WIDTH) {
                let target = sums.as_mut_ptr().add(at + n);
                let mut sum = L::load(target);
                for r in 0..R {
                    sum = sum.plus(each[r], L::load(rows[r].as_ptr().add(at + n)));
                }
                sum.store(target);
            }
        }
    }
}

/// Asks for what comes in a row some way behind these numbers.
#[inline(always)]
fn ask<T>(numbers: &[T]) {
    for line in 0..size_of_val(numbers).div_ceil(LINE) {
        prefetch(numbers.as_ptr().wrapping_byte_add(AHEAD + line * LINE).cast::<f32>());
    }
}

#[cfg(test)]
mod tests {
    use super::{ROWS, add, dots};
    use crate::nn::kernel::lanes::Level;

    /// Numbers in [-1, 1), rows of a matrix; those of `row` 4 are the vector.
    fn number(row: usize, at: usize) -> f32 {
        f32::from((row * 1009 + at).wrapping_mul(2_654_435_761).rotate_right(7) as u16) / 32768.0 - 1.0
    }

    /// What one level computes.
    #[derive(PartialEq)]
    struct Results {
        dots: [f32; ROWS],
        /// The vector and the rows with factors 0.5, -0.25, 2 and 1.
        four: Vec<f32>,
        /// The vector and half the first row.
        one: Vec<f32>,
    }

    fn all(len: usize) -> Vec<(Level, Results)> {
        let vectors: [Vec<f32>; ROWS + 1] = std::array::from_fn(|row| (0..len).map(|at| number(row, at)).collect());
        let [a, b, c, d, x] = vectors.each_ref().map(|vector| &vector[..]);
        let each = |level| {
            let (mut four, mut one) = (x.to_vec(), x.to_vec());
            add(level, [0.5, -0.25, 2.0, 1.0], [a, b, c, d], &mut four);
            add(level, [0.5], [a], &mut one);
            let mut products = [0.0; ROWS];
            dots(level, [a, b, c, d], (1, x), |_, found| products = found);
            (level, Results { dots: products, four, one })
        };
        Level::available().into_iter().map(each).collect()
    }

    #[test]
    fn streams_are_the_definition_with_all_instructions() {
        for len in [0, 1, 31, 32, 33, 64, 95, 1000] {
            let of = |row: usize| (0..len).map(move |at| f64::from(number(row, at)));
            let dot = |row: usize| of(row).zip(of(ROWS)).map(|(w, x)| w * x).sum::<f64>();
            let sum = |at: usize, factors: &[f64]| {
                let added = factors.iter().enumerate().map(|(row, factor)| factor * f64::from(number(row, at)));
                f64::from(number(ROWS, at)) + added.sum::<f64>()
            };
            for (level, Results { dots, four, one }) in all(len) {
                for (row, product) in dots.into_iter().enumerate() {
                    assert!((f64::from(product) - dot(row)).abs() < 1e-5 * (len as f64 + 1.0).sqrt(), "{level}, {len}");
                }
                for at in 0..len {
                    assert!((f64::from(four[at]) - sum(at, &[0.5, -0.25, 2.0, 1.0])).abs() < 1e-6, "{level}, {len}");
                    assert!((f64::from(one[at]) - sum(at, &[0.5])).abs() < 1e-6, "{level}, {len}");
                }
            }
        }
    }

    #[test]
    fn wider_vectors_do_not_change_a_bit() {
        for len in [33, 1000] {
            let wide = all(len).into_iter().filter(|(level, _)| *level != Level::Scalar);
            let wide: Vec<Results> = wide.map(|(_, results)| results).collect();
            assert!(wide.windows(2).all(|pair| pair[0] == pair[1]));
        }
    }
}
