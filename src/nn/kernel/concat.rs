//! Channel concatenation of two equally large maps.

use super::memory::{self, Buffer};
use crate::nn::Real;

/// For each image, all of `a`'s then all of `b`'s.
pub fn forward<E: Real>(batch: usize, a: &[E], b: &[E]) -> Vec<E> {
    let [of_a, of_b] = [a, b].map(|part| (part.len() / batch.max(1)).max(1));
    let mut joined = memory::take_to_keep(a.len() + b.len());
    for ((joined, a), b) in joined.chunks_exact_mut(of_a + of_b).zip(a.chunks_exact(of_a)).zip(b.chunks_exact(of_b)) {
        joined[..of_a].copy_from_slice(a);
        joined[of_a..].copy_from_slice(b);
    }
    joined
}

/// The parts of the gradient `up` of what was joined from inputs of `counts` numbers.
pub fn parts<E: Real>(batch: usize, counts: [usize; 2], mut up: Buffer<E>) -> [Buffer<E>; 2] {
    let [of_a, of_b] = counts.map(|count| (count / batch.max(1)).max(1));
    let mut b = Buffer::new(counts[1]);
    for (b, up) in b.chunks_exact_mut(of_b).zip(up.chunks_exact(of_a + of_b)) {
        b.copy_from_slice(&up[of_a..]);
    }
    for image in 1..batch {
        up.copy_within(image * (of_a + of_b)..image * (of_a + of_b) + of_a, image * of_a);
    }
    up.truncate(counts[0]);
    [up, b]
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
