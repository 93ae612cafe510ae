//! A layer's numbers in brief: enough to say whether they are the same, and if not, how far apart.
//!
//! Kept are a SHA-256 (the same bits?), the norm, and sixteen sums in which every number is taken with a sign that
//! depends on its position alone, as a coin would fall. For any difference d between two layers, the square of such a sum
//! of d is ||d||^2 on average, so the mean of the sixteen squares estimates ||d||^2 with a standard deviation of about a
//! third, from 136 bytes a layer and without keeping the layer (Johnson and Lindenstrauss; signs: Achlioptas 2003).
//! Norms alone would not do: a shifted or mirrored map has the same. Sampled values would miss what happens between
//! them. Every number takes part in every sum.

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::files;

/// How many signed sums are kept.
pub const PROJECTIONS: usize = 16;
/// Numbers that one thread adds up; fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 1 << 14;

/// One layer's numbers in brief.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    /// SHA-256 of the numbers as little-endian float64, in hexadecimal.
    pub sha256: String,
    /// Euclidean norm.
    pub norm: f64,
    /// The signed sums.
    pub projections: Vec<f64>,
}

impl Signature {
    /// Of `values`, in their order.
    pub fn of(values: &[f64]) -> Self {
        let pieces: Vec<[f64; PROJECTIONS + 1]> = values.par_chunks(CHUNK).enumerate().map(piece).collect();
        let mut sums = [0.0; PROJECTIONS + 1];
        for piece in pieces {
            for (sum, part) in sums.iter_mut().zip(piece) {
                *sum += part;
            }
        }
        let mut hash = Sha256::new();
        files::hash_numbers(&mut hash, values.iter().map(|v| v.to_le_bytes()));
        let projections = sums[..PROJECTIONS].to_vec();
        Self { sha256: files::hex(hash), norm: sums[PROJECTIONS].sqrt(), projections }
    }

    /// The estimated norm of the difference to `other`.
    pub fn distance(&self, other: &Self) -> f64 {
        if self.sha256 == other.sha256 {
            return 0.0;
        }
        let pairs = self.projections.iter().zip(&other.projections);
        (pairs.map(|(a, b)| (a - b).powi(2)).sum::<f64>() / PROJECTIONS as f64).sqrt()
    }
}

/// The signed sums of one chunk, and the sum of squares.
fn piece((index, values): (usize, &[f64])) -> [f64; PROJECTIONS + 1] {
    let mut sums = [0.0; PROJECTIONS + 1];
    for (offset, &value) in values.iter().enumerate() {
        let coins = coins((index * CHUNK + offset) as u64);
        for (bit, sum) in sums[..PROJECTIONS].iter_mut().enumerate() {
            *sum += f64::from_bits(value.to_bits() ^ ((coins >> bit & 1) << 63));
        }
        sums[PROJECTIONS] += value * value;
    }
    sums
}

/// splitmix64: a bit for each sum.
fn coins(position: u64) -> u64 {
    let mut z = position.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(count: usize) -> Vec<f64> {
        (0..count).map(|i| (i as f64 * 0.7).sin() + 0.2).collect()
    }

    #[test]
    fn the_distance_is_the_norm_of_the_difference_within_a_factor() {
        let a = wave(100_000);
        for (step, size) in [(1, 1e-6), (1, 0.5), (997, 3.0), (99_999, 0.01)] {
            let mut b = a.clone();
            b.iter_mut().step_by(step).enumerate().for_each(|(i, v)| *v += size * (i as f64 * 1.3).cos());
            let truth = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
            let estimate = Signature::of(&a).distance(&Signature::of(&b));
            assert!((0.5..2.0).contains(&(estimate / truth)), "{estimate} for {truth}");
        }
    }

    #[test]
    fn a_change_that_keeps_the_norm_is_seen() {
        let a = wave(1000);
        let mut b = a.clone();
        b.reverse();
        let (a, b) = (Signature::of(&a), Signature::of(&b));
        assert!((a.norm - b.norm).abs() < 1e-9 && a.distance(&b) > 0.5 * a.norm, "{a:?} {b:?}");
        assert_eq!(a.distance(&a), 0.0);
    }
}
