//! A fixed sample of a layer's numbers, for what a signature cannot tell: the largest difference, ranks, where the largest
//! number is.
//!
//! Of a layer of up to [`SAMPLED`] numbers all are kept. A longer one is cut into that many stretches of equal length, and
//! one number of each is kept, at a place that depends on the stretch and the length alone; so every part of the layer has
//! its share, and two runs sample the same places.

use crate::planes::Planes;

/// The most numbers of a layer that are kept.
pub const SAMPLED: usize = 1024;

/// Some numbers of a layer, in float32.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The layer's channels, rows and columns.
    pub shape: [usize; 3],
    /// The numbers at [`positions`] of it.
    pub values: Vec<f64>,
}

impl Sample {
    /// Of a layer.
    pub fn of(layer: &Planes) -> Self {
        let values = positions(layer.values.len()).map(|at| f64::from(layer.values[at] as f32));
        Self { shape: [layer.channels, layer.height, layer.width], values: values.collect() }
    }

    /// Channel, row and column of the sample's number `index`.
    ///
    /// # Panics
    /// If it has fewer.
    pub fn place(&self, index: usize) -> [usize; 3] {
        let [channels, height, width] = self.shape;
        let at = positions(channels * height * width).nth(index).expect("a number of the sample");
        [at / (height * width), at / width % height, at % width]
    }
}

/// The places that are sampled of `len` numbers, in order.
pub fn positions(len: usize) -> impl Iterator<Item = usize> {
    let count = len.min(SAMPLED);
    (0..count).map(move |stretch| {
        let [start, end] = [stretch, stretch + 1].map(|at| at * len / count);
        start + (super::signature::coins((stretch * len) as u64) % (end - start) as u64) as usize
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_all_of_a_short_layer_and_a_number_of_every_stretch_of_a_long_one() {
        assert_eq!(positions(5).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert_eq!(positions(0).count(), 0);
        let long: Vec<usize> = positions(1_000_003).collect();
        assert_eq!(long.len(), SAMPLED);
        assert!(
            long.iter()
                .enumerate()
                .all(|(at, place)| place * SAMPLED / 1_000_003 == at || place * SAMPLED / 1_000_003 + 1 == at)
        );
        // The same in every version, or records could not be compared: splitmix64 of the stretch times the length.
        assert_eq!((&long[..4], long[1023]), (&[335, 1_129, 1_980, 3_082][..], 999_919));
        assert!(long.windows(2).all(|pair| pair[0] < pair[1]) && *long.last().unwrap() < 1_000_003);
    }

    #[test]
    fn a_sampled_number_knows_its_place() {
        let layer = Planes::new(2, 3, 4, (0..24).map(f64::from).collect());
        let sample = Sample::of(&layer);
        assert_eq!((sample.values[17], sample.place(17)), (17.0, [1, 1, 1]));
    }
}
