//! Input conventions: the same photo becomes different numbers for differently trained weights.

use std::{fmt, str::FromStr};

use super::Resize;
use crate::{
    fault::{self, Fault},
    planes::Planes,
    raster::Raster,
};

/// How pixels become numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Preprocess {
    /// BGR, 0..255 minus the mean [103.939, 116.779, 123.68]: the original VGG and SqueezeNet.
    Caffe,
    /// RGB, 0..1 minus [0.485, 0.456, 0.406], over [0.229, 0.224, 0.225]: torchvision and timm.
    Torchvision,
    /// Caffe's arithmetic (`keras.applications.vgg19.preprocess_input`), photos stretched as `load_img` does.
    Keras,
}

impl Preprocess {
    /// Its name as options spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Caffe => "caffe",
            Self::Torchvision => "torchvision",
            Self::Keras => "keras",
        }
    }

    /// In words, for showing.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Caffe => "caffe input (BGR, 0..255 minus the mean)",
            Self::Torchvision => "torchvision input (RGB, 0..1 minus the mean over the deviation)",
            Self::Keras => "keras input (BGR, 0..255 minus the mean)",
        }
    }

    /// How its users make photos square.
    pub fn default_resize(self) -> Resize {
        match self {
            Self::Keras => Resize::Stretch,
            Self::Caffe | Self::Torchvision => Resize::Crop,
        }
    }

    /// Which planes of an input (or of a gradient there) are red, green and blue.
    pub fn rgb_order(self) -> [usize; 3] {
        match self {
            Self::Caffe | Self::Keras => [2, 1, 0],
            Self::Torchvision => [0, 1, 2],
        }
    }

    /// What the network reads: 3 x height x width.
    pub fn planes(self, raster: &Raster) -> Planes {
        let (scale, mean, deviation) = match self {
            Self::Caffe | Self::Keras => (1.0, [123.68, 116.779, 103.939], [1.0; 3]),
            Self::Torchvision => (255.0, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        };
        let mean = fault::swapped(Fault::Mean, mean, [0.0; 3]);
        let mut values = vec![0.0; 3 * raster.pixels.len()];
        let order = fault::swapped(Fault::ChannelOrder, self.rgb_order(), [0, 1, 2]);
        for (color, plane) in order.into_iter().enumerate() {
            let plane = &mut values[plane * raster.pixels.len()..][..raster.pixels.len()];
            for (value, pixel) in plane.iter_mut().zip(&raster.pixels) {
                *value = (f64::from(pixel[color]) / scale - mean[color]) / deviation[color];
            }
        }
        Planes::new(3, raster.height, raster.width, values)
    }
}

impl fmt::Display for Preprocess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Preprocess {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Caffe, Self::Torchvision, Self::Keras];
        let found = all.into_iter().find(|preprocess| preprocess.name() == text.to_lowercase());
        found.ok_or_else(|| format!("no input convention is called `{text}`; use caffe, torchvision or keras"))
    }
}
