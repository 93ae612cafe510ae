//! The three rules of a ReLU's way back against a network written anew in the plainest way, and what must hold of them.
//!
//! Guided backpropagation is no derivative, so differences cannot check it. Catches a gate on the wrong side, a rule
//! that misses a ReLU (in the classifier, inside a fire module), and one that is not applied at all.

use std::sync::Arc;

use crate::common::{
    cases::Cases,
    convolutions::{Definition, sized},
    numbers::{absolute, close_to_scale, dot, noise},
    repository,
    small::{
        self, CLASSES, FIRES, FIRES_INPUT, Run, VGG, VGG_INPUT, assembled, fires_input, made_up, run, vgg_input, window,
    },
};
use proptest::prelude::any;
use saltty::{
    model::{Classifier, Model, Precision, Score},
    nn::{Param, Part, Rule, kernel::conv, kernel::pool},
    photo::{Photo, Preprocess},
    weights::Weights,
};

const RULES: [Rule; 3] = [Rule::Gradient, Rule::Guided, Rule::Deconvnet];

/// A layer as plainly as it can be written, for one image.
enum Plain {
    Convolution {
        size: conv::Size,
        weight: Vec<f64>,
        bias: Vec<f64>,
    },
    Dense {
        weight: Vec<f64>,
        bias: Vec<f64>,
    },
    Rectifier,
    Maximum(pool::Size),
    Mean {
        area: usize,
    },
    /// Two branches side by side.
    Both(Vec<Self>, Vec<Self>),
}

impl Plain {
    fn forward(&self, x: &[f64]) -> Vec<f64> {
        match self {
            Self::Convolution { size, weight, bias } => {
                Definition::new(size, x, weight, bias, &vec![0.0; size.output_len()]).y
            }
            Self::Dense { weight, bias } => {
                weight.chunks(x.len()).zip(bias).map(|(row, bias)| dot(row, x) + bias).collect()
            }
            Self::Rectifier => x.iter().map(|x| x.max(0.0)).collect(),
            Self::Maximum(size) => first_maxima(size, x).into_iter().map(|at| x[at]).collect(),
            Self::Mean { area } => x.chunks(*area).map(|plane| plane.iter().sum::<f64>() / *area as f64).collect(),
            Self::Both(a, b) => [values(a, x), values(b, x)].concat(),
        }
    }

    fn back(&self, x: &[f64], up: &[f64], rule: Rule) -> Vec<f64> {
        match self {
            Self::Convolution { size, weight, bias } => Definition::new(size, x, weight, bias, up).down,
            Self::Dense { weight, .. } => {
                (0..x.len()).map(|i| up.iter().enumerate().map(|(o, u)| u * weight[o * x.len() + i]).sum()).collect()
            }
            Self::Rectifier => x.iter().zip(up).map(|(&x, &g)| rectified_gradient(x, g, rule)).collect(),
            Self::Maximum(size) => {
                let mut down = vec![0.0; x.len()];
                first_maxima(size, x).into_iter().zip(up).for_each(|(at, u)| down[at] += u);
                down
            }
            Self::Mean { area } => (0..x.len()).map(|i| up[i / area] / *area as f64).collect(),
            Self::Both(a, b) => {
                let (first, second) = up.split_at(values(a, x).len());
                let (first, second) = (explained(a, x, first, rule), explained(b, x, second, rule));
                first.iter().zip(second).map(|(a, b)| a + b).collect()
            }
        }
    }
}

/// The three rules, word for word as the papers have them.
fn rectified_gradient(x: f64, g: f64, rule: Rule) -> f64 {
    let lets_through = match rule {
        Rule::Gradient => x > 0.0,
        Rule::Guided => x > 0.0 && g > 0.0,
        Rule::Deconvnet => g > 0.0,
    };
    if lets_through { g } else { 0.0 }
}

fn first_maxima(size: &pool::Size, x: &[f64]) -> Vec<usize> {
    let [in_area, out_area] = [size.input, size.output].map(|[h, w]| h * w);
    let places = |i: usize| window(size, i % out_area).into_iter().map(move |at| i / out_area * in_area + at);
    let first = |i| places(i).reduce(|best, at| if x[at] > x[best] { at } else { best }).unwrap();
    (0..size.planes * out_area).map(first).collect()
}

