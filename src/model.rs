//! The networks saltty knows, and the one trait through which the rest of the program holds any of them.

mod batch;
mod layer;
mod network;
mod placed;
pub mod squeezenet;
pub mod vgg;

use std::{fmt, str::FromStr, sync::Arc};

pub use batch::ANSWERS;
pub use layer::{Layer, Side};
pub use network::{Facts, Network};

use crate::{
    Error, Result,
    device::Device,
    nn::{Param, Rule, kernel::Kernels},
    photo::Preprocess,
    planes::Planes,
    weights::Weights,
};

/// A network that saltty knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Model {
    /// VGG, configuration A (arXiv 1409.1556).
    Vgg11,
    /// VGG, configuration B.
    Vgg13,
    /// VGG, configuration D.
    Vgg16,
    /// VGG, configuration E.
    Vgg19,
    /// SqueezeNet 1.1 (arXiv 1602.07360).
    SqueezeNet11,
}

/// The number type a network computes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 32 bits: what everyone uses.
    #[default]
    Single,
    /// 64 bits: slower, for checking the 32.
    Double,
}

impl Precision {
    /// The kernels that compute in it where `wanted` are asked for: in 64 bits the direct ones for the fast ones.
    pub fn kernels(self, wanted: Kernels) -> Kernels {
        match self {
            Self::Double if wanted == Kernels::Winograd => Kernels::Direct,
            Self::Single | Self::Double => wanted,
        }
    }
}

impl Model {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::SqueezeNet11, Self::Vgg11, Self::Vgg13, Self::Vgg16, Self::Vgg19];

    /// The name by which it is asked for, such as `vgg19`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vgg11 => "vgg11",
            Self::Vgg13 => "vgg13",
            Self::Vgg16 => "vgg16",
            Self::Vgg19 => "vgg19",
            Self::SqueezeNet11 => "squeezenet1_1",
        }
    }

    /// Its layers in order of computation, without sizes: names, other names, side of the ReLU.
    pub fn layers(self) -> Vec<Layer> {
        match self {
            Self::Vgg11 => vgg::layers(vgg::VGG11),
            Self::Vgg13 => vgg::layers(vgg::VGG13),
            Self::Vgg16 => vgg::layers(vgg::VGG16),
            Self::Vgg19 => vgg::layers(vgg::VGG19),
            Self::SqueezeNet11 => squeezenet::layers(),
        }
    }

    /// The target layer when none is asked for: the last one that still has positions and keeps the class apart.
    pub fn default_target(self) -> &'static str {
        match self {
            Self::Vgg11 | Self::Vgg13 => "relu5_2",
            Self::Vgg16 => "relu5_3",
            Self::Vgg19 => "relu5_4",
            Self::SqueezeNet11 => "fire9",
        }
    }

    /// The layer whose planes are averaged into the class scores, where there is one: what CAM shows.
    pub fn class_planes(self) -> Option<&'static str> {
        (self == Self::SqueezeNet11).then_some("relu10")
    }

    /// Side of the square input in pixels under an input convention (SqueezeNet's differs between Caffe and torchvision).
    pub fn input_side(self, preprocess: Preprocess) -> usize {
        match (self, preprocess) {
            (Self::SqueezeNet11, Preprocess::Caffe | Preprocess::Keras) => 227,
            _ => 224,
        }
    }

    /// The layers with their output sizes and the tensors the network needs, found from its types, without weights.
    pub fn outline(self, preprocess: Preprocess, classes: usize) -> Outline {
        macro_rules! outline {
            ($net:ty, $side:literal) => {
                network::outline::<$net, $side>(self, classes)
            };
        }
        match (self, self.input_side(preprocess)) {
            (Self::Vgg11, _) => outline!(vgg::Vgg11<f32>, 224),
            (Self::Vgg13, _) => outline!(vgg::Vgg13<f32>, 224),
            (Self::Vgg16, _) => outline!(vgg::Vgg16<f32>, 224),
            (Self::Vgg19, _) => outline!(vgg::Vgg19<f32>, 224),
            (Self::SqueezeNet11, 227) => outline!(squeezenet::SqueezeNet11<f32>, 227),
            (Self::SqueezeNet11, _) => outline!(squeezenet::SqueezeNet11<f32>, 224),
        }
    }

    /// Builds the network from `weights`, which must be this network's.
    ///
    /// # Errors
    /// What is wrong with the weights, all of it in one message.
    pub fn load(self, weights: &mut Weights, precision: Precision) -> Result<Arc<dyn Classifier>> {
        self.load_with(weights, precision, Kernels::default())
    }

    /// Like [`load`](Self::load), with a choice of kernels.
    ///
    /// # Errors
    /// As for [`load`](Self::load).
    pub fn load_with(
        self,
        weights: &mut Weights,
        precision: Precision,
        kernels: Kernels,
    ) -> Result<Arc<dyn Classifier>> {
        self.load_on(weights, precision, kernels, Device::Cpu)
    }

    /// Like [`load_with`](Self::load_with), on a device of choice.
    ///
    /// # Errors
    /// As for [`load`](Self::load), and [`Error::Gpu`].
    pub fn load_on(
        self,
        weights: &mut Weights,
        precision: Precision,
        kernels: Kernels,
        device: Device,
    ) -> Result<Arc<dyn Classifier>> {
        let placed = kernels == Kernels::Composed || device != Device::Cpu;
        let kernels = precision.kernels(kernels);
        let there = (kernels, device);
        macro_rules! load {
            ($($net:ident)::+, $side:literal) => {
                match (precision, placed) {
                    (Precision::Single, true) => placed::load::<$($net)::+<f32>, f32, $side>(self, weights, there)?,
                    (Precision::Double, true) => placed::load::<$($net)::+<f64>, f64, $side>(self, weights, there)?,
                    (Precision::Single, false) => {
                        Network::<$($net)::+<f32>, f32, $side>::load(self, weights, kernels)?.shared()
                    }
                    (Precision::Double, false) => {
                        Network::<$($net)::+<f64>, f64, $side>::load(self, weights, kernels)?.shared()
                    }
                }
            };
        }
        Ok(match (self, self.input_side(weights.preprocess())) {
            (Self::Vgg11, _) => load!(vgg::Vgg11, 224),
            (Self::Vgg13, _) => load!(vgg::Vgg13, 224),
            (Self::Vgg16, _) => load!(vgg::Vgg16, 224),
            (Self::Vgg19, _) => load!(vgg::Vgg19, 224),
            (Self::SqueezeNet11, 227) => load!(squeezenet::SqueezeNet11, 227),
            (Self::SqueezeNet11, _) => load!(squeezenet::SqueezeNet11, 224),
        })
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Model {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let plain = |name: &str| name.to_lowercase().replace(['_', '-', '.'], "");
        let wanted = plain(text);
        let found = Self::ALL.into_iter().find(|model| plain(model.name()) == wanted);
        found.ok_or_else(|| Error::UnknownModel { name: text.to_owned() })
    }
}

