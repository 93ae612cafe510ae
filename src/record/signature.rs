//! A layer's numbers in brief: enough to say whether they are the same, and if not, how far apart.
//!
//! Kept are a SHA-256 (the same bits?), the norm, and sixteen sums in which every number is taken with a sign that
//! depends on its position alone, as a coin would fall. For any difference d between two layers, the square of such a sum
//! of d is ||d||^2 on average, so the mean of the sixteen squares estimates ||d||^2 with a standard deviation of about a
//! third, from 136 bytes a layer and without keeping the layer (Johnson and Lindenstrauss; signs: Achlioptas 2003).
//! Norms alone would not do: a shifted or mirrored map has the same. Sampled values would miss what happens between
//! them. Every number takes part in every sum. What signed sums cannot tell - the largest difference, ranks, the place of
//! the largest number - is told of a [`Sample`], and said to be.

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::{SAMPLED, Sample};
use crate::{
    arrays::{Array, Arrays},
    files,
    planes::Planes,
};

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
    /// Some of the numbers themselves.
    pub sample: Sample,
}

impl Signature {
    /// Of a layer's numbers, in their order.
    pub fn of(layer: &Planes) -> Self {
        let values = &layer.values;
        let pieces: Vec<[f64; PROJECTIONS + 1]> = values.par_chunks(CHUNK).enumerate().map(piece).collect();
        let mut sums = [0.0; PROJECTIONS + 1];
        for piece in pieces {
            for (sum, part) in sums.iter_mut().zip(piece) {
                *sum += part;
            }
        }
        let mut hash = Sha256::new();
        if cfg!(target_endian = "little") {
            hash.update(bytemuck::cast_slice::<f64, u8>(values));
        } else {
            files::hash_numbers(&mut hash, values.iter().map(|v| v.to_le_bytes()));
        }
        let projections = sums[..PROJECTIONS].to_vec();
        Self { sha256: files::hex(hash), norm: sums[PROJECTIONS].sqrt(), projections, sample: Sample::of(layer) }
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

/// Stores signatures as arrays with a row a layer; samples of short layers are filled up with zeros.
pub(super) fn put(arrays: &mut Arrays, name: &str, layers: &[(String, Signature)]) {
    let byte = |hex: &str, at: usize| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("a hash in hexadecimal");
    let hashes = layers.iter().flat_map(|(_, one)| (0..32).map(|at| byte(&one.sha256, at))).collect();
    let mut numbers = |part: &str, each: usize, of: &dyn Fn(&Signature) -> Vec<f64>| {
        let values = layers.iter().flat_map(|(_, one)| of(one)).collect();
        arrays.insert(&format!("{name}.{part}"), Array::f64(&[layers.len(), each], values));
    };
    numbers("norms", 1, &|one| vec![one.norm]);
    numbers("projections", PROJECTIONS, &|one| one.projections.clone());
    numbers("shapes", 3, &|one| one.sample.shape.map(|size| size as f64).to_vec());
    let filled = |one: &Signature| {
        let mut values = one.sample.values.clone();
        values.resize(SAMPLED, 0.0);
        values
    };
    let samples: Vec<f64> = layers.iter().flat_map(|(_, one)| filled(one)).collect();
    arrays.insert(&format!("{name}.samples"), Array::f32(&[layers.len(), SAMPLED], &samples));
    arrays.insert(&format!("{name}.sha256"), Array::u8(&[layers.len(), 32], hashes));
}

/// The signatures that [`put`] stored of these layers.
///
/// # Errors
/// The name of an array that is not there or has another size.
pub(super) fn take(arrays: &Arrays, name: &str, layers: &[String]) -> Result<Vec<(String, Signature)>, String> {
    let part = |part: &str, each: usize| {
        let name = format!("{name}.{part}");
        let values = arrays.get(&name).map(Array::to_f64).filter(|values| values.len() == layers.len() * each);
        values.ok_or(format!("array `{name}` of {each} a layer"))
    };
    let (hashes, norms, projections) = (part("sha256", 32)?, part("norms", 1)?, part("projections", PROJECTIONS)?);
    let (shapes, samples) = (part("shapes", 3)?, part("samples", SAMPLED)?);
    let signature = |(at, name): (usize, &String)| {
        let sha256 = files::hexadecimal(hashes[32 * at..][..32].iter().map(|&byte| byte as u8));
        let projections = projections[PROJECTIONS * at..][..PROJECTIONS].to_vec();
        let shape: [usize; 3] = std::array::from_fn(|i| shapes[3 * at + i] as usize);
        let count = shape.iter().product::<usize>().min(SAMPLED);
        let sample = Sample { shape, values: samples[SAMPLED * at..][..count].to_vec() };
        (name.clone(), Signature { sha256, norm: norms[at], projections, sample })
    };
    Ok(layers.iter().enumerate().map(signature).collect())
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
pub(super) fn coins(position: u64) -> u64 {
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

    fn signature(values: &[f64]) -> Signature {
        Signature::of(&Planes::new(1, 1, values.len(), values.to_vec()))
    }

    #[test]
    fn the_distance_is_the_norm_of_the_difference_within_a_factor() {
        let a = wave(100_000);
        for (step, size) in [(1, 1e-6), (1, 0.5), (997, 3.0), (99_999, 0.01)] {
            let mut b = a.clone();
            b.iter_mut().step_by(step).enumerate().for_each(|(i, v)| *v += size * (i as f64 * 1.3).cos());
            let truth = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
            let estimate = signature(&a).distance(&signature(&b));
            assert!((0.5..2.0).contains(&(estimate / truth)), "{estimate} for {truth}");
        }
    }

    #[test]
    fn signatures_survive_their_arrays() {
        let layers = [("short", wave(12)), ("long", wave(40_000))];
        let layers = layers.map(|(name, values)| {
            let planes = Planes::new(2, 2, values.len() / 4, values);
            (name.to_owned(), Signature::of(&planes))
        });
        let names = layers.each_ref().map(|(name, _)| name.clone());
        let mut arrays = Arrays::default();
        put(&mut arrays, "forth", &layers);
        assert_eq!(take(&arrays, "forth", &names).unwrap(), layers);
        assert_eq!(layers[0].1.sample.values.len(), 12);
        assert_eq!(take(&arrays, "back", &names), Err("array `back.sha256` of 32 a layer".to_owned()));
        assert!(take(&arrays, "forth", &names[1..]).is_err(), "fewer layers than were stored");
    }

    /// Known sums: of one number, of its opposite, and of one in another chunk.
    #[test]
    fn sums_take_every_number_with_the_sign_of_its_place() {
        let sign = |at: u64, bit: usize| if coins(at) >> bit & 1 == 0 { 1.0 } else { -1.0 };
        assert_eq!(coins(0), 0xE220_A839_7B1D_CDAF, "splitmix64's first number for the seed 0");
        let mut values = vec![0.0; CHUNK + 3];
        (values[5], values[CHUNK + 2]) = (2.0, -3.0);
        let Signature { norm, projections, .. } = signature(&values);
        assert_eq!(norm, 13_f64.sqrt());
        for (bit, sum) in projections.into_iter().enumerate() {
            assert_eq!(sum, 2.0 * sign(5, bit) - 3.0 * sign(CHUNK as u64 + 2, bit));
        }
    }

    #[test]
    fn a_change_that_keeps_the_norm_is_seen() {
        let a = wave(1000);
        let mut b = a.clone();
        b.reverse();
        let (a, b) = (signature(&a), signature(&b));
        assert!((a.norm - b.norm).abs() < 1e-9 && a.distance(&b) > 0.5 * a.norm, "{a:?} {b:?}");
        assert_eq!(a.distance(&a), 0.0);
    }
}
