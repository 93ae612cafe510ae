//! Saliency in a terminal: why a convolutional network decided what it decided.
//!
//! Data flows one way: photo -> tensor -> network -> map -> heatmap -> raster -> screen or file.

pub mod arrays;
pub mod classes;
pub mod compare;
pub mod device;
pub mod error;
pub mod explain;
mod fault;
pub mod files;
#[cfg(feature = "golden")]
pub mod golden;
pub mod heatmap;
pub mod model;
pub mod nn;
pub mod photo;
pub mod planes;
pub mod profile;
pub mod raster;
pub mod record;
pub mod scene;
pub mod studio;
pub mod survey;
pub mod terminal;
pub mod tui;
pub mod verify;
pub mod weights;
mod words;

pub use error::{Error, Result};
