//! Every linear kernel against its definition and against its own transpose: `<A x, y> = <x, A' y>`.
//!
//! Catches a way back that does not belong to the way forward: a flipped or shifted filter, a wrong stride or padding,
//! channels or images mixed up, a gradient that overwrites instead of adding.

use crate::common::{
    cases::Cases,
    convolutions::{Definition, Family, families, size_classes, terms, weight_len},
    numbers::{absolute, beyond, dot, doubles, noise, noises, reals, rounded},
    shelf::Shelf,
    small::window,
};
use half::{bf16, f16};
use proptest::prelude::*;
use saltty::nn::{
    Real, Rule,
    kernel::{average, concat, conv::Size, dense, lanes::Level, pool, relu, relu::Open, weight::Weight},
};

/// This file's part of the 10 000 random cases.
const SHARE: usize = 5000;

#[test]
fn every_way_back_is_the_transpose_of_its_way_forward() {
    let cases = Cases::default();
    for family in families() {
        for (class, count, sizes) in size_classes() {
            let what = format!("convolution, {}, {class}", family.name);
            cases.run(&what, count, (sizes, any::<u64>()), |(size, seed)| convolution(family, &size, seed));
        }
    }
    let lengths = prop_oneof![1..70usize, 1000..2100usize];
    cases.run("dense", 500, (0..9usize, lengths, 1..40usize, any::<u64>()), |(batch, inputs, outputs, seed)| {
        dense_layer::<f64>(batch, inputs, outputs, seed)?;
        dense_layer::<f32>(batch, inputs, outputs, seed)
    });
    cases.run("pooling on fixed winners", 500, (pool_sizes(), any::<u64>()), |(size, seed)| pooling(&size, seed));
    cases.run("average", 200, (0..40usize, 1..60usize, any::<u64>()), |(planes, area, seed)| {
        let forward = |x: &[f64]| average::forward(area, x);
        transposed("average", 1, &noise(planes * area, seed), &noise(planes, !seed), forward, |up, down| {
            average::input_gradient(area, up, down);
        })
    });
    cases.run("concatenation", 200, (1..4usize, 1..50usize, any::<u64>()), |(batch, each, seed)| {
        concatenation(batch, each, seed)
    });
    cases.run(
        "rectifier on fixed gates",
        200,
        (
            prop_oneof![(1..70usize, 1..9usize), (1..70usize, 100..800usize), (9000..40_000usize, 1..2usize)],
            any::<u64>(),
        ),
        |((width, rows), seed)| rectifier(width, rows, seed),
    );
    cases.at_least("adjoints", SHARE);
}

/// Compares both precisions with the definition and its transpose within the rounding of plain sums, and the two ways
/// with each other.
fn convolution(family: Family, size: &Size, seed: u64) -> Result<(), String> {
    let lengths = [size.input_len(), weight_len(size), size.outputs, size.output_len()];
    let [x, weight, bias, up] = noises(lengths, seed).map(|values| rounded(&values));
    let truth = Definition::new(size, &x, &weight, &bias, &up);
    agrees::<f64>(family, f64::EPSILON, size, [&x, &weight, &bias, &up], &truth).map_err(|e| format!("f64, {e}"))?;
    agrees::<f32>(family, f64::from(f32::EPSILON), size, [&x, &weight, &bias, &up], &truth)
        .map_err(|e| format!("f32, {e}"))
}

