//! Each kind of layer at the sizes of VGG19 and SqueezeNet, one way and the other; and the processor's own peak.
//!
//! Divan prints items per second; an item is a floating-point operation of the *definition* (two for each
//! multiply-add), so a Winograd layer can exceed the peak. `examples/floors.rs` says how far each is from what can be done.

use divan::{Bencher, counter::ItemsCount};
use saltty::nn::{
    Real,
    kernel::{
        Kernels,
        conv::{self, Size},
        convolution::Convolution,
        dense,
        lanes::Level,
        pool, relu,
    },
};

fn main() {
    divan::main();
}

/// Numbers in [-1, 1) without a pattern that arithmetic could use.
fn noise<E: Real>(count: usize) -> Vec<E> {
    (0..count).map(|i| E::of((i.wrapping_mul(2_654_435_761) % 2048) as f64 / 1024.0 - 1.0)).collect()
}

const fn kept(inputs: usize, outputs: usize, side: usize) -> Size {
    let sides = [side, side];
    Size { batch: 1, inputs, outputs, input: sides, output: sides, kernel: 3, stride: 1, padding: 1 }
}

const fn pointwise(inputs: usize, outputs: usize, side: usize) -> Size {
    Size { kernel: 1, padding: 0, ..kept(inputs, outputs, side) }
}

const SIZES: [(&str, Size); 12] = [
    ("vgg conv1_1", kept(3, 64, 224)),
    ("vgg conv1_2", kept(64, 64, 224)),
    ("vgg conv2_2", kept(128, 128, 112)),
    ("vgg conv3_2", kept(256, 256, 56)),
    ("vgg conv4_2", kept(512, 512, 28)),
    ("vgg conv5_1", kept(512, 512, 14)),
    ("squeeze conv1", Size { output: [113, 113], stride: 2, padding: 0, ..kept(3, 64, 227) }),
    ("squeeze fire2/squeeze1x1", pointwise(64, 16, 56)),
    ("squeeze fire2/expand3x3", kept(16, 64, 56)),
    ("squeeze fire5/expand3x3", kept(32, 128, 28)),
    ("squeeze fire9/expand3x3", kept(64, 256, 14)),
    ("squeeze conv10", pointwise(512, 1000, 14)),
];

fn operations(size: &Size) -> usize {
    2 * size.output_len() * size.inputs * size.kernel * size.kernel
}

fn convolution(size: &Size, kernels: Kernels) -> Convolution<f32> {
    let weights = noise(size.outputs * size.inputs * size.kernel * size.kernel);
    Convolution::new(kernels, weights)
}

#[divan::bench(args = SIZES.map(|(name, _)| name), consts = [0, 1], max_time = 1)]
fn forward<const DIRECT: usize>(bencher: Bencher, name: &str) {
    let size = SIZES.iter().find(|(n, _)| *n == name).expect("one of these").1;
    let layer = convolution(&size, [Kernels::Winograd, Kernels::Direct][DIRECT]);
    let (x, bias) = (noise(size.input_len()), noise(size.outputs));
    let mut y = vec![0.0; size.output_len()];
    layer.forward(&size, &x, &bias, true, &mut y);
    bencher.counter(ItemsCount::new(operations(&size))).bench_local(|| layer.forward(&size, &x, &bias, true, &mut y));
}

#[divan::bench(args = SIZES.map(|(name, _)| name), consts = [0, 1], max_time = 1)]
fn input_gradient<const DIRECT: usize>(bencher: Bencher, name: &str) {
    let size = SIZES.iter().find(|(n, _)| *n == name).expect("one of these").1;
    let layer = convolution(&size, [Kernels::Winograd, Kernels::Direct][DIRECT]);
    let up = noise(size.output_len());
    let mut down = vec![0.0; size.input_len()];
    layer.input_gradient(&size, &up, &mut down, true);
    let items = ItemsCount::new(operations(&size));
    bencher.counter(items).bench_local(|| layer.input_gradient(&size, &up, &mut down, true));
}

/// fc7: 4096 x 4096.
#[divan::bench(max_time = 1)]
fn dense_forward(bencher: Bencher) {
    let (x, weight, bias) = (noise::<f32>(4096), noise(4096 * 4096).into(), noise(4096));
    bencher.counter(ItemsCount::new(2_usize * 4096 * 4096)).bench_local(|| dense::forward(1, &x, &weight, &bias));
}

#[divan::bench(max_time = 1)]
fn dense_input_gradient(bencher: Bencher) {
    let (up, weight) = (noise::<f32>(4096), noise(4096 * 4096).into());
    let mut down = vec![0.0; 4096];
    bencher
        .counter(ItemsCount::new(2_usize * 4096 * 4096))
        .bench_local(|| dense::input_gradient(1, &up, &weight, &mut down));
}

/// pool1 of VGG.
#[divan::bench(max_time = 1)]
fn pool_forward(bencher: Bencher) {
    let size = pool::Size { planes: 64, input: [224, 224], output: [112, 112], kernel: 2, stride: 2 };
    let x = noise::<f32>(64 * 224 * 224);
    bencher.counter(ItemsCount::new(x.len())).bench_local(|| pool::forward(Level::best(), &size, &x));
}

/// The gates of the first rectifier of VGG, written down and applied.
#[divan::bench(max_time = 1)]
fn rectifier_gates(bencher: Bencher) {
    let y = noise::<f32>(64 * 224 * 224);
    let mut gradient = y.clone();
    bencher.counter(ItemsCount::new(y.len())).bench_local(|| {
        let open = relu::open(Level::best(), &y, 224);
        relu::gate(Level::best(), saltty::nn::Rule::Guided, &open, &mut gradient);
    });
}

/// What the `gemm` crate reaches on both threads at a size that suits it: the peak to compare with.
#[divan::bench(max_time = 1)]
fn peak(bencher: Bencher) {
    const SIDE: usize = 1024;
    let (a, b) = (noise::<f32>(SIDE * SIDE), noise(SIDE * SIDE));
    let size = pointwise(SIDE, SIDE, 32);
    let (bias, mut y) = (vec![0.0; SIDE], vec![0.0; SIDE * SIDE]);
    bencher
        .counter(ItemsCount::new(2 * SIDE * SIDE * SIDE))
        .bench_local(|| conv::forward(&size, &b, &a, &bias, &mut y));
}
