//! Every layer and whole small networks against central differences in random directions, by the standard of
//! `torch.autograd.gradcheck` (double precision, steps of 1e-6, 1e-5 absolute and 1e-3 relative), and their single
//! precision against their double.
//!
//! Catches a gradient that is not the derivative of what the forward pass computes, wherever it comes from. A derivative
//! does not exist at a kink, so points are drawn anew until every ReLU's input and every pool's runner-up keep a margin;
//! how often is printed.

use crate::common::{
    cases::Cases,
    convolutions::{any_size, families, weight_len},
    numbers::{beyond, dot, map, moved, noise, noises},
    small::{self, FIRES, VGG, pool_is_clear, random, run},
};
use dfdx::prelude::*;
use proptest::prelude::{Strategy, any};
use saltty::{
    model::squeezenet::Fire,
    nn::{
        Assemble, C, Concat, Conv2d, Dense, GlobalAverage, Grid, Map, MaxPool, MaxPoolCeil, Relu, Rule, Trail,
        kernel::{average, dense, lanes::Level, pool, relu},
    },
};

/// This file's part of the 10 000 random cases.
const SHARE: usize = 5000;
const EPSILON: f64 = 1e-6;
const ABSOLUTE: f64 = 1e-5;
const RELATIVE: f64 = 1e-3;
/// How far from a kink a point must lie: a hundred steps.
const MARGIN: f64 = 1e-4;
/// How far single precision may be from double, relative to the largest number.
const SINGLE: f64 = 3e-5;

/// One case of gradcheck: the derivative of `up . forward` along a random direction, by differences and by `back`.
fn gradcheck(
    x: &[f64],
    seed: u64,
    forward: impl Fn(&[f64]) -> Vec<f64>,
    back: impl Fn(&[f64]) -> Vec<f64>,
) -> Result<(), String> {
    let direction = noise(x.len(), seed ^ 0xD1);
    let [ahead, behind] = [EPSILON, -EPSILON].map(|t| forward(&moved(x, t, &direction)));
    let up = noise(ahead.len(), seed ^ 0x0B);
    let numeric = (dot(&up, &ahead) - dot(&up, &behind)) / (2.0 * EPSILON);
    let analytic = dot(&back(&up), &direction);
    beyond(&[numeric], &[analytic], |_| ABSOLUTE + RELATIVE * analytic.abs())
        .map_err(|e| format!("differences against the tape: {e}"))
}

#[test]
fn kernels_layers_and_networks_pass_gradcheck() {
    let cases = Cases::default();
    kernels(&cases);
    layers(&cases);
    networks(&cases);
    cases.at_least("finite_differences", SHARE);
}

fn kernels(cases: &Cases) {
    for family in families() {
        let what = format!("convolution, {}", family.name);
        cases.run(&what, 1500, (any_size(8), any::<u64>()), |(size, seed)| {
            let [x, weight, bias] = noises([size.input_len(), weight_len(&size), size.outputs], seed);
            let forward = |x: &[f64]| family.forward(&size, x, &weight, &bias);
            gradcheck(&x, seed, forward, |up| family.gradient(&size, up, &weight))
        });
    }
    cases.run("dense", 400, (1..4usize, 1..60usize, 1..20usize, any::<u64>()), |(batch, inputs, outputs, seed)| {
        let [x, weight, bias] = noises([batch * inputs, inputs * outputs, outputs], seed);
        let weight = weight.into();
        let back = |up: &[f64]| filled(x.len(), |down| dense::input_gradient(batch, up, &weight, down));
        gradcheck(&x, seed, |x| dense::forward(batch, x, &weight, &bias), back)
    });
    cases.run("average", 200, (1..20usize, 1..60usize, any::<u64>()), |(planes, area, seed)| {
        let back = |up: &[f64]| filled(planes * area, |down| average::input_gradient(area, up, down));
        gradcheck(&noise(planes * area, seed), seed, |x| average::forward(area, x), back)
    });
    cases.run("rectifier", 300, (1..300usize, any::<u64>()), |(len, seed)| {
        let draw = |attempt| noise(len, seed.wrapping_add(attempt));
        let x = cases.clear_of_kinks(draw, |x| x.iter().all(|x| x.abs() > MARGIN));
        let forward = |x: &[f64]| {
            let mut y = x.to_vec();
            relu::forward(&mut y);
            y
        };
        let open = relu::open(Level::best(), &forward(&x), len);
        let back = |up: &[f64]| filled(len, |down| relu::input_gradient(Rule::Gradient, &open, up, down));
        gradcheck(&x, seed, forward, back)
    });
    cases.run("pooling", 600, (pool_sizes(), any::<u64>()), |(size, seed)| {
        let draw = |attempt| noise(size.planes * size.input[0] * size.input[1], seed.wrapping_add(attempt));
        let x = cases.clear_of_kinks(draw, |x| pool_is_clear(&size, x, MARGIN, false));
        let (_, winners) = pool::forward(Level::best(), &size, &x);
        let back = |up: &[f64]| filled(x.len(), |down| pool::input_gradient(&size, &winners, up, down));
        gradcheck(&x, seed, |x| pool::forward(Level::best(), &size, x).0, back)
    });
}