/// What a network's types say of it.
#[derive(Clone, Debug)]
pub struct Outline {
    /// Layers with the sizes of their outputs.
    pub layers: Vec<Layer>,
    /// Tensors in the order in which the network takes them.
    pub params: Vec<Param>,
}

/// What is explained: a number made of the network's outputs.
#[derive(Clone, Debug, PartialEq)]
pub enum Score {
    /// One class's logit (before softmax).
    Logit(usize),
    /// A weighted sum of all logits, one weight a class; `a - b` is +1 at a and -1 at b.
    Logits(Vec<f64>),
    /// The sum of a layer's whole output, as in the article's recipe.
    Sum(String),
}

/// A classifier that can be explained, whatever its network, number type and device.
pub trait Classifier: Send + Sync {
    /// What is known of it, for the methods that tell.
    fn facts(&self) -> &Facts;

    /// Which network it is.
    fn model(&self) -> Model {
        self.facts().model
    }

    /// Its layers with the sizes of their outputs, in order of computation.
    fn layers(&self) -> &[Layer] {
        &self.facts().layers
    }

    /// How many classes it distinguishes.
    fn classes(&self) -> usize {
        self.facts().classes
    }

    /// Side of its square input in pixels.
    fn input_side(&self) -> usize {
        self.facts().side
    }

    /// The number type it computes in.
    fn precision(&self) -> Precision {
        self.facts().precision
    }

    /// The kernels it computes with.
    fn kernels(&self) -> Kernels {
        self.facts().kernels
    }

