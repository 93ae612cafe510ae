//! Each layer on each tape, in both precisions: values, gradients, ties and NaN.

use dfdx::prelude::*;
use proptest::prelude::*;
use saltty::nn::{
    C, Concat, Conv2d, Dense, Fused, GlobalAverage, Grid, Map, MaxPool, MaxPoolCeil, Real, Relu, Rule, Trail,
    kernel::{
        columns,
        conv::{self, Finish},
        lanes::Level,
        winograd,
    },
};

/// Numbers without pattern in [-1, 1).
fn noise(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn reals<E: Real>(values: &[f64]) -> Vec<E> {
    values.iter().map(|&v| E::of(v)).collect()
}

fn map<Ch: ConstDim, H: ConstDim, W: ConstDim, E: Real>(batch: usize, values: &[f64]) -> Map<Ch, H, W, E> {
    Cpu::default().tensor_from_vec(reals(values), (batch, Ch::default(), H::default(), W::default()))
}

/// The definition of a convolution, as plainly as it can be written.
fn plain_convolution(size: &conv::Size, x: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let mut y = Vec::new();
    let ([h, w], [oh, ow]) = (size.input, size.output);
    for n in 0..size.batch {
        for o in 0..size.outputs {
            for (row, column) in (0..oh).flat_map(|row| (0..ow).map(move |column| (row, column))) {
                let mut sum = bias[o];
                for i in 0..size.inputs {
                    for (ky, kx) in (0..size.kernel).flat_map(|y| (0..size.kernel).map(move |x| (y, x))) {
                        let (y, x_at) = (row * size.stride + ky, column * size.stride + kx);
                        let (y, x_at) = (y.wrapping_sub(size.padding), x_at.wrapping_sub(size.padding));
                        if y < h && x_at < w {
                            let k = size.kernel;
                            sum += weight[((o * size.inputs + i) * k + ky) * k + kx]
                                * x[((n * size.inputs + i) * h + y) * w + x_at];
                        }
                    }
                }
                y.push(sum);
            }
        }
    }
    y
}

fn close(a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "element {i}: {a} is not {b}");
    }
}

