//! Means of planes.

use crate::nn::Real;

/// The mean of each run of `area` numbers.
pub fn forward<E: Real>(area: usize, x: &[E]) -> Vec<E> {
    let count = E::of(area as f64);
    x.chunks_exact(area).map(|plane| plane.iter().fold(E::ZERO, |sum, &x| sum + x) / count).collect()
}

/// Spreads each mean's gradient evenly over its plane, adding to `down`.
pub fn input_gradient<E: Real>(area: usize, up: &[E], down: &mut [E]) {
    let count = E::of(area as f64);
    for (plane, &u) in down.chunks_exact_mut(area).zip(up) {
        for d in plane {
            *d += u / count;
        }
    }
}
