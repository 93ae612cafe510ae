//! SqueezeNet 1.1 (arXiv 1602.07360, and its authors' faster variant), with every shape in its type.

use dfdx::prelude::{ConstDim, CpuError, Module, PutTape, SplitTape};

use super::layer::{Layer, Side};
use crate::{
    Result,
    nn::{
        Assemble, Blueprint, C, Concat, Conv2d, Fused, GlobalAverage, Map, MaxPoolCeil, Real, Recorder, Relu, Twice,
        fused::{Link, Links},
    },
};

type Conv1<const I: usize, const O: usize, E> = (Conv2d<I, C<O>, 1, 1, 0, E>, Relu);
type Conv3<const I: usize, const O: usize, E> = (Conv2d<I, C<O>, 3, 1, 1, E>, Relu);

/// Squeezes `I` channels into `S`, then expands them into twice `X`: by 1x1 and by 3x3 windows, side by side.
#[derive(Clone, Debug)]
pub struct Fire<const I: usize, const S: usize, const X: usize, E> {
    squeeze: Conv1<I, S, E>,
    expand1: Conv1<S, X, E>,
    expand3: Conv3<S, X, E>,
    join: Concat,
}

impl<const I: usize, const S: usize, const X: usize, E: Real> Assemble<E> for Fire<I, S, X, E> {
    fn assemble(plan: &mut Blueprint<E>) -> Result<Self> {
        Ok(Self {
            squeeze: Assemble::assemble(plan)?,
            expand1: Assemble::assemble(plan)?,
            expand3: Assemble::assemble(plan)?,
            join: Assemble::<E>::assemble(plan)?,
        })
    }
}

impl<const I: usize, const S: usize, const X: usize, E: Real> Links<E> for Fire<I, S, X, E> {
    fn links(&self, chain: &mut Vec<Link<E>>) {
        self.squeeze.links(chain);
        let mut branches = [Vec::new(), Vec::new()];
        self.expand1.links(&mut branches[0]);
        self.expand3.links(&mut branches[1]);
        chain.push(self.join.beside(branches));
    }
}

impl<const I: usize, const S: usize, const X: usize, H, W, E, T> Module<Map<C<I>, H, W, E, T>> for Fire<I, S, X, E>
where
    C<X>: Twice,
    H: ConstDim,
    W: ConstDim,
    E: Real,
    T: Recorder<E>,
    Conv1<I, S, E>: Module<Map<C<I>, H, W, E, T>, Output = Map<C<S>, H, W, E, T>, Error = CpuError>,
    Conv1<S, X, E>: Module<Map<C<S>, H, W, E, T>, Output = Map<C<X>, H, W, E, T>, Error = CpuError>,
    Conv3<S, X, E>: Module<Map<C<S>, H, W, E, T>, Output = Map<C<X>, H, W, E, T>, Error = CpuError>,
{
    type Output = Map<<C<X> as Twice>::Double, H, W, E, T>;
    type Error = CpuError;

    /// One tape runs through both expansions, so that going back visits the layers in the opposite order.
    fn try_forward(&self, x: Map<C<I>, H, W, E, T>) -> Result<Self::Output, CpuError> {
        let (squeezed, tape) = self.squeeze.try_forward(x)?.split_tape();
        let (first, tape) = self.expand1.try_forward(squeezed.clone().put_tape(tape))?.split_tape();
        let (second, tape) = self.expand3.try_forward(squeezed.put_tape(tape))?.split_tape();
        self.join.try_forward((first.put_tape(tape), second))
    }
}

type Stem<E> = (Conv2d<3, C<64>, 3, 2, 0, E>, Relu, MaxPoolCeil<3, 2>);
type Fires23<E> = (Fire<64, 16, 64, E>, Fire<128, 16, 64, E>, MaxPoolCeil<3, 2>);
type Fires45<E> = (Fire<128, 32, 128, E>, Fire<256, 32, 128, E>, MaxPoolCeil<3, 2>);
type Fires6789<E> = (Fire<256, 48, 192, E>, Fire<384, 48, 192, E>, Fire<384, 64, 256, E>, Fire<512, 64, 256, E>);
type Last<E> = (Conv2d<512, usize, 1, 1, 0, E>, Relu);

/// The network, for inputs of 227 pixels (Caffe) or 224 (torchvision): the same layers fit both.
pub type SqueezeNet11<E> = (Fused<(Stem<E>, Fires23<E>, Fires45<E>, Fires6789<E>, Last<E>)>, GlobalAverage);

/// Each fire module's number and torchvision's index of it.
const FIRES: [(usize, usize); 8] = [(2, 3), (3, 4), (4, 6), (5, 7), (6, 9), (7, 10), (8, 11), (9, 12)];

/// The layers' names: the authors' (`conv1`, `fire9`, `fire9/squeeze1x1`) and torchvision's (`features.12`).
pub fn layers() -> Vec<Layer> {
    use Side::{AfterRelu, BeforeRelu, Scores};
    let mut layers = vec![
        Layer::new("conv1", BeforeRelu, &["features.0"]),
        Layer::new("relu1", AfterRelu, &["features.1", "relu_conv1"]),
        Layer::new("pool1", AfterRelu, &["features.2"]),
    ];
    for (fire, index) in FIRES {
        layers.extend(fire_layers(fire, index));
        if let Some((pool, at)) = [(3, 5), (5, 8)].into_iter().find(|&(pool, _)| pool == fire) {
            layers.push(Layer::new(format!("pool{pool}"), AfterRelu, &[&format!("features.{at}")]));
        }
    }
    layers.extend([
        Layer::new("conv10", BeforeRelu, &["classifier.1"]),
        Layer::new("relu10", AfterRelu, &["classifier.2", "relu_conv10"]),
        Layer::new("pool10", Scores, &["classifier.3", "logits"]),
    ]);
    layers
}

fn fire_layers(fire: usize, index: usize) -> Vec<Layer> {
    let part = |name: &str, torchvision: &str, side| {
        let aliases = [format!("features.{index}.{torchvision}"), format!("fire{fire}.{name}")];
        Layer::new(format!("fire{fire}/{name}"), side, &aliases.each_ref().map(String::as_str))
    };
    vec![
        part("squeeze1x1", "squeeze", Side::BeforeRelu),
        part("relu_squeeze1x1", "squeeze_activation", Side::AfterRelu),
        part("expand1x1", "expand1x1", Side::BeforeRelu),
        part("relu_expand1x1", "expand1x1_activation", Side::AfterRelu),
        part("expand3x3", "expand3x3", Side::BeforeRelu),
        part("relu_expand3x3", "expand3x3_activation", Side::AfterRelu),
        Layer::new(format!("fire{fire}"), Side::AfterRelu, &[&format!("features.{index}")]),
    ]
}
