//! Networks placed on a device: photos computed together are as if alone, and what cannot be done is said.
//!
//! Where no GPU answers the device is the processor by composed operations: the same code with another type. Where one
//! does, its own kernels are tested as well.

mod common;

use std::{fs, sync::Arc};

use common::{
    kernels_on,
    program::{objects, run, saltty, words},
    relative_error, repository,
};
use saltty::{
    Error,
    device::{Device, Wanted},
    explain::{Method, Session, cam},
    model::{Classifier, Model, Precision, Score},
    nn::{
        Rule,
        kernel::{Kernels, lanes::Level},
    },
    photo::{Photo, Preprocess, Resize, fit},
    planes::Planes,
    weights::Weights,
};

/// What rounding does to sums in single precision that are added in another order.
const SINGLE: f64 = 1e-5;

fn squeezenet(kernels: Kernels, device: Device) -> Arc<dyn Classifier> {
    Model::SqueezeNet11.load_on(&mut Weights::embedded(), Precision::Single, kernels, device).unwrap()
}

/// On the first GPU where one answers, by all kernels; else composed.
fn placed() -> Vec<Arc<dyn Classifier>> {
    let device = Device::meant(Wanted::Auto).0;
    let kernels = match device {
        Device::Cpu => vec![Kernels::Composed],
        Device::Cuda(_) => kernels_on(device),
    };
    kernels.into_iter().map(|kernels| squeezenet(kernels, device)).collect()
}

/// Three photos of different likeliest classes, as the network reads them.
fn inputs() -> Vec<Planes> {
    let square = |name: &str| {
        let photo = Photo::open(&repository("fixtures").join(name)).unwrap();
        Preprocess::Caffe.planes(&fit(&photo.raster, 227, Resize::Crop))
    };
    let mut mirrored = square("cat_and_dog.jpg");
    mirrored.values.reverse();
    vec![square("cat.png"), square("cat_and_dog.jpg"), mirrored]
}

fn same(what: &str, ours: &Planes, theirs: &Planes) {
    assert_eq!([ours.channels, ours.height, ours.width], [theirs.channels, theirs.height, theirs.width], "{what}");
    let error = relative_error(&ours.values, &theirs.values);
    assert!(error < SINGLE, "{what} is {error:.1e} off");
}

/// By each photo's likeliest class (one sweep for all), by one class for all, by a contrast, and by a layer's sum.
#[test]
fn photos_computed_together_are_as_if_alone() {
    placed().iter().for_each(computed_together);
}

fn computed_together(network: &Arc<dyn Classifier>) {
    let inputs = inputs();
    let together = Session::all(network, &inputs).unwrap();
    let tops: Vec<usize> = together.iter().map(|session| session.top(1)[0]).collect();
    assert_ne!(tops[0], tops[2], "photos of two classes at least");
    assert!(Session::all(network, &[]).unwrap().is_empty());
    for (at, (session, input)) in together.iter().zip(&inputs).enumerate() {
        let alone = Session::new(network.clone(), input).unwrap();
        let logits = |session: &Session| session.pass().logits().to_vec();
        assert!(relative_error(&logits(session), &logits(&alone)) < SINGLE, "logits of photo {at}");
        let layer = alone.target(None).unwrap();
        // The likeliest in turn, as `top3` asks for them, a class of all, and one that is nobody's first.
        for class in alone.top(3).into_iter().chain([285, 1]) {
            for method in [Method::GradCam, Method::GuidedGradCam] {
                let map = |session: &Session| session.explain(method, class, &layer).unwrap().map;
                same(&format!("{method} of {class} in photo {at}"), &map(session), &map(&alone));
            }
        }
        let mut difference = vec![0.0; network.classes()];
        (difference[285], difference[207]) = (1.0, -1.0);
        for score in [Score::Logits(difference), Score::Sum("fire5".to_owned())] {
            let gradient = |session: &Session| session.pass().gradient(&score, Rule::Guided, "fire3").unwrap();
            same(&format!("gradient in photo {at}"), &gradient(session), &gradient(&alone));
        }
        let name = "fire4/relu_expand3x3";
        same(name, &session.pass().activation(name).unwrap(), &alone.pass().activation(name).unwrap());
        let cam = |session: &Session| {
            let gradient = session.pass().gradient(&Score::Logit(285), Rule::Gradient, &layer.name).unwrap();
            cam::grad_cam(&session.pass().activation(&layer.name).unwrap(), &gradient)
        };
        let theirs = cam(&alone);
        if let Some((alpha, map)) = session.pass().weighted(&Score::Logit(285), &layer.name).unwrap() {
            assert!(relative_error(&alpha, &theirs.alpha) < SINGLE, "weights of photo {at}");
            same(&format!("Grad-CAM of photo {at}, made on the device"), &map, &theirs.map);
        } else {
            assert_eq!(network.kernels(), Kernels::Composed);
        }
        same("a gradient asked for again", &cam(session).map, &theirs.map);
    }
}

/// Not only at the layers that methods ask for: all values and all gradients on the way.
#[test]
fn every_layer_of_a_placed_network_is_the_other_kernels() {
    for ours in placed() {
        assert_eq!(ours.device(), Device::meant(Wanted::Auto).0);
        every_layer_is_the_other_kernels(&*ours);
    }
}

