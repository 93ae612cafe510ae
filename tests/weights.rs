//! Weights in every dialect and number type become the same network; what is wrong with them is said at once.

mod common;

use std::fs;

use common::{
    made_up::splitmix,
    relative_error,
    tensors::{Tensors, pass, squeezenet, vgg11, write},
};
use safetensors::tensor::Dtype;
use saltty::{
    model::{Model, Precision},
    photo::Preprocess,
    weights::{Dialect, Origin, Weights},
};

/// Logits of a fixed input.
fn logits(weights: Weights, model: Model) -> Vec<f64> {
    pass(weights, model).unwrap().logits().to_vec()
}

fn renamed(tensors: &Tensors, rename: impl Fn(&str) -> String) -> Tensors {
    tensors.iter().map(|(name, tensor)| (rename(name), tensor.clone())).collect()
}

fn vgg11_names(name: &str, convolutions: &str) -> String {
    let order = ["conv1_1", "conv2_1", "conv3_1", "conv3_2", "conv4_1", "conv4_2", "conv5_1", "conv5_2"];
    let features = [0, 3, 6, 8, 11, 13, 16, 18];
    let (layer, part) = name.split_once('.').unwrap();
    let at = order.iter().position(|conv| *conv == layer);
    at.map_or_else(|| name.to_owned(), |at| format!("{convolutions}{}.{part}", features[at]))
}

/// PyTorch's order to Keras': kernels as HWIO, dense layers as I x O reading HWC.
fn keras(name: &str, (shape, values): &(Vec<usize>, Vec<f32>)) -> (String, (Vec<usize>, Vec<f32>)) {
    let (layer, part) = name.split_once('.').unwrap();
    let layer = match layer {
        "fc6" => "fc1".to_owned(),
        "fc7" => "fc2".to_owned(),
        "fc8" => "predictions".to_owned(),
        conv => format!("block{}", conv[4..].replace('_', "_conv")),
    };
    if part == "bias" {
        return (format!("{layer}/{layer}/bias:0"), (shape.clone(), values.clone()));
    }
    let (o, i, h, w) = (shape[0], shape[1], *shape.get(2).unwrap_or(&1), *shape.get(3).unwrap_or(&1));
    let mut moved = Vec::with_capacity(values.len());
    for y in 0..h {
        for x in 0..w {
            for c in 0..i {
                moved.extend((0..o).map(|out| values[((out * i + c) * h + y) * w + x]));
            }
        }
    }
    let dense = layer.starts_with("fc") || layer == "predictions";
    let shape = if dense { vec![h * w * i, o] } else { vec![h, w, i, o] };
    (format!("{layer}/{layer}/kernel:0"), (shape, moved))
}

#[test]
fn all_dialects_of_vgg_give_the_same_scores() {
    let caffe = vgg11(7);
    let with = |head: [(&str, &str); 3], tensors: &Tensors| {
        renamed(tensors, |name| {
            let name = vgg11_names(name, "features.");
            head.iter().fold(name, |name, (ours, theirs)| name.replace(ours, theirs))
        })
    };
    let mut flat = caffe.clone();
    flat.get_mut("fc6.weight").unwrap().0 = vec![4096, 25088];
    let torchvision = with([("fc6", "classifier.0"), ("fc7", "classifier.3"), ("fc8", "classifier.6")], &flat);
    let mut conv_head = caffe.clone();
    conv_head.get_mut("fc7.weight").unwrap().0 = vec![4096, 4096, 1, 1];
    let timm = with([("fc6", "pre_logits.fc1"), ("fc7", "pre_logits.fc2"), ("fc8", "head.fc")], &conv_head);
    let keras: Tensors = caffe.iter().map(|(name, tensor)| keras(name, tensor)).collect();

    let mut scores = Vec::new();
    let dialects = [
        ("caffe", caffe, Dialect::Caffe, Preprocess::Caffe),
        ("torchvision", torchvision, Dialect::Torchvision, Preprocess::Torchvision),
        ("timm", timm, Dialect::Timm, Preprocess::Torchvision),
        ("keras", keras, Dialect::Keras, Preprocess::Keras),
    ];
    for (name, tensors, dialect, preprocess) in dialects {
        let file = write(&format!("vgg11.{name}.safetensors"), &tensors, Dtype::F32, &[]);
        drop(tensors);
        let weights = Weights::open(&file).unwrap();
        assert_eq!((weights.dialect(), weights.preprocess(), weights.origin()), (dialect, preprocess, Origin::Guessed));
        assert_eq!(weights.guess_model(), Some(Model::Vgg11), "{name}");
        scores.push(logits(weights, Model::Vgg11));
        scores.push(logits(Weights::open(&file).unwrap().left_in_file(), Model::Vgg11));
        fs::remove_file(file).unwrap();
    }
    assert_eq!(scores[0].len(), 7, "as many classes as the weights have");
    for other in &scores[1..] {
        assert_eq!(&scores[0], other);
    }
}