prop_compose! {
    fn sizes()(
        batch in 1..4usize, inputs in 1..5usize, outputs in 1..140usize, kernel in 1..5usize, stride in 1..4usize,
        padding in 0..3usize, more in (0..9usize, 0..9usize),
    ) -> conv::Size {
        let least = kernel.saturating_sub(2 * padding).max(1);
        let input = [least + more.0, least + more.1];
        let output = input.map(|n| (n + 2 * padding - kernel) / stride + 1);
        conv::Size { batch, inputs, outputs, input, output, kernel, stride, padding }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn convolution_is_its_definition_and_its_gradient_the_adjoint(size in sizes(), seed in any::<u64>()) {
        let x = noise(size.input_len(), seed);
        let weight = noise(size.outputs * size.inputs * size.kernel * size.kernel, seed ^ 1);
        let bias = noise(size.outputs, seed ^ 2);
        let filter = conv::channels_last(&weight, size.outputs, size.inputs, size.kernel);
        let mut y = vec![0.0; size.output_len()];
        conv::forward(&size, &x, &filter, &bias, &mut y);
        close(&y, &plain_convolution(&size, &x, &weight, &bias), 1e-12);

        let zero = vec![0.0; size.outputs];
        let up = noise(size.output_len(), seed ^ 3);
        let mut linear = vec![0.0; size.output_len()];
        conv::forward(&size, &x, &filter, &zero, &mut linear);
        let mut down = vec![0.0; size.input_len()];
        conv::input_gradient(&size, &up, &filter, &mut down);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let (left, right) = (dot(&linear, &up), dot(&x, &down));
        prop_assert!((left - right).abs() <= 1e-10 * (1.0 + left.abs()), "<Ax, y> = {left}, <x, A'y> = {right}");

        let mut twice = down.clone();
        conv::input_gradient(&size, &up, &filter, &mut twice);
        close(&twice, &down.iter().map(|d| 2.0 * d).collect::<Vec<_>>(), 1e-12);
    }
}

prop_compose! {
    /// Sizes of maps wider than a block of tiles, narrower than a tile, and between.
    fn kept_sizes()(
        batch in 1..3usize, inputs in 1..20usize, outputs in 1..45usize, high in 1..40usize, wide in prop_oneof![1..30usize, 55..75usize],
    ) -> conv::Size {
        let input = [high, wide];
        conv::Size { batch, inputs, outputs, input, output: input, kernel: 3, stride: 1, padding: 1 }
    }
}

fn singles(values: &[f64]) -> Vec<f32> {
    reals(values)
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

/// Rectifies as the fast kernels do.
fn rectified(values: &[f64]) -> Vec<f64> {
    values.iter().map(|v| v.max(0.0)).collect()
}

/// Runs a fast convolution both ways on numbers drawn from `seed`, against the definition and the direct kernels in f64.
fn check_fast(
    size: &conv::Size,
    seed: u64,
    forward: impl Fn(&[f32], &[f32], Finish<f32>, &mut [f32]),
    input_gradient: impl Fn(&[f32], &[f32], &mut [f32], bool),
) {
    // Rounding grows with the number of products in a sum, which are of size one.
    let tolerance = |channels: usize| 1e-5 * ((channels * size.kernel * size.kernel) as f64).sqrt();
    let (forth, back) = (tolerance(size.inputs), tolerance(size.outputs));
    let x = noise(size.input_len(), seed);
    let weight = noise(size.outputs * size.inputs * size.kernel * size.kernel, seed ^ 1);
    let bias = noise(size.outputs, seed ^ 2);
    let filter = conv::channels_last(&weight, size.outputs, size.inputs, size.kernel);
    let truth = plain_convolution(size, &x, &weight, &bias);
    let (x, filter_single, bias) = (singles(&x), singles(&filter), singles(&bias));
    let mut y = vec![f32::NAN; size.output_len()];
    forward(&x, &filter_single, Finish::Forward { bias: &bias, relu: false }, &mut y);
    close(&doubles(&y), &truth, forth);
    y.fill(f32::NAN);
    forward(&x, &filter_single, Finish::Forward { bias: &bias, relu: true }, &mut y);
    close(&doubles(&y), &rectified(&truth), forth);

    let up = noise(size.output_len(), seed ^ 3);
    let area = size.output[0] * size.output[1];
    let lonely = up.iter().enumerate().map(|(at, u)| if at < area { *u } else { 0.0 }).collect();
    for up in [up, lonely] {
        let mut truth = vec![0.0; size.input_len()];
        conv::input_gradient(size, &up, &filter, &mut truth);
        let mut down = vec![f32::NAN; size.input_len()];
        input_gradient(&singles(&up), &filter_single, &mut down, true);
        close(&doubles(&down), &truth, back);
        input_gradient(&singles(&up), &filter_single, &mut down, false);
        close(&doubles(&down), &truth.iter().map(|d| 2.0 * d).collect::<Vec<_>>(), 2.0 * back);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn winograd_is_the_definition_with_all_instructions(size in kept_sizes(), seed in any::<u64>()) {
        for (tile, level) in [2, 4].into_iter().flat_map(|tile| Level::available().into_iter().map(move |l| (tile, l))) {
            let filter = |weights: &[f32]| winograd::Filter::new(tile, size.outputs, size.inputs, weights);
            check_fast(
                &size,
                seed,
                |x, weights, finish, y| winograd::forward(level, &size, x, &filter(weights), finish, y),
                |up, weights, down, fresh| winograd::input_gradient(level, &size, up, &filter(weights), down, fresh),
            );
        }
    }

    #[test]
    fn columns_are_the_definition_with_all_instructions(size in sizes(), seed in any::<u64>(), point in any::<bool>()) {
        let pointwise = conv::Size { output: size.input, kernel: 1, stride: 1, padding: 0, ..size };
        let size = if point { pointwise } else { size };
        for level in Level::available() {
            let filter = |weights: &[f32]| columns::Filter::new(size.outputs, weights);
            check_fast(
                &size,
                seed,
                |x, weights, finish, y| columns::forward(level, &size, x, &filter(weights), finish, y),
                |up, weights, down, fresh| columns::input_gradient(level, &size, up, &filter(weights), down, fresh),
            );
        }
    }

    #[test]
    fn wider_vectors_do_not_change_a_bit(size in kept_sizes(), seed in any::<u64>()) {
        let filter = winograd::Filter::new(4, size.outputs, size.inputs, &singles(&noise(size.outputs * size.inputs * 9, seed)));
        let x = singles(&noise(size.input_len(), seed ^ 1));
        let bits = |level: Level, size: &conv::Size, x: &[f32]| {
            let mut y = vec![0.0; size.output_len()];
            winograd::forward(level, size, x, &filter, Finish::Write, &mut y);
            y
        };
        let all = Level::available().into_iter().filter(|level| *level != Level::Scalar).map(|level| bits(level, &size, &x));
        let all: Vec<_> = all.collect();
        prop_assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
        let one = conv::Size { batch: 1, ..size };
        let each: Vec<f32> = x.chunks(one.input_len()).flat_map(|x| bits(Level::best(), &one, x)).collect();
        prop_assert_eq!(&bits(Level::best(), &size, &x), &each, "a batch is its images");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1 + seed as usize % 4).build().unwrap();
        prop_assert_eq!(pool.install(|| bits(Level::best(), &size, &x)), each, "any number of threads");
    }
}

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

#[test]
fn single_precision_agrees_with_double() {
    let values = noise(784, 9);
    let (single, _) = both_gradients::<f32>(Rule::Gradient, &map(2, &values));
    let (double, _) = both_gradients::<f64>(Rule::Gradient, &map(2, &values));
    close(&single.into_iter().map(f64::from).collect::<Vec<_>>(), &double, 1e-5);
}

#[test]
fn the_whole_network_passes_gradcheck() {
    let x = noise(392, 21);
    let net = small::<f64>(Rule::Gradient);
    let logit = |values: &[f64]| net.forward(map::<C<2>, C<14>, C<14>, f64>(1, values)).as_vec()[1];
    let (gradient, _) = both_gradients::<f64>(Rule::Gradient, &map(1, &x));
    for direction in 0..50 {
        let d = noise(392, 100 + direction);
        let at = |t: f64| logit(&x.iter().zip(&d).map(|(x, d)| x + t * d).collect::<Vec<_>>());
        let numeric = (at(1e-6) - at(-1e-6)) / 2e-6;
        let analytic: f64 = gradient.iter().zip(&d).map(|(g, d)| g * d).sum();
        assert!((numeric - analytic).abs() <= 1e-5 + 1e-3 * analytic.abs(), "{numeric} against {analytic}");
    }
}

#[test]
fn a_batch_is_its_images_one_by_one_to_the_bit() {
    let x = noise(3 * 392, 5);
    let net = small::<f32>(Rule::Gradient);
    let all = net.forward(map::<C<2>, C<14>, C<14>, f32>(3, &x)).as_vec();
    let each: Vec<f32> =
        x.chunks(392).flat_map(|x| net.forward(map::<C<2>, C<14>, C<14>, f32>(1, x)).as_vec()).collect();
    assert_eq!(all, each);
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
fn plain_areas_stay_plain() {
    let size = conv::Size {
        batch: 1,
        inputs: 64,
        outputs: 64,
        input: [80, 80],
        output: [80, 80],
        kernel: 3,
        stride: 1,
        padding: 1,
    };
    assert_eq!(winograd::tile(&size), 2);
    let mut x = singles(&noise(size.input_len(), 1));
    for (channel, plane) in x.chunks_exact_mut(6400).enumerate() {
        for row in 28..40 {
            plane[80 * row + 16..][..12].fill(0.37 + channel as f32);
        }
    }
    for tile in [2, 4] {
        // Without fused multiply-add, tiles of side 4 round even there.
        for level in Level::available().into_iter().filter(|level| tile == 2 || *level != Level::Scalar) {
            let filter = winograd::Filter::new(tile, 64, 64, &singles(&noise(64 * 64 * 9, 2)));
            let mut y = vec![0.0; size.output_len()];
            winograd::forward(level, &size, &x, &filter, Finish::Write, &mut y);
            for plane in y.chunks_exact(6400) {
                let window = [(32, 22), (32, 23), (33, 22), (33, 23)].map(|(row, column)| plane[80 * row + column]);
                assert!(window.iter().all(|v| *v == window[0]), "{window:?} with tiles of {tile}, {level}");
            }
        }
    }
}

#[test]
fn values_too_many_to_keep_are_computed_again() {
    let conv = |name: &str, inputs: usize, seed| (noise(64 * inputs * 9, seed), name.to_owned());
    let ((first, a), (second, b)) = (conv("conv1", 1, 3), conv("conv2", 64, 4));
    let layers = || {
        let zero = [0.0_f32; 64];
        let one: (Conv2d<1, C<64>, 3, 1, 1, f32>, Relu) =
            (Conv2d::new(&a, C, &singles(&first), &zero), Relu::new("relu1", Rule::Gradient));
        let two: (Conv2d<64, C<64>, 3, 1, 1, f32>, Relu) =
            (Conv2d::new(&b, C, &singles(&second), &zero), Relu::new("relu2", Rule::Gradient));
        (one, two)
    };
    let x: Map<C<1>, C<132>, C<132>, f32> = map(1, &noise(132 * 132, 5));
    let trail = |y: Map<C<64>, C<132>, C<132>, f32, Trail<f32>>| y.split_tape().1;
    let ours = trail(Fused(layers()).forward(x.clone().put_tape(Trail::from_input(&x))));
    let theirs = trail(layers().forward(x.clone().put_tape(Trail::from_input(&x))));
    for (name, _) in ours.layers() {
        assert_eq!(ours.values(&name), theirs.values(&name), "{name}");
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

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let values = noise(784, 9);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| both_gradients::<f32>(Rule::Gradient, &map(2, &values)))
    };
    let one = with(1);
    assert_eq!(one, with(2));
    assert_eq!(one, with(7));
}
