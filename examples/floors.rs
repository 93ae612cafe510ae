//! How far VGG19 is from what the processor can do: each convolution's speed as a share of the `gemm` crate's peak, and the
//! whole network beside two floors - its multiplications at that peak, and its weights at the speed of memory.
//!
//! `cargo run --release --example floors -- [WEIGHTS.safetensors]` prints Markdown; without weights, made-up ones.

#[path = "../tests/common/made_up.rs"]
mod made_up;

use std::{hint::black_box, path::Path, time::Instant};

use rayon::prelude::*;
use saltty::{
    explain::{Method, Session},
    model::Model,
    nn::kernel::{
        Kernels, columns,
        conv::{self, Size},
        convolution::Convolution,
        lanes::Level,
        winograd,
    },
    planes::Planes,
    weights::Weights,
};

/// VGG19's kinds of convolutions: name, how many there are, channels in and out, side.
const LAYERS: [(&str, usize, usize, usize, usize); 9] = [
    ("conv1_1", 1, 3, 64, 224),
    ("conv1_2", 1, 64, 64, 224),
    ("conv2_1", 1, 64, 128, 112),
    ("conv2_2", 1, 128, 128, 112),
    ("conv3_1", 1, 128, 256, 56),
    ("conv3_2 to conv3_4", 3, 256, 256, 56),
    ("conv4_1", 1, 256, 512, 28),
    ("conv4_2 to conv4_4", 3, 512, 512, 28),
    ("conv5_1 to conv5_4", 4, 512, 512, 14),
];
/// Weights of fc6, fc7 and fc8.
const DENSE: usize = 25088 * 4096 + SECOND + 4096 * 1000;
/// Of the second one.
const SECOND: usize = 4096 * 4096;

fn main() {
    let (peak, bandwidth) = (peak(), bandwidth());
    println!(
        "{} threads, {} instructions; gemm peak {:.1} GFLOP/s, memory read at {:.1} GB/s.\n",
        rayon::current_num_threads(),
        Level::best(),
        peak / 1e9,
        bandwidth / 1e9
    );
    println!(
        "| layers | multiplications of the definition over done | forward, ms | share of peak | backward, ms | share |"
    );
    println!("| --- | --: | --: | --: | --: | --: |");
    let (mut operations, mut bytes) = (0.0, 0.0);
    for (name, count, inputs, outputs, side) in LAYERS {
        let size = square(inputs, outputs, side);
        let (done, read) = cost(&size);
        let [forth, back] = times(&size);
        let [forth_share, back_share] = [forth, back].map(|seconds| 100.0 * done / seconds / peak);
        let saved = 2.0 * (size.output_len() * inputs * 9) as f64 / done;
        let [forth, back] = [forth, back].map(|seconds| seconds * 1e3);
        println!("| {name} | {saved:.2} | {forth:.2} | {forth_share:.0} % | {back:.2} | {back_share:.0} % |");
        (operations, bytes) = (operations + count as f64 * done, bytes + count as f64 * read);
    }
    let [forward, maps] = network();
    let floors = |convolutions: f64, denses: f64| {
        let (dense, passes) = (denses * DENSE as f64, convolutions);
        [(passes * operations + 2.0 * dense) / peak * 1e3, (passes * bytes + 4.0 * dense) / bandwidth * 1e3]
    };
    println!(
        "\n| VGG19 | measured, ms | multiplications at peak, ms | ratio | weights at memory's speed, ms | ratio |"
    );
    println!("| --- | --: | --: | --: | --: | --: |");
    // The three maps take one way back through all; Grad-CAM, half of the second dense layer's rows.
    let again = 0.5 * SECOND as f64 / DENSE as f64;
    for (name, measured, [peak, memory]) in
        [("forward", forward, floors(1.0, 1.0)), ("forward and three maps", maps, floors(2.0, 2.0 + again))]
    {
        println!(
            "| {name} | {measured:.0} | {peak:.0} | {:.2} | {memory:.0} | {:.2} |",
            measured / peak,
            measured / memory
        );
    }
}

