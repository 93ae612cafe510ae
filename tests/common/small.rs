//! Small typed networks with made-up weights, and one run of such a network on saltty's tape.

use std::hash::{DefaultHasher, Hash, Hasher};

use dfdx::prelude::{Cpu, Module, PutTape, Shape, SplitTape, Tensor};
use saltty::{
    model::squeezenet::Fire,
    nn::{
        Assemble, Blueprint, C, Conv2d, Dense, GlobalAverage, Grid, Map, MaxPool, MaxPoolCeil, Name, Param, Part, Real,
        Relu, Rule, Trail, kernel::pool,
    },
    planes::Planes,
};

use super::numbers::{doubles, map, noise, reals, weights};

type VggBlock<const I: usize, const O: usize, E> = (Conv2d<I, C<O>, 3, 1, 1, E>, Relu, MaxPool<2, 2>);
/// Two blocks and two dense layers, as VGG has them, for two channels of 8 x 8.
pub type Vgg<E> = (VggBlock<2, 3, E>, VggBlock<3, 4, E>, (Dense<Grid<4, 2, 2>, C<6>, E>, Relu, Dense<C<6>, usize, E>));
pub const VGG: &[&str] = &["conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "fc1", "relu3", "fc2"];
pub const VGG_INPUT: usize = 2 * 8 * 8;

/// A strided convolution, two fire modules with a pool between, and scores averaged, as SqueezeNet has them, for two
/// channels of 11 x 11.
pub type Fires<E> = (
    (Conv2d<2, C<4>, 3, 2, 0, E>, Relu, Fire<4, 2, 3, E>),
    (MaxPoolCeil<3, 2>, Fire<6, 2, 4, E>),
    (Conv2d<8, usize, 1, 1, 0, E>, Relu, GlobalAverage),
);
#[rustfmt::skip]
pub const FIRES: &[&str] = &[
    "conv1", "relu1",
    "a/squeeze", "a/relu_squeeze", "a/expand1", "a/relu_expand1", "a/expand3", "a/relu_expand3", "a",
    "pool",
    "b/squeeze", "b/relu_squeeze", "b/expand1", "b/relu_expand1", "b/expand3", "b/relu_expand3", "b",
    "conv2", "relu2", "average",
];
pub const FIRES_INPUT: usize = 2 * 11 * 11;
/// How many classes the small networks tell apart.
pub const CLASSES: usize = 5;

pub fn vgg_input<E: Real>(batch: usize, x: &[f64]) -> Map<C<2>, C<8>, C<8>, E> {
    map(batch, x)
}

pub fn fires_input<E: Real>(batch: usize, x: &[f64]) -> Map<C<2>, C<11>, C<11>, E> {
    map(batch, x)
}

/// A tensor's made-up values, in PyTorch's order: what a layer is given depends on its name and `seed` alone.
pub fn made_up(param: &Param, seed: u64) -> Vec<f64> {
    let mut hasher = DefaultHasher::new();
    (&param.layer, param.part == Part::Bias, seed).hash(&mut hasher);
    let terms: usize = param.shape[1..].iter().product();
    let count = param.shape.iter().product();
    match param.part {
        Part::Bias => noise(count, hasher.finish()).into_iter().map(|v| v * 0.3).collect(),
        Part::Filter | Part::Matrix => weights(count, terms, hasher.finish()),
    }
}

/// A network whose tensors `values` gives, in PyTorch's order.
pub fn assembled<N: Assemble<E>, E: Real>(names: &[&str], mut values: impl FnMut(&Param) -> Vec<f64>) -> N {
    let names: Vec<Name> = names.iter().map(|&name| name.into()).collect();
    let mut supply = |param: &Param| Ok(reals::<E>(&values(param)).into());
    let mut plan = Blueprint::new(&names, CLASSES, &mut supply);
    let net = N::assemble(&mut plan).unwrap();
    assert_eq!(plan.unused_names(), 0, "a layer for every name");
    net
}

/// A network with its made-up weights.
pub fn random<N: Assemble<E>, E: Real>(names: &[&str], seed: u64) -> N {
    assembled(names, |param| made_up(param, seed))
}

/// One forward pass.
pub struct Run<E: Real> {
    pub scores: Vec<f64>,
    pub trail: Trail<E>,
    last: Name,
}

/// Runs `net` on `x`.
pub fn run<N, X, Y, E>(net: &N, x: Tensor<X, E, Cpu>) -> Run<E>
where
    N: Module<Tensor<X, E, Cpu, Trail<E>>, Output = Tensor<Y, E, Cpu, Trail<E>>>,
    X: Shape,
    Y: Shape,
    E: Real,
{
    let trail = Trail::from_input(&x);
    let (_, trail) = net.forward(x.put_tape(trail)).split_tape();
    let last = trail.layers().last().unwrap().0.clone();
    Run { scores: doubles(&trail.values(&last).unwrap()), trail, last }
}

impl<E: Real> Run<E> {
    /// The gradient of `up . scores` at a layer.
    pub fn gradient(&self, up: &[f64], rule: Rule, at: &str) -> Vec<f64> {
        doubles(&self.trail.sweep(&self.last, reals(up), rule, at).unwrap())
    }

    /// A layer's output for the first image.
    pub fn activation(&self, layer: &str) -> Planes {
        self.planes(layer, doubles(&self.trail.values(layer).unwrap()))
    }

    /// The gradient of `up . scores` at a layer for the first image.
    pub fn planes_gradient(&self, up: &[f64], rule: Rule, at: &str) -> Planes {
        self.planes(at, self.gradient(up, rule, at))
    }

    fn planes(&self, layer: &str, mut values: Vec<f64>) -> Planes {
        let shape = self.trail.layers().into_iter().find(|(name, _)| &**name == layer).unwrap().1;
        values.truncate(shape[1..].iter().product());
        Planes::new(shape[1], shape[2], shape[3], values)
    }

    /// Whether no ReLU's input lies within `margin` of zero and no pool's maximum within `margin` of its runner-up.
    /// A pool's window of zeros after a ReLU is no kink: nothing in it moves.
    pub fn is_clear(&self, pool: [usize; 2], margin: f64) -> bool {
        let layers = self.trail.layers();
        layers.windows(2).all(|pair| {
            let ((before, from), (after, to)) = (&pair[0], &pair[1]);
            let x = || doubles(&self.trail.values(before).unwrap());
            if after.contains("relu") {
                x().iter().all(|x| x.abs() > margin)
            } else if after.contains("pool") {
                let [kernel, stride] = pool;
                let size = pool::Size {
                    planes: from[0] * from[1],
                    input: [from[2], from[3]],
                    output: [to[2], to[3]],
                    kernel,
                    stride,
                };
                pool_is_clear(&size, &x(), margin, before.contains("relu") || before.len() == 1)
            } else {
                true
            }
        })
    }
}

/// Whether each window's maximum is at least `margin` above the rest of it (or is zero, where that is `rectified`).
pub fn pool_is_clear(size: &pool::Size, x: &[f64], margin: f64, rectified: bool) -> bool {
    let [in_area, out_area] = [size.input, size.output].map(|[h, w]| h * w);
    (0..size.planes * out_area).all(|i| {
        let plane = &x[i / out_area * in_area..][..in_area];
        let mut seen: Vec<f64> = window(size, i % out_area).into_iter().map(|at| plane[at]).collect();
        seen.sort_by(|a, b| b.total_cmp(a));
        seen.len() < 2 || seen[0] - seen[1] > margin || rectified && seen[0] == 0.0
    })
}

/// Places in a plane that an output's window covers, in reading order.
pub fn window(size: &pool::Size, output: usize) -> Vec<usize> {
    let (top, left) = (output / size.output[1] * size.stride, output % size.output[1] * size.stride);
    let inside = |(y, x): &(usize, usize)| *y < size.input[0] && *x < size.input[1];
    let all = (0..size.kernel).flat_map(|y| (0..size.kernel).map(move |x| (top + y, left + x)));
    all.filter(inside).map(|(y, x)| y * size.input[1] + x).collect()
}
