//! What must stay the same, or change in a known way, when the question is changed: identities of maps that hold whatever
//! the weights are, so that no reference is needed.
//!
//! Catches a softmax or a class constant in the score, sums for means, rows taken for columns, images of a batch that see
//! each other, channels taken in the wrong order.

use std::sync::Arc;

use crate::common::{
    numbers::{close_to_scale, doubles, map, noise, reals},
    repository,
    small::{self, CLASSES, Run, VGG, VGG_INPUT, assembled, made_up, run, vgg_input},
};
use dfdx::prelude::{Const, Module, Shape, Tensor};
use saltty::{
    explain::cam,
    heatmap::positive_over_max,
    model::{Classifier, Model, Precision, Score},
    nn::{Assemble, C, Conv2d, Dense, Fused, GlobalAverage, Grid, MaxPool, Param, Part, Real, Relu, Rule, Trail},
    photo::{Photo, Preprocess},
    planes::Planes,
    weights::Weights,
};

const SEEDS: std::ops::Range<u64> = 0..30;

type Body<E> = (Conv2d<2, C<3>, 3, 1, 1, E>, Relu, MaxPool<2, 2>, Conv2d<3, C<4>, 3, 1, 1, E>, Relu);
/// Means of the last planes, then a linear head: where CAM was first defined.
type Averaged<E> = (Body<E>, GlobalAverage, Dense<Const<4>, usize, E>);
const AVERAGED: &[&str] = &["conv1", "relu1", "pool1", "conv2", "relu2", "average", "fc"];
/// The same written as a convolution before the average, as in SqueezeNet (without its last ReLU).
type Convolved<E> = (Body<E>, Conv2d<4, usize, 1, 1, 0, E>, GlobalAverage);
const CONVOLVED: &[&str] = &["conv1", "relu1", "pool1", "conv2", "relu2", "fc", "average"];

/// How closely each precision keeps an identity.
trait Tolerance: Real {
    const TOLERANCE: f64;
}

impl Tolerance for f64 {
    const TOLERANCE: Self = 1e-12;
}

impl Tolerance for f32 {
    const TOLERANCE: f64 = 3e-5;
}

/// Runs a test in both precisions.
macro_rules! in_both_precisions {
    ($($name:ident => $check:ident;)+) => { $(
        #[test]
        fn $name() {
            SEEDS.for_each($check::<f64>);
            SEEDS.for_each($check::<f32>);
        }
    )+ };
}

in_both_precisions! {
    grad_cam_is_linear_in_the_score => linear;
    a_constant_added_to_all_logits_changes_no_map => shifted;
    under_a_mean_and_a_linear_head_the_map_adds_up_to_the_logit => complete;
    grad_cam_hirescam_and_cam_coincide_under_a_mean_and_a_linear_head => coincide;
    mirrored_photos_have_mirrored_maps => mirrored;
    a_batch_is_its_images_one_by_one_to_the_bit => batched;
    the_order_of_channels_does_not_matter => permuted;
    sums_of_planes_are_told_without_the_gradient => summed;
}

/// The layers of [`small::Vgg`], those of maps as one run.
type FusedVgg<E> = (
    Fused<((Conv2d<2, C<3>, 3, 1, 1, E>, Relu, MaxPool<2, 2>), (Conv2d<3, C<4>, 3, 1, 1, E>, Relu, MaxPool<2, 2>))>,
    (Dense<Grid<4, 2, 2>, C<6>, E>, Relu, Dense<C<6>, usize, E>),
);

/// Where only poolings lie between a layer and a dense one, the sums of the planes of its gradient are told: those of the gradient
/// itself. Elsewhere nothing is.
fn summed<E: Tolerance>(seed: u64) {
    let x = noise(3 * VGG_INPUT, seed);
    let apart = run(&small::random::<small::Vgg<E>, E>(VGG, seed), vgg_input(3, &x));
    let fused = run(&small::random::<FusedVgg<E>, E>(VGG, seed), vgg_input(3, &x));
    let up = noise(3 * CLASSES, seed);
    for rule in [Rule::Gradient, Rule::Guided, Rule::Deconvnet] {
        for (layer, area) in
            [("relu2", 16), ("pool2", 4), ("conv2", 0), ("pool1", 0), ("input", 0), ("fc1", 0), ("fc2", 0)]
        {
            for run in [&apart, &fused] {
                let sums = run.trail.plane_sums("fc2", &reals(&up), rule, layer).unwrap();
                assert_eq!(sums.is_some(), area > 0, "{layer}");
                if let Some(sums) = sums {
                    let gradient = run.gradient(&up, rule, layer);
                    let wanted: Vec<f64> = gradient.chunks(area).map(|plane| plane.iter().sum()).collect();
                    close_to_scale(&doubles(&sums), &wanted, E::TOLERANCE);
                }
            }
        }
    }
    let short: Vec<E> = reals(&up[1..]);
    assert!(apart.trail.plane_sums("fc2", &short, Rule::Gradient, "relu2").is_err(), "a seed of another length");
}

