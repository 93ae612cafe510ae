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
    nn::{Assemble, Blueprint, C, Map, Name, Rule, Trail, kernel::Kernels},
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

/// VGG19 with made-up weights, of any type that has its layers.
fn assembled<N: Assemble<f32>>() -> N {
    let source = Box::new(made_up::MadeUp::of(Model::Vgg19));
    let mut weights = Weights::from_source(Path::new("made-up weights"), source);
    let classes = weights.fit(Model::Vgg19).expect("weights that fit");
    let names: Vec<Name> = Model::Vgg19.layers().into_iter().map(|layer| layer.name).collect();
    let mut supply = |param: &_| weights.read(param);
    N::assemble(&mut Blueprint::new(&names, classes, &mut supply)).expect("weights that can be read")
}

/// `batch` photos as a tensor, and the gradient of one score of each.
fn tensor(batch: usize) -> (Map<C<3>, C<224>, C<224>, f32>, Vec<f32>) {
    let values = vec![photo(224).values; batch].concat().into_iter().map(|v| v as f32).collect();
    let mut seed = vec![0.0; batch * 1000];
    seed.iter_mut().skip(285).step_by(1000).for_each(|class| *class = 1.0);
    (Cpu::default().tensor_from_vec(values, (batch, Const, Const, Const)), seed)
}

/// A forward pass and the two sweeps of the three maps.
macro_rules! three_maps {
    ($network:expr, $x:expr, $seed:expr) => {{
        let (_, trail) = $network.forward($x.clone().put_tape(Trail::from_input($x))).split_tape();
        trail.sweep("fc8", $seed.clone(), Rule::Gradient, "relu5_4").expect("memory");
        trail.sweep("fc8", $seed.clone(), Rule::Guided, "input").expect("memory")
    }};
}

/// Whether photos should go through VGG19 several at a time: a forward pass and the two sweeps of the three maps; photos
/// a second.
#[divan::bench(args = [1, 2, 4, 8], sample_count = 5, sample_size = 1)]
fn photos_at_once(bencher: Bencher, batch: usize) {
    static VGG19: LazyLock<Vgg19<f32>> = LazyLock::new(assembled);
    let (x, seed) = tensor(batch);
    bencher.counter(ItemsCount::new(batch)).bench_local(|| three_maps!(VGG19, &x, seed));
}

/// What tensors at all borders of VGG19's layers would take, in place of those at the borders of runs. dfdx lends no layer the
/// values of its tensors: it copies them.
mod borders {
    use divan::black_box;
    use saltty::{
        model::vgg::{Block2, Block4, Head},
        nn::tape::copied,
    };

    use super::{Bencher, Cpu, Module, PutTape, Rule, SplitTape, TensorFromVec, Trail, Vgg19, assembled, tensor};

    /// VGG19 without runs.
    type Layers<E> = (
        (Block2<3, 64, E>, Block2<64, 128, E>, Block4<128, 256, E>, Block4<256, 512, E>, Block4<512, 512, E>),
        Head<E>,
    );

    /// What dense layers read.
    const DENSE: [usize; 3] = [25088, 4096, 4096];

    #[divan::bench(sample_count = 21, sample_size = 1)]
    fn three_maps_with_tensors_between_runs(bencher: Bencher) {
        let (network, (x, seed)) = (assembled::<Vgg19<f32>>(), tensor(1));
        bencher.bench_local(|| three_maps!(network, &x, seed));
    }

    #[divan::bench(sample_count = 21, sample_size = 1)]
    fn three_maps_with_tensors_between_layers(bencher: Bencher) {
        let (network, (x, seed)) = (assembled::<Layers<f32>>(), tensor(1));
        bencher.bench_local(|| three_maps!(network, &x, seed));
    }

    /// The copies alone of a forward pass: the photo, and what the dense layers and their rectifiers read.
    #[divan::bench(sample_count = 101, sample_size = 1)]
    fn copies_between_runs(bencher: Bencher) {
        copy(bencher, std::iter::once(3 * 224 * 224).chain(dense()));
    }

    /// The same where every convolution, rectifier and pooling copies what it reads.
    #[divan::bench(sample_count = 21, sample_size = 1)]
    fn copies_between_layers(bencher: Bencher) {
        let blocks = [(3, 64, 224, 2), (64, 128, 112, 2), (128, 256, 56, 4), (256, 512, 28, 4), (512, 512, 14, 4)];
        let maps = blocks.into_iter().flat_map(|(inputs, outputs, side, convolutions)| {
            let own = 2 * convolutions; // its rectifiers, all convolutions but the first, and the pooling
            std::iter::once(inputs * side * side).chain(std::iter::repeat_n(outputs * side * side, own))
        });
        copy(bencher, maps.chain(dense()));
    }

    fn dense() -> impl Iterator<Item = usize> {
        DENSE.into_iter().chain(DENSE.into_iter().skip(1))
    }

    fn copy(bencher: Bencher, counts: impl Iterator<Item = usize>) {
        let counts: Vec<usize> = counts.collect();
        let device = Cpu::default();
        let tensors: Vec<_> = counts.iter().map(|&n| device.tensor_from_vec(vec![1.0_f32; n], (n,))).collect();
        let bytes = divan::counter::BytesCount::new(4 * counts.iter().sum::<usize>());
        bencher.counter(bytes).bench_local(|| {
            for tensor in &tensors {
                black_box(copied(tensor));
            }
        });
    }
}
