//! What can go wrong in the library, worded for the person who has to mend it.

use std::path::PathBuf;

use dfdx::prelude::CpuError;

use crate::{device::Device, explain::Method, model::Model, profile::Profile};

/// Result of saltty's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Each message is one sentence that names the file or word at fault and says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read.
    #[error("cannot read {}: {source}; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("cannot write {}: {source}; check that the folder exists and has room", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A photo could not be decoded.
    #[error("cannot decode {}: {reason}; saltty reads JPEG, PNG, WebP, BMP and GIF, so convert or re-download the photo", path.display())]
    PhotoFormat {
        /// The photo.
        path: PathBuf,
        /// The decoder's words.
        reason: String,
    },
    /// A photo without pixels or with too many.
    #[error("{} is {width}x{height} pixels, but a photo must have 1 to {limit} pixels a side and at most {megapixels} million; scale it first", path.display())]
    PhotoSize {
        /// The photo.
        path: PathBuf,
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Most pixels a side.
        limit: u32,
        /// Most pixels, in millions.
        megapixels: u64,
    },
    /// A folder without photos.
    #[error("{} holds no photo; saltty looks for jpg, jpeg, png, webp, bmp and gif files (browsing, also in folders inside it)", path.display())]
    NoPhotos {
        /// The folder.
        path: PathBuf,
    },
    /// A file that is not a whole safetensors file.
    #[error("{} is not a usable safetensors file: {reason}", path.display())]
    WeightsFormat {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// Weights that do not fill the network.
    #[error("{} does not fit {model}: {problems}; {remedy}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// The network.
        model: Model,
        /// All that is wrong.
        problems: String,
        /// What to do.
        remedy: String,
    },
    /// A network saltty does not know.
    #[error("no network is called `{name}`; use {}", Model::ALL.map(Model::name).join(", "))]
    UnknownModel {
        /// What was asked for.
        name: String,
    },
    /// A layer the network does not have.
    #[error("{model} has no layer `{name}`{}; `saltty layers --model {model}` lists them", did_you_mean(near))]
    UnknownLayer {
        /// What was asked for.
        name: String,
        /// The network.
        model: Model,
        /// Layers with nearly this name.
        near: Vec<String>,
    },
    /// A target layer without positions.
    #[error("{layer} has no rows and columns to map; choose a layer before the classifier, such as {default}")]
    NotSpatial {
        /// What was asked for.
        layer: String,
        /// One that works.
        default: &'static str,
    },
    /// A class the network does not distinguish.
    #[error("no class is `{query}`: {hint} (`saltty classes` lists them)")]
    UnknownClass {
        /// What was asked for.
        query: String,
        /// What there is instead.
        hint: String,
    },
    /// A file of class names that does not fit the network.
    #[error("{} has {lines} lines, but the network has {classes} classes; write one name a line", path.display())]
    Labels {
        /// The file.
        path: PathBuf,
        /// Lines in it.
        lines: usize,
        /// Classes of the network.
        classes: usize,
    },
    /// CAM asked of a network that does not end in global average pooling.
    #[error("CAM is not defined for {model}, which does not end in global average pooling; use grad-cam")]
    NoCam {
        /// The network.
        model: Model,
    },
    /// A contrast of classes by a method that is not linear in the score.
    #[error("{method} is not linear in the score, so it has no contrast of two classes; use grad-cam or cam")]
    NoContrast {
        /// What was asked for.
        method: Method,
    },
    /// A contrast of a class with itself.
    #[error("a class has no contrast with itself; name two classes")]
    OneClass,
    /// An input of another size.
    #[error("{model} reads 3x{side}x{side} numbers, not {}x{}x{}; prepare the photo with `photo::fit`", found[0], found[1], found[2])]
    InputSize {
        /// The network.
        model: Model,
        /// Pixels a side.
        side: usize,
        /// What was given.
        found: [usize; 3],
    },
    /// Numbers that overflowed.
    #[error(
        "the numbers stop being finite at {layer}: the weights or the input convention are wrong; check --preprocess"
    )]
    NotFinite {
        /// The first layer where.
        layer: String,
    },
    /// A terminal that cannot be used.
    #[error("the terminal cannot be used: {source}; --plain prints text instead")]
    Terminal {
        /// Why.
        source: std::io::Error,
    },
    /// A key map file that cannot be read.
    #[error("{}, line {line}: {reason} (`saltty keys --print` shows a file that is right)", path.display())]
    Keys {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// Nothing to resume.
    #[error("cannot resume from {}: {reason}; start with a photo or a folder instead", path.display())]
    Resume {
        /// The file of the last session.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file of arrays that cannot be used.
    #[error("{} holds no usable arrays: {reason}", path.display())]
    Arrays {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A method that another tool does not have.
    #[error("{profile} has no {method} whose rules saltty knows; use --method {}", known(*profile))]
    NoProfile {
        /// The tool.
        profile: Profile,
        /// What was asked for.
        method: Method,
    },
    /// A record that cannot be read.
    #[error("{} is not a record that saltty can verify: {reason}", path.display())]
    Record {
        /// The manifest, or the folder.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A record where there is one already.
    #[error("{} is there already; record into another folder, or overwrite it with --force", path.display())]
    RecordExists {
        /// Its manifest.
        path: PathBuf,
    },
    /// A file that a record refers to and that is not where it was.
    #[error("{} is not there, but {} was made from it; {remedy}", path.display(), record.display())]
    Moved {
        /// The file.
        path: PathBuf,
        /// The manifest.
        record: PathBuf,
        /// What to do.
        remedy: &'static str,
    },
    /// A device that cannot be used.
    #[error("{device} cannot be used: {reason}; {}", without(*device))]
    Gpu {
        /// The device.
        device: Device,
        /// What is wrong and what to do.
        reason: String,
    },
    /// dfdx could not make a tensor.
    #[error("the CPU could not hold a tensor ({0}); free some memory")]
    Device(#[from] CpuError),
}

fn did_you_mean(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!(" (did you mean {}?)", near.join(" or ")) }
}

/// How to do without a device.
fn without(device: Device) -> &'static str {
    match device {
        Device::Cpu => "free some memory, or leave --kernels composed out",
        Device::Cuda(_) => "--device cpu computes without it",
    }
}

/// The methods of another tool.
fn known(profile: Profile) -> &'static str {
    match profile {
        Profile::PytorchGradCam => "grad-cam, guided-backprop or guided-grad-cam",
        Profile::Captum => "grad-cam, guided-backprop, guided-grad-cam, gradient or deconvnet",
        Profile::TfKerasVis => "grad-cam or gradient",
    }
}