fn one_hot(class: usize) -> Vec<f64> {
    (0..CLASSES).map(|c| if c == class { 1.0 } else { 0.0 }).collect()
}

fn grad_cam(run: &Run<impl Real>, up: &[f64], layer: &str) -> cam::GradCam {
    cam::grad_cam(&run.activation(layer), &run.planes_gradient(up, Rule::Gradient, layer))
}

/// A small VGG whose tensors are `made_up` and then `change`d.
fn vgg<E: Real>(seed: u64, x: &[f64], change: impl Fn(&Param, &mut Vec<f64>)) -> Run<E> {
    run(&with_changes::<small::Vgg<E>, E>(VGG, seed, change), vgg_input(1, x))
}

fn with_changes<N: Assemble<E>, E: Real>(names: &[&str], seed: u64, change: impl Fn(&Param, &mut Vec<f64>)) -> N {
    assembled(names, |param| {
        let mut values = made_up(param, seed);
        change(param, &mut values);
        values
    })
}

fn averaged<E: Real>(seed: u64, x: &[f64]) -> Run<E> {
    let net: Averaged<E> = small::random(AVERAGED, seed);
    run(&net, vgg_input(1, x))
}

fn linear<E: Tolerance>(seed: u64) {
    let run = vgg::<E>(seed, &noise(VGG_INPUT, seed), |_, _| {});
    let (a, b) = (one_hot(1), one_hot(3));
    let difference: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
    let doubled: Vec<f64> = a.iter().map(|a| 2.0 * a).collect();
    for layer in ["conv1", "relu1", "conv2", "relu2", "pool2"] {
        let [of_a, of_b, contrast, twice] = [&a, &b, &difference, &doubled].map(|up| grad_cam(&run, up, layer).map);
        let apart: Vec<f64> = of_a.values.iter().zip(&of_b.values).map(|(a, b)| a - b).collect();
        close_to_scale(&apart, &contrast.values, E::TOLERANCE);
        assert_eq!(twice.values, of_a.map(|v| 2.0 * v).values, "doubling is exact");
        assert_eq!(positive_over_max(&twice), positive_over_max(&of_a), "and leaves the normalised map alone");
    }
}

fn shifted<E: Tolerance>(seed: u64) {
    let x = noise(VGG_INPUT, seed);
    let shift = |param: &Param, values: &mut Vec<f64>| {
        if &*param.layer == "fc2" && param.part == Part::Bias {
            *values = values.iter().map(|v| v + 7.5).collect();
        }
    };
    let (plain, shifted) = (vgg::<E>(seed, &x, |_, _| {}), vgg::<E>(seed, &x, shift));
    let wanted: Vec<f64> = plain.scores.iter().map(|s| s + 7.5).collect();
    close_to_scale(&shifted.scores, &wanted, E::TOLERANCE);
    for layer in ["conv1", "relu2"] {
        assert_eq!(grad_cam(&plain, &one_hot(2), layer), grad_cam(&shifted, &one_hot(2), layer), "bit for bit");
    }
    for rule in [Rule::Gradient, Rule::Guided, Rule::Deconvnet] {
        let [a, b] = [&plain, &shifted].map(|run| run.gradient(&one_hot(2), rule, "input"));
        assert_eq!(a, b, "bit for bit");
    }
}

fn complete<E: Tolerance>(seed: u64) {
    let run = averaged::<E>(seed, &noise(VGG_INPUT, seed));
    let bias = made_up(&Param { layer: "fc".into(), part: Part::Bias, shape: vec![CLASSES] }, seed);
    for (class, (score, bias)) in run.scores.iter().zip(bias).enumerate() {
        let sum: f64 = grad_cam(&run, &one_hot(class), "relu2").map.values.iter().sum();
        let wanted = score - bias;
        assert!((sum - wanted).abs() <= E::TOLERANCE * (1.0 + wanted.abs()), "{sum} is not {wanted}");
    }
}

