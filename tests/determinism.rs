//! The same bits for any number of threads, and from run to run: the whole SqueezeNet, every method.
//!
//! Catches sums whose order depends on which thread is free. On one CPU only: other CPUs have other vector units, whose
//! sums agree within the tolerances of `tests/reference.rs`.

mod common;

use std::sync::Arc;

use common::{made_up::MadeUp, repository};
use saltty::{
    explain::{Method, Session},
    model::{Classifier, Model, Pass, Precision, Score, ranking},
    nn::Rule,
    photo::{Photo, Preprocess, Resize, fit},
    planes::Planes,
    weights::Weights,
};

fn squeezenet() -> Arc<dyn Classifier> {
    let mut weights = Weights::open(&repository("golden/reference/squeezenet1_1.f32.safetensors")).unwrap();
    Model::SqueezeNet11.load(&mut weights, Precision::Single).unwrap()
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// Photos computed together give the numbers of each alone: SqueezeNet, and VGG11, whose dense layers read their weights
/// once for all.
#[test]
fn photos_together_are_each_as_if_alone() {
    let vgg11 = Weights::from_source("made-up VGG11".as_ref(), Box::new(MadeUp::of(Model::Vgg11)));
    let vgg11 = Model::Vgg11.load(&mut { vgg11 }, Precision::Single).unwrap();
    for network in [squeezenet(), vgg11] {
        let layer = network.model().default_target();
        let inputs = ["cat.png", "cat_and_dog.jpg", "cat.png"].map(|photo| {
            let photo = Photo::open(&repository("fixtures").join(photo)).unwrap();
            Preprocess::Caffe.planes(&fit(&photo.raster, network.input_side(), Resize::Crop))
        });
        let together = network.forward_all(&inputs).unwrap();
        assert_eq!(together.len(), 3);
        let numbers = |pass: &dyn Pass, class: usize| {
            let gradient = |rule, at| pass.gradient(&Score::Logit(class), rule, at).unwrap().values;
            let mut on_the_way = Vec::new();
            let mut visit = |_: &str, gradient: Planes| on_the_way.extend(gradient.values);
            pass.gradients(&Score::Logit(class), Rule::Deconvnet, layer, &mut visit).unwrap();
            [
                pass.logits().to_vec(),
                pass.activation(layer).unwrap().values,
                gradient(Rule::Gradient, layer),
                pass.plane_sums(&Score::Logit(class), Rule::Gradient, layer).unwrap(),
                gradient(Rule::Guided, "input"),
                on_the_way,
            ]
        };
        for (pass, input) in together.iter().zip(&inputs) {
            let alone = network.forward(input).unwrap();
            assert_eq!(bits(&network.logits(input).unwrap()), bits(alone.logits()), "without a tape");
            // The likeliest class of each, and one that is the same for all.
            for class in [ranking(alone.logits())[0], 285] {
                let (ours, theirs) = (numbers(&**pass, class), numbers(&*alone, class));
                assert!(ours == theirs && theirs.iter().all(|values| values.iter().any(|&v| v != 0.0)));
            }
        }
        let [a, b] = [0, 1].map(|photo| together[photo].logits());
        assert_ne!(a, b, "two photos");
    }
}

/// Everything from the photo on: its pixels as the network reads them, every layer, every method.
fn everything(network: &Arc<dyn Classifier>, photo: &Photo) -> Vec<(String, Vec<u64>)> {
    let input: Planes = Preprocess::Caffe.planes(&fit(&photo.raster, 227, Resize::Crop));
    let session = Session::new(network.clone(), &input).unwrap();
    let mut found =
        vec![("input".to_owned(), bits(&input.values)), ("logits".to_owned(), bits(session.pass().logits()))];
    for layer in network.layers() {
        found.push((layer.name.to_string(), bits(&session.pass().activation(&layer.name).unwrap().values)));
    }
    let target = session.target(None).unwrap();
    for method in Method::ALL {
        found.push((method.to_string(), bits(&session.explain(method, 285, &target).unwrap().map.values)));
    }
    found
}

#[test]
fn the_same_bits_for_any_number_of_threads_and_from_run_to_run() {
    let photo = Photo::open(&repository("fixtures/cat_and_dog.jpg")).unwrap();
    let network = squeezenet();
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| everything(&network, &photo))
    };
    let one = with(1);
    assert!(one.iter().all(|(_, bits)| bits.iter().any(|b| *b != 0)), "every array holds something");
    for threads in [2, 7, 7] {
        let again = with(threads);
        let sizes = |found: &[(String, Vec<u64>)]| -> Vec<_> {
            found.iter().map(|(name, bits)| (name.clone(), bits.len())).collect()
        };
        assert_eq!(sizes(&again), sizes(&one), "the same arrays of the same sizes");
        for ((name, wanted), (_, found)) in one.iter().zip(&again) {
            let differ = wanted.iter().zip(found).filter(|(a, b)| a != b).count();
            assert_eq!(differ, 0, "{name} with {threads} threads: {differ} of {} numbers differ", wanted.len());
        }
    }
}