fn every_layer_is_the_other_kernels(ours: &dyn Classifier) {
    let (input, other) = (&inputs()[1], squeezenet(Kernels::Direct, Device::Cpu));
    let (ours, theirs) = (ours.forward(input).unwrap(), other.forward(input).unwrap());
    for layer in other.layers() {
        let name = &layer.name;
        same(name, &ours.activation(name).unwrap(), &theirs.activation(name).unwrap());
    }
    let on_the_way = |pass: &dyn saltty::model::Pass| {
        let mut seen = Vec::new();
        let mut visit = |name: &str, gradient: Planes| seen.push((name.to_owned(), gradient));
        pass.gradients(&Score::Logit(285), Rule::Gradient, "relu1", &mut visit).unwrap();
        seen
    };
    let (ours, theirs) = (on_the_way(&*ours), on_the_way(&*theirs));
    assert!(theirs.len() > 50, "{} layers", theirs.len());
    assert_eq!(ours.len(), theirs.len());
    for ((name, ours), (wanted, theirs)) in ours.iter().zip(&theirs) {
        assert_eq!(name, wanted);
        same(&format!("gradient at {name}"), ours, theirs);
    }
}

#[test]
fn a_placed_network_says_what_is_wrong_and_goes_on() {
    let own = squeezenet(Kernels::Winograd, Device::Cpu);
    for network in placed().into_iter().chain([own]) {
        says_what_is_wrong(&*network);
    }
}

fn says_what_is_wrong(network: &dyn Classifier) {
    let inputs = inputs();
    let small = Planes::new(3, 2, 2, vec![0.0; 12]);
    assert!(matches!(network.forward(&small), Err(Error::InputSize { .. })));
    assert!(matches!(network.logits(&small), Err(Error::InputSize { .. })));
    let loud = Planes::new(3, 227, 227, vec![1e38; 3 * 227 * 227]);
    assert!(matches!(network.logits(&loud), Err(Error::NotFinite { layer }) if layer == "conv1"));
    match network.forward_all(&[inputs[0].clone(), loud]) {
        Err(Error::NotFinite { layer }) => assert_eq!(layer, "conv1"),
        other => panic!("{:?}", other.map(|passes| passes.len())),
    }
    assert!(network.forward(&inputs[0]).is_ok());
}

#[cfg(not(feature = "cuda"))]
#[test]
fn without_code_for_gpus_there_are_none() {
    let kernels = Kernels::default();
    let loaded = Model::SqueezeNet11.load_on(&mut Weights::embedded(), Precision::Single, kernels, Device::Cuda(1));
    let message = loaded.err().unwrap().to_string();
    assert!(message.starts_with("cuda:1 cannot be used: ") && message.contains("--features cuda"), "{message}");
}

/// Through the program: batches, one of them with a photo that is none.
#[test]
fn folders_are_explained_in_batches() {
    let folder = tempfile::tempdir().unwrap();
    for (name, photo) in [("0.jpg", "cat_and_dog.jpg"), ("1.png", "cat.png"), ("3.jpg", "cat_and_dog.jpg")] {
        fs::copy(repository("fixtures").join(photo), folder.path().join(name)).unwrap();
    }
    let options = "explain . --json -m grad-cam";
    let (alone, _) = run(saltty(folder.path()).args(words(&format!("{options} --device cpu"))), 0);
    fs::write(folder.path().join("2.jpg"), "no photo").unwrap();
    for network in placed() {
        let line = format!("{options} --kernels {} --batch 3 --device {}", network.kernels(), network.device());
        let (batches, told) = run(saltty(folder.path()).args(words(&line)), 1);
        assert!(told.lines().count() == 1 && told.contains("2.jpg"), "{told}");
        same_scores(&objects(&alone), &objects(&batches));
    }
}

fn same_scores(alone: &[serde_json::Value], batches: &[serde_json::Value]) {
    assert_eq!(batches.len(), alone.len());
    for (one, other) in alone.iter().zip(batches) {
        assert_eq!(one["photo"], other["photo"]);
        for (a, b) in one["top5"].as_array().unwrap().iter().zip(other["top5"].as_array().unwrap()) {
            assert_eq!(a["index"], b["index"]);
            let logit = |score: &serde_json::Value| score["logit"].as_f64().unwrap();
            assert!((logit(a) - logit(b)).abs() < 1e-3, "{a} and {b}");
        }
    }
}

/// The manifest names device and kernels; verifying uses the recorded ones, or says which others it used.
#[test]
fn records_name_the_device_and_the_kernels() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(repository("fixtures/cat.png"), folder.path().join("cat.png")).unwrap();
    let told = |line: &str| run(saltty(folder.path()).args(words(line)), 0).0;
    told("record cat.png --out records --kernels composed --device cpu");
    let manifest = fs::read_dir(folder.path().join("records")).unwrap().map(|entry| entry.unwrap().path());
    let manifest = manifest.into_iter().find(|path| path.extension().is_some_and(|e| e == "toml")).unwrap();
    let manifest = fs::read_to_string(manifest).unwrap();
    assert!(manifest.contains("device = \"cpu\"") && manifest.contains("kernels = \"composed\""), "{manifest}");
    let levels = Level::available();
    let vectors = |level: &Level| format!("vectors = \"{level}\"");
    assert!(manifest.contains(&vectors(levels.last().unwrap())), "{manifest}");
    for level in levels.iter().rev() {
        let line = "record cat.png --force --out others --device cpu";
        run(saltty(folder.path()).args(words(line)).env("SALTTY_SIMD", level.to_string()), 0);
        let other = fs::read_to_string(folder.path().join("others/cat.285.grad-cam.toml")).unwrap();
        assert!(other.contains(&vectors(level)), "{level}: {other}");
    }
    // Recorded with the fewest instructions, computed again with the most, or the other way round.
    assert!(told("verify others").contains("of Egyptian cat"));
    let same = told("verify records");
    assert!(same.contains("toml: identical\n"), "{same}");
    let other = told("verify records --kernels winograd");
    assert!(other.contains("kernels composed -> winograd"), "{other}");
}
