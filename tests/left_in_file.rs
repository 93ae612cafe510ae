//! Weights that stay in their file while a network computes with them: the same numbers, and everything wrong with them is
//! told before anything made of them is.

mod common;

use std::{
    fs::{self, File},
    io::{Seek, SeekFrom, Write},
    path::Path,
};

use common::{
    made_up::splitmix,
    numbers::close_to_scale,
    shelf::Shelf,
    tensors::{input, pass, squeezenet, vgg11, write},
};
use half::f16;
use safetensors::{SafeTensors, tensor::Dtype};
use saltty::{
    model::{Model, Precision, Score},
    nn::{
        Rule,
        kernel::{
            dense::{self, PlaneSums},
            weight::Weight,
        },
    },
    weights::Weights,
};

#[test]
fn weights_left_in_their_file_give_the_same_bits() {
    let tensors = squeezenet();
    for dtype in [Dtype::F32, Dtype::F16, Dtype::BF16] {
        let file = write(&format!("left.{dtype:?}.safetensors"), &tensors, dtype, &[]);
        let passes = [false, true].map(|left| {
            let weights = Weights::open(&file).unwrap();
            pass(if left { weights.left_in_file() } else { weights }, Model::SqueezeNet11).unwrap()
        });
        let [here, there] = passes.each_ref().map(|pass| {
            let gradient = pass.gradient(&Score::Logit(285), Rule::Guided, "input").unwrap();
            (pass.logits().to_vec(), gradient.values)
        });
        assert!(here == there && here.1.iter().any(|&v| v != 0.0), "{dtype:?}");
    }
}

#[test]
fn a_nan_in_weights_left_in_their_file_is_found_before_anything_is_said() {
    let mut tensors = squeezenet();
    let mut spoil = |name: &str, value: f32| tensors.get_mut(name).unwrap().1[77] = value;
    spoil("fire9.expand3x3.weight", f32::NAN);
    spoil("fire2.squeeze1x1.weight", f32::NEG_INFINITY);
    let weights = Weights::open(&write("left.nan.safetensors", &tensors, Dtype::F32, &[])).unwrap().left_in_file();
    let message = pass(weights, Model::SqueezeNet11).err().unwrap().to_string();
    for word in ["fire9.expand3x3.weight has 1 NaN", "fire2.squeeze1x1.weight has 1 NaN", "unmodified file"] {
        assert!(message.contains(word), "no `{word}` in: {message}");
    }
}

#[test]
fn a_nan_in_a_matrix_left_in_its_file_is_found() {
    for (at, odd) in [(0, f32::NAN), (77, f32::INFINITY), (149, f32::NEG_INFINITY)] {
        let mut values: Vec<f32> = (0..150).map(|i| splitmix(5, 1, i)).collect();
        values[at] = odd;
        let shelf = Shelf::new(values);
        // Zeros in the input must not hide it, nor may a rectifier that follows.
        let y = dense::forward(1, &[0.0; 50], &Weight::Stored(shelf.clone()), &[0.0; 3]);
        assert!(shelf.is_doubted() && y.iter().filter(|&&v| f32::is_nan(v)).count() == 1, "{odd} at {at}: {y:?}");
    }
}