fn coincide<E: Tolerance>(seed: u64) {
    let x = noise(VGG_INPUT, seed);
    let run = averaged::<E>(seed, &x);
    let as_planes: Run<E> = {
        let reshape = |param: &Param| {
            let layer = param.layer.clone();
            let matrix =
                Param { layer, part: Part::Matrix, shape: param.shape.iter().copied().filter(|n| *n > 1).collect() };
            made_up(if &*param.layer == "fc" && param.part == Part::Filter { &matrix } else { param }, seed)
        };
        let net: Convolved<E> = assembled(CONVOLVED, reshape);
        small::run(&net, vgg_input(1, &x))
    };
    close_to_scale(&as_planes.scores, &run.scores, E::TOLERANCE);
    let bias = made_up(&Param { layer: "fc".into(), part: Part::Bias, shape: vec![CLASSES] }, seed);
    let (activation, class) = (run.activation("relu2"), 2);
    let gradient = run.planes_gradient(&one_hot(class), Rule::Gradient, "relu2");
    let map = grad_cam(&run, &one_hot(class), "relu2").map;
    let area = map.values.len();
    let hirescam: Vec<f64> =
        (0..area).map(|at| (0..4).map(|c| gradient.plane(c)[at] * activation.plane(c)[at]).sum()).collect();
    close_to_scale(&map.values, &hirescam, E::TOLERANCE);
    let plane = cam::cam(&as_planes.activation("fc"), class);
    let spread: Vec<f64> = plane.values.iter().map(|v| (v - bias[class]) / area as f64).collect();
    close_to_scale(&map.values, &spread, E::TOLERANCE);
}

/// Each row of `width` numbers the other way round.
fn reversed(values: &[f64], width: usize) -> Vec<f64> {
    values.chunks(width).flat_map(|row| row.iter().rev().copied()).collect()
}

/// Mirrors the filters, the dense grid and the photo, and finds every map mirrored. Not so the deconvnet's: where a pool's
/// window is all zero, the first of the equal maxima takes the gradient, which its ReLU rule alone lets through.
fn mirrored<E: Tolerance>(seed: u64) {
    let x = noise(VGG_INPUT, seed);
    let mirror = |param: &Param, values: &mut Vec<f64>| {
        if param.shape.len() == 4 {
            *values = reversed(values, param.shape[3]);
        }
    };
    let (plain, mirrored) = (vgg::<E>(seed, &x, |_, _| {}), vgg::<E>(seed, &reversed(&x, 8), mirror));
    close_to_scale(&mirrored.scores, &plain.scores, E::TOLERANCE);
    for layer in ["conv1", "relu1", "pool1", "conv2", "relu2"] {
        let [plain, mirrored] = [&plain, &mirrored].map(|run| grad_cam(run, &one_hot(0), layer));
        close_to_scale(&mirrored.alpha, &plain.alpha, E::TOLERANCE);
        close_to_scale(&reversed(&mirrored.map.values, mirrored.map.width), &plain.map.values, E::TOLERANCE);
    }
    for rule in [Rule::Gradient, Rule::Guided] {
        let [plain, mirrored] = [&plain, &mirrored].map(|run| run.gradient(&one_hot(0), rule, "input"));
        close_to_scale(&reversed(&mirrored, 8), &plain, E::TOLERANCE);
    }
}

fn batched<E: Tolerance>(seed: u64) {
    let photos = 1 + seed as usize % 4;
    let x = noise(photos * VGG_INPUT, seed);
    let vgg: small::Vgg<E> = small::random(VGG, seed);
    one_by_one(&vgg, |batch, x| vgg_input(batch, x), &x, photos);
    let x = noise(photos * small::FIRES_INPUT, seed);
    let fires: small::Fires<E> = small::random(small::FIRES, seed);
    one_by_one(&fires, |batch, x| small::fires_input(batch, x), &x, photos);
}

fn one_by_one<N, X: Shape, Y: Shape, E: Real>(
    net: &N,
    input: impl Fn(usize, &[f64]) -> Tensor<X, E, dfdx::prelude::Cpu>,
    x: &[f64],
    photos: usize,
) where
    N: Module<Tensor<X, E, dfdx::prelude::Cpu, Trail<E>>, Output = Tensor<Y, E, dfdx::prelude::Cpu, Trail<E>>>,
{
    let up = noise(photos * CLASSES, 3);
    let together = run(net, input(photos, x));
    let alone: Vec<Run<E>> = x.chunks(x.len() / photos).map(|x| run(net, input(1, x))).collect();
    assert_eq!(together.scores, alone.iter().flat_map(|run| run.scores.clone()).collect::<Vec<_>>());
    for rule in [Rule::Gradient, Rule::Guided, Rule::Deconvnet] {
        let each = alone.iter().zip(up.chunks(CLASSES)).flat_map(|(run, up)| run.gradient(up, rule, "input"));
        assert_eq!(together.gradient(&up, rule, "input"), each.collect::<Vec<_>>(), "{rule:?}");
    }
}

