//! Other tools' own output, by their own code on the same weights, against saltty's profiles of them.

mod common;

use std::{path::Path, sync::Arc};

use common::{arrays::Arrays, made_up::MadeUp, proof::Proof, relative_error, repository, shared};
use saltty::{
    explain::{Method, Session},
    model::{Classifier, Model, Precision, Score},
    nn::Rule,
    photo::{Photo, Preprocess},
    planes::Planes,
    profile::Profile,
    weights::Weights,
};

/// What each tool put out, and how far ours may be. Theirs is float32; min-max and enlarging lose nothing, but a flipped
/// ReLU gate moves pixel maps.
const CASES: [(&str, Profile, Method, f64); 4] = [
    ("pgc_gradcam", Profile::PytorchGradCam, Method::GradCam, 1e-5),
    ("captum_layer_gradcam", Profile::Captum, Method::GradCam, 1e-5),
    ("captum_guided_backprop", Profile::Captum, Method::GuidedBackprop, 1e-2),
    ("captum_guided_gradcam_nearest", Profile::Captum, Method::GuidedGradCam, 1e-2),
];

/// Every `stride`-th row and column of a pixel map, or all of a smaller array.
fn thinned(planes: &Planes, stride: usize) -> Vec<f64> {
    let stride = if planes.width > 14 { stride } else { 1 };
    let rows = |c: usize| planes.plane(c).chunks(planes.width).step_by(stride);
    (0..planes.channels).flat_map(|c| rows(c).flat_map(|row| row.iter().copied().step_by(stride))).collect()
}

fn session(network: Arc<dyn Classifier>, png: &Path) -> Session {
    Session::new(network, &Preprocess::Caffe.planes(&Photo::open(png).unwrap().raster)).unwrap()
}

fn squeezenet() -> Session {
    let mut weights = Weights::open(&repository("golden/reference/squeezenet1_1.f32.safetensors")).unwrap();
    let network = Model::SqueezeNet11.load(&mut weights, Precision::Single).unwrap();
    session(network, &repository("golden/photo/cat_and_dog_227.png"))
}

fn compare(session: &Session, truth: &Arrays, side: usize, proof: &mut Proof) {
    let class: usize = truth.metadata["target"].parse().unwrap();
    let stride = truth.metadata.get("pixel_stride").map_or(1, |s| s.parse().unwrap());
    let layer = session.target(None).unwrap();
    for (name, profile, method, bound) in CASES {
        let ours = profile.map(session, method, class, &layer, side).unwrap();
        let error = relative_error(&thinned(&ours, stride), truth.get(name));
        proof.line(format_args!("  {name:30} class {class:3}  {error:.2e}  (bound {bound:.0e})"));
        assert!(error <= bound, "{name} is {error:.2e} off");
    }
}

#[test]
fn profiles_give_what_the_tools_themselves_give() {
    let session = squeezenet();
    let mut proof = Proof::new("profiles_against_the_tools");
    proof.line("squeezenet1_1 against pytorch-grad-cam and Captum");
    let cut = repository("golden/reference/cat_and_dog.squeezenet1_1.cat.tools.safetensors");
    compare(&session, &Arrays::read(&cut), 227, &mut proof);
    for label in ["cat", "dog"] {
        if let Some(full) = shared(&format!("reference/cat_and_dog.squeezenet1_1.{label}.safetensors")) {
            compare(&session, &Arrays::read(&full), 227, &mut proof);
        }
    }
}

#[test]
fn profiles_give_what_the_tools_give_of_vgg19() {
    let (Some(features), Some(truth), Some(png)) = (
        shared("weights/vgg19_features.safetensors"),
        shared("reference/cat_and_dog.vgg19.top1.safetensors"),
        shared("reference/cat_and_dog_224.png"),
    ) else {
        return;
    };
    let made_up = Box::new(MadeUp::vgg19(&features));
    let mut weights = Weights::from_source(Path::new("VGG19 with a made-up classifier"), made_up);
    let session = session(Model::Vgg19.load(&mut weights, Precision::Single).unwrap(), &png);
    let mut proof = Proof::new("profiles_of_vgg19_against_the_tools");
    proof.line("vgg19 against pytorch-grad-cam and Captum");
    compare(&session, &Arrays::read(&truth), 224, &mut proof);
}

/// tf-keras-vis gives `(v - min) / (max - min + 1e-7)`.
fn between_0_and_1(values: &mut [f64]) {
    let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
    for v in &*values {
        (min, max) = (min.min(*v), max.max(*v));
    }
    for v in values {
        *v = (*v - min) / (max - min + 1e-7);
    }
}

/// The gradient of the class's logit at `layer`, as the network gives it.
fn gradient(session: &Session, class: usize, layer: &str) -> Planes {
    let mut found = None;
    let mut visit = |name: &str, planes: Planes| {
        if name == layer {
            found = Some(planes);
        }
    };
    session.pass().gradients(&Score::Logit(class), Rule::Gradient, layer, &mut visit).unwrap();
    found.unwrap()
}

/// No array of tf-keras-vis is at hand, so its source's steps (`gradcam.py`, `saliency.py`, version 0.8), in the plainest
/// loops, stand for it: mean of the gradients, weighted sum, ReLU, `scipy.ndimage.zoom(order=1)`, min-max; and the largest
/// size of the channels, min-max.
#[test]
fn the_profile_of_tf_keras_vis_is_its_definition() {
    let (session, class, side) = (squeezenet(), 207, 227_usize);
    let layer = session.target(None).unwrap();
    let (a, g) = (session.pass().activation(&layer.name).unwrap(), gradient(&session, class, &layer.name));
    let (height, width) = (a.height, a.width);
    let mut cam = vec![0.0; height * width];
    for k in 0..a.channels {
        let weight = g.plane(k).iter().sum::<f64>() / (height * width) as f64;
        for (sum, v) in cam.iter_mut().zip(a.plane(k)) {
            *sum += weight * v;
        }
    }
    for v in &mut cam {
        *v = v.max(0.0);
    }
    let mut large = vec![0.0; side * side];
    for (at, v) in large.iter_mut().enumerate() {
        let y = (at / side) as f64 * (height - 1) as f64 / (side - 1) as f64;
        let x = (at % side) as f64 * (width - 1) as f64 / (side - 1) as f64;
        for row in 0..height {
            for column in 0..width {
                let near = (1.0 - (y - row as f64).abs()).max(0.0) * (1.0 - (x - column as f64).abs()).max(0.0);
                *v += near * cam[row * width + column];
            }
        }
    }
    between_0_and_1(&mut large);
    let ours = Profile::TfKerasVis.map(&session, Method::GradCam, class, &layer, side).unwrap();
    let error = relative_error(&ours.values, &large);
    assert!(error < 1e-6, "Grad-CAM is {error:.2e} off");

    let g = gradient(&session, class, "input");
    let mut saliency = vec![0.0_f64; side * side];
    for (at, v) in saliency.iter_mut().enumerate() {
        for c in 0..3 {
            *v = v.max(g.plane(c)[at].abs());
        }
    }
    between_0_and_1(&mut saliency);
    let ours = Profile::TfKerasVis.map(&session, Method::Gradient, class, &layer, side).unwrap();
    let error = relative_error(&ours.values, &saliency);
    assert!(error < 1e-6, "saliency is {error:.2e} off");
}
