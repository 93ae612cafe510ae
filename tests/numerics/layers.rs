//! Each layer on each tape, by values that can be read off: rules, ties, NaN, how sweeps begin and end.
//!
//! Their gradients are proved in `finite_differences.rs` and `adjoints.rs`.

use crate::common::numbers::{map, noise, reals};
use dfdx::prelude::*;
use saltty::nn::{
    C, Concat, Conv2d, Dense, Fused, GlobalAverage, Grid, Map, MaxPool, MaxPoolCeil, Real, Relu, Rule, Trail,
};

/// A small network with every kind of layer, in which nothing is drawn by chance but the weights.
type Small<E> = ((Conv2d<2, C<3>, 3, 1, 1, E>, Relu, MaxPool<2, 2>), (Conv2d<3, C<4>, 3, 2, 0, E>, Relu));
type SmallHead<E> = (Dense<Grid<4, 3, 3>, C<5>, E>, Relu, Dense<C<5>, usize, E>);

fn small<E: Real>(rule: Rule) -> (Small<E>, SmallHead<E>) {
    let n = |count, seed| reals::<E>(&noise(count, seed));
    let features = (
        (Conv2d::new("conv1", C, &n(54, 1), &n(3, 2)), Relu::new("relu1", rule), MaxPool::new("pool1")),
        (Conv2d::new("conv2", C, &n(108, 3), &n(4, 4)), Relu::new("relu2", rule)),
    );
    let head =
        (Dense::new("fc1", C, n(180, 5), n(5, 6)), Relu::new("relu3", rule), Dense::new("fc2", 3, n(15, 7), n(3, 8)));
    (features, head)
}

type SmallInput<E> = Map<C<2>, C<14>, C<14>, E>;

/// Gradient of logit 1 of the first image with dfdx's own tape, and with saltty's.
fn both_gradients<E: Real>(rule: Rule, x: &SmallInput<E>) -> (Vec<E>, Vec<E>)
where
    Cpu: Device<E>,
{
    let dev = Cpu::default();
    let net = small::<E>(rule);
    let y = net.forward(x.leaky_trace());
    let shape = *y.shape();
    let mut weights = vec![E::of(0.0); shape.0 * 3];
    weights[1] = E::of(1.0);
    let selected = y * dev.tensor_from_vec(weights.clone(), shape);
    let owned = selected.sum::<Rank0, _>().backward().get(x).as_vec();

    let plain = small::<E>(Rule::Gradient);
    let (_, trail) = plain.forward(x.clone().put_tape(Trail::from_input(x))).split_tape();
    (owned, trail.sweep("fc2", weights, rule, "input").unwrap())
}

#[test]
fn every_tape_gives_the_same_values_and_gradients() {
    let x: SmallInput<f64> = map(2, &noise(784, 9));
    let net = small::<f64>(Rule::Gradient);
    let none = net.forward(x.clone()).as_vec();
    let owned = net.forward(x.leaky_trace()).as_vec();
    let trail = net.forward(x.clone().put_tape(Trail::default())).as_vec();
    assert_eq!(none, owned);
    assert_eq!(none, trail);
    for rule in [Rule::Gradient, Rule::Guided, Rule::Deconvnet] {
        let (owned, trail) = both_gradients::<f64>(rule, &x);
        assert_eq!(owned, trail, "{rule:?}");
        assert!(owned[..392].iter().any(|g| *g != 0.0), "{rule:?} reaches the pixels");
        assert!(owned[392..].iter().all(|g| *g == 0.0), "the second image does not matter to the first's score");
    }
}

/// Between layers, with a tensor of no tape, and with one that has a trail of its own.
#[test]
fn dfdx_operations_on_a_trail_pass_gradients_on() {
    type Pair<T = NoneTape> = Map<C<2>, C<1>, C<1>, f64, T>;
    let [x, other, plain]: [Pair; 3] = [[1.0, -1.0], [2.0, 3.0], [5.0, -9.0]].map(|values| map(1, &values));
    let relu = |name: &str, x: Pair<Trail<f64>>| Relu::new(name, Rule::Gradient).forward(x);
    let start = |x: &Pair| x.clone().put_tape(Trail::from_input(x));
    let swept = |to: &str| {
        let sum = relu("a", start(&x)) * 3.0 + plain.clone() + relu("b", start(&other));
        let (y, trail) = relu("after", sum).split_tape();
        assert_eq!(y.as_vec(), [10.0, 0.0]);
        trail.sweep("after", vec![1.0, 1.0], Rule::Gradient, to).unwrap()
    };
    assert_eq!(swept("a"), [3.0, 0.0]);
    assert_eq!(swept("b"), [1.0, 0.0]);
}

#[test]
fn sweeps_stop_at_the_layer_asked_for_and_can_be_repeated() {
    let x: SmallInput<f64> = map(1, &noise(392, 9));
    let net = small::<f64>(Rule::Gradient);
    let (_, trail) = net.forward(x.clone().put_tape(Trail::from_input(&x))).split_tape();
    let sweep = |to: &str| trail.sweep("fc2", vec![0.0, 1.0, 0.0], Rule::Gradient, to).unwrap();
    assert_eq!(sweep("relu2"), sweep("relu2"));
    assert_eq!(sweep("relu3").len(), 5);
    assert_eq!(trail.values("relu2").unwrap().len(), 36);
    let names: Vec<String> = trail.layers().iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(names, ["input", "conv1", "relu1", "pool1", "conv2", "relu2", "fc1", "relu3", "fc2"]);
    assert!(trail.sweep("fc2", vec![1.0], Rule::Gradient, "input").is_err(), "a seed of another length");
}

