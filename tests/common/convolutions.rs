//! Every family of convolution kernels behind one pair of functions, the classes of sizes they are tested at, and the
//! definition of a convolution.

use proptest::prelude::*;
use saltty::nn::{
    Real,
    kernel::{Kernels, conv::Size, convolution::Convolution},
};

/// A family of kernels, with the rounding errors it may make as a multiple of those of a plain sum. The compiler asks for
/// a line here when a family is added to [`Kernels`]; every test then runs on it too.
#[derive(Clone, Copy)]
pub struct Family {
    pub name: Kernels,
    pub slack: f64,
}

/// All families that there are.
pub fn families() -> impl Iterator<Item = Family> {
    let slack = |kernels| match kernels {
        Kernels::Direct => 1.0,
        Kernels::Winograd => 30.0,
        Kernels::Composed => unreachable!("not a convolution's own"),
    };
    <Kernels as clap::ValueEnum>::value_variants()
        .iter()
        .filter(|&&name| name != Kernels::Composed)
        .map(move |&name| Family { name, slack: slack(name) })
}

impl Family {
    fn ready<E: Real>(self, weight: &[E]) -> Convolution<E> {
        Convolution::new(self.name, weight.to_vec())
    }

    /// `conv(x, weight) + bias`; `weight` in PyTorch's order, `O x I x K x K`.
    pub fn forward<E: Real>(self, size: &Size, x: &[E], weight: &[E], bias: &[E]) -> Vec<E> {
        let mut y = vec![E::of(f64::NAN); size.output_len()];
        self.ready(weight).forward(size, x, bias, false, &mut y);
        y
    }

    /// Adds to `down` what `up` implies.
    pub fn add_gradient<E: Real>(self, size: &Size, up: &[E], weight: &[E], down: &mut [E]) {
        self.ready(weight).input_gradient(size, up, down, false);
    }

    /// The gradient of the input.
    pub fn gradient<E: Real>(self, size: &Size, up: &[E], weight: &[E]) -> Vec<E> {
        let mut down = vec![E::ZERO; size.input_len()];
        self.add_gradient(size, up, weight, &mut down);
        down
    }
}

/// Length of the weights.
pub fn weight_len(size: &Size) -> usize {
    size.outputs * size.inputs * size.kernel * size.kernel
}

/// Terms of each sum of the forward pass, the bias among them.
pub fn terms(size: &Size) -> usize {
    size.inputs * size.kernel * size.kernel + 1
}

/// A size whose output follows from the rest.
pub fn sized(batch: usize, [inputs, outputs]: [usize; 2], input: [usize; 2], window: [usize; 3]) -> Size {
    let [kernel, stride, padding] = window;
    let output = input.map(|n| (n + 2 * padding - kernel) / stride + 1);
    Size { batch, inputs, outputs, input, output, kernel, stride, padding }
}

/// Any window on any small map.
pub fn any_size(most_outputs: usize) -> BoxedStrategy<Size> {
    let window = (1..6usize, 1..4usize, 0..4usize);
    let strategy = (1..4usize, 1..6usize, 1..=most_outputs, window, 0..9usize, 0..9usize);
    let size =
        |(batch, inputs, outputs, (kernel, stride, padding), more, wider): (_, _, _, (usize, _, usize), _, _)| {
            let least = kernel.saturating_sub(2 * padding).max(1);
            sized(batch, [inputs, outputs], [least + more, least + wider], [kernel, stride, padding])
        };
    strategy.prop_map(size).boxed()
}

