//! Other people's numbers: every array against what PyTorch computed in float64, and TensorFlow for the article.

mod common;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use common::{arrays::Arrays, kernels_on, made_up::MadeUp, proof::Proof, relative_error, repository, shared};
use saltty::{
    device::{Device, Wanted},
    explain::{Method, Session},
    model::{Classifier, Model, Precision},
    nn::kernel::Kernels,
    photo::{Photo, Preprocess},
    planes::Planes,
    weights::Weights,
};

/// Bounds on the relative error of vectors and coarse maps, and of pixel maps.
struct Bounds {
    coarse: f64,
    fine: f64,
}

/// The truth is stored in float32, whose rounding alone is 2.5e-8.
const DOUBLE: Bounds = Bounds { coarse: 1e-7, fine: 1e-7 };
/// One ReLU gate that rounding flips moves a pixel map by 1e-4 to 1e-2, PyTorch's as well as ours.
const SINGLE: Bounds = Bounds { coarse: 1e-5, fine: 1e-2 };

/// How many ReLU gates there must be for each one that flips in float32.
const GATES: usize = 100_000;
/// The same for direct kernels: three for PyTorch's one of the 14,852,096 behind VGG19's convolutions
/// (`benches/rivals/gates.py`), of SqueezeNet's none.
const GATES_DIRECT: usize = 14_852_096 / 3;

/// What the float32 networks compute with and on: all kernels, on the processor and on the first GPU where one answers.
fn families() -> Vec<(Kernels, Device)> {
    let (device, _) = Device::meant(Wanted::Auto);
    assert!(device != Device::Cpu || std::env::var_os("SALTTY_NEEDS_GPU").is_none(), "no GPU answers");
    let mut devices = vec![Device::Cpu, device];
    devices.dedup();
    let each = |device| kernels_on(device).into_iter().map(move |kernels| (kernels, device));
    devices.into_iter().flat_map(each).collect()
}

/// Vectors and coarse maps in single precision, as a multiple of PyTorch's own error in single precision (measured: at
/// most 2.8).
const TIMES_PYTORCH: f64 = 10.0;
/// The same for direct kernels (measured: at most 1.8).
const TIMES_PYTORCH_DIRECT: f64 = 3.0;
/// The same for pixel maps where no ReLU gate differs from f64's, so that rounding alone counts (measured: at most 1.9 by
/// direct kernels, 7.6 by Winograd's).
const TIMES_PYTORCH_FINE: f64 = 30.0;

/// Our errors in single precision beside PyTorch's.
struct Table {
    proof: Proof,
}

impl Table {
    fn new(name: &'static str) -> Self {
        let mut proof = Proof::new(name);
        proof.line(format_args!(
            "{name}: error against float64, and as a multiple of PyTorch's own in float32 (at most {TIMES_PYTORCH}, by \
             direct kernels {TIMES_PYTORCH_DIRECT}; pixel maps {TIMES_PYTORCH_FINE} where no gate flipped)"
        ));
        Self { proof }
    }

    /// One array of one network.
    fn row(&mut self, network: &dyn Classifier, class: usize, name: &str, error: f64, ratio: Option<f64>, bound: f64) {
        let number = if network.precision() == Precision::Double { "f64" } else { "f32" };
        let who = format!("class {class} {number} {} {}", network.kernels(), network.device());
        let ratio = ratio.map_or_else(String::new, |ratio| format!("{ratio:.2} times PyTorch's"));
        self.proof.line(format!("  {who:29} {name:18} {error:.2e}  (bound {bound:.0e})  {ratio}").trim_end());
    }
}

/// PyTorch's float32 error (a cut of ../shared/reference/summary.json) of each array that was made for this network and
/// class; none for a network in f64.
fn pytorch_errors(network: &dyn Classifier, class: usize) -> HashMap<String, f64> {
    if network.precision() == Precision::Double {
        return HashMap::new();
    }
    let file = repository("golden/reference/pytorch_error.json");
    let summary: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let of_this =
        |name: &str, entry: &serde_json::Value| name.contains(network.model().name()) && entry["target"] == class;
    let mut entries = summary.as_object().unwrap().iter();
    let (_, entry) = entries.find(|(name, entry)| of_this(name, entry)).expect("PyTorch's errors");
    serde_json::from_value(entry["float32_pytorch_relative_error"].clone()).unwrap()
}

fn input(png: &Path) -> Planes {
    Preprocess::Caffe.planes(&Photo::open(png).unwrap().raster)
}

