//! Stacked planes of numbers: inputs, activations, gradients and maps outside the network.

/// `channels` planes of `height` x `width` values in C order.
///
/// Outside the network saltty computes in f64, so that maps carry no rounding of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Planes {
    /// How many planes.
    pub channels: usize,
    /// Rows of each plane.
    pub height: usize,
    /// Columns of each plane.
    pub width: usize,
    /// All values, plane after plane, row after row.
    pub values: Vec<f64>,
}

impl Planes {
    /// Wraps `values`.
    ///
    /// # Panics
    /// If there are not `channels * height * width` of them.
    pub fn new(channels: usize, height: usize, width: usize, values: Vec<f64>) -> Self {
        assert_eq!(values.len(), channels * height * width, "{channels}x{height}x{width} planes");
        Self { channels, height, width, values }
    }

    /// The values of plane `channel`, row after row.
    pub fn plane(&self, channel: usize) -> &[f64] {
        let area = self.height * self.width;
        &self.values[channel * area..][..area]
    }

    /// The same planes with every value passed through `f`.
    #[must_use]
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self::new(self.channels, self.height, self.width, self.values.iter().map(|&v| f(v)).collect())
    }
}