#[test]
fn half_precision_files_load_and_agree_to_their_precision() {
    let tensors = squeezenet();
    let truth =
        logits(Weights::open(&write("f32.safetensors", &tensors, Dtype::F32, &[])).unwrap(), Model::SqueezeNet11);
    for (dtype, bound) in [(Dtype::F16, 2e-3), (Dtype::BF16, 2e-2)] {
        let file = write(&format!("{dtype:?}.safetensors"), &tensors, dtype, &[]);
        let error = relative_error(&logits(Weights::open(&file).unwrap(), Model::SqueezeNet11), &truth);
        println!("{dtype:?}: {error:.1e}");
        assert!(error > 0.0 && error < bound, "{dtype:?}: {error:.1e}");
    }
}

#[test]
fn the_embedded_network_is_the_float16_of_the_reference() {
    let file = write("embedded.safetensors", &squeezenet(), Dtype::F16, &[]);
    let ours = logits(Weights::embedded(), Model::SqueezeNet11);
    assert_eq!(ours, logits(Weights::open(&file).unwrap(), Model::SqueezeNet11));
}

#[test]
fn torchvision_names_of_squeezenet_are_known_and_bring_its_convention() {
    let fires = [(2, 3), (3, 4), (4, 6), (5, 7), (6, 9), (7, 10), (8, 11), (9, 12)];
    let torchvision = renamed(&squeezenet(), |name| {
        let name = fires.iter().fold(name.to_owned(), |name, (fire, index)| {
            name.replace(&format!("fire{fire}."), &format!("features.{index}.")).replace("squeeze1x1", "squeeze")
        });
        name.replace("conv10.", "classifier.1.").replace("conv1.", "features.0.")
    });
    let weights = Weights::open(&write("torchvision.safetensors", &torchvision, Dtype::F32, &[])).unwrap();
    assert_eq!((weights.dialect(), weights.preprocess()), (Dialect::Torchvision, Preprocess::Torchvision));
    let network = Model::SqueezeNet11.load(&mut { weights }, Precision::Single).unwrap();
    assert_eq!(network.input_side(), 224, "torchvision's side, not Caffe's 227");
}

#[test]
fn metadata_states_the_input_convention_and_the_person_overrides_it() {
    let stated = |metadata: &[(&str, &str)]| {
        let weights = Weights::open(&write("stated.safetensors", &squeezenet(), Dtype::F16, metadata)).unwrap();
        (weights.preprocess(), weights.origin())
    };
    assert_eq!(stated(&[("preprocess", "torchvision")]), (Preprocess::Torchvision, Origin::Metadata));
    assert_eq!(stated(&[("input", "BGR 227x227, minus the mean")]), (Preprocess::Caffe, Origin::Metadata));
    assert_eq!(stated(&[]), (Preprocess::Caffe, Origin::Guessed));
    let asked = |preprocess| {
        let asked = Weights::embedded().with_preprocess(Some(preprocess));
        (asked.preprocess(), asked.origin())
    };
    assert_eq!(asked(Preprocess::Caffe), (Preprocess::Caffe, Origin::Asked));
    let (preprocess, origin) = asked(Preprocess::Keras);
    assert_eq!((preprocess, origin), (Preprocess::Keras, Origin::Overruled(Preprocess::Caffe)));
    assert!(origin.describe().contains("the weights say that they read caffe input"), "{}", origin.describe());
    let unstated = Weights::open(&write("unstated.safetensors", &squeezenet(), Dtype::F16, &[])).unwrap();
    assert_eq!(unstated.with_preprocess(Some(Preprocess::Keras)).origin(), Origin::Asked, "nobody said otherwise");
}

