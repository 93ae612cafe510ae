//! Saliency in a terminal: why a convolutional network decided what it decided.
//!
//! Data flows one way: photo -> tensor -> network -> map -> heatmap -> raster -> screen or file.

pub mod classes;
pub mod error;
pub mod explain;
pub mod files;
pub mod heatmap;
pub mod model;
pub mod nn;
pub mod photo;
pub mod planes;
pub mod raster;
pub mod scene;
pub mod studio;
pub mod tui;
pub mod weights;
mod words;

pub use error::{Error, Result};