/// A gradient of `len` numbers, from zero.
fn filled(len: usize, add: impl FnOnce(&mut [f64])) -> Vec<f64> {
    let mut down = vec![0.0; len];
    add(&mut down);
    down
}

fn pool_sizes() -> impl Strategy<Value = pool::Size> {
    let sides = (0..7usize, 0..7usize);
    (1..5usize, 1..5usize, 1..4usize, any::<bool>(), sides).prop_map(|(planes, kernel, stride, ceil, (more, wider))| {
        let input = [kernel + more, kernel + wider];
        let output = input.map(|side| saltty::nn::window::slid(side, kernel, stride, 0, ceil));
        pool::Size { planes, input, output, kernel, stride }
    })
}

/// Checks a typed layer or network in double precision by differences, then in single precision against double.
fn typed<Double, Single, Ch, H, W, Y>(cases: &Cases, what: &str, names: &[&str], count: u32, pool: [usize; 2])
where
    Double: Assemble<f64> + Module<Map<Ch, H, W, f64, Trail<f64>>, Output = Tensor<Y, f64, Cpu, Trail<f64>>>,
    Single: Assemble<f32> + Module<Map<Ch, H, W, f32, Trail<f32>>, Output = Tensor<Y, f32, Cpu, Trail<f32>>>,
    Ch: ConstDim,
    H: ConstDim,
    W: ConstDim,
    Y: Shape,
{
    let what = format!("{what} on {}x{}x{}", Ch::SIZE, H::SIZE, W::SIZE);
    cases.run(&what, count, (1..3usize, any::<u64>()), |(batch, seed)| {
        let draw = |attempt| {
            let seed = seed.wrapping_add(attempt);
            let (net, x) = (random::<Double, _>(names, seed), noise(batch * Ch::SIZE * H::SIZE * W::SIZE, seed));
            let at_x = run(&net, map::<Ch, H, W, f64>(batch, &x));
            (seed, net, x, at_x)
        };
        let (seed, double, x, at_x) = cases.clear_of_kinks(draw, |(.., at_x)| at_x.is_clear(pool, MARGIN));
        let forward = |x: &[f64]| run(&double, map::<Ch, H, W, f64>(batch, x)).scores;
        gradcheck(&x, seed, forward, |up| at_x.gradient(up, Rule::Gradient, "input"))?;

        let up = noise(at_x.scores.len(), seed ^ 0x55);
        let rounded = run(&random::<Single, _>(names, seed), map::<Ch, H, W, f32>(batch, &x));
        let rules = [Rule::Gradient, Rule::Guided, Rule::Deconvnet];
        let gradients = |rule| [rounded.gradient(&up, rule, "input"), at_x.gradient(&up, rule, "input")];
        let pairs = rules.map(gradients).into_iter().chain([[rounded.scores.clone(), at_x.scores.clone()]]);
        for [ours, truth] in pairs {
            // Numbers of size one go in; where they cancel, their rounding stays.
            let scale = truth.iter().fold(1e-2, |scale: f64, v| scale.max(v.abs()));
            beyond(&ours, &truth, |_| SINGLE * scale).map_err(|e| format!("single against double precision: {e}"))?;
        }
        Ok(())
    });
}

