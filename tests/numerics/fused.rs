//! Runs of layers computed in one go: the same bits, names, values and gradients as the layers one by one.

use crate::common::{
    numbers::{map, noise, reals},
    small::{Run, random, run},
};
use dfdx::prelude::*;
use saltty::{
    model::squeezenet::Fire,
    nn::{C, Conv2d, Fused, Map, MaxPool, MaxPoolCeil, Real, Relu, Rule, Trail},
};

/// Fire modules with a pool between, and the convolution before.
type Fires<E> = ((Conv2d<2, C<4>, 3, 2, 0, E>, Relu), Fire<4, 2, 3, E>, MaxPoolCeil<3, 2>, Fire<6, 2, 4, E>);
#[rustfmt::skip]
const NAMES: &[&str] = &[
    "conv1", "relu1",
    "a/squeeze", "a/relu_squeeze", "a/expand1", "a/relu_expand1", "a/expand3", "a/relu_expand3", "a",
    "pool",
    "b/squeeze", "b/relu_squeeze", "b/expand1", "b/relu_expand1", "b/expand3", "b/relu_expand3", "b",
];

/// Every value and every gradient of `run`, from each layer after the input down to each layer before it.
fn everything<E: Real>(run: &Run<E>) -> Vec<(String, Vec<E>)> {
    let layers = run.trail.layers();
    let mut all = Vec::new();
    for (at, (from, shape)) in layers.iter().enumerate() {
        all.push((from.to_string(), run.trail.values(from).unwrap()));
        let seed = reals::<E>(&noise(shape.iter().product(), at as u64));
        for (to, _) in &layers[..at] {
            for rule in [Rule::Gradient, Rule::Guided, Rule::Deconvnet] {
                let gradient = run.trail.sweep(from, seed.clone(), rule, to).unwrap();
                all.push((format!("{from} to {to}, {rule:?}"), gradient));
            }
        }
    }
    all
}

fn fires_are_the_same<E: Real>(batch: usize) {
    let input: Map<C<2>, C<11>, C<11>, E> = map(batch, &noise(batch * 242, 8));
    let ours = run(&random::<Fused<Fires<E>>, E>(NAMES, 5), input.clone());
    let theirs = run(&random::<Fires<E>, E>(NAMES, 5), input);
    assert_eq!(ours.trail.layers(), theirs.trail.layers());
    let (ours, theirs) = (everything(&ours), everything(&theirs));
    assert!(ours.iter().any(|(what, values)| what == "b to input, Guided" && values.iter().any(|v| *v != E::ZERO)));
    for ((what, ours), (_, theirs)) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs, "{what}, {batch} images, {}", E::NAME);
    }
}

#[test]
fn fire_modules_in_a_run_are_fire_modules() {
    for batch in [1, 3] {
        fires_are_the_same::<f64>(batch);
        fires_are_the_same::<f32>(batch);
    }
}

/// Two convolutions and a pooling in one run whose outputs are too many to be kept.
fn large_maps_are_the_same(batch: usize) {
    let conv = |name: &str, inputs: usize, seed| (noise(64 * inputs * 9, seed), name.to_owned());
    let ((first, a), (second, b)) = (conv("conv1", 1, 3), conv("conv2", 64, 4));
    let layers = || {
        let zero = [0.0_f32; 64];
        let one: (Conv2d<1, C<64>, 3, 1, 1, f32>, Relu) =
            (Conv2d::new(&a, C, &reals::<f32>(&first), &zero), Relu::new("relu1", Rule::Gradient));
        let two: (Conv2d<64, C<64>, 3, 1, 1, f32>, Relu) =
            (Conv2d::new(&b, C, &reals::<f32>(&second), &zero), Relu::new("relu2", Rule::Gradient));
        (one, two, MaxPool::<2, 2>::new("pool"))
    };
    let x: Map<C<1>, C<112>, C<112>, f32> = map(batch, &noise(batch * 112 * 112, 5));
    let trail = |y: Map<C<64>, C<56>, C<56>, f32, Trail<f32>>| y.split_tape().1;
    let ours = trail(Fused(layers()).forward(x.clone().put_tape(Trail::from_input(&x))));
    let theirs = trail(layers().forward(x.clone().put_tape(Trail::from_input(&x))));
    for (name, _) in ours.layers() {
        assert_eq!(ours.values(&name), theirs.values(&name), "{name}, {batch} images");
    }
    let seed = reals::<f32>(&noise(batch * 64 * 56 * 56, 6));
    for rule in [Rule::Gradient, Rule::Guided, Rule::Deconvnet] {
        let theirs = theirs.sweep("pool", seed.clone(), rule, "input").unwrap();
        assert_eq!(ours.sweep("pool", seed.clone(), rule, "input").unwrap(), theirs, "{rule}, {batch} images");
        let mut last = Vec::new();
        ours.sweep_each("pool", seed.clone(), rule, "input", |_, gradient| last = gradient.to_vec()).unwrap();
        assert_eq!(last, theirs, "{rule}, {batch} images, layer by layer");
    }
}

#[test]
fn values_too_many_to_keep_are_computed_again_and_ways_back_are_those_of_the_layers() {
    for batch in [1, 2] {
        large_maps_are_the_same(batch);
    }
}