fn values(layers: &[Plain], x: &[f64]) -> Vec<f64> {
    layers.iter().fold(x.to_vec(), |x, layer| layer.forward(&x))
}

fn explained(layers: &[Plain], x: &[f64], up: &[f64], rule: Rule) -> Vec<f64> {
    let Some((first, rest)) = layers.split_first() else { return up.to_vec() };
    first.back(x, &explained(rest, &first.forward(x), up, rule), rule)
}

fn convolution(seed: u64, name: &str, channels: [usize; 2], side: usize, window: [usize; 3]) -> Plain {
    let size = sized(1, channels, [side; 2], window);
    let param = |part, shape| Param { layer: name.into(), part, shape };
    let weight = made_up(&param(Part::Filter, vec![size.outputs, size.inputs, size.kernel, size.kernel]), seed);
    Plain::Convolution { size, weight, bias: made_up(&param(Part::Bias, vec![size.outputs]), seed) }
}

fn dense(seed: u64, name: &str, inputs: &[usize], outputs: usize) -> Plain {
    let param = |part, shape| Param { layer: name.into(), part, shape };
    let weight = made_up(&param(Part::Matrix, [&[outputs], inputs].concat()), seed);
    Plain::Dense { weight, bias: made_up(&param(Part::Bias, vec![outputs]), seed) }
}

fn maximum(planes: usize, side: usize, [kernel, stride]: [usize; 2], output: usize) -> Plain {
    Plain::Maximum(pool::Size { planes, input: [side; 2], output: [output; 2], kernel, stride })
}

fn plain_vgg(seed: u64) -> Vec<Plain> {
    vec![
        convolution(seed, "conv1", [2, 3], 8, [3, 1, 1]),
        Plain::Rectifier,
        maximum(3, 8, [2, 2], 4),
        convolution(seed, "conv2", [3, 4], 4, [3, 1, 1]),
        Plain::Rectifier,
        maximum(4, 4, [2, 2], 2),
        dense(seed, "fc1", &[4, 2, 2], 6),
        Plain::Rectifier,
        dense(seed, "fc2", &[6], CLASSES),
    ]
}

fn plain_fires(seed: u64) -> Vec<Plain> {
    let fire = |name: &str, [inputs, squeezed, expanded]: [usize; 3], side| {
        let part = |part: &str, channels, window| {
            vec![convolution(seed, &format!("{name}/{part}"), channels, side, window), Plain::Rectifier]
        };
        let mut layers = part("squeeze", [inputs, squeezed], [1, 1, 0]);
        let expand = |kernel: usize| part(&format!("expand{kernel}"), [squeezed, expanded], [kernel, 1, kernel / 2]);
        layers.push(Plain::Both(expand(1), expand(3)));
        layers
    };
    let mut layers = vec![convolution(seed, "conv1", [2, 4], 11, [3, 2, 0]), Plain::Rectifier];
    layers.extend(fire("a", [4, 2, 3], 5));
    layers.push(maximum(6, 5, [3, 2], 2));
    layers.extend(fire("b", [6, 2, 4], 2));
    layers.extend([convolution(seed, "conv2", [8, CLASSES], 2, [1, 1, 0]), Plain::Rectifier, Plain::Mean { area: 4 }]);
    layers
}

#[test]
fn every_rule_is_what_a_plain_network_computes() {
    let cases = Cases::default();
    let compare = |run: Run<f64>, plain: &[Plain], x: &[f64], seed| {
        close_to_scale(&run.scores, &values(plain, x), 1e-12);
        let up = noise(CLASSES, seed ^ 7);
        for rule in RULES {
            let truth = explained(plain, x, &up, rule);
            close_to_scale(&run.gradient(&up, rule, "input"), &truth, 1e-12);
        }
        Ok(())
    };
    cases.run("network like VGG", 250, any::<u64>(), |seed| {
        let x = noise(VGG_INPUT, seed);
        let net: small::Vgg<f64> = small::random(VGG, seed);
        compare(run(&net, vgg_input(1, &x)), &plain_vgg(seed), &x, seed)
    });
    cases.run("network like SqueezeNet", 250, any::<u64>(), |seed| {
        let x = noise(FIRES_INPUT, seed);
        let net: small::Fires<f64> = small::random(FIRES, seed);
        compare(run(&net, fires_input(1, &x)), &plain_fires(seed), &x, seed)
    });
    cases.at_least("guided_rule", 500);
}