/// Every `stride`-th row and column of a pixel map, or all of a smaller array.
fn thinned(planes: &Planes, stride: usize) -> Vec<f64> {
    let rows = |c: usize| planes.plane(c).chunks(planes.width).step_by(stride);
    (0..planes.channels).flat_map(|c| rows(c).flat_map(|row| row.iter().copied().step_by(stride))).collect()
}

/// Compares all arrays of one reference file; prints each error before judging it. `flipped` ReLU gates differ from f64's.
fn compare(
    network: &Arc<dyn Classifier>,
    png: &Path,
    truth: &Arrays,
    (bounds, flipped): (&Bounds, usize),
    table: &mut Table,
) {
    let class: usize = truth.metadata["target"].parse().unwrap();
    let stride = truth.metadata.get("pixel_stride").map_or(1, |s| s.parse().unwrap());
    let input = input(png);
    let session = Session::new(network.clone(), &input).unwrap();
    let layer = session.target(None).unwrap();
    let cam = session.grad_cam(class, &layer).unwrap();
    let fine = |method| thinned(&session.explain(method, class, &layer).unwrap().map, stride);
    let checks = [
        ("input", thinned(&input, stride), bounds.coarse),
        ("scores", session.pass().logits().to_vec(), bounds.coarse),
        ("gradcam_alpha", cam.alpha.clone(), bounds.coarse),
        ("gradcam_signed", cam.map.values.clone(), bounds.coarse),
        ("gradient", fine(Method::Gradient), bounds.fine),
        ("deconvnet", fine(Method::Deconvnet), bounds.fine),
        ("guided_backprop", fine(Method::GuidedBackprop), bounds.fine),
        ("guided_gradcam", fine(Method::GuidedGradCam), bounds.fine),
    ];
    let theirs = pytorch_errors(&**network, class);
    let mut broken = Vec::new();
    for (name, ours, bound) in checks {
        let error = relative_error(&ours, truth.get(name));
        let ratio = theirs.get(name).map(|theirs| error / theirs);
        table.row(&**network, class, name, error, ratio, bound);
        let times = match bound == bounds.coarse {
            true if network.kernels() == Kernels::Direct => TIMES_PYTORCH_DIRECT,
            true => TIMES_PYTORCH,
            false if flipped == 0 => TIMES_PYTORCH_FINE,
            false => f64::INFINITY,
        };
        if error.is_nan() || error > bound || ratio.is_some_and(|ratio| ratio > times) {
            broken.push(name);
        }
    }
    assert!(broken.is_empty(), "{broken:?} of {} class {class} are off", network.model());
}

/// How many ReLU gates of how many differ between the two precisions.
fn flipped_gates(single: &dyn Classifier, double: &dyn Classifier, input: &Planes) -> (usize, usize) {
    let passes = [single, double].map(|network| network.forward(input).unwrap());
    let gates = single.layers().iter().filter(|layer| layer.name.contains("relu"));
    gates.fold((0, 0), |(flipped, all), layer| {
        let [a, b] = passes.each_ref().map(|pass| pass.activation(&layer.name).unwrap());
        let differ = a.values.iter().zip(&b.values).filter(|(a, b)| (**a > 0.0) != (**b > 0.0)).count();
        (flipped + differ, all + a.values.len())
    })
}

fn squeezenet(precision: Precision, kernels: Kernels, device: Device) -> Arc<dyn Classifier> {
    let mut weights = Weights::open(&repository("golden/reference/squeezenet1_1.f32.safetensors")).unwrap();
    Model::SqueezeNet11.load_on(&mut weights, precision, kernels, device).unwrap()
}

/// The whole arrays beside the repository, or the cut-down ones in it.
fn squeezenet_truth(label: &str, cut: bool) -> PathBuf {
    let folder = repository(if cut { "golden" } else { "../shared" });
    folder.join(format!("reference/cat_and_dog.squeezenet1_1.{label}.safetensors"))
}

#[test]
fn squeezenet_agrees_with_pytorch() {
    let png = repository("golden/photo/cat_and_dog_227.png");
    let double = squeezenet(Precision::Double, Kernels::Direct, Device::Cpu);
    let others =
        families().into_iter().filter(|&(kernels, device)| kernels == Kernels::Composed || device != Device::Cpu);
    let others: Vec<_> = others.map(|(kernels, device)| squeezenet(Precision::Double, kernels, device)).collect();
    let mut table = Table::new("squeezenet1_1_against_pytorch");
    let mut singles = Vec::new();
    for (kernels, device) in families() {
        let single = squeezenet(Precision::Single, kernels, device);
        let flipped = few_gates_flip(&single, &double, &input(&png), &mut table);
        singles.push((single, flipped));
    }
    let mut tables = vec![(table, true)];
    if shared("reference").is_some() {
        tables.push((Table::new("squeezenet1_1_against_pytorch_whole_arrays"), false));
    }
    for (table, cut) in &mut tables {
        for label in ["cat", "dog"] {
            let truth = Arrays::read(&squeezenet_truth(label, *cut));
            compare(&double, &png, &truth, (&DOUBLE, 0), table);
            if *cut {
                for other in &others {
                    compare(other, &png, &truth, (&DOUBLE, 0), table);
                }
            }
            for (single, flipped) in &singles {
                compare(single, &png, &truth, (&SINGLE, *flipped), table);
            }
        }
    }
}

