//! Faults planted on purpose, to test that `saltty verify` names the stage that each of them breaks.
//!
//! Without the cargo feature `faults`, which only saltty's own tests turn on, nothing here does anything and the
//! compiler removes it. With it, the environment variable `SALTTY_FAULT` names the fault of this process.

/// A mistake of the kind that people make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The photo resized by nearest pixels instead of antialiased bilinear.
    Resize,
    /// No mean subtracted from the input.
    Mean,
    /// Red, green and blue where blue, green and red belong.
    ChannelOrder,
    /// One convolution ([`PADDED`]) without its padding, so that its output is shifted.
    Padding,
    /// The last of equal maxima in a pool instead of the first.
    PoolTies,
    /// A guided ReLU that lets negative gradients through.
    GuidedGate,
    /// Channel weights that are sums of gradients instead of means.
    Alpha,
    /// Maps enlarged with aligned corners instead of half-pixel centres.
    Upsampling,
    /// Maps over the sum of their sizes instead of their maximum.
    Normalisation,
}

#[cfg(feature = "faults")]
impl Fault {
    const ALL: [Self; 9] = [
        Self::Resize,
        Self::Mean,
        Self::ChannelOrder,
        Self::Padding,
        Self::PoolTies,
        Self::GuidedGate,
        Self::Alpha,
        Self::Upsampling,
        Self::Normalisation,
    ];
}

/// The layer that [`Fault::Padding`] hits.
const PADDED: &str = "fire5/expand3x3";

/// Whether this process has `fault`.
#[cfg(feature = "faults")]
pub fn planted(fault: Fault) -> bool {
    static PLANTED: std::sync::OnceLock<Option<Fault>> = std::sync::OnceLock::new();
    let named = |name: String| {
        let found = Fault::ALL.into_iter().find(|fault| format!("{fault:?}") == name);
        found.unwrap_or_else(|| panic!("SALTTY_FAULT is `{name}`, which is none of {:?}", Fault::ALL))
    };
    *PLANTED.get_or_init(|| std::env::var("SALTTY_FAULT").ok().map(named)) == Some(fault)
}

/// Whether this process has `fault`: never, in a build without the feature `faults`.
#[cfg(not(feature = "faults"))]
pub const fn planted(_: Fault) -> bool {
    false
}

/// `wrong` where `fault` is planted, else `right`.
pub fn swapped<T>(fault: Fault, right: T, wrong: T) -> T {
    if planted(fault) { wrong } else { right }
}

/// The padding of the convolution `layer`.
pub fn padding(layer: &str, right: usize) -> usize {
    if planted(Fault::Padding) && layer == PADDED { 0 } else { right }
}

/// Whether the later of two values that are `equal` wins a maximum.
pub fn last_of_equals(equal: bool) -> bool {
    equal && planted(Fault::PoolTies)
}
