//! Names of layers, as the users of each framework know them.

use std::fmt;

use super::Model;
use crate::{Error, Result, nn::Name, words};

/// What a layer's output is, seen from the nearest ReLU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Output of a convolution or dense layer: may be negative.
    BeforeRelu,
    /// Output of a ReLU, or made only of such outputs.
    AfterRelu,
    /// The class scores.
    Scores,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::BeforeRelu => "before its ReLU",
            Self::AfterRelu => "after its ReLU",
            Self::Scores => "class scores",
        })
    }
}

/// One layer of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Its name in saltty (and in the papers), such as `relu5_4`.
    pub name: Name,
    /// What torchvision, Keras and others call it, such as `features.35` and `block5_conv4`.
    pub aliases: Vec<String>,
    /// Which side of its ReLU it is on.
    pub side: Side,
    /// Size of its output without the batch: `[channels, height, width]` or `[features]`.
    pub shape: Vec<usize>,
}

impl Layer {
    pub(super) fn new(name: impl Into<Name>, side: Side, aliases: &[&str]) -> Self {
        let aliases = aliases.iter().map(|&alias| alias.to_owned()).collect();
        Self { name: name.into(), aliases, side, shape: Vec::new() }
    }

    /// Whether its output has rows and columns, so that it can be the target layer of a map.
    pub fn is_spatial(&self) -> bool {
        self.shape.len() == 3
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.name).chain(self.aliases.iter().map(String::as_str))
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.side)
    }
}

/// The layer with this name, or an error with the nearest ones.
pub(super) fn find<'l>(layers: &'l [Layer], name: &str, model: Model) -> Result<&'l Layer> {
    let wanted = name.to_lowercase();
    let found = layers.iter().find(|layer| layer.names().any(|name| name.to_lowercase() == wanted));
    found.ok_or_else(|| Error::UnknownLayer {
        name: name.to_owned(),
        model,
        near: words::nearest(&wanted, layers.iter().flat_map(Layer::names), 3),
    })
}