fn agrees<E: Real>(
    family: Family,
    epsilon: f64,
    size: &Size,
    values: [&[f64]; 4],
    truth: &Definition,
) -> Result<(), String> {
    let [x, weight, bias, up] = values.map(reals::<E>);
    let (y, down) = (doubles(&family.forward(size, &x, &weight, &bias)), doubles(&family.gradient(size, &up, &weight)));
    let terms = [terms(size), size.outputs * size.kernel * size.kernel];
    let [forward, backward] = [0, 1].map(|way| family.slack * (terms[way] + 1) as f64 * epsilon * truth.scales[way]);
    beyond(&y, &truth.y, |_| forward).map_err(|e| format!("forward: {e}"))?;
    beyond(&down, &truth.down, |_| backward).map_err(|e| format!("input gradient: {e}"))?;

    let linear = doubles(&family.forward(size, &x, &weight, &vec![E::ZERO; size.outputs]));
    let sums = [values[3], values[0]].map(|values| absolute(values).iter().sum::<f64>());
    let bound = forward * sums[0] + backward * sums[1];
    beyond(&[dot(&linear, values[3])], &[dot(values[0], &down)], |_| bound).map_err(|e| format!("<Ax, y>: {e}"))?;
    let back = |up: &[E], down: &mut [E]| family.add_gradient(size, up, &weight, down);
    adds(&up, &down, back, |_| 2.0 * backward + (terms[1] + 2) as f64 * epsilon)
}

/// Checks that a way back adds to what is there.
fn adds<E: Real>(
    up: &[E],
    down: &[f64],
    back: impl Fn(&[E], &mut [E]),
    bound: impl Fn(usize) -> f64,
) -> Result<(), String> {
    let before = rounded(&noise(down.len(), 77));
    let mut found = reals::<E>(&before);
    back(up, &mut found);
    let wanted: Vec<f64> = before.iter().zip(down).map(|(a, b)| a + b).collect();
    beyond(&doubles(&found), &wanted, bound).map_err(|e| format!("adding to what is there, {}: {e}", E::NAME))
}

/// `<A x, y> = <x, A' y>` and that the way back adds, in f64: up to so many `sums` at a place, whose rounding grows as
/// their root.
fn transposed(
    what: &str,
    sums: usize,
    x: &[f64],
    up: &[f64],
    forward: impl Fn(&[f64]) -> Vec<f64>,
    back: impl Fn(&[f64], &mut [f64]),
) -> Result<(), String> {
    let y = forward(x);
    let mut down = vec![0.0; x.len()];
    back(up, &mut down);
    let scale = dot(&absolute(&y), &absolute(up)) + dot(&absolute(x), &absolute(&down));
    beyond(&[dot(&y, up)], &[dot(x, &down)], |_| 1e-13 * scale).map_err(|e| format!("{what}: {e}"))?;
    adds(up, &down, back, |i| 1e-15 * (sums as f64).sqrt() * (1.0 + down[i].abs()))
}

fn dense_layer<E: Real>(batch: usize, inputs: usize, outputs: usize, seed: u64) -> Result<(), String> {
    let lengths = [batch * inputs, inputs * outputs, outputs, batch * outputs];
    let [x, weight, bias, mut up] = noises(lengths, seed).map(|values| rounded(&values));
    up.iter_mut().step_by(3).for_each(|u| *u = 0.0);
    let [x_e, weight_e, bias_e, up_e] = [&x, &weight, &bias, &up].map(|values| reals::<E>(values));
    let weight_e = Weight::from(weight_e);
    let epsilon = if size_of::<E>() == 4 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    narrow_weights::<E>(batch, &x_e, &weight, &bias_e, &up_e)?;

    let y = doubles(&dense::forward(batch, &x_e, &weight_e, &bias_e));
    let forward = |x: &[f64], weight: &[f64], bias: &[f64]| -> Vec<f64> {
        let at = |i: usize| dot(&x[i / outputs * inputs..][..inputs], &weight[i % outputs * inputs..][..inputs]);
        (0..batch * outputs).map(|i| at(i) + bias[i % outputs]).collect()
    };
    as_if_alone(batch, &x_e, &weight_e, &bias_e, &up_e)?;
    let terms = forward(&absolute(&x), &absolute(&weight), &absolute(&bias));
    beyond(&y, &forward(&x, &weight, &bias), |i| (inputs + 1) as f64 * epsilon * terms[i])
        .map_err(|e| format!("forward, {}: {e}", E::NAME))?;

    let wanted: Vec<f64> = (0..batch * inputs)
        .map(|i| (0..outputs).map(|o| up[i / inputs * outputs + o] * weight[o * inputs + i % inputs]).sum())
        .collect();
    adds(
        &up_e,
        &wanted,
        |up, down| dense::input_gradient(batch, up, &weight_e, down),
        |_| (outputs + 2) as f64 * epsilon,
    )
}

