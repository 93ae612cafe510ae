//! Numbers to test with, and comparisons of them.

use dfdx::prelude::{ConstDim, Cpu, TensorFromVec};
use saltty::nn::{Map, Real};

/// Numbers without pattern in [-1, 1).
pub fn noise(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..8 + count).map(|_| next()).skip(8).collect()
}

/// [`noise`] of several lengths, each its own.
pub fn noises<const N: usize>(lengths: [usize; N], seed: u64) -> [Vec<f64>; N] {
    std::array::from_fn(|i| noise(lengths[i], seed.wrapping_add(i as u64 * 0x0123_4567_89AB_CDEF)))
}

/// [`noise`] scaled so that a sum of `terms` of them, times numbers of size one, has size one.
pub fn weights(count: usize, terms: usize, seed: u64) -> Vec<f64> {
    let scale = (6.0 / terms as f64).sqrt();
    noise(count, seed).into_iter().map(|v| v * scale).collect()
}

/// The nearest numbers of another type.
pub fn reals<E: Real>(values: &[f64]) -> Vec<E> {
    values.iter().map(|&v| E::of(v)).collect()
}

/// The same numbers as f64.
pub fn doubles<E: Real>(values: &[E]) -> Vec<f64> {
    values.iter().map(|&v| v.into()).collect()
}

/// What is left of `values` in single precision.
pub fn rounded(values: &[f64]) -> Vec<f64> {
    doubles(&reals::<f32>(values))
}

pub fn absolute(values: &[f64]) -> Vec<f64> {
    values.iter().map(|v| v.abs()).collect()
}

/// A batch of feature maps.
pub fn map<Ch: ConstDim, H: ConstDim, W: ConstDim, E: Real>(batch: usize, values: &[f64]) -> Map<Ch, H, W, E> {
    Cpu::default().tensor_from_vec(reals(values), (batch, Ch::default(), H::default(), W::default()))
}

pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len(), "vectors of the same size");
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `x + t d`.
pub fn moved(x: &[f64], t: f64, d: &[f64]) -> Vec<f64> {
    x.iter().zip(d).map(|(x, d)| x + t * d).collect()
}

/// The first element of `a` further from `b` than its bound, in words.
pub fn beyond(a: &[f64], b: &[f64], bound: impl Fn(usize) -> f64) -> Result<(), String> {
    beyond_any(a, b, &bound)
}

fn beyond_any(a: &[f64], b: &[f64], bound: &dyn Fn(usize) -> f64) -> Result<(), String> {
    if a.len() != b.len() {
        return Err(format!("{} numbers are not {}", a.len(), b.len()));
    }
    let off = |i: usize| (a[i] - b[i]).abs();
    match (0..a.len()).find(|&i| off(i) > bound(i) || off(i).is_nan()) {
        None => Ok(()),
        Some(i) => Err(format!("element {i}: {} is not {}, off by {:.1e} of {:.1e}", a[i], b[i], off(i), bound(i))),
    }
}

/// Fails unless every element is within `tolerance` of its counterpart, absolutely where that is below one.
#[track_caller]
pub fn close(a: &[f64], b: &[f64], tolerance: f64) {
    if let Err(message) = beyond(a, b, |i| tolerance * (1.0 + b[i].abs())) {
        panic!("{message}");
    }
}

/// Fails unless every element is within `tolerance` times the largest of `b`.
#[track_caller]
pub fn close_to_scale(a: &[f64], b: &[f64], tolerance: f64) {
    let scale = b.iter().fold(0.0, |scale: f64, v| scale.max(v.abs()));
    if let Err(message) = beyond(a, b, |_| tolerance * scale) {
        panic!("{message} (the largest is {scale:.1e})");
    }
}
