//! Channel concatenation of two equally large maps.

use crate::nn::Real;

/// For each image, all of `a`'s then all of `b`'s.
pub fn forward<E: Real>(batch: usize, a: &[E], b: &[E]) -> Vec<E> {
    let each = (a.len() / batch.max(1)).max(1);
    a.chunks_exact(each).zip(b.chunks_exact(each)).flat_map(|(a, b)| [a, b].concat()).collect()
}

/// Adds to `down` the part of `up` that belongs to input `half` (0 or 1).
pub fn input_gradient<E: Real>(batch: usize, half: usize, up: &[E], down: &mut [E]) {
    let each = (down.len() / batch.max(1)).max(1);
    for (down, up) in down.chunks_exact_mut(each).zip(up.chunks_exact(2 * each)) {
        for (d, &u) in down.iter_mut().zip(&up[half * each..]) {
            *d += u;
        }
    }
}
