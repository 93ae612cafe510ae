//! What there is to choose from: networks, layers, classes, options.

use std::fs;

use crate::common::program::{changed_weights, folder, objects, prints, run, saltty, words};

#[test]
fn the_lists_know_names_and_sides() {
    let folder = folder();
    let models = prints(folder.path(), "models");
    for model in ["squeezenet1_1", "vgg11", "vgg13", "vgg16", "vgg19"] {
        assert!(models.lines().any(|line| line.starts_with(model)), "no {model} in:\n{models}");
    }
    assert!(models.contains("143667240") && models.contains("1235496"), "parameters:\n{models}");
    let layers = prints(folder.path(), "layers");
    assert!(layers.starts_with("squeezenet1_1") && layers.contains("fire9 "), "{layers}");
    let layers = prints(folder.path(), "layers --model vgg19");
    let line = |name: &str| layers.lines().find(|line| words(line).first() == Some(&name)).unwrap();
    for word in ["512x14x14", "after its ReLU", "features.35", "block5_conv4", "<- target layer unless --layer"] {
        assert!(line("relu5_4").contains(word), "{}", line("relu5_4"));
    }
    assert!(line("conv5_4").contains("before its ReLU") && line("conv5_4").contains("features.34"));
    assert!(line("fc8").contains("class scores") && line("pool5").contains("512x7x7"));
    let classes = prints(folder.path(), "classes");
    assert_eq!(
        (classes.lines().count(), words(classes.lines().nth(285).unwrap())[..2].to_vec()),
        (1000, vec!["285", "n02124075"])
    );
    let retrievers = prints(folder.path(), "classes RETRIEVER");
    assert!(
        retrievers.lines().count() > 3 && retrievers.lines().all(|line| line.contains("retriever")),
        "{retrievers}"
    );
    assert!(prints(folder.path(), "classes n02124075").contains("Egyptian cat"));
}

#[test]
fn the_layers_of_a_file_are_those_of_its_network_under_its_convention() {
    let folder = folder();
    let rename = |name: &str| format!("module.{name}");
    let wrapped = changed_weights(|tensors| tensors.iter_mut().for_each(|tensor| tensor.0 = rename(&tensor.0)));
    fs::write(folder.path().join("wrapped.st"), wrapped).unwrap();
    let line = |options: &str| {
        let layers = prints(folder.path(), &format!("layers --weights wrapped.st {options}"));
        layers.lines().find(|line| line.starts_with("conv1 ")).unwrap().to_owned()
    };
    assert!(line("").contains("64x113x113"), "Caffe's input, as the file's metadata says");
    assert!(line("--preprocess torchvision").contains("64x111x111"));
}

#[test]
fn labels_name_the_classes_of_other_networks() {
    let folder = folder();
    let names = (0..1000).map(|index| format!("thing {index:04}\n")).collect::<Vec<_>>().concat();
    fs::write(folder.path().join("names.txt"), names).unwrap();
    let (out, _) = run(
        saltty(folder.path()).args(words("explain p.jpg --json -m cam --labels names.txt -c")).arg("THING 0007"),
        0,
    );
    assert_eq!(objects(&out)[0]["class"]["name"], "thing 0007");
    assert!(prints(folder.path(), "classes --labels names.txt 0285").contains("thing 0285"));
}

#[test]
fn help_has_examples_and_the_shells_their_completions() {
    let folder = folder();
    for (line, wanted) in [
        ("--help", &["Examples:", "saltty explain cat.jpg", "Commands:", "--weights"][..]),
        ("explain --help", &["Examples:", "--class \"egyptian cat\"", "--arrays", "Exit status: 0 done, 1"]),
        ("--version", &["saltty 0.1.0"]),
        ("completions bash", &["_saltty()", "explain", "--recipe"]),
        ("completions zsh", &["#compdef saltty", "explain", "--recipe"]),
        ("completions fish", &["complete -c saltty", "explain", "recipe"]),
        ("man", &[".TH saltty 1", "golden retriever", "SALTTY EXPLAIN", "recipe", "Exit status: 0 done"]),
    ] {
        let out = prints(folder.path(), line);
        for word in wanted {
            assert!(out.contains(word), "saltty {line} has no `{word}`:\n{out}");
        }
    }
}
