//! The fast kernels, instruction set by instruction set, against the definition of a convolution.

mod products;
mod taps;

use crate::common::{
    convolutions::{Definition, any_size},
    numbers::{close, doubles, noise, reals},
};
use proptest::prelude::*;
use saltty::nn::{
    Rule,
    kernel::{
        columns,
        conv::{self, Finish},
        lanes::Level,
        relu,
        weight::Weight,
        winograd::{self, Filters, Untransformed},
    },
};

prop_compose! {
    /// Sizes of maps wider than a block of tiles, narrower than a tile, and between; and of lines that are whole cache lines.
    fn kept_sizes()(
        batch in 1..3usize, inputs in 1..20usize, outputs in 1..45usize, high in 1..40usize,
        wide in prop_oneof![1..30usize, 55..75usize, prop::sample::select(vec![16, 32, 48])],
    ) -> conv::Size {
        let input = [high, wide];
        conv::Size { batch, inputs, outputs, input, output: input, kernel: 3, stride: 1, padding: 1 }
    }
}

fn singles(values: &[f64]) -> Vec<f32> {
    reals(values)
}

/// Rectifies as the fast kernels do.
fn rectified(values: &[f64]) -> Vec<f64> {
    values.iter().map(|v| v.max(0.0)).collect()
}

/// Numbers for a convolution, and what the definition makes of them: with a gradient of all planes, and with one of a single plane.
struct Case {
    size: conv::Size,
    x: Vec<f32>,
    weights: Vec<f32>,
    bias: Vec<f32>,
    ups: [(Vec<f32>, Definition); 2],
}

impl Case {
    /// Numbers drawn from `seed`.
    fn new(size: &conv::Size, seed: u64) -> Self {
        let x = noise(size.input_len(), seed);
        let weights = noise(size.filter_len(), seed ^ 1);
        let bias = noise(size.outputs, seed ^ 2);
        let up = noise(size.output_len(), seed ^ 3);
        let area = size.output[0] * size.output[1];
        let alone = seed as usize % (size.batch * size.outputs);
        let lonely = up.iter().enumerate().map(|(at, u)| if at / area == alone { *u } else { 0.0 }).collect();
        let ups = [up, lonely].map(|up| (singles(&up), Definition::new(size, &x, &weights, &bias, &up)));
        Self { size: *size, x: singles(&x), weights: singles(&weights), bias: singles(&bias), ups }
    }

    /// Runs a convolution both ways.
    fn check(
        &self,
        forward: impl Fn(&[f32], &[f32], Finish<f32>, &mut [f32]),
        input_gradient: impl Fn(&[f32], &[f32], &mut [f32], bool),
    ) {
        let Self { size, x, weights, bias, ups } = self;
        // Rounding grows with the number of products in a sum, which are of size one.
        let tolerance = |channels: usize| 1e-5 * ((channels * size.kernel * size.kernel) as f64).sqrt();
        let (forth, back) = (tolerance(size.inputs), tolerance(size.outputs));
        let mut y = vec![f32::NAN; size.output_len()];
        let truth = &ups[0].1;
        forward(x, weights, Finish::Forward { bias, relu: false }, &mut y);
        close(&doubles(&y), &truth.y, forth);
        y.fill(f32::NAN);
        forward(x, weights, Finish::Forward { bias, relu: true }, &mut y);
        close(&doubles(&y), &rectified(&truth.y), forth);
        for (up, truth) in ups {
            let mut down = vec![f32::NAN; size.input_len()];
            input_gradient(up, weights, &mut down, true);
            close(&doubles(&down), &truth.down, back);
            input_gradient(up, weights, &mut down, false);
            close(&doubles(&down), &truth.down.iter().map(|d| 2.0 * d).collect::<Vec<_>>(), 2.0 * back);
        }
    }
}

fn check_winograd(level: Level, tile: usize, case: &Case) {
    let size = &case.size;
    let filter = |weights: &[f32]| {
        winograd::Filter::new(level, tile, size.outputs, size.inputs, &Weight::from(weights.to_vec()))
    };
    case.check(
        |x, weights, finish, y| winograd::forward(level, size, x, Filters::Ready(&filter(weights)), finish, y),
        |up, weights, down, fresh| {
            winograd::input_gradient(level, size, up, Filters::Ready(&filter(weights)), down, fresh);
        },
    );
}

/// Filters that are transformed when they are used: the same bits.
fn check_passing(level: Level, tile: usize, size: &conv::Size, seed: u64) {
    let [x, up, weights] =
        [size.input_len(), size.output_len(), size.filter_len()].map(|len| singles(&noise(len, seed)));
    let filter = winograd::Filter::new(level, tile, size.outputs, size.inputs, &Weight::from(weights.clone()));
    let plain = Filters::Untransformed(Untransformed { tile, inputs: size.inputs, values: &weights });
    let [ready, passing] = [Filters::Ready(&filter), plain].map(|filters| {
        let (mut y, mut down) = (vec![f32::NAN; size.output_len()], vec![f32::NAN; size.input_len()]);
        winograd::forward(level, size, &x, filters, Finish::Write, &mut y);
        winograd::input_gradient(level, size, &up, filters, &mut down, true);
        check_gates(level, size, (&x, &up), filters, &down);
        (y, down)
    });
    let bits = |values: &[f32]| -> Vec<u32> { values.iter().map(|value| value.to_bits()).collect() };
    let same = bits(&ready.0) == bits(&passing.0) && bits(&ready.1) == bits(&passing.1);
    assert!(same, "{level}, tiles of {tile}, {size:?}");
}

