//! A photo explained and coloured: everything a screen or a page of text needs, and nothing of the network.

use crate::{explain::Method, raster::Raster};

/// One class with what the network thinks of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassScore {
    /// Index in the network's output.
    pub index: usize,
    /// Name, or `class N` where the weights' classes are not known.
    pub name: String,
    /// Score before softmax.
    pub logit: f64,
    /// Softmax probability, 0 to 1.
    pub probability: f64,
}

/// One photo, one class, one method: pictures and words for a screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// The photo as the network saw it.
    pub photo: Raster,
    /// The map alone, in colours, as large as `photo`.
    pub map: Raster,
    /// The map over the photo.
    pub overlay: Raster,
    /// The likeliest classes, likeliest first.
    pub top: Vec<ClassScore>,
    /// The class explained.
    pub class: ClassScore,
    /// The method used.
    pub method: Method,
    /// Name of the target layer, with which side of its ReLU it is.
    pub layer: String,
    /// Name of the network.
    pub model: String,
    /// How the pixels were turned into numbers, in words.
    pub preprocess: String,
    /// Anything the person should know about this map (for example that it is blank and why).
    pub note: Option<String>,
    /// Seconds the explanation took.
    pub seconds: f64,
}