/// Reorders the three channels between the convolutions: the scores and maps stay, the channel weights move along.
fn permuted<E: Tolerance>(seed: u64) {
    const ORDER: [usize; 3] = [2, 0, 1];
    let x = noise(VGG_INPUT, seed);
    let reorder = |param: &Param, values: &mut Vec<f64>| {
        let old = values.clone();
        match (&*param.layer, param.part) {
            ("conv1", Part::Filter) => *values = ORDER.iter().flat_map(|&o| old[o * 18..][..18].to_vec()).collect(),
            ("conv1", Part::Bias) => *values = ORDER.map(|o| old[o]).to_vec(),
            ("conv2", Part::Filter) => {
                let taken = |filter: &[f64]| ORDER.map(|i| filter[i * 9..][..9].to_vec()).concat();
                *values = old.chunks(27).flat_map(taken).collect();
            }
            _ => {}
        }
    };
    let (plain, permuted) = (vgg::<E>(seed, &x, |_, _| {}), vgg::<E>(seed, &x, reorder));
    close_to_scale(&permuted.scores, &plain.scores, E::TOLERANCE);
    for layer in ["conv1", "relu1", "pool1"] {
        let [plain, permuted] = [&plain, &permuted].map(|run| grad_cam(run, &one_hot(4), layer));
        close_to_scale(&permuted.alpha, &ORDER.map(|o| plain.alpha[o]), E::TOLERANCE);
        close_to_scale(&permuted.map.values, &plain.map.values, E::TOLERANCE);
    }
    close_to_scale(
        &grad_cam(&permuted, &one_hot(4), "relu2").map.values,
        &grad_cam(&plain, &one_hot(4), "relu2").map.values,
        E::TOLERANCE,
    );
    for rule in [Rule::Gradient, Rule::Guided, Rule::Deconvnet] {
        let [plain, permuted] = [&plain, &permuted].map(|run| run.gradient(&one_hot(4), rule, "input"));
        close_to_scale(&permuted, &plain, E::TOLERANCE);
    }
}

/// The whole SqueezeNet: what a pass says of `cat - dog` is what it says of each, subtracted.
#[test]
fn squeezenets_maps_are_linear_in_the_score() {
    let photo = Photo::open(&repository("golden/photo/cat_and_dog_227.png")).unwrap();
    let input: Planes = Preprocess::Caffe.planes(&photo.raster);
    for (precision, tolerance) in [(Precision::Single, 2e-5), (Precision::Double, 1e-12)] {
        let mut weights = Weights::open(&repository("golden/reference/squeezenet1_1.f32.safetensors")).unwrap();
        let network: Arc<dyn Classifier> = Model::SqueezeNet11.load(&mut weights, precision).unwrap();
        let pass = network.forward(&input).unwrap();
        let mut contrast = vec![0.0; network.classes()];
        (contrast[285], contrast[207]) = (1.0, -1.0);
        for layer in ["fire7", "fire9"] {
            let of = |score: Score| {
                cam::grad_cam(&pass.activation(layer).unwrap(), &pass.gradient(&score, Rule::Gradient, layer).unwrap())
                    .map
                    .values
            };
            let (cat, dog) = (of(Score::Logit(285)), of(Score::Logit(207)));
            let apart: Vec<f64> = cat.iter().zip(&dog).map(|(a, b)| a - b).collect();
            close_to_scale(&apart, &of(Score::Logits(contrast.clone())), tolerance);
        }
    }
}

/// A dense layer on a grid reads planes, rows and columns in C order: the same sums as a map of the same numbers.
#[test]
fn a_grid_is_read_in_c_order() {
    let x = noise(24, 3);
    let weight = noise(24, 4);
    let layer: Dense<Grid<2, 3, 4>, C<1>, f64> = Dense::new("fc", Const, weight.clone(), vec![0.0]);
    let found = run(&layer, map::<C<2>, C<3>, C<4>, f64>(1, &x)).scores[0];
    let wanted: f64 = x.iter().zip(&weight).map(|(x, w)| x * w).sum();
    assert!((found - wanted).abs() < 1e-14);
}
