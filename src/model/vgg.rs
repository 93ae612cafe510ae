//! The VGG family (arXiv 1409.1556), with every shape in its type.

use super::layer::{Layer, Side};
use crate::nn::{C, Conv2d, Dense, Fused, Grid, MaxPool, Relu};

/// A 3x3 convolution that keeps height and width, and its ReLU.
pub type Conv<const I: usize, const O: usize, E> = (Conv2d<I, C<O>, 3, 1, 1, E>, Relu);
/// Halves height and width.
pub type Pool = MaxPool<2, 2>;
/// A block of one convolution.
pub type Block1<const I: usize, const O: usize, E> = (Conv<I, O, E>, Pool);
/// A block of two convolutions.
pub type Block2<const I: usize, const O: usize, E> = (Conv<I, O, E>, Conv<O, O, E>, Pool);
/// A block of three convolutions.
pub type Block3<const I: usize, const O: usize, E> = (Conv<I, O, E>, Conv<O, O, E>, Conv<O, O, E>, Pool);
/// A block of four convolutions.
pub type Block4<const I: usize, const O: usize, E> = (Conv<I, O, E>, Conv<O, O, E>, Conv<O, O, E>, Conv<O, O, E>, Pool);
/// The three dense layers; the number of classes is known at run time.
pub type Head<E> =
    (Dense<Grid<512, 7, 7>, C<4096>, E>, Relu, Dense<C<4096>, C<4096>, E>, Relu, Dense<C<4096>, usize, E>);

/// Configuration A.
pub type Vgg11<E> = (
    Fused<(Block1<3, 64, E>, Block1<64, 128, E>, Block2<128, 256, E>, Block2<256, 512, E>, Block2<512, 512, E>)>,
    Head<E>,
);
/// Configuration B.
pub type Vgg13<E> = (
    Fused<(Block2<3, 64, E>, Block2<64, 128, E>, Block2<128, 256, E>, Block2<256, 512, E>, Block2<512, 512, E>)>,
    Head<E>,
);
/// Configuration D.
pub type Vgg16<E> = (
    Fused<(Block2<3, 64, E>, Block2<64, 128, E>, Block3<128, 256, E>, Block3<256, 512, E>, Block3<512, 512, E>)>,
    Head<E>,
);
/// Configuration E.
pub type Vgg19<E> = (
    Fused<(Block2<3, 64, E>, Block2<64, 128, E>, Block4<128, 256, E>, Block4<256, 512, E>, Block4<512, 512, E>)>,
    Head<E>,
);

/// Convolutions in each block of configuration A.
pub const VGG11: [usize; 5] = [1, 1, 2, 2, 2];
/// Convolutions in each block of configuration B.
pub const VGG13: [usize; 5] = [2, 2, 2, 2, 2];
/// Convolutions in each block of configuration D.
pub const VGG16: [usize; 5] = [2, 2, 3, 3, 3];
/// Convolutions in each block of configuration E.
pub const VGG19: [usize; 5] = [2, 2, 4, 4, 4];

/// The layers' names for this many convolutions in each block: the paper's (`conv5_4`, `relu5_4`, `pool5`, `fc6`),
/// torchvision's (`features.34`) and Keras' (`block5_conv4`, which there means the output *after* the ReLU).
pub fn layers(convolutions: [usize; 5]) -> Vec<Layer> {
    use Side::{AfterRelu, BeforeRelu, Scores};
    let mut layers = Vec::new();
    let mut index = 0;
    let mut feature = || {
        index += 1;
        format!("features.{}", index - 1)
    };
    for (block, count) in (1..).zip(convolutions) {
        for conv in 1..=count {
            layers.push(Layer::new(format!("conv{block}_{conv}"), BeforeRelu, &[&feature()]));
            let keras = format!("block{block}_conv{conv}");
            layers.push(Layer::new(format!("relu{block}_{conv}"), AfterRelu, &[&feature(), &keras]));
        }
        layers.push(Layer::new(format!("pool{block}"), AfterRelu, &[&feature(), &format!("block{block}_pool")]));
    }
    layers.extend([
        Layer::new("fc6", BeforeRelu, &["classifier.0", "pre_logits.fc1"]),
        Layer::new("relu6", AfterRelu, &["classifier.1", "fc1"]),
        Layer::new("fc7", BeforeRelu, &["classifier.3", "pre_logits.fc2"]),
        Layer::new("relu7", AfterRelu, &["classifier.4", "fc2"]),
        Layer::new("fc8", Scores, &["classifier.6", "head.fc", "predictions", "logits"]),
    ]);
    layers
}