/// With a rectifier behind: as one after the other, to the bit. `down` is the gradient without.
fn check_gates(level: Level, size: &conv::Size, (x, up): (&[f32], &[f32]), filters: Filters, down: &[f32]) {
    let bias = singles(&noise(size.outputs, 3));
    let (mut y, mut wanted) = (vec![f32::NAN; size.output_len()], vec![f32::NAN; size.output_len()]);
    let open = winograd::rectified(level, size, x, filters, &bias, &mut y);
    winograd::forward(level, size, x, filters, Finish::Forward { bias: &bias, relu: true }, &mut wanted);
    assert!(y == wanted && open == relu::open(level, &wanted, size.output[1]), "{level}, {size:?}");
    let gates = relu::open(level, &noise(size.input_len(), 4), size.input[1]);
    for rule in [Rule::Gradient, Rule::Guided, Rule::Deconvnet] {
        let (mut found, mut wanted) = (vec![f32::NAN; down.len()], down.to_vec());
        winograd::gated_gradient(level, size, up, filters, (rule, &gates), &mut found);
        relu::gate(level, rule, &gates, &mut wanted);
        assert!(found == wanted, "{level}, {rule}, {size:?}");
    }
}

fn check_columns(level: Level, case: &Case) {
    let size = &case.size;
    let filter = |weights: &[f32]| {
        columns::Filter::new(size.outputs, &conv::channels_last(weights, size.outputs, size.inputs, size.kernel))
    };
    case.check(
        |x, weights, finish, y| columns::forward(level, size, x, &filter(weights), finish, y),
        |up, weights, down, fresh| columns::input_gradient(level, size, up, &filter(weights), down, fresh),
    );
}

/// What `run` makes of some images, from and to maps of such lengths, has the same bits with all instructions but plain ones, for
/// each image alone, and on any number of threads.
fn check_bits(
    size: &conv::Size,
    seed: u64,
    [from, to]: [fn(&conv::Size) -> usize; 2],
    run: impl Fn(Level, &conv::Size, &[f32], &mut [f32]) + Sync,
) -> Result<(), TestCaseError> {
    let x = singles(&noise(from(size), seed ^ 1));
    let bits = |level: Level, size: &conv::Size, x: &[f32]| {
        let mut y = vec![0.0; to(size)];
        run(level, size, x, &mut y);
        y
    };
    let all = Level::available().into_iter().filter(|level| *level != Level::Scalar).map(|level| bits(level, size, &x));
    let all: Vec<_> = all.collect();
    prop_assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
    let one = conv::Size { batch: 1, ..*size };
    let each: Vec<f32> = x.chunks(from(&one)).flat_map(|x| bits(Level::best(), &one, x)).collect();
    prop_assert_eq!(&bits(Level::best(), size, &x), &each, "a batch is its images");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1 + seed as usize % 4).build().unwrap();
    prop_assert_eq!(pool.install(|| bits(Level::best(), size, &x)), each, "any number of threads");
    Ok(())
}

/// From the input of a convolution to its output.
const FORTH: [fn(&conv::Size) -> usize; 2] = [conv::Size::input_len, conv::Size::output_len];
/// And back.
const BACK: [fn(&conv::Size) -> usize; 2] = [conv::Size::output_len, conv::Size::input_len];

/// Tests that go through all of them prove nothing where there are none.
#[test]
fn all_instructions_of_this_processor_are_tested() {
    let mut levels = vec![Level::Scalar];
    #[cfg(target_arch = "x86_64")]
    {
        let has = [
            is_x86_feature_detected!("avx2"),
            is_x86_feature_detected!("fma"),
            is_x86_feature_detected!("avx512f"),
            is_x86_feature_detected!("avx512vl"),
        ];
        levels.extend((has[..2] == [true; 2]).then_some(Level::Avx2));
        levels.extend((has == [true; 4]).then_some(Level::Avx512));
    }
    assert_eq!(Level::available(), levels);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn winograd_is_the_definition_with_all_instructions(size in kept_sizes(), seed in any::<u64>()) {
        let case = Case::new(&size, seed);
        for (tile, level) in [2, 4].into_iter().flat_map(|tile| Level::available().into_iter().map(move |l| (tile, l))) {
            check_winograd(level, tile, &case);
            check_passing(level, tile, &size, seed);
        }
    }

    #[test]
    fn columns_are_the_definition_with_all_instructions(size in any_size(140), seed in any::<u64>(), point in any::<bool>()) {
        let pointwise = conv::Size { output: size.input, kernel: 1, stride: 1, padding: 0, ..size };
        let size = if point { pointwise } else { size };
        let case = Case::new(&size, seed);
        for level in Level::available() {
            check_columns(level, &case);
        }
    }

    #[test]
    fn wider_vectors_do_not_change_a_bit(size in kept_sizes(), seed in any::<u64>()) {
        let weights = Weight::from(singles(&noise(size.outputs * size.inputs * 9, seed)));
        let tile = [2, 4][seed as usize % 2];
        let made = |level| winograd::Filter::new(level, tile, size.outputs, size.inputs, &weights);
        let filter = made(Level::best());
        for other in Level::available().into_iter().map(made) {
            prop_assert!(other.matrices() == filter.matrices(), "filters");
        }
        check_bits(&size, seed, FORTH, |level, size, x, y| {
            winograd::forward(level, size, x, Filters::Ready(&filter), Finish::Write, y);
        })?;
    }
}

