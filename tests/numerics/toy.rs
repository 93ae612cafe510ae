//! The network that anyone can check by hand (Captum's, typed anew): every method's numbers, written out.
//!
//! The input counts 0 to 15 over 4 x 4 pixels. Two 3x3 convolutions of ones with biases -50 and -75, a ReLU, four dense
//! rows `1 1 1 1 1 -1 -1 -1`, a ReLU; explained is the first of the four scores, 54.

use crate::common::{
    numbers::{close, map},
    small::{Run, run},
};
use saltty::{
    explain::cam,
    heatmap::{Edge, positive_over_max, upsample},
    nn::{C, Conv2d, Dense, Grid, Real, Relu, Rule},
};

type Toy<E> = (Conv2d<1, C<2>, 3, 1, 0, E>, Relu, Dense<Grid<2, 2, 2>, C<4>, E>, Relu);

fn toy<E: Real>() -> Run<E> {
    let one = E::of(1.0);
    let row = [1.0, 1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0].map(E::of);
    let net: Toy<E> = (
        Conv2d::new("conv1", C, &[one; 18], &[-50.0, -75.0].map(E::of)),
        Relu::new("relu1", Rule::Gradient),
        Dense::new("fc1", C, [row; 4].concat(), vec![E::of(0.0); 4]),
        Relu::new("relu2", Rule::Gradient),
    );
    run(&net, map::<C<1>, C<4>, C<4>, E>(1, &(0..16).map(f64::from).collect::<Vec<_>>()))
}

const SCORE: [f64; 4] = [1.0, 0.0, 0.0, 0.0];

fn grad_cam(run: &Run<impl Real>, layer: &str) -> cam::GradCam {
    cam::grad_cam(&run.activation(layer), &run.planes_gradient(&SCORE, Rule::Gradient, layer))
}

fn both(check: impl Fn(&dyn Fn(Rule, &str) -> Vec<f64>, &dyn Fn(&str) -> Vec<f64>)) {
    let (single, double) = (toy::<f32>(), toy::<f64>());
    check(&|rule, at| single.gradient(&SCORE, rule, at), &|layer| single.activation(layer).values);
    check(&|rule, at| double.gradient(&SCORE, rule, at), &|layer| double.activation(layer).values);
}

#[test]
fn values_on_the_way_forward() {
    both(|_, activation| {
        assert_eq!(activation("conv1"), [-5.0, 4.0, 31.0, 40.0, -30.0, -21.0, 6.0, 15.0]);
        assert_eq!(activation("relu1"), [0.0, 4.0, 31.0, 40.0, 0.0, 0.0, 6.0, 15.0]);
    });
    assert_eq!(toy::<f32>().scores, [54.0; 4]);
}

#[test]
#[rustfmt::skip]
fn gradients_on_the_way_back() {
    both(|gradient, _| {
        assert_eq!(gradient(Rule::Gradient, "relu1"), [1.0, 1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0]);
        assert_eq!(gradient(Rule::Gradient, "conv1"), [0.0, 1.0, 1.0, 1.0, 0.0, 0.0, -1.0, -1.0]);
        assert_eq!(gradient(Rule::Guided, "conv1"), [0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(gradient(Rule::Deconvnet, "conv1"), [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!(gradient(Rule::Gradient, "input"), [
            0.0, 1.0, 1.0, 1.0,
            0.0, 1.0, 1.0, 1.0,
            0.0, 1.0, 1.0, 1.0,
            0.0, 0.0, 0.0, 0.0,
        ]);
        assert_eq!(gradient(Rule::Guided, "input"), [
            0.0, 1.0, 1.0, 1.0,
            1.0, 3.0, 3.0, 2.0,
            1.0, 3.0, 3.0, 2.0,
            1.0, 2.0, 2.0, 1.0,
        ]);
        assert_eq!(gradient(Rule::Deconvnet, "input"), [
            2.0, 3.0, 3.0, 1.0,
            3.0, 5.0, 5.0, 2.0,
            3.0, 5.0, 5.0, 2.0,
            1.0, 2.0, 2.0, 1.0,
        ]);
    });
}

#[test]
fn grad_cam_before_and_after_the_relu() {
    fn check<E: Real>() {
        let run = toy::<E>();
        let before = grad_cam(&run, "conv1");
        assert_eq!(before.alpha, [0.75, -0.5]);
        assert_eq!(before.map.values, [11.25, 13.5, 20.25, 22.5]);
        let after = grad_cam(&run, "relu1");
        assert_eq!(after.alpha, [1.0, -0.5]);
        assert_eq!(after.map.values, [0.0, 4.0, 28.0, 32.5]);
    }
    check::<f32>();
    check::<f64>();
}

/// By hand, at relu1. The map `0 4 / 28 32.5` over its maximum 32.5, enlarged from 2 to 4 with half-pixel centres: output
/// pixel o lies at (o + 1/2) / 2 - 1/2 = -1/4, 1/4, 3/4, 5/4, that is 0, 1/4, 3/4 and 1 of the way between the two.
/// Times 32.5, the rows are
/// ```text
///   0    1        3        4
///   7    8.03125  10.09375 11.125
///  21   22.09375  24.28125 25.375
///  28   29.125    31.375   32.5
/// ```
/// and those, times the guided gradient `0 1 1 1 / 1 3 3 2 / 1 3 3 2 / 1 2 2 1`, over 32.5, are guided Grad-CAM.
#[test]
#[rustfmt::skip]
fn guided_grad_cam_as_we_define_it() {
    let run = toy::<f64>();
    let guided = run.planes_gradient(&SCORE, Rule::Guided, "input");
    let at = |layer: &str| {
        let map = positive_over_max(&grad_cam(&run, layer).map);
        cam::times(&upsample(&map, 4, 4, Edge::Clamp), &guided).values
    };
    close(&at("relu1"), &[
         0.0,  1.0,      3.0,       4.0,
         7.0, 24.09375, 30.28125,  22.25,
        21.0, 66.28125, 72.84375,  50.75,
        28.0, 58.25,    62.75,     32.5,
    ].map(|v| v / 32.5), 1e-15);
    // The same at conv1, whose map over its maximum is 0.5 0.6 / 0.9 1: rows at 0, 1/4, 3/4 and 1 of the way between
    // 0.5 0.525 0.575 0.6 and 0.9 0.925 0.975 1.
    close(&at("conv1"), &[
        0.0, 0.525, 0.575, 0.6,
        0.6, 1.875, 2.025, 1.4,
        0.8, 2.475, 2.625, 1.8,
        0.9, 1.85,  1.95,  1.0,
    ], 1e-15);
}