/// Vectors of a batch give the numbers of each alone.
fn as_if_alone<E: Real>(batch: usize, x: &[E], weight: &Weight<E>, bias: &[E], up: &[E]) -> Result<(), String> {
    let [inputs, outputs] = [x, up].map(|values| values.len() / batch.max(1));
    let alone = |v: usize| dense::forward(1, &x[v * inputs..][..inputs], weight, bias);
    let gradient = |batch: usize, up: &[E]| {
        let mut down = vec![E::ZERO; batch * inputs];
        dense::input_gradient(batch, up, weight, &mut down);
        down
    };
    let back_alone = |v: usize| gradient(1, &up[v * outputs..][..outputs]);
    let same = dense::forward(batch, x, weight, bias) == (0..batch).flat_map(alone).collect::<Vec<_>>();
    if !same || gradient(batch, up) != (0..batch).flat_map(back_alone).collect::<Vec<_>>() {
        return Err(format!("{}: {batch} vectors are not each as if alone", E::NAME));
    }
    Ok(())
}

/// Weights kept in their file or in half the bytes give the bits of the same weights widened.
fn narrow_weights<E: Real>(batch: usize, x: &[E], weight: &[f64], bias: &[E], up: &[E]) -> Result<(), String> {
    let half: Vec<f16> = weight.iter().map(|&w| f16::from_f64(w)).collect();
    let brain: Vec<bf16> = weight.iter().map(|&w| bf16::from_f64(w)).collect();
    let widened = |values: Vec<f64>| Weight::from(reals::<E>(&values));
    let stored = Shelf::new(weight.iter().map(|&w| w as f32).collect());
    let pairs = [
        (widened(weight.iter().map(|&w| f64::from(w as f32)).collect()), Weight::Stored(stored.clone())),
        (widened(half.iter().map(|w| w.to_f64()).collect()), Weight::Half(half.into())),
        (widened(brain.iter().map(|w| w.to_f64()).collect()), Weight::Brain(brain.into())),
    ];
    for (wide, narrow) in pairs {
        let gradient = |weight| {
            let mut down = x.to_vec();
            dense::input_gradient(batch, up, weight, &mut down);
            down
        };
        let same = dense::forward(batch, x, &wide, bias) == dense::forward(batch, x, &narrow, bias);
        if !same || gradient(&wide) != gradient(&narrow) || *wide.widened() != *narrow.widened() {
            return Err(format!("{}: narrow weights are not the same widened", E::NAME));
        }
    }
    if stored.is_doubted() { Err("finite weights were doubted".to_owned()) } else { Ok(()) }
}

fn pool_sizes() -> impl Strategy<Value = pool::Size> {
    let wider = prop_oneof![0..9usize, 20..50usize];
    let kernel = prop_oneof![9 => 1..5usize, 1 => Just(16usize)];
    let planes = prop_oneof![9 => 1..5usize, 1 => 60..200usize];
    (planes, kernel, 1..5usize, any::<bool>(), 0..9usize, wider).prop_map(
        |(planes, kernel, stride, ceil, more, wider)| {
            let input = [kernel + more, kernel + wider];
            let output = input.map(|side| saltty::nn::window::slid(side, kernel, stride, 0, ceil));
            pool::Size { planes, input, output, kernel, stride }
        },
    )
}

