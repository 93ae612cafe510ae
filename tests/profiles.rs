//! Other tools' own output, by their own code on the same weights, against saltty's profiles of them.

mod common;

use common::{arrays::Arrays, relative_error, repository, shared};
use saltty::{
    explain::{Method, Session},
    model::{Model, Precision},
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

fn compare(truth: &Arrays, class: usize) {
    let stride = truth.metadata.get("pixel_stride").map_or(1, |s| s.parse().unwrap());
    let mut weights = Weights::open(&repository("golden/reference/squeezenet1_1.f32.safetensors")).unwrap();
    let network = Model::SqueezeNet11.load(&mut weights, Precision::Single).unwrap();
    let photo = Photo::open(&repository("golden/photo/cat_and_dog_227.png")).unwrap();
    let session = Session::new(network, &Preprocess::Caffe.planes(&photo.raster)).unwrap();
    let layer = session.target(None).unwrap();
    for (name, profile, method, bound) in CASES {
        let ours = profile.map(&session, method, class, &layer, photo.raster.width).unwrap();
        let error = relative_error(&thinned(&ours, stride), truth.get(name));
        println!("  {name:30} class {class} {error:.2e}  (bound {bound:.0e})");
        assert!(error <= bound, "{name} is {error:.2e} off");
    }
}

#[test]
fn profiles_give_what_the_tools_themselves_give() {
    compare(&Arrays::read(&repository("golden/reference/cat_and_dog.squeezenet1_1.cat.tools.safetensors")), 285);
    for (label, class) in [("cat", 285), ("dog", 207)] {
        if let Some(full) = shared(&format!("reference/cat_and_dog.squeezenet1_1.{label}.safetensors")) {
            compare(&Arrays::read(&full), class);
        }
    }
}