macro_rules! layers {
    ($cases:ident, $count:literal: $($name:literal $input:tt $layer:ident<$($size:tt),+>;)+) => {
        $(layers!(one $cases, $count, $name, $input, $layer<$($size,)+ f64>, $layer<$($size,)+ f32>);)+
    };
    (one $cases:ident, $count:literal, $name:literal, ($ch:literal, $h:literal, $w:literal), $double:ty, $single:ty) => {
        typed::<$double, $single, C<$ch>, C<$h>, C<$w>, _>($cases, stringify!($double), &[$name], $count, [0, 0])
    };
}

fn layers(cases: &Cases) {
    type C2 = C<2>;
    type C3 = C<3>;
    type G = Grid<2, 3, 4>;
    layers!(cases, 60:
        "conv" (1, 1, 1) Conv2d<1, C2, 1, 1, 0>;
        "conv" (3, 4, 5) Conv2d<3, C2, 1, 1, 0>;
        "conv" (2, 4, 6) Conv2d<2, C3, 3, 1, 1>;
        "conv" (3, 1, 1) Conv2d<3, C2, 3, 1, 1>;
        "conv" (2, 7, 9) Conv2d<2, C3, 3, 2, 0>;
        "conv" (3, 8, 9) Conv2d<3, usize, 3, 2, 1>;
        "conv" (2, 5, 4) Conv2d<2, C3, 3, 1, 0>;
        "conv" (1, 6, 3) Conv2d<1, C2, 5, 1, 2>;
        "fc" (2, 3, 4) Dense<G, C3>;
    );
    typed::<Relu, Relu, C<2>, C<3>, C<5>, _>(cases, "Relu", &["relu"], 60, [0, 0]);
    typed::<GlobalAverage, GlobalAverage, C<3>, C<2>, C<5>, _>(cases, "GlobalAverage", &["average"], 60, [0, 0]);
    typed::<MaxPool<2, 2>, MaxPool<2, 2>, C<2>, C<7>, C<4>, _>(cases, "MaxPool<2, 2>", &["pool"], 60, [2, 2]);
    typed::<MaxPool<3, 2>, MaxPool<3, 2>, C<2>, C<7>, C<9>, _>(cases, "MaxPool<3, 2>", &["pool"], 60, [3, 2]);
    typed::<MaxPoolCeil<3, 2>, MaxPoolCeil<3, 2>, C<2>, C<8>, C<5>, _>(
        cases,
        "MaxPoolCeil<3, 2>",
        &["pool"],
        60,
        [3, 2],
    );
    typed::<MaxPoolCeil<3, 2>, MaxPoolCeil<3, 2>, C<1>, C<4>, C<10>, _>(
        cases,
        "MaxPoolCeil<3, 2>",
        &["pool"],
        60,
        [3, 2],
    );
    concatenation(cases);
}

/// Concatenation has two inputs, so it runs on dfdx's own tape.
fn concatenation(cases: &Cases) {
    let inputs = |x: &[f64]| [&x[..24], &x[24..]].map(|half| map::<C<2>, C<3>, C<2>, f64>(2, half));
    cases.run("Concat on 2x3x2", 200, any::<u64>(), |seed| {
        let join = Concat::new("join");
        let forward = |x: &[f64]| {
            let [a, b] = inputs(x);
            join.forward((a, b)).as_vec()
        };
        let x = noise(48, seed);
        gradcheck(&x, seed, forward, |up| {
            let [a, b] = inputs(&x);
            let y = join.forward((a.leaky_trace(), b.clone()));
            let up = Cpu::default().tensor_from_vec(up.to_vec(), *y.shape());
            let gradients = (y * up).sum::<Rank0, _>().backward();
            [gradients.get(&a).as_vec(), gradients.get(&b).as_vec()].concat()
        })
    });
}

fn networks(cases: &Cases) {
    type Module3<E> = Fire<3, 2, 4, E>;
    let fire: Vec<&str> = FIRES[2..9].to_vec();
    typed::<Module3<f64>, Module3<f32>, C<3>, C<4>, C<3>, _>(cases, "fire module", &fire, 200, [0, 0]);
    typed::<small::Vgg<f64>, small::Vgg<f32>, C<2>, C<8>, C<8>, _>(cases, "network like VGG", VGG, 500, [2, 2]);
    typed::<small::Fires<f64>, small::Fires<f32>, C<2>, C<11>, C<11>, _>(
        cases,
        "network like SqueezeNet",
        FIRES,
        500,
        [3, 2],
    );
}