/// Says how many gates flipped, and asserts that these are few enough.
fn few_gates_flip(
    single: &Arc<dyn Classifier>,
    double: &Arc<dyn Classifier>,
    input: &Planes,
    table: &mut Table,
) -> usize {
    let (flipped, all) = flipped_gates(&**single, &**double, input);
    let (model, kernels, device) = (single.model(), single.kernels(), single.device());
    table.proof.line(format_args!(
        "  {model}, {kernels} kernels, {device}: {flipped} of {all} ReLU gates flipped against f64"
    ));
    let gates = if kernels == Kernels::Direct { GATES_DIRECT } else { GATES };
    assert!(flipped * gates <= all, "{flipped} of {all} gates flipped");
    flipped
}

/// VGG19 with the published convolutions and a classifier made by the formula.
fn vgg19(features: &Path, precision: Precision, kernels: Kernels, device: Device) -> Arc<dyn Classifier> {
    let mut weights =
        Weights::from_source(Path::new("VGG19 with a made-up classifier"), Box::new(MadeUp::vgg19(features)));
    assert_eq!(weights.guess_model(), Some(Model::Vgg19));
    assert_eq!(weights.preprocess(), Preprocess::Caffe, "as the metadata says");
    Model::Vgg19.load_on(&mut weights, precision, kernels, device).unwrap()
}

#[test]
fn vgg19_agrees_with_pytorch_and_tensorflow() {
    let (Some(features), Some(truth), Some(png)) = (
        shared("weights/vgg19_features.safetensors"),
        shared("reference/cat_and_dog.vgg19.top1.safetensors"),
        shared("reference/cat_and_dog_224.png"),
    ) else {
        return;
    };
    let truth = Arrays::read(&truth);
    let double = vgg19(&features, Precision::Double, Kernels::Direct, Device::Cpu);
    let mut table = Table::new("vgg19_against_pytorch_and_tensorflow");
    compare(&double, &png, &truth, (&DOUBLE, 0), &mut table);
    for (kernels, device) in families() {
        if device != Device::Cpu && kernels == Kernels::Direct {
            let double = vgg19(&features, Precision::Double, kernels, device);
            compare(&double, &png, &truth, (&DOUBLE, 0), &mut table);
        }
        let single = vgg19(&features, Precision::Single, kernels, device);
        let flipped = few_gates_flip(&single, &double, &input(&png), &mut table);
        compare(&single, &png, &truth, (&SINGLE, flipped), &mut table);
        article_agrees(&single, &png, &truth, &mut table);
    }
}

fn article_agrees(network: &Arc<dyn Classifier>, png: &Path, truth: &Arrays, table: &mut Table) {
    let session = Session::new(network.clone(), &input(png)).unwrap();
    let article = session.article(&session.target(Some("block5_conv4")).unwrap()).unwrap();
    let maps = [
        ("article_guided_backprop", article.guided_backprop, 1e-2),
        ("article_grad_cam", article.grad_cam, 1e-4),
        ("article_guided_grad_cam", article.guided_grad_cam, 1e-2),
    ];
    for (name, ours, bound) in maps {
        let error = relative_error(&ours.values, truth.get(name));
        let who = format!("{} {}", network.kernels(), network.device());
        table.proof.line(format_args!("  {who:24} {name:24} {error:.2e}  (bound {bound:.0e})"));
        assert!(error <= bound, "{name} is {error:.2e} off TensorFlow's");
    }
}

#[test]
fn one_forward_pass_and_one_guided_sweep_serve_all_methods() {
    let network = squeezenet(Precision::Single, Kernels::default(), Device::Cpu);
    let session = Session::new(network, &input(&repository("golden/photo/cat_and_dog_227.png"))).unwrap();
    let layer = session.target(None).unwrap();
    for method in [Method::GradCam, Method::GuidedBackprop, Method::GuidedGradCam] {
        session.explain(method, 285, &layer).unwrap();
    }
    assert_eq!(session.pass().sweeps(), 2, "one from the head for Grad-CAM, one guided to the pixels");
}
