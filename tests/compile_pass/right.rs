use dfdx::prelude::*;
use saltty::nn::{C, Conv2d, Dense, Grid, Map, MaxPool, Relu};

type Net = (
    Conv2d<3, C<8>, 3, 1, 1, f32>,
    Relu,
    MaxPool<2, 2>,
    Conv2d<8, C<4>, 3, 1, 1, f32>,
    Dense<Grid<4, 14, 14>, usize, f32>,
);

fn scores(net: &Net, x: Map<C<3>, C<28>, C<28>, f32>) -> Tensor<(usize, usize), f32, Cpu> {
    net.forward(x)
}

fn main() {
    let _ = scores;
}