/// Products so deep that they are done in parts, forward and back: the last part is not whole.
#[test]
fn deep_products_are_the_definition_with_all_instructions() {
    for (inputs, outputs) in [(523, 9), (9, 523)] {
        let point = point(inputs, outputs);
        let kept = conv::Size { kernel: 3, padding: 1, ..point };
        let (at_point, around) = (Case::new(&point, 7), Case::new(&kept, 7));
        for level in Level::available() {
            for tile in [2, 4] {
                check_winograd(level, tile, &around);
                check_passing(level, tile, &kept, 8);
            }
            check_columns(level, &at_point);
            taps::check(level, &around);
        }
    }
}

/// Filters transformed when they are used, for some output channels and some input channels at a time: several of both, on one thread
/// and on more, for two images.
#[test]
fn passing_filters_of_many_channels_have_the_same_bits() {
    let sides = [14, 13];
    let size = conv::Size {
        batch: 2,
        inputs: 130,
        outputs: 137,
        input: sides,
        output: sides,
        kernel: 3,
        stride: 1,
        padding: 1,
    };
    for (level, threads) in Level::available().into_iter().flat_map(|level| [(level, 1), (level, 2)]) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| [2, 4].into_iter().for_each(|tile| check_passing(level, tile, &size, 9)));
    }
}

/// A map of more blocks than are dealt evenly, so that those left over are computed by all threads.
#[test]
fn blocks_left_over_have_the_same_bits() {
    let sides = [112, 111];
    let size =
        conv::Size { batch: 1, inputs: 3, outputs: 9, input: sides, output: sides, kernel: 3, stride: 1, padding: 1 };
    let [x, up, weights] = [size.input_len(), size.output_len(), size.filter_len()].map(|len| noise(len, 11));
    let (x, up, weights) = (singles(&x), singles(&up), Weight::from(singles(&weights)));
    for (tile, level) in [2, 4].into_iter().flat_map(|tile| Level::available().into_iter().map(move |l| (tile, l))) {
        let filter = winograd::Filter::new(level, tile, size.outputs, size.inputs, &weights);
        let both = |threads| {
            let (mut y, mut down) = (vec![f32::NAN; size.output_len()], vec![f32::NAN; size.input_len()]);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                winograd::forward(level, &size, &x, Filters::Ready(&filter), Finish::Write, &mut y);
                winograd::input_gradient(level, &size, &up, Filters::Ready(&filter), &mut down, true);
                check_gates(level, &size, (&x, &up), Filters::Ready(&filter), &down);
            });
            (y, down)
        };
        let alone = both(1);
        assert!((2..5).all(|threads| both(threads) == alone), "{level}, tiles of {tile}");
    }
}

/// Windows of one pixel on a map whose tiles of either side are more than one vector.
fn point(inputs: usize, outputs: usize) -> conv::Size {
    let sides = [29, 28];
    conv::Size { batch: 1, inputs, outputs, input: sides, output: sides, kernel: 1, stride: 1, padding: 0 }
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
    let mut x = singles(&noise(size.input_len(), 1));
    for (channel, plane) in x.chunks_exact_mut(6400).enumerate() {
        for row in 28..40 {
            plane[80 * row + 16..][..12].fill(0.37 + channel as f32);
        }
    }
    for tile in [2, 4] {
        for level in Level::available() {
            let filter = winograd::Filter::new(Level::best(), tile, 64, 64, &singles(&noise(64 * 64 * 9, 2)).into());
            let mut y = vec![0.0; size.output_len()];
            winograd::forward(level, &size, &x, Filters::Ready(&filter), Finish::Write, &mut y);
            for plane in y.chunks_exact(6400) {
                // In the first window's tile all is plain; the second's, of side 4, reaches beyond.
                for (row, column) in [(32, 22), (36, 24)] {
                    let window = [0, 1, 80, 81].map(|at| plane[80 * row + column + at]);
                    assert!(window.iter().all(|v| *v == window[0]), "{window:?} with tiles of {tile}, {level}");
                }
            }
        }
    }
}
