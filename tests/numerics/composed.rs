//! The layers composed of dfdx's operations against saltty's kernels: two implementations that share no line.
//!
//! Catches a mistake in either: a window one place off, a gate on the wrong side, the wrong one of equal maxima, images
//! of a batch mixed up, weights laid out wrongly.

use std::sync::Arc;

use crate::common::{
    cases::Cases,
    convolutions::{Definition, any_size, weight_len},
    numbers::{beyond, doubles, noise, noises, reals},
    small::{FIRES, Fires, VGG, Vgg, fires_input, random, run, vgg_input},
};
use dfdx::prelude::{Cpu, Module, Shape, Tensor};
use proptest::prelude::*;
use saltty::nn::{
    Real, Rule, Trail,
    composed::Composed,
    fused::{Link, Links},
    kernel::{Kernels, conv, convolution::Convolution, lanes::Level, pool, relu},
    placed::{Extent, Placed},
};

const RULES: [Rule; 3] = [Rule::Gradient, Rule::Guided, Rule::Deconvnet];
/// What the order of sums may change in f64, relative to a sum's size.
const ROUNDING: f64 = 1e-12;

/// One layer of sizes that are known at run time.
struct Layer<F>(F);

impl<F: Fn() -> Link<f64>> Links<f64> for Layer<F> {
    fn links(&self, chain: &mut Vec<Link<f64>>) {
        chain.push(self.0());
    }
}

/// What the composition makes of `x`, and the gradient `up` of its output at its input.
fn composed(layer: impl Fn() -> Link<f64>, extent: Extent, x: &[f64], up: &[f64], rule: Rule) -> [Vec<f64>; 2] {
    let network = Placed::new(Composed::new(Cpu::default()), &Layer(layer)).unwrap();
    let track = network.forward(x, extent).unwrap();
    let down = network.sweep(&track, ["layer", "input"], up, rule, None).unwrap();
    [network.values(&track, "layer").unwrap(), down]
}

fn same(ours: [&[f64]; 2], theirs: [&[f64]; 2], scales: [f64; 2]) -> Result<(), String> {
    beyond(ours[0], theirs[0], |_| ROUNDING * scales[0]).map_err(|e| format!("forward: {e}"))?;
    beyond(ours[1], theirs[1], |_| ROUNDING * scales[1]).map_err(|e| format!("input gradient: {e}"))
}

#[test]
fn layers_are_what_the_kernels_compute() {
    let cases = Cases::default();
    cases.run("convolution", 300, (any_size(12), any::<u64>()), |(size, seed)| convolution(&size, seed));
    let sides = (1..4usize, 1..5usize, 1..12usize, 1..12usize);
    let window = (1..4usize, 1..4usize, any::<bool>());
    cases.run("pooling", 300, (sides, window, any::<u64>()), |((batch, channels, h, w), (k, s, ceil), seed)| {
        pooling(Extent { batch, channels, sides: [h + k, w + k] }, [k, s], ceil, seed)
    });
    cases.run("rectifier", 100, (1..3usize, 1..5usize, 1..40usize, any::<u64>()), |(batch, channels, side, seed)| {
        rectifier(Extent { batch, channels, sides: [side, 2] }, seed)
    });
    cases.at_least("composed", 700);
}

fn convolution(size: &conv::Size, seed: u64) -> Result<(), String> {
    let lengths = [size.input_len(), weight_len(size), size.outputs, size.output_len()];
    let [x, weight, bias, up] = noises(lengths, seed);
    let truth = Definition::new(size, &x, &weight, &bias, &up);
    let layer = || {
        let filter = Arc::new(Convolution::new(Kernels::Direct, weight.clone()));
        Link::Convolution { name: "layer".into(), filter, bias: Arc::new(bias.clone()), size: *size }
    };
    let extent = Extent { batch: size.batch, channels: size.inputs, sides: size.input };
    let [y, down] = composed(layer, extent, &x, &up, Rule::Gradient);
    same([&y, &down], [&truth.y, &truth.down], truth.scales)
}

/// Coarse numbers, so that maxima tie, and some that are none.
fn pooling(extent: Extent, [kernel, stride]: [usize; 2], ceil: bool, seed: u64) -> Result<(), String> {
    let output = extent.sides.map(|side| saltty::nn::window::slid(side, kernel, stride, 0, ceil));
    let planes = extent.batch * extent.channels;
    let size = pool::Size { planes, input: extent.sides, output, kernel, stride };
    let coarse = |v: f64| if v > 0.95 { f64::NAN } else { (v * 2.0).round() };
    let x: Vec<f64> = noise(planes * extent.area(), seed).into_iter().map(coarse).collect();
    let up = noise(planes * output[0] * output[1], !seed);
    let (wanted, winners) = pool::forward(Level::best(), &size, &x);
    let mut gradient = vec![0.0; x.len()];
    pool::input_gradient(&size, &winners, &up, &mut gradient);
    let layer = || Link::Pool { name: "layer".into(), kernel, stride, ceil };
    let [y, down] = composed(layer, extent, &x, &up, Rule::Gradient);
    let numbers = |values: &[f64]| values.iter().map(|v| if v.is_nan() { 99.0 } else { *v }).collect::<Vec<_>>();
    same([&numbers(&y), &down], [&numbers(&wanted), &gradient], [0.0, 10.0])
}