/// Sums of planes of weights that the way forward did not need are read on the way back, from any place that weights are kept in.
#[test]
fn sums_of_rows_are_read_when_they_are_of_use() {
    let weights: Vec<f32> = (0..150).map(|i| f16::from_f32(splitmix(5, 1, i)).to_f32()).collect();
    let (x, bias, up) = ([0.5; 50], [-100.0, 0.0, 100.0], [2.0, 0.0, -1.0, 1.0, 3.0, 0.0]);
    let sums = |weight: &Weight<f32>, learned: bool| {
        let sums = PlaneSums::new(3, 10);
        if learned {
            assert_eq!(dense::forward_and_sums(1, &x, weight, &bias, &sums), dense::forward(1, &x, weight, &bias));
        }
        let both = dense::gradient_sums(2, &up, weight, &sums);
        let each: Vec<f32> = up.chunks(3).flat_map(|up| dense::gradient_sums(1, up, weight, &sums)).collect();
        assert_eq!(both, each, "each vector alone");
        both
    };
    let exact = |plane: usize, up: &[f32]| -> f32 {
        up.iter().enumerate().map(|(row, up)| up * weights[row * 50 + plane * 10..][..10].iter().sum::<f32>()).sum()
    };
    let wanted: Vec<f64> = up.chunks(3).flat_map(|up| (0..5).map(move |plane| f64::from(exact(plane, up)))).collect();
    let half: Vec<f16> = weights.iter().map(|&w| f16::from_f32(w)).collect();
    let shelf = Shelf::new(weights.clone());
    let whole = sums(&weights.clone().into(), false);
    close_to_scale(&whole.iter().map(|&sum| f64::from(sum)).collect::<Vec<_>>(), &wanted, 1e-6);
    for weight in [Weight::Stored(shelf.clone()), Weight::Half(half.into()), weights.clone().into()] {
        assert!(sums(&weight, false) == whole && sums(&weight, true) == whole, "{weight:?}");
    }
    assert!(!shelf.is_doubted());
    for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut values = weights.clone();
        values[77] = odd;
        let shelf = Shelf::new(values);
        let of = |up: [f32; 3]| {
            dense::gradient_sums(1, &up, &Weight::Stored(shelf.clone()), &PlaneSums::new(3, 10));
            shelf.is_doubted()
        };
        assert!(!of([1.0, 0.0, 1.0]) && of([0.0, 1.0, 0.0]), "{odd}");
    }
}

#[test]
fn a_file_cut_short_while_its_weights_are_in_use_is_told() {
    let file = write("left.short.safetensors", &squeezenet(), Dtype::F32, &[]);
    let network =
        Model::SqueezeNet11.load(&mut Weights::open(&file).unwrap().left_in_file(), Precision::Single).unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_len(100_000).unwrap();
    let message = network.forward(&input(network.input_side())).err().unwrap().to_string();
    for word in ["cannot read", "left.short.safetensors", "it became shorter while it was in use"] {
        assert!(message.contains(word), "no `{word}` in: {message}");
    }
}

/// Where the last number of a tensor is in a file of float32.
fn last_number(file: &Path, tensor: &str) -> u64 {
    let bytes = fs::read(file).unwrap();
    let (header, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    (8 + header + metadata.info(tensor).unwrap().data_offsets.1 - 4) as u64
}

/// Dense layers read their weights on the way forward and on the way back.
#[test]
fn a_file_that_changes_after_the_first_pass_is_told() {
    let file = write("left.vgg11.safetensors", &vgg11(7), Dtype::F32, &[]);
    let network = Model::Vgg11.load(&mut Weights::open(&file).unwrap().left_in_file(), Precision::Single).unwrap();
    let input = input(network.input_side());
    let first = network.forward(&input).unwrap();
    let gradient = || first.gradient(&Score::Logit(3), Rule::Gradient, "input").map(drop);
    assert!(gradient().is_ok());
    // Of some gradients only sums are wanted, which follow from sums of weights.
    let sums = first.plane_sums(&Score::Logit(3), Rule::Gradient, "relu5_2").unwrap();
    let whole = first.gradient(&Score::Logit(3), Rule::Gradient, "relu5_2").unwrap();
    let wanted: Vec<f64> = whole.values.chunks(14 * 14).map(|plane| plane.iter().sum()).collect();
    close_to_scale(&sums, &wanted, 1e-5);
    assert_eq!(network.logits(&input).unwrap(), first.logits(), "nothing remembered, the same bits");

    let mut open = File::options().write(true).open(&file).unwrap();
    open.seek(SeekFrom::Start(last_number(&file, "fc7.weight"))).unwrap();
    open.write_all(&f32::NEG_INFINITY.to_le_bytes()).unwrap();
    let message = network.forward(&input).err().unwrap().to_string();
    assert!(message.contains("fc7.weight has 1 NaN or infinite values"), "{message}");

    open.set_len(100_000).unwrap();
    let message = gradient().err().unwrap().to_string();
    assert!(message.contains("left.vgg11.safetensors: it became shorter while it was in use"), "{message}");
    // Filters are read again where values are computed again.
    assert!(first.activation("conv5_1").is_err(), "values");
    assert!(first.plane_sums(&Score::Logit(3), Rule::Gradient, "relu5_2").is_err(), "sums");
    let on_the_way = first.gradients(&Score::Logit(3), Rule::Gradient, "input", &mut |_, _| {});
    assert!(on_the_way.is_err(), "a sweep that shows every layer");
    fs::remove_file(file).unwrap();
}