fn square(inputs: usize, outputs: usize, side: usize) -> Size {
    let sides = [side, side];
    Size { batch: 1, inputs, outputs, input: sides, output: sides, kernel: 3, stride: 1, padding: 1 }
}

/// Floating-point operations done (two a multiplication), and bytes of filters read.
fn cost(size: &Size) -> (f64, f64) {
    let filters = (size.inputs * size.outputs) as f64;
    if columns::suits(size) {
        return (2.0 * filters * 9.0 * (size.output[0] * size.output[1]) as f64, 4.0 * 9.0 * filters);
    }
    let tile = winograd::tile(size);
    let tiles = size.output[0].div_ceil(tile) * size.output[1].div_ceil(tile);
    let elements = ((tile + 2) * (tile + 2)) as f64;
    (2.0 * filters * elements * tiles as f64, 4.0 * elements * filters)
}

/// Seconds of a convolution forward and of its input gradient.
fn times(size: &Size) -> [f64; 2] {
    let layer = Convolution::new(Kernels::Winograd, noise(size.outputs * size.inputs * 9));
    let (x, up, bias) = (noise(size.input_len()), noise(size.output_len()), noise(size.outputs));
    let (mut y, mut down) = (up.clone(), x.clone());
    let forth = least(|| layer.forward(size, &x, &bias, true, &mut y));
    [forth, least(|| layer.input_gradient(size, &up, &mut down, true))]
}

/// What the `gemm` crate reaches at a size that suits it: operations a second.
fn peak() -> f64 {
    const SIDE: usize = 1024;
    let size = Size { kernel: 1, padding: 0, ..square(SIDE, SIDE, 32) };
    let [x, filter] = [noise(SIDE * SIDE), noise(SIDE * SIDE)];
    let (bias, mut y) = (noise(SIDE), vec![0.0; SIDE * SIDE]);
    2.0 * (SIDE * SIDE * SIDE) as f64 / least(|| conv::forward(&size, &x, &filter, &bias, &mut y))
}

/// Bytes a second that all threads together read from memory too large for any cache.
fn bandwidth() -> f64 {
    let values = noise(1 << 27);
    let sum = |piece: &[f32]| {
        let mut sums = [0.0; 32];
        piece.as_chunks::<32>().0.iter().for_each(|values| (0..32).for_each(|i| sums[i] += values[i]));
        sums.iter().sum::<f32>()
    };
    4.0 * values.len() as f64 / least(|| values.par_chunks(1 << 16).map(sum).sum::<f32>())
}

/// Milliseconds of VGG19: forward, and with the three maps.
fn network() -> [f64; 2] {
    let mut weights = match std::env::args().nth(1) {
        Some(file) => Weights::open(Path::new(&file)).expect("readable weights"),
        None => Weights::from_source(Path::new("made-up weights"), Box::new(made_up::MadeUp::of(Model::Vgg19))),
    };
    let network = Model::Vgg19.load(&mut weights, saltty::model::Precision::Single).expect("weights that fit");
    let input = Planes::new(3, 224, 224, noise(3 * 224 * 224).into_iter().map(|v| f64::from(v) * 100.0).collect());
    let session = || Session::new(network.clone(), &input).expect("a forward pass");
    let maps = || {
        let (session, layer) = (session(), network.target("relu5_4").expect("a layer"));
        [Method::GradCam, Method::GuidedBackprop, Method::GuidedGradCam]
            .map(|method| session.explain(method, 285, layer).expect("a map").map.values[0])
    };
    [least(session), least(maps)].map(|seconds| seconds * 1e3)
}

/// Seconds of the quickest of some runs: floors are compared with what can be reached.
fn least<R>(mut work: impl FnMut() -> R) -> f64 {
    black_box(work());
    let seconds = |_| {
        let start = Instant::now();
        black_box(work());
        start.elapsed().as_secs_f64()
    };
    (0..7).map(seconds).fold(f64::INFINITY, f64::min)
}

fn noise(count: usize) -> Vec<f32> {
    (0..count).map(|i| made_up::splitmix(7, 0, i as u64)).collect()
}
