//! The stages of an explanation, in the order in which each follows from the one before.

use std::fmt;

/// One step from a photo to a coloured map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// The record's own files.
    Record,
    /// The bytes of the photo's file.
    Photo,
    /// Its decoded pixels.
    Pixels,
    /// The square that the network sees.
    Square,
    /// The numbers that the network reads.
    Input,
    /// The weights' file and its tensors.
    Weights,
    /// What each layer puts out.
    Activations,
    /// The class scores before softmax.
    Logits,
    /// The gradient of the class's score at each layer.
    Gradients,
    /// Grad-CAM's weight of each channel of the target layer.
    ChannelWeights,
    /// The signed map, as large as the target layer, or for pixel methods as the input.
    RawMap,
    /// The map brought to 0..1, as large as before.
    NormalisedMap,
    /// The normalised map at the input's size.
    ResizedMap,
    /// Guided Grad-CAM: the resized map times guided backpropagation.
    GuidedProduct,
    /// How much each pixel matters, 0..1 (pixel methods).
    Magnitude,
    /// The colours of the map, and the map over its photo.
    Colours,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 16] = [
        Self::Record,
        Self::Photo,
        Self::Pixels,
        Self::Square,
        Self::Input,
        Self::Weights,
        Self::Activations,
        Self::Logits,
        Self::Gradients,
        Self::ChannelWeights,
        Self::RawMap,
        Self::NormalisedMap,
        Self::ResizedMap,
        Self::GuidedProduct,
        Self::Magnitude,
        Self::Colours,
    ];

    /// Its name in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Photo => "photo",
            Self::Pixels => "pixels",
            Self::Square => "square",
            Self::Input => "input",
            Self::Weights => "weights",
            Self::Activations => "activations",
            Self::Logits => "logits",
            Self::Gradients => "gradients",
            Self::ChannelWeights => "channel-weights",
            Self::RawMap => "raw-map",
            Self::NormalisedMap => "normalised-map",
            Self::ResizedMap => "resized-map",
            Self::GuidedProduct => "guided-product",
            Self::Magnitude => "magnitude",
            Self::Colours => "colours",
        }
    }

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Record => "record files",
            Self::Photo => "photo bytes",
            Self::Square => "resized photo",
            Self::Input => "input tensor",
            Self::ChannelWeights => "channel weights",
            Self::RawMap => "raw map",
            Self::NormalisedMap => "normalised map",
            Self::ResizedMap => "resized map",
            Self::GuidedProduct => "guided product",
            other => other.id(),
        }
    }

    /// The stage called `id`.
    pub fn find(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.id() == id)
    }

    /// Whether it is compared in 8-bit levels rather than by relative distance.
    pub fn is_levels(self) -> bool {
        matches!(self, Self::Square | Self::Colours)
    }

    /// Whether hashes decide alone, so that there is nothing to tolerate.
    pub fn is_hash(self) -> bool {
        matches!(self, Self::Record | Self::Photo | Self::Pixels | Self::Weights)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.title())
    }
}