/// A network like SqueezeNet whose tensors are `made_up`, passed through `change`.
fn changed(seed: u64, x: &[f64], change: impl Fn(&Param, Vec<f64>) -> Vec<f64>) -> Run<f64> {
    let net: small::Fires<f64> = assembled(FIRES, |param| change(param, made_up(param, seed)));
    run(&net, fires_input(1, x))
}

fn convolutions(run: &Run<f64>) -> Vec<String> {
    let names: Vec<String> = run.trail.layers().iter().map(|(name, _)| name.to_string()).collect();
    names.windows(2).filter(|pair| pair[1].contains("relu")).map(|pair| pair[0].clone()).collect()
}

#[test]
fn where_all_is_positive_every_rule_is_the_gradient() {
    for seed in 0..40 {
        let run = changed(seed, &absolute(&noise(FIRES_INPUT, seed)), |_, values| absolute(&values));
        let up = absolute(&noise(CLASSES, seed));
        let [gradient, guided, deconvnet] = RULES.map(|rule| run.gradient(&up, rule, "input"));
        assert!(gradient.iter().any(|g| *g > 0.0));
        assert_eq!(guided, gradient, "bit for bit");
        assert_eq!(deconvnet, gradient, "bit for bit");
    }
}

#[test]
fn where_every_gate_is_open_guided_and_deconvnet_agree() {
    for seed in 0..40 {
        let raise = |param: &Param, values: Vec<f64>| {
            let (shrink, by) = if param.part == Part::Bias { (1.0, 1.0) } else { (0.02, 0.0) };
            values.into_iter().map(|v| v * shrink + by).collect()
        };
        let run = changed(seed, &noise(FIRES_INPUT, seed), raise);
        for layer in convolutions(&run) {
            assert!(run.activation(&layer).values.iter().all(|x| *x > 0.0), "{layer} lets everything through");
        }
        let up = noise(CLASSES, seed ^ 1);
        let [gradient, guided, deconvnet] = RULES.map(|rule| run.gradient(&up, rule, "input"));
        assert_eq!(guided, deconvnet, "bit for bit");
        assert_ne!(guided, gradient, "negative gradients are held back");
    }
}

#[test]
fn no_negative_gradient_passes_a_guided_rectifier() {
    let mut stopped = 0;
    for seed in 0..40 {
        let run = changed(seed, &noise(FIRES_INPUT, seed), |_, values| values);
        let up = noise(CLASSES, seed ^ 2);
        for layer in convolutions(&run) {
            let (x, gradient) = (run.activation(&layer).values, run.gradient(&up, Rule::Guided, &layer));
            let plain = run.gradient(&up, Rule::Gradient, &layer);
            assert!(gradient.iter().zip(&x).all(|(g, x)| *g >= 0.0 && (*x > 0.0 || *g == 0.0)), "{layer}");
            stopped += plain.iter().filter(|g| **g < 0.0).count();
        }
    }
    assert!(stopped > 1000, "there were negative gradients to stop: {stopped}");
}

#[test]
fn rectifiers_all_over_squeezenet_are_guided() {
    let mut weights = Weights::open(&repository("golden/reference/squeezenet1_1.f32.safetensors")).unwrap();
    let network: Arc<dyn Classifier> = Model::SqueezeNet11.load(&mut weights, Precision::Single).unwrap();
    let photo = Photo::open(&repository("golden/photo/cat_and_dog_227.png")).unwrap();
    let pass = network.forward(&Preprocess::Caffe.planes(&photo.raster)).unwrap();
    let layers = network.layers();
    let mut rectifiers = 0;
    let guided = layers.windows(2).filter(|pair| pair[1].name.contains("relu"));
    for pair in guided.step_by(5) {
        let name = &pair[0].name;
        let x = pass.activation(name).unwrap().values;
        let at = |rule| pass.gradient(&Score::Logit(285), rule, name).unwrap().values;
        assert!(at(Rule::Guided).iter().zip(&x).all(|(g, x)| *g >= 0.0 && (*x > 0.0 || *g == 0.0)), "{name}");
        rectifiers += 1;
    }
    assert_eq!(rectifiers, 6, "conv1, four inside fire modules of every kind, conv10");
}
