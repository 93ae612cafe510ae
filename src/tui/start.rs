//! What the interface begins with, and what the loaded networks offer.

use std::{path::PathBuf, sync::Arc};

use super::keys::KeyMap;
use crate::{classes::ClassNames, explain::Method, heatmap::ColorMap, model::Layer, raster::Depth};

/// A pane to begin with, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Which of the networks.
    pub network: usize,
    /// Which of the photos.
    pub photo: usize,
    /// The class, as a person wrote it; the likeliest if none.
    pub class: Option<String>,
    /// The class whose map is taken away.
    pub against: Option<String>,
    /// The target layer; the network's usual one if none.
    pub layer: Option<String>,
    /// The method.
    pub method: Method,
}

impl Opening {
    /// The first photo's likeliest class.
    pub fn new(method: Method) -> Self {
        Self { network: 0, photo: 0, class: None, against: None, layer: None, method }
    }
}

/// How the command line chooses a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// The options of the commands for one network.
    pub alone: Vec<String>,
    /// What follows `--model` where there may be several: `NAME` or `NAME=FILE`.
    pub among: String,
}

/// What the interface begins with.
#[derive(Clone, Debug)]
pub struct Start {
    /// The photos, at least one.
    pub photos: Vec<PathBuf>,
    /// The panes, 1 to 6.
    pub openings: Vec<Opening>,
    /// The colours of the map.
    pub colors: ColorMap,
    /// The colours the terminal has.
    pub depth: Depth,
    /// Which keys do what.
    pub keys: KeyMap,
    /// How the command line chooses each network.
    pub words: Vec<Words>,
    /// Tenths of the map in the blend.
    pub opacity: Option<u8>,
    /// Whether all panes share a scale.
    pub shared: bool,
    /// Photos marked in the list.
    pub marks: Vec<usize>,
}

/// What a loaded network offers.
#[derive(Clone, Debug)]
pub struct Network {
    /// Its name, with its weights' where there are several.
    pub name: String,
    /// Names of its classes.
    pub names: Arc<ClassNames>,
    /// Layers that can be the target layer, in order of computation.
    pub layers: Vec<Layer>,
    /// Which of them it is to begin with.
    pub layer: usize,
    /// Methods it can be explained by.
    pub methods: Vec<Method>,
}

/// An opening that was looked up: class, class taken away, target layer.
pub type Opened = (Option<usize>, Option<usize>, usize);

/// What there is to choose from.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// The networks, at least one.
    pub networks: Vec<Network>,
    /// What the openings mean, one each.
    pub opened: Vec<Opened>,
}
