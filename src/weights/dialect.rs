//! Whose names the tensors bear: the same layer is `conv1_1`, `features.0` or `block1_conv1`.

use std::collections::HashMap;

use super::TensorInfo;
use crate::{
    model::{Layer, Model},
    nn::Part,
    photo::Preprocess,
};

/// A framework's way of naming and laying out weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The authors' names: `conv1_1`, `fc6`, `fire2/squeeze1x1`.
    Caffe,
    /// torchvision's: `features.0`, `classifier.0`.
    Torchvision,
    /// timm's, whose first dense layers are convolutions: `pre_logits.fc1`, `head.fc`.
    Timm,
    /// Keras': `block1_conv1`, `fc1`, kernels as HWIO and dense layers reading HWC.
    Keras,
}

impl Dialect {
    const ALL: [Self; 4] = [Self::Torchvision, Self::Timm, Self::Keras, Self::Caffe];

    /// The dialect that names the most of these tensors.
    pub fn of(tensors: &[TensorInfo]) -> Self {
        let speaks =
            |dialect: &Self| tensors.iter().filter(|tensor| dialect.owns(&Key::of(&tensor.name).layer)).count();
        let best = Self::ALL.iter().rev().max_by_key(|dialect| speaks(dialect));
        *best.expect("there are dialects")
    }

    /// Whether this dialect alone has layers of this name.
    fn owns(self, layer: &str) -> bool {
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| layer.starts_with(prefix));
        match self {
            Self::Torchvision => starts(&["features.", "classifier."]),
            Self::Timm => starts(&["features.", "pre_logits.", "head."]),
            Self::Keras => starts(&["block", "fc1", "fc2", "predictions"]),
            Self::Caffe => starts(&["conv", "fire", "fc6", "fc7", "fc8"]),
        }
    }

    /// The input convention that weights with such names are usually trained with.
    pub fn preprocess(self) -> Preprocess {
        match self {
            Self::Caffe => Preprocess::Caffe,
            Self::Torchvision | Self::Timm => Preprocess::Torchvision,
            Self::Keras => Preprocess::Keras,
        }
    }

    /// What this dialect calls the layer whose tensors are wanted.
    pub(super) fn spell(self, model: Model, layer: &Layer) -> String {
        let alias = |prefixes: &[&str]| {
            let found = prefixes.iter().find_map(|p| layer.aliases.iter().find(|alias| alias.starts_with(p)));
            found.cloned().unwrap_or_else(|| layer.name.replace('/', "."))
        };
        match self {
            Self::Caffe => layer.name.replace('/', "."),
            Self::Torchvision => alias(&["features.", "classifier."]),
            Self::Timm => alias(&["features.", "pre_logits.", "head."]),
            Self::Keras if model == Model::SqueezeNet11 => layer.name.replace('/', "."),
            Self::Keras => match &*layer.name {
                "fc6" => "fc1".to_owned(),
                "fc7" => "fc2".to_owned(),
                "fc8" => "predictions".to_owned(),
                conv => format!("block{}", conv.trim_start_matches("conv").replace('_', "_conv")),
            },
        }
    }
}

/// The input convention that a file's metadata states: `preprocess` by name, or `input` in words that begin with the
/// order of the channels.
pub(super) fn stated(metadata: &HashMap<String, String>) -> Option<Preprocess> {
    if let Some(named) = metadata.get("preprocess").and_then(|name| name.parse().ok()) {
        return Some(named);
    }
    let input = metadata.get("input")?.trim_start();
    let order = input.get(..3)?.to_uppercase();
    [("BGR", Preprocess::Caffe), ("RGB", Preprocess::Torchvision)]
        .into_iter()
        .find(|(o, _)| *o == order)
        .map(|(_, p)| p)
}

/// A tensor's name taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The layer's name, with dots.
    pub layer: String,
    /// Whether it is the layer's bias.
    pub bias: bool,
    /// Whether it is laid out as Keras does (`kernel`).
    pub keras: bool,
}

/// What wrappers put before the names.
const WRAPPERS: [&str; 9] =
    ["module.", "model.", "_orig_mod.", "state_dict.", "net.", "vgg11.", "vgg13.", "vgg16.", "vgg19."];

impl Key {
    pub fn of(name: &str) -> Self {
        let mut name = name.replace('/', ".");
        if let Some(bare) = name.strip_suffix(":0") {
            name.truncate(bare.len());
        }
        while let Some(bare) = WRAPPERS.iter().find_map(|wrapper| name.strip_prefix(wrapper)) {
            name = bare.into();
        }
        let (path, part) = name.rsplit_once('.').unwrap_or(("", &name));
        let mut segments: Vec<&str> = path.split('.').collect();
        segments.dedup_by(|a, b| a == b && a.parse::<usize>().is_err());
        let layer = segments.join(".");
        let old_keras = part.strip_prefix(&layer).unwrap_or("");
        let bias = part == "bias" || old_keras.starts_with("_b");
        let keras = part == "kernel" || old_keras.starts_with("_W") || old_keras.starts_with("_kernel");
        if bias || keras || part == "weight" { Self { layer, bias, keras } } else { Self { layer: name, bias, keras } }
    }

    pub fn part(&self, is_filter: bool) -> Part {
        match (self.bias, is_filter) {
            (true, _) => Part::Bias,
            (false, true) => Part::Filter,
            (false, false) => Part::Matrix,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_names_apart() {
        let key = |name: &str| {
            let Key { layer, bias, keras } = Key::of(name);
            (layer, bias, keras)
        };
        assert_eq!(key("module.features.0.weight"), ("features.0".into(), false, false));
        assert_eq!(key("block1_conv1/block1_conv1/kernel:0"), ("block1_conv1".into(), false, true));
        assert_eq!(key("block1_conv1/block1_conv1_W_1:0"), ("block1_conv1".into(), false, true));
        assert_eq!(key("block1_conv1/block1_conv1_b_1:0"), ("block1_conv1".into(), true, false));
        assert_eq!(key("fire2/squeeze1x1.bias"), ("fire2.squeeze1x1".into(), true, false));
        assert_eq!(key("features.1.running_mean").0, "features.1.running_mean");
    }
}
