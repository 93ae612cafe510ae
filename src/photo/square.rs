//! Making a photo the square that a network reads.

use std::fmt;

use crate::{
    fault::{self, Fault},
    raster::{Raster, resample},
};

/// How a photo becomes square.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Resize {
    /// The shorter side to the network's, bilinear and antialiased as Pillow does it; then the middle.
    Crop,
    /// Both sides to the network's whatever the shape, nearest pixel, as Keras' `load_img` does it.
    Stretch,
}

impl fmt::Display for Resize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Crop => "crop",
            Self::Stretch => "stretch",
        })
    }
}

/// `raster` as a square of `side` pixels.
pub fn fit(raster: &Raster, side: usize, resize: Resize) -> Raster {
    let resize = fault::swapped(Fault::Resize, resize, Resize::Stretch);
    match resize {
        Resize::Stretch => resample::nearest(raster, side, side),
        Resize::Crop => {
            let scale = side as f64 / raster.width.min(raster.height) as f64;
            let scaled = |n: usize| ((n as f64 * scale).round_ties_even() as usize).max(side);
            let size = [scaled(raster.width), scaled(raster.height)];
            let [left, top] = size.map(|long| (long - side) / 2);
            resample::bilinear_part(raster, size, left..left + side, top..top + side)
        }
    }
}