    /// What it computes on.
    fn device(&self) -> Device {
        Device::Cpu
    }

    /// How many photos are best computed together: on the processor eight if that saves reading the weights of dense
    /// layers (what more would save is little beside the memory they take); on a GPU as many as keep it busy.
    fn together(&self) -> usize {
        self.device().batch()
    }

    /// Runs the network on `input` (3 planes of `input_side` x `input_side`), remembering all that explanations need.
    ///
    /// # Errors
    /// An input of another size, no memory, weights left in their file that cannot be read any more, or numbers that are not
    /// finite (naming the first layer where).
    fn forward(&self, input: &Planes) -> Result<Box<dyn Pass>>;

    /// The logits alone: as [`forward`](Self::forward), but nothing is remembered.
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    fn logits(&self, input: &Planes) -> Result<Vec<f64>> {
        Ok(self.forward(input)?.logits().to_vec())
    }

    /// Like [`forward`](Self::forward) for several inputs, computed together: matrices of weights are read once for all.
    ///
    /// # Errors
    /// As [`forward`](Self::forward), if any of them fails.
    fn forward_all(&self, inputs: &[Planes]) -> Result<Vec<Box<dyn Pass>>>;

    /// The layer called `name` (any of its names, in any case).
    ///
    /// # Errors
    /// [`Error::UnknownLayer`] with the nearest names.
    fn layer(&self, name: &str) -> Result<&Layer> {
        layer::find(self.layers(), name, self.model())
    }

    /// Like [`layer`](Self::layer), but only layers that have positions to show.
    ///
    /// # Errors
    /// Also [`Error::NotSpatial`].
    fn target(&self, name: &str) -> Result<&Layer> {
        let layer = self.layer(name)?;
        if layer.is_spatial() {
            return Ok(layer);
        }
        Err(Error::NotSpatial { layer: layer.name.to_string(), default: self.model().default_target() })
    }
}

/// Classes by their logits, highest first; of equal ones the lower class first.
pub fn ranking(logits: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
    order
}

/// Softmax: the probability of each class.
pub fn probabilities(logits: &[f64]) -> Vec<f64> {
    let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|l| (l - top).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|p| p / sum).collect()
}

/// One forward pass, from which gradients can be taken any number of times.
pub trait Pass {
    /// The logits, one a class.
    fn logits(&self) -> &[f64];

    /// The output of the layer called `layer`: C x H x W, or C x 1 x 1 for dense layers.
    ///
    /// # Errors
    /// What a GPU says if it cannot hand it over; weights left in their file that cannot be read any more.
    fn activation(&self, layer: &str) -> Result<Planes>;

    /// The gradient of `score` at the output of layer `at` (`input` for the pixels), every ReLU on the way following
    /// `rule`. Only the layers between are run, for each call anew: keep what you need twice.
    ///
    /// # Errors
    /// No memory; weights left in their file that cannot be read any more.
    fn gradient(&self, score: &Score, rule: Rule, at: &str) -> Result<Planes>;

    /// The sum of each plane of the gradient of `score` at layer `at`, which some layers know without the gradient itself.
    ///
    /// # Errors
    /// As [`gradient`](Self::gradient).
    fn plane_sums(&self, score: &Score, rule: Rule, at: &str) -> Result<Vec<f64>>;

    /// For the Grad-CAM of `score` at layer `at`: the mean of each plane of the gradient there, and the layer's planes added
    /// up with these as weights; 1 x H x W. None where both are rather computed from the
    /// [`activation`](Self::activation) and the [`plane_sums`](Self::plane_sums): only GPUs save anything by this.
    ///
    /// # Errors
    /// No memory.
    fn weighted(&self, _score: &Score, _at: &str) -> Result<Option<(Vec<f64>, Planes)>> {
        Ok(None)
    }

    /// One sweep back to layer `to` that shows `visit` the gradient of `score` at the output of every layer on the way:
    /// its name and its values, the output's first, `to`'s last.
    ///
    /// # Errors
    /// As [`gradient`](Self::gradient).
    fn gradients(&self, score: &Score, rule: Rule, to: &str, visit: &mut dyn FnMut(&str, Planes)) -> Result<()>;

    /// How many gradients have been taken so far.
    fn sweeps(&self) -> usize;
}
