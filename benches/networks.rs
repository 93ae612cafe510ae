//! Whole networks: the forward pass, each explanation method, and the three maps of the article together.

#[path = "../tests/common/made_up.rs"]
mod made_up;

use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

use dfdx::prelude::{Const, Cpu, Module, PutTape, SplitTape, TensorFromVec};
use divan::{Bencher, counter::ItemsCount};
use saltty::{
    explain::{Method, Session},
    model::{Classifier, Model, Precision, vgg::Vgg19},
    nn::{Assemble, Blueprint, Name, Rule, Trail, kernel::Kernels},
    planes::Planes,
    weights::Weights,
};

fn main() {
    divan::main();
}

/// SqueezeNet from the binary, VGG19 with made-up weights; each loaded when first used.
fn network(name: &str) -> Arc<dyn Classifier> {
    static SQUEEZENET: LazyLock<Arc<dyn Classifier>> =
        LazyLock::new(|| load(&mut Weights::embedded(), Kernels::Winograd));
    static DIRECT: LazyLock<Arc<dyn Classifier>> = LazyLock::new(|| load(&mut Weights::embedded(), Kernels::Direct));
    static VGG19: LazyLock<Arc<dyn Classifier>> = LazyLock::new(|| {
        let source = Box::new(made_up::MadeUp::of(Model::Vgg19));
        load(&mut Weights::from_source(Path::new("made-up weights"), source), Kernels::Winograd)
    });
    match name {
        "squeezenet" => SQUEEZENET.clone(),
        "squeezenet direct" => DIRECT.clone(),
        _ => VGG19.clone(),
    }
}

fn load(weights: &mut Weights, kernels: Kernels) -> Arc<dyn Classifier> {
    let model = weights.guess_model().expect("a network that saltty knows");
    model.load_with(weights, Precision::Single, kernels).expect("weights that fit")
}

fn photo(side: usize) -> Planes {
    let values = (0..3 * side * side).map(|i| f64::from(made_up::splitmix(7, 0, i as u64)) * 100.0);
    Planes::new(3, side, side, values.collect())
}

const NETWORKS: [&str; 3] = ["squeezenet", "squeezenet direct", "vgg19"];

#[divan::bench(args = NETWORKS, sample_count = 10, sample_size = 1)]
fn forward(bencher: Bencher, name: &str) {
    let network = network(name);
    let input = photo(network.input_side());
    bencher.bench_local(|| network.forward(&input).expect("a forward pass").logits()[0]);
}

#[divan::bench(args = NETWORKS, sample_count = 10, sample_size = 1)]
fn three_maps(bencher: Bencher, name: &str) {
    let network = network(name);
    let input = photo(network.input_side());
    bencher.bench_local(|| {
        let session = Session::new(network.clone(), &input).expect("a forward pass");
        let layer = session.target(None).expect("the usual layer");
        let class = session.top(1)[0];
        [Method::GradCam, Method::GuidedBackprop, Method::GuidedGradCam]
            .map(|method| session.explain(method, class, &layer).expect("a map").map.values[0])
    });
}

/// Each method after the forward pass, for a class not yet asked for.
#[divan::bench(args = Method::ALL, sample_count = 10, sample_size = 1)]
fn method(bencher: Bencher, method: Method) {
    let network = network("squeezenet");
    let session = Session::new(network.clone(), &photo(network.input_side())).expect("a forward pass");
    let layer = session.target(None).expect("the usual layer");
    let mut class = 0;
    bencher.bench_local(|| {
        class += 1;
        session.explain(method, class, &layer).expect("a map").map.values[0]
    });
}

/// Whether photos should go through VGG19 several at a time: a forward pass and the two sweeps of the three maps; photos
/// a second.
#[divan::bench(args = [1, 2, 4, 8], sample_count = 5, sample_size = 1)]
fn photos_at_once(bencher: Bencher, batch: usize) {
    static VGG19: LazyLock<Vgg19<f32>> = LazyLock::new(|| {
        let source = Box::new(made_up::MadeUp::of(Model::Vgg19));
        let mut weights = Weights::from_source(Path::new("made-up weights"), source);
        let classes = weights.fit(Model::Vgg19).expect("weights that fit");
        let names: Vec<Name> = Model::Vgg19.layers().into_iter().map(|layer| layer.name).collect();
        let mut supply = |param: &_| weights.read(param);
        Vgg19::assemble(&mut Blueprint::new(&names, classes, &mut supply)).expect("weights that can be read")
    });
    let values = vec![photo(224).values; batch].concat();
    let shape = (batch, Const::<3>, Const::<224>, Const::<224>);
    let x = Cpu::default().tensor_from_vec(values.into_iter().map(|v| v as f32).collect(), shape);
    let mut seed = vec![0.0; batch * 1000];
    seed.iter_mut().skip(285).step_by(1000).for_each(|class| *class = 1.0);
    bencher.counter(ItemsCount::new(batch)).bench_local(|| {
        let (_, trail) = VGG19.forward(x.clone().put_tape(Trail::from_input(&x))).split_tape();
        trail.sweep("fc8", seed.clone(), Rule::Gradient, "relu5_4").expect("memory");
        trail.sweep("fc8", seed.clone(), Rule::Guided, "input").expect("memory")
    });
}