/// With zeros and numbers that are none, on both ways.
fn rectifier(extent: Extent, seed: u64) -> Result<(), String> {
    let odd = |v: f64| {
        if v > 0.9 {
            f64::NAN
        } else if v < -0.8 {
            0.0
        } else {
            v
        }
    };
    let values = |seed| noise(extent.batch * extent.channels * extent.area(), seed).into_iter().map(odd).collect();
    let (x, up): (Vec<f64>, Vec<f64>) = (values(seed), values(!seed));
    let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    for rule in RULES {
        let mut wanted = x.clone();
        relu::forward(&mut wanted);
        let mut gradient = up.clone();
        relu::gate(Level::best(), rule, &relu::open(Level::best(), &wanted, extent.sides[1]), &mut gradient);
        let layer = || Link::Relu { name: "layer".into(), rule: Rule::Gradient };
        let [y, down] = composed(layer, extent, &x, &up, rule);
        if [bits(&y), bits(&down)] != [bits(&wanted), bits(&gradient)] {
            return Err(format!("{rule}: {y:?} and {down:?} are not {wanted:?} and {gradient:?}"));
        }
    }
    Ok(())
}

#[test]
fn networks_are_what_the_kernels_compute() {
    let cases = Cases::default();
    cases.run("fire modules", 12, (1..4usize, any::<u64>()), |(batch, seed)| {
        let make = |x: &[f64]| fires_input::<f64>(batch, x);
        network::<Fires<f64>, _, _, _>(FIRES, make, Extent { batch, channels: 2, sides: [11, 11] }, seed)
    });
    cases.run("VGG", 12, (1..4usize, any::<u64>()), |(batch, seed)| {
        let make = |x: &[f64]| vgg_input::<f64>(batch, x);
        network::<Vgg<f64>, _, _, _>(VGG, make, Extent { batch, channels: 2, sides: [8, 8] }, seed)
    });
    cases.at_least("composed_networks", 24);
}

/// Every layer's values, and the gradient at every layer from the last one under every rule, one by one and on the way.
fn network<N, X, Y, E>(
    names: &[&str],
    input: impl Fn(&[f64]) -> Tensor<X, E, Cpu>,
    extent: Extent,
    seed: u64,
) -> Result<(), String>
where
    N: saltty::nn::Assemble<E> + Links<E> + Module<Tensor<X, E, Cpu, Trail<E>>, Output = Tensor<Y, E, Cpu, Trail<E>>>,
    X: Shape,
    Y: Shape,
    E: Real,
    Cpu: dfdx::prelude::Device<E>,
{
    let net: N = random(names, seed);
    let placed = Placed::new(Composed::new(Cpu::default()), &net).unwrap();
    let x = noise(extent.batch * extent.channels * extent.area(), seed ^ 5);
    let theirs = run(&net, input(&x));
    let track = placed.forward(&reals::<E>(&x), extent).unwrap();
    let close = |what: &str, ours: &[E], wanted: &[E]| {
        let wanted = doubles(wanted);
        let scale = wanted.iter().fold(1.0_f64, |most, v| most.max(v.abs()));
        beyond(&doubles(ours), &wanted, |_| ROUNDING * scale).map_err(|e| format!("{what}: {e}"))
    };
    let layers = theirs.trail.layers();
    for ((name, shape), (own, sizes)) in layers.iter().zip(track.layers()) {
        let sides: &[usize] = if shape.len() == 4 { &sizes.sides } else { &[] };
        let found = [&[sizes.batch, sizes.channels], sides].concat();
        if (name, shape) != (own, &found) {
            return Err(format!("{own} {found:?} is not {name} {shape:?}"));
        }
        close(name, &placed.values(&track, name).unwrap(), &theirs.trail.values(name).unwrap())?;
    }
    let (last, shape) = layers.last().unwrap();
    let up = reals::<E>(&noise(shape.iter().product(), seed ^ 6));
    for rule in RULES {
        let mut seen = Vec::new();
        let mut visit = |name: &saltty::nn::Name, gradient: Vec<E>| seen.push((name.clone(), gradient));
        placed.sweep(&track, [last, "input"], &up, rule, Some(&mut visit)).unwrap();
        for (name, _) in &layers {
            let wanted = theirs.trail.sweep(last, up.clone(), rule, name).unwrap();
            let ours = placed.sweep(&track, [last, name], &up, rule, None).unwrap();
            close(&format!("{rule} at {name}"), &ours, &wanted)?;
            if let Some((_, gradient)) = seen.iter().find(|(seen, _)| seen == name) {
                close(&format!("{rule} on the way at {name}"), gradient, &wanted)?;
            }
        }
    }
    Ok(())
}