/// Few different values, so that maxima tie: the first must win, and once chosen, pooling is linear.
fn pooling(size: &pool::Size, seed: u64) -> Result<(), String> {
    let [in_area, out_area] = [size.input, size.output].map(|[h, w]| h * w);
    let x: Vec<f64> = noise(size.planes * in_area, seed).into_iter().map(|v| (v * 4.0).round()).collect();
    let (y, winners) = pool::forward(Level::best(), size, &x);
    let single: Vec<f32> = reals(&x);
    for level in Level::available() {
        let (narrow, places) = pool::forward(level, size, &single);
        if doubles(&narrow) != y || places != winners || pool::forward(level, size, &x) != (y.clone(), winners.clone())
        {
            return Err(format!("{level} and {} pool differently", Level::best()));
        }
    }
    last_nan_wins(size, &x, seed)?;
    through_gates::<f32>(size, &winners, seed)?;
    through_gates::<f64>(size, &winners, seed)?;
    let chosen = |i: usize| i / out_area * in_area + size.at(i % out_area, winners[i]);
    for i in 0..y.len() {
        let window = window(size, i % out_area);
        let first = window.iter().copied().reduce(|best, at| {
            if x[i / out_area * in_area + at] > x[i / out_area * in_area + best] { at } else { best }
        });
        if first != Some(size.at(i % out_area, winners[i])) || y[i] != x[chosen(i)] {
            return Err(format!(
                "output {i} is {} from {}, the window's first maximum is at {first:?}",
                y[i], winners[i]
            ));
        }
    }
    let forward = |x: &[f64]| (0..y.len()).map(|i| x[chosen(i)]).collect();
    transposed(
        "pooling",
        size.kernel * size.kernel,
        &noise(x.len(), seed ^ 1),
        &noise(y.len(), seed ^ 2),
        forward,
        |up, down| {
            pool::input_gradient(size, &winners, up, down);
        },
    )
}

/// The way back through the gates of a rectifier at once: as through one after the other, whatever was there.
fn through_gates<E: Real>(size: &pool::Size, winners: &[u8], seed: u64) -> Result<(), String> {
    let up = reals::<E>(&with_nan(winners.len(), seed));
    let count = size.planes * size.input[0] * size.input[1];
    let bits = |values: &[E]| values.iter().map(|&v| v.into().to_bits()).collect::<Vec<u64>>();
    for level in Level::available() {
        let open = relu::open(level, &noise(count, seed ^ 5), size.input[1]);
        let mut wanted = vec![E::ZERO; count];
        pool::input_gradient(size, winners, &up, &mut wanted);
        let mut found = vec![E::of(f64::NAN); count];
        pool::gated_gradient(level, size, winners, &up, None, &mut found);
        if bits(&found) != bits(&wanted) {
            return Err(format!("{level}: {found:?} is not {wanted:?}"));
        }
        for rule in [Rule::Gradient, Rule::Guided, Rule::Deconvnet] {
            let mut gated = wanted.clone();
            relu::gate(level, rule, &open, &mut gated);
            pool::gated_gradient(level, size, winners, &up, Some((rule, &open)), &mut found);
            if bits(&found) != bits(&gated) {
                return Err(format!("{level}, {rule}: {found:?} is not {gated:?}"));
            }
        }
    }
    Ok(())
}

/// Of the NaN in a window the last is its maximum, as in PyTorch.
fn last_nan_wins(size: &pool::Size, x: &[f64], seed: u64) -> Result<(), String> {
    let [in_area, out_area] = [size.input, size.output].map(|[h, w]| h * w);
    let holes = noise(x.len(), seed ^ 4).into_iter().map(|v| v > 0.5).collect::<Vec<_>>();
    let x: Vec<f64> = x.iter().zip(&holes).map(|(v, hole)| if *hole { f64::NAN } else { *v }).collect();
    let (y, winners) = pool::forward(Level::best(), size, &x);
    for i in 0..y.len() {
        let last = window(size, i % out_area).into_iter().rfind(|at| holes[i / out_area * in_area + at]);
        if y[i].is_nan() != last.is_some() || last.is_some_and(|last| last != size.at(i % out_area, winners[i])) {
            return Err(format!("output {i} is {} from {}, the window's last NaN is at {last:?}", y[i], winners[i]));
        }
    }
    Ok(())
}

