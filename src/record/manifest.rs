//! The manifest: what a person reads, and what is needed to do it again.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::{Environment, Request, Tolerances, seal::Seal};
use crate::{
    explain::Method,
    model::Model,
    photo::{Preprocess, Resize},
    weights::TensorHash,
};

/// The version of the manifest's form that this saltty writes and reads.
pub const SCHEMA: u32 = 3;

const HEADING: &str = "\
# An explanation recorded by saltty. `saltty verify` computes it again and compares stage by stage.
# Only [tolerances] may be edited: distances ||now - recorded|| / ||recorded||, or levels of 255 for square and colours.
";

/// Everything about one explanation but the arrays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The photo.
    pub photo: PhotoSource,
    /// How it became numbers.
    pub input: InputRule,
    /// What was explained and how.
    pub explanation: Explained,
    /// What the network said.
    pub scores: Vec<Scored>,
    /// On what it was computed.
    pub environment: Environment,
    /// The network.
    pub network: NetworkRule,
    /// Which gradients were taken, each in one sweep.
    pub sweeps: Vec<Computation>,
    /// The arrays' file.
    pub arrays: ArraysFile,
    /// How far each stage may be from what was recorded.
    pub tolerances: Tolerances,
    /// Hashes of the rest of the manifest.
    pub seal: Seal,
    /// The weights.
    pub weights: WeightsSource,
}

/// A photo's identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhotoSource {
    /// Where it is, seen from the manifest's folder.
    pub path: PathBuf,
    /// Hash of the file.
    pub sha256: String,
    /// Columns of the decoded, upright photo.
    pub width: usize,
    /// Its rows.
    pub height: usize,
    /// Hash of its pixels, 8-bit RGB, row after row.
    pub pixels_sha256: String,
}

/// From pixels to the network's input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputRule {
    /// The input convention.
    pub preprocess: String,
    /// What that means.
    pub preprocess_rule: String,
    /// How the photo was made square.
    pub resize: String,
    /// What that means.
    pub resize_rule: String,
    /// Pixels a side.
    pub side: usize,
    /// Hash of the input, 3 x side x side little-endian float64.
    pub sha256: String,
}

/// What was explained and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explained {
    /// Index of the class.
    pub class: usize,
    /// Its name.
    pub class_name: String,
    /// For a contrast, index of the class whose map is taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<usize>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against_name: Option<String>,
    /// What of the class: its logit, before softmax; of a contrast, how far it is above the other's.
    pub score: String,
    /// The method.
    pub method: String,
    /// The target layer of Grad-CAM methods, the layer before the last pooling for CAM; for others, the one that would be.
    pub layer: String,
    /// Which side of its ReLU that layer is on.
    pub layer_side: String,
    /// How raw maps were brought to 0..1.
    pub normalisation: String,
    /// How maps were enlarged.
    pub upsampling: String,
    /// The colours.
    pub colormap: String,
}

/// One class's score, for people; the arrays have all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scored {
    /// Index of the class.
    pub class: usize,
    /// Its name.
    pub name: String,
    /// Score before softmax.
    pub logit: f64,
    /// After it.
    pub probability: f64,
}

/// The network's identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkRule {
    /// Its name.
    pub model: String,
    /// How many classes it distinguishes.
    pub classes: usize,
    /// Hash of its layers' names and sizes and its parameters' names and sizes.
    pub architecture_sha256: String,
    /// Its layers in order of computation, the input first: the rows of the arrays `activations.*`.
    pub layers: Vec<String>,
}

/// One backward sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Computation {
    /// The rule of its ReLUs.
    pub rule: String,
    /// Where it ended.
    pub to: String,
    /// The layers it passed, in order: the rows of the arrays `gradients.RULE.*`.
    pub layers: Vec<String>,
}

/// The file of arrays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArraysFile {
    /// Its name, in the manifest's folder.
    pub path: PathBuf,
    /// Hash of the file.
    pub sha256: String,
    /// Its maps, in the order in which one follows from the other.
    pub maps: Vec<String>,
}

/// The weights' identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightsSource {
    /// Where the file is, seen from the manifest's folder; none for the embedded network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Hash of the file.
    pub sha256: String,
    /// The tensors used.
    pub tensors: Vec<TensorHash>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// What is wrong, in words that follow "is not a record: ".
    pub fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        let first_line = |e: toml::de::Error| {
            let words = e.message().lines().next().unwrap_or("it cannot be read").to_owned();
            let line = e.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count().max(1));
            format!("line {line} of its manifest is wrong ({words}); restore it from a copy")
        };
        let Version { schema } = toml::from_str(text).map_err(first_line)?;
        if schema != SCHEMA {
            return Err(format!(
                "its manifest has schema {schema}, but this saltty reads {SCHEMA}; record the photo again, or use the saltty that made it"
            ));
        }
        let manifest: Self = toml::from_str(text).map_err(first_line)?;
        match manifest.problem() {
            Some(problem) => Err(problem),
            None => Ok(manifest),
        }
    }

    /// What is wrong with it, if anything: also a name of its arrays that would lead out of its folder, since that file is
    /// read, and removed when the record is replaced.
    fn problem(&self) -> Option<String> {
        let arrays = &self.arrays.path;
        if arrays.file_name() != Some(arrays.as_os_str()) {
            return Some(format!("its arrays are `{}`, which is no plain file name beside it", arrays.display()));
        }
        self.tolerances.problem()
    }

    /// The manifest's text.
    ///
    /// # Panics
    /// If a path in it is not text; [`Record::make`](super::Record::make) refuses those.
    pub fn to_toml(&self) -> String {
        format!("{HEADING}{}", toml::to_string(self).expect("a manifest has a form in TOML"))
    }

    /// What was asked for.
    ///
    /// # Errors
    /// The word that this saltty does not know.
    pub fn request(&self) -> Result<Request, String> {
        let Explained { class, against, method, layer, colormap, .. } = &self.explanation;
        Ok(Request {
            class: *class,
            against: *against,
            method: Method::from_str(method, true)?,
            layer: layer.clone(),
            colors: colormap.parse()?,
        })
    }

    /// The network's name as a choice.
    ///
    /// # Errors
    /// If this saltty has no such network.
    pub fn model(&self) -> Result<Model, String> {
        self.network.model.parse().map_err(|e: crate::Error| e.to_string())
    }

    /// How the photo became numbers, as choices.
    ///
    /// # Errors
    /// The word that this saltty does not know.
    pub fn input_rules(&self) -> Result<(Preprocess, Resize), String> {
        Ok((self.input.preprocess.parse()?, Resize::from_str(&self.input.resize, true)?))
    }

    /// Where the photo is, for a manifest at `own`; in `photos` by its name alone if that folder is given.
    pub fn photo_path(&self, own: &Path, photos: Option<&Path>) -> PathBuf {
        match photos {
            Some(folder) => folder.join(self.photo.path.file_name().unwrap_or_default()),
            None => own.parent().unwrap_or(Path::new("")).join(&self.photo.path),
        }
    }

    /// Where the weights are, for a manifest at `own`; none for the embedded network.
    pub fn weights_path(&self, own: &Path) -> Option<PathBuf> {
        self.weights.path.as_ref().map(|path| own.parent().unwrap_or(Path::new("")).join(path))
    }
}