/// Classes of sizes by name, with how many cases of each to try.
pub fn size_classes() -> Vec<(&'static str, u32, BoxedStrategy<Size>)> {
    let channels = || (1..9usize, 1..9usize);
    let with = |window: [usize; 3], least: usize| {
        let strategy = (1..4usize, channels(), least..12usize, least..12usize);
        let size = move |(batch, (inputs, outputs), h, w)| sized(batch, [inputs, outputs], [h, w], window);
        strategy.prop_map(size).boxed()
    };
    let odd = (channels(), 0..8usize, 0..8usize)
        .prop_map(|((i, o), h, w)| sized(1, [i, o], [2 * h + 1, 2 * w + 1], [3, 1, 1]));
    let windows = prop::sample::select(vec![[1, 1, 0], [3, 1, 1], [5, 1, 2], [3, 2, 1], [2, 1, 1]]);
    let pixel =
        (1..4usize, channels(), windows).prop_map(|(batch, (i, o), window)| sized(batch, [i, o], [1, 1], window));
    let many = (100..300usize, 100..300usize, 1..4usize, prop::sample::select(vec![[1, 1, 0], [3, 1, 1]]))
        .prop_map(|(i, o, side, window)| sized(1, [i, o], [side, side + 1], window));
    let cut = (120..200usize, 1..4usize, 40..60usize).prop_map(|(i, o, side)| sized(1, [i, o], [side, 45], [3, 1, 1]));
    let strided =
        (300..420usize, 1..3usize, 50..60usize).prop_map(|(i, o, side)| sized(1, [i, o], [side, side + 1], [3, 2, 1]));
    let cut_back = (1..3usize, 300..420usize, 40..52usize, prop::sample::select(vec![[3, 1, 1], [3, 2, 1]]))
        .prop_map(|(i, o, side, window)| sized(1, [i, o], [side, side + 1], window));
    vec![
        ("1x1", 400, with([1, 1, 0], 1)),
        ("3x3, stride 1, padding 1", 600, with([3, 1, 1], 1)),
        ("3x3, stride 2, padding 0", 400, with([3, 2, 0], 3)),
        ("5x5, stride 1, padding 2", 300, with([5, 1, 2], 1)),
        ("odd sides", 400, odd.boxed()),
        ("maps of one pixel", 300, pixel.boxed()),
        ("many channels", 12, many.boxed()),
        ("maps cut into pieces", 4, cut.boxed()),
        ("strided maps cut into pieces", 3, strided.boxed()),
        ("maps cut into pieces on the way back", 6, cut_back.boxed()),
        ("any window", 1200, any_size(12)),
        ("more than 128 outputs", 40, any_size(140)),
    ]
}

/// What a convolution is, as plainly as it can be written, and its transpose: every term of every sum.
pub struct Definition {
    pub y: Vec<f64>,
    /// The gradient of the input.
    pub down: Vec<f64>,
    /// The largest sum of absolute terms, forward and backward: what rounding errors are relative to.
    pub scales: [f64; 2],
}

impl Definition {
    pub fn new(size: &Size, x: &[f64], weight: &[f64], bias: &[f64], up: &[f64]) -> Self {
        let (mut y, mut down) = (vec![0.0; size.output_len()], vec![0.0; size.input_len()]);
        let (mut y_terms, mut down_terms) = (y.clone(), down.clone());
        for (n, (row, column)) in (0..size.batch).flat_map(|n| places(size.output).map(move |place| (n, place))) {
            let seen = seen(size, row, column);
            for o in 0..size.outputs {
                let out = (n * size.outputs + o) * area(size.output) + row * size.output[1] + column;
                (y[out], y_terms[out]) = (bias[o], bias[o].abs());
                for &(i, place, tap) in &seen {
                    let (input, w) =
                        ((n * size.inputs + i) * area(size.input) + place, weight[o * (terms(size) - 1) + tap]);
                    y[out] += w * x[input];
                    y_terms[out] += (w * x[input]).abs();
                    down[input] += up[out] * w;
                    down_terms[input] += (up[out] * w).abs();
                }
            }
        }
        let scales = [y_terms, down_terms].map(|terms| terms.into_iter().fold(0.0, f64::max));
        Self { y, down, scales }
    }
}

fn area([height, width]: [usize; 2]) -> usize {
    height * width
}

fn places([height, width]: [usize; 2]) -> impl Iterator<Item = (usize, usize)> {
    (0..height).flat_map(move |row| (0..width).map(move |column| (row, column)))
}

/// What the window at an output position sees: input channel, place in its plane, and the weight's place in its filter.
fn seen(size: &Size, row: usize, column: usize) -> Vec<(usize, usize, usize)> {
    let (k, [h, w]) = (size.kernel, size.input);
    let mut seen = Vec::new();
    for i in 0..size.inputs {
        for (ky, kx) in places([k, k]) {
            let y = (row * size.stride + ky).checked_sub(size.padding).filter(|&y| y < h);
            let x = (column * size.stride + kx).checked_sub(size.padding).filter(|&x| x < w);
            if let (Some(y), Some(x)) = (y, x) {
                seen.push((i, y * w + x, (i * k + ky) * k + kx));
            }
        }
    }
    seen
}