#[test]
fn a_fused_run_is_its_layers_one_by_one() {
    let (layers, _) = small::<f64>(Rule::Guided);
    let fused = Fused(small::<f64>(Rule::Guided).0);
    let x: SmallInput<f64> = map(2, &noise(784, 9));
    assert_eq!(fused.forward(x.clone()).as_vec(), layers.forward(x.clone()).as_vec(), "without a tape");
    let gradient = |y: Map<C<4>, C<3>, C<3>, f64, OwnedTape<f64, Cpu>>| {
        let backward = y.square().sum::<Rank0, _>().backward();
        backward.get(&x).as_vec()
    };
    assert_eq!(gradient(fused.forward(x.leaky_trace())), gradient(layers.forward(x.leaky_trace())), "dfdx's tape");
    let trail = |y: Map<C<4>, C<3>, C<3>, f64, Trail<f64>>| y.split_tape().1;
    let ours = trail(fused.forward(x.clone().put_tape(Trail::from_input(&x))));
    let theirs = trail(layers.forward(x.clone().put_tape(Trail::from_input(&x))));
    assert_eq!(ours.layers(), theirs.layers());
    for (from, shape) in ours.layers() {
        assert_eq!(ours.values(&from), theirs.values(&from), "{from}");
        let seed = noise(shape.iter().product(), 4);
        for (to, rule) in [("input", Rule::Gradient), ("input", Rule::Guided), ("relu1", Rule::Deconvnet)] {
            if to == "input" || !["input", "conv1", "relu1"].contains(&&*from) {
                let sweep = |trail: &Trail<f64>| trail.sweep(&from, seed.clone(), rule, to).unwrap();
                assert_eq!(sweep(&ours), sweep(&theirs), "from {from} to {to}");
            }
        }
    }
}

#[test]
fn each_rule_gates_the_gradient() {
    let dev = Cpu::default();
    let x: Tensor<Rank1<5>, f32, _> = dev.tensor([-1.0, 0.0, 1.0, 2.0, -3.0]);
    let upstream: Tensor<Rank1<5>, f32, _> = dev.tensor([1.0, 1.0, -1.0, 1.0, -1.0]);
    let gradient = |rule| {
        let y = Relu::new("relu", rule).forward(x.leaky_trace());
        (y * upstream.clone()).sum::<Rank0, _>().backward().get(&x).array()
    };
    assert_eq!(gradient(Rule::Gradient), [0.0, 0.0, -1.0, 1.0, 0.0]);
    assert_eq!(gradient(Rule::Guided), [0.0, 0.0, 0.0, 1.0, 0.0]);
    assert_eq!(gradient(Rule::Deconvnet), [1.0, 1.0, 0.0, 1.0, 0.0]);
}

#[test]
fn the_first_of_equal_maxima_takes_the_gradient() {
    let x: Map<C<1>, C<4>, C<4>, f64> = map(1, &[0.0; 16]);
    let y = MaxPool::<2, 2>::new("pool").forward(x.leaky_trace());
    let gradient = y.sum::<Rank0, _>().backward().get(&x).as_vec();
    let mut first = [0.0; 16];
    for corner in [0, 2, 8, 10] {
        first[corner] = 1.0;
    }
    assert_eq!(gradient, first);
}

#[test]
fn pooling_with_a_ceiling_counts_partial_windows() {
    let x: Map<C<1>, C<4>, C<4>, f64> = map(1, &(0..16).map(f64::from).collect::<Vec<_>>());
    let y = MaxPoolCeil::<3, 2>::new("pool").forward(x.leaky_trace());
    assert_eq!(y.as_vec(), [10.0, 11.0, 14.0, 15.0]);
    let gradient = y.sum::<Rank0, _>().backward().get(&x).as_vec();
    assert_eq!(
        gradient.iter().enumerate().filter(|(_, g)| **g == 1.0).map(|(i, _)| i).collect::<Vec<_>>(),
        [10, 11, 14, 15]
    );
}

#[test]
fn averages_and_joins_pass_gradients_through() {
    let dev = Cpu::default();
    let a: Map<C<1>, C<2>, C<2>, f64> = map(2, &noise(8, 1));
    let b: Map<C<1>, C<2>, C<2>, f64> = map(2, &noise(8, 2));
    let joined = Concat::new("join").forward((a.leaky_trace(), b.clone()));
    assert_eq!(joined.as_vec()[..4], a.as_vec()[..4]);
    assert_eq!(joined.as_vec()[4..8], b.as_vec()[..4]);
    let y = GlobalAverage::new("average").forward(joined);
    let weights = dev.tensor_from_vec(vec![1.0, 2.0, 4.0, 8.0], (2, C::<2>));
    let gradients = (y * weights).sum::<Rank0, _>().backward();
    assert_eq!(gradients.get(&a).as_vec(), [0.25, 0.25, 0.25, 0.25, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(gradients.get(&b).as_vec(), [0.5, 0.5, 0.5, 0.5, 2.0, 2.0, 2.0, 2.0]);
}

#[test]
fn a_nan_reaches_the_scores() {
    let mut values = noise(392, 3);
    values[200] = f64::NAN;
    let y = small::<f64>(Rule::Gradient).forward(map::<C<2>, C<14>, C<14>, f64>(1, &values));
    assert!(y.as_vec().iter().all(|v| v.is_nan()), "{:?}", y.as_vec());
    let relu: Map<C<1>, C<2>, C<2>, f32> = map(1, &[f64::NAN, -1.0, 0.0, 1.0]);
    let out = Relu::new("relu", Rule::Gradient).forward(relu.clone()).as_vec();
    assert!(out[0].is_nan() && out[1..] == [0.0, 0.0, 1.0]);
    assert!(MaxPool::<2, 2>::new("pool").forward(relu).as_vec()[0].is_nan());
}