/// Ten thousand classes, and two.
#[test]
fn fine_tuned_heads_of_any_size_load() {
    for classes in [2, 10_000] {
        let mut tensors = squeezenet();
        let head = |count: usize| (0..count).map(|i| splitmix(5, 0, i as u64)).collect::<Vec<_>>();
        tensors.insert("conv10.weight".into(), (vec![classes, 512, 1, 1], head(classes * 512)));
        tensors.insert("conv10.bias".into(), (vec![classes], head(classes)));
        let weights = Weights::open(&write(&format!("head{classes}.safetensors"), &tensors, Dtype::F16, &[])).unwrap();
        assert_eq!(logits(weights, Model::SqueezeNet11).len(), classes);
    }
}

#[test]
fn everything_wrong_is_named_in_one_message() {
    let mut tensors = squeezenet();
    tensors.remove("conv10.bias");
    tensors.remove("fire3.squeeze1x1.weight");
    tensors.insert("fire2.extra.weight".into(), (vec![2], vec![0.0; 2]));
    tensors.insert("conv1.weight".into(), (vec![64, 3, 5, 5], vec![0.0; 4800]));
    tensors.get_mut("fire9.expand1x1.bias").unwrap().1[3] = f32::NAN;
    let mut weights = Weights::open(&write("wrong.safetensors", &tensors, Dtype::F32, &[])).unwrap();
    let message = Model::SqueezeNet11.load(&mut weights, Precision::Single).err().unwrap().to_string();
    for word in [
        "wrong.safetensors",
        "conv10.bias is missing",
        "fire3.squeeze1x1.weight is missing",
        "fire2.extra.weight (2) does not belong",
        "conv1.weight is 64x3x5x5, but conv1 needs 64x3x3x3",
        "fire9.expand1x1.bias has 1 NaN or infinite values",
    ] {
        assert!(message.contains(word), "no `{word}` in: {message}");
    }
}

#[test]
fn a_nan_alone_is_found_while_reading() {
    let mut tensors = squeezenet();
    tensors.get_mut("fire9.expand1x1.weight").unwrap().1[77] = f32::INFINITY;
    let mut weights = Weights::open(&write("infinite.safetensors", &tensors, Dtype::F32, &[])).unwrap();
    let message = Model::SqueezeNet11.load(&mut weights, Precision::Single).err().unwrap().to_string();
    assert!(message.contains("fire9.expand1x1.weight has 1 NaN or infinite values"), "{message}");
}

#[test]
fn numbers_of_another_type_are_named() {
    let file = write("integers.safetensors", &squeezenet(), Dtype::I64, &[]);
    let mut weights = Weights::open(&file).unwrap();
    let message = Model::SqueezeNet11.load(&mut weights, Precision::Single).err().unwrap().to_string();
    assert!(message.contains("holds I64 numbers, not float32, float16 or bfloat16"), "{message}");
}

#[test]
fn the_wrong_network_is_recognised_for_what_it_is() {
    let mut weights = Weights::embedded();
    let message = Model::Vgg16.load(&mut weights, Precision::Single).err().unwrap().to_string();
    assert!(message.contains("they look like squeezenet1_1: try --model squeezenet1_1"), "{message}");
}