fn concatenation(batch: usize, each: usize, seed: u64) -> Result<(), String> {
    let len = batch * each;
    let x = noise(2 * len, seed);
    let joined = concat::forward(batch, &x[..len], &x[len..]);
    for (i, value) in joined.iter().enumerate() {
        let (image, place) = (i / (2 * each), i % (2 * each));
        let wanted = if place < each { x[image * each + place] } else { x[len + image * each + place - each] };
        if *value != wanted {
            return Err(format!("element {i} of {batch} images is {value}, not {wanted}"));
        }
    }
    let forward = |x: &[f64]| concat::forward(batch, &x[..len], &x[len..]);
    transposed("concatenation", 1, &x, &noise(2 * len, seed ^ 1), forward, |up, down| {
        let (a, b) = down.split_at_mut(len);
        concat::input_gradient(batch, 0, up, a);
        concat::input_gradient(batch, 1, up, b);
    })
}

fn rectifier(width: usize, rows: usize, seed: u64) -> Result<(), String> {
    let len = width * rows;
    let x = noise(len, seed);
    let mut y = x.clone();
    relu::forward(&mut y);
    let open = relu::open(Level::best(), &y, width);
    let wanted: Vec<f64> = x.iter().map(|x| x.max(0.0)).collect();
    beyond(&y, &wanted, |_| 0.0)?;
    gates(&x, &open, seed)?;
    for level in Level::available() {
        gates_in_place::<f32>(level, &x, (width, &open), seed)?;
        gates_in_place::<f64>(level, &x, (width, &open), seed)?;
    }
    let gate = |at: &[f64]| at.iter().zip(&x).map(|(v, x)| if *x > 0.0 { *v } else { 0.0 }).collect::<Vec<_>>();
    transposed("rectifier", 1, &noise(len, seed ^ 1), &noise(len, seed ^ 2), gate, |up, down| {
        relu::input_gradient(Rule::Gradient, &open, up, down);
    })
}

/// Bits and gated gradients with one instruction set, by the definition.
fn gates_in_place<E: Real>(level: Level, x: &[f64], (width, open): (usize, &Open), seed: u64) -> Result<(), String> {
    if relu::open(level, &reals::<E>(x), width) != *open {
        return Err(format!("{level}, {}: other bits", E::NAME));
    }
    let up = with_nan(x.len(), seed);
    for rule in [Rule::Gradient, Rule::Guided, Rule::Deconvnet] {
        let mut gated = reals::<E>(&up);
        relu::gate(level, rule, open, &mut gated);
        let wanted = |i: usize| if lets_through(rule, x[i], up[i]) { reals::<E>(&up[i..=i])[0].into() } else { 0.0 };
        if let Some(i) = (0..x.len()).find(|&i| gated[i].into().total_cmp(&wanted(i)).is_ne()) {
            return Err(format!("{level}, {}, {rule:?}, element {i}: {:?} is not {}", E::NAME, gated[i], wanted(i)));
        }
    }
    Ok(())
}

/// What a rule does with the gradient `g` of a rectifier whose input was `x`.
fn lets_through(rule: Rule, x: f64, g: f64) -> bool {
    match rule {
        Rule::Gradient => x > 0.0,
        Rule::Guided => x > 0.0 && (g > 0.0 || g.is_nan()),
        Rule::Deconvnet => g > 0.0 || g.is_nan(),
    }
}

fn with_nan(len: usize, seed: u64) -> Vec<f64> {
    let mut up = noise(len, seed ^ 3);
    up.iter_mut().step_by(5).for_each(|u| *u = 0.0);
    up.iter_mut().step_by(7).for_each(|u| *u = f64::NAN);
    up
}

/// Each rule by its definition, number for number; a NaN passes every rule wherever its gate is open.
fn gates(x: &[f64], open: &Open, seed: u64) -> Result<(), String> {
    let up = with_nan(x.len(), seed);
    for rule in [Rule::Gradient, Rule::Guided, Rule::Deconvnet] {
        let mut down = vec![1.0; x.len()];
        relu::input_gradient(rule, open, &up, &mut down);
        let wanted = |i: usize| 1.0 + if lets_through(rule, x[i], up[i]) { up[i] } else { 0.0 };
        if let Some(i) = (0..x.len()).find(|&i| down[i].total_cmp(&wanted(i)).is_ne()) {
            return Err(format!("{rule:?}, element {i}: {} is not {}", down[i], wanted(i)));
        }
    }
    Ok(())
}
