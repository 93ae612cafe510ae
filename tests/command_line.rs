//! What people type and what they get, through the real binary, without `../shared`.

mod common;

use std::{fs, path::Path};

use common::{
    arrays::Arrays,
    program::{changed_weights, folder, objects, prints, run, saltty, words},
    repository,
};
use saltty::photo::Photo;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The share of a map that lies in its right half, counting each position as `weight` says.
fn right_share(arrays: &Arrays, weight: impl Fn(f64) -> f64) -> f64 {
    let (map, width) = (arrays.get("gradcam_signed"), arrays.shape("gradcam_signed")[1]);
    let [right, all] = map.iter().enumerate().fold([0.0; 2], |[right, all], (at, &v)| {
        [right + if at % width >= width / 2 { weight(v) } else { 0.0 }, all + weight(v)]
    });
    right / all
}

#[test]
fn the_readmes_photo_is_an_egyptian_cat() {
    let folder = folder();
    let page = prints(folder.path(), "p.jpg");
    let top = page.lines().find(|line| line.starts_with('>')).unwrap();
    assert!(top.contains("Egyptian cat") && top.contains("285"), "{top}");
    assert_eq!(page.lines().position(|line| line == top), Some(2), "the first class, right under the heading");
    for word in ["p.jpg", "squeezenet1_1, caffe input", "Grad-CAM of Egyptian cat (285) at fire9 (after its ReLU)"] {
        assert!(page.contains(word), "no `{word}` in:\n{page}");
    }
    assert!(!page.contains('\x1b'), "no colours where nobody sees them");
    assert!(page.lines().all(|line| line.len() <= 120 && line.trim_end() == line), "tidy lines");
    let again = prints(folder.path(), "p.jpg --plain");
    assert_eq!(page, again, "twice the same");
}

/// Over 60 % of the cat's positive map is on the left. The dog's has 58 % on the right, ours as PyTorch's: what is faint
/// is spread over the whole photo, and all that is at least half as strong as its maximum is on the right.
#[test]
fn grad_cam_finds_the_cat_on_the_left_and_the_dog_on_the_right() {
    let folder = folder();
    let map = |class: &[&str]| {
        let line = words("explain p.jpg -m grad-cam --arrays a.st");
        let (_, told) = run(saltty(folder.path()).args(line).args(class), 0);
        assert_eq!(told, "");
        Arrays::read(&folder.path().join("a.st"))
    };
    let maps = [("cat", map(&[])), ("dog", map(&["--class", "golden retriever"]))];
    let [(cat, strong_cat), (dog, strong_dog)] = maps.map(|(label, ours)| {
        let theirs = repository(&format!("golden/reference/cat_and_dog.squeezenet1_1.{label}.safetensors"));
        let [share, truth] = [&ours, &Arrays::read(&theirs)].map(|arrays| right_share(arrays, |v| v.max(0.0)));
        let max = ours.get("gradcam_signed").iter().copied().fold(0.0, f64::max);
        let strong = right_share(&ours, |v| if v >= max / 2.0 { v } else { 0.0 });
        println!(
            "{label}: {:.1} % on the right (PyTorch: {:.1} %), {:.1} % of what is strong",
            share * 100.0,
            truth * 100.0,
            strong * 100.0
        );
        assert!((share - truth).abs() < 0.005, "{label}: {share:.4} is not PyTorch's {truth:.4}");
        (share, strong)
    });
    assert!(cat < 0.4 && strong_cat < 0.4, "the cat's map is not on the left: {cat:.3}, {strong_cat:.3}");
    assert!(dog > 0.55 && strong_dog > 0.6, "the dog's map is not on the right: {dog:.3}, {strong_dog:.3}");
}

#[test]
fn json_has_everything_about_a_photo() {
    let folder = folder();
    let out = prints(folder.path(), "explain p.jpg --json --class 207 --png pictures");
    let report = &objects(&out)[..];
    let [report] = report else { panic!("one object for one photo: {out}") };
    let hash = Sha256::digest(fs::read(repository("fixtures/squeezenet1_1.f16.safetensors")).unwrap());
    let hash = hash.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    for (field, value) in [
        ("photo", Value::from("p.jpg")),
        ("model", "squeezenet1_1".into()),
        ("weights_sha256", hash.into()),
        ("preprocess", "caffe".into()),
        ("resize", "crop".into()),
        ("input_side", 227.into()),
        ("target_layer", "fire9".into()),
        ("target_layer_side", "after its ReLU".into()),
    ] {
        assert_eq!(report[field], value, "{field}");
    }
    let class = &report["class"];
    assert_eq!((&class["index"], &class["name"]), (&207.into(), &"golden retriever".into()));
    let number = |value: &Value| value.as_f64().unwrap();
    assert!(number(&class["logit"]).is_finite() && (0.0..1.0).contains(&number(&class["probability"])));
    let top = report["top5"].as_array().unwrap();
    assert_eq!((top.len(), &top[0]["index"], &top[0]["name"]), (5, &285.into(), &"Egyptian cat".into()));
    assert!(top.windows(2).all(|pair| number(&pair[0]["probability"]) >= number(&pair[1]["probability"])));
    assert!(top.windows(2).all(|pair| number(&pair[0]["logit"]) >= number(&pair[1]["logit"])));
    for stage in ["start", "load", "decode", "prepare", "forward", "grad-cam", "paint", "write"] {
        assert!(number(&report["seconds"][stage]) >= 0.0, "{stage}");
    }
    pictures_are_whole(folder.path(), report);
}

/// Every map has its two pictures, as large as the network's input.
fn pictures_are_whole(folder: &Path, report: &Value) {
    let explained = report["explained"].as_array().unwrap();
    let methods: Vec<&str> = explained.iter().map(|map| map["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["grad-cam", "guided-backprop", "guided-grad-cam"]);
    for map in explained {
        let files: Vec<&str> = map["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
        assert_eq!(files.len(), 2);
        for (file, kind) in files.iter().zip(["map", "overlay"]) {
            assert!(file.ends_with(&format!("p.207.{}.{kind}.png", map["method"].as_str().unwrap())), "{file}");
            let picture = Photo::open(&folder.join(file)).unwrap().raster;
            assert_eq!((picture.width, picture.height), (227, 227), "{file}");
        }
    }
    assert_eq!(fs::read_dir(folder.join("pictures")).unwrap().count(), 6, "and nothing else");
}

/// Names and shapes of all arrays in a file; all numbers must be float32 and finite.
fn shapes(file: &Path) -> Vec<(String, Vec<usize>)> {
    let bytes = fs::read(file).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert!(tensors.iter().all(|(_, view)| view.dtype() == safetensors::Dtype::F32), "float32 throughout");
    let arrays = Arrays::read(file);
    assert!(arrays.values.values().all(|(_, values)| values.iter().all(|v| v.is_finite())), "finite numbers");
    let mut shapes: Vec<_> = arrays.values.into_iter().map(|(name, (shape, _))| (name, shape)).collect();
    shapes.sort();
    shapes
}

fn named(list: &[(&str, &[usize])]) -> Vec<(String, Vec<usize>)> {
    list.iter().map(|(name, shape)| ((*name).to_owned(), shape.to_vec())).collect()
}

#[test]
fn arrays_bear_the_names_and_shapes_of_the_reference() {
    let folder = folder();
    let file = folder.path().join("a.safetensors");
    prints(folder.path(), "explain p.jpg --arrays a.safetensors");
    let pixels: &[usize] = &[3, 227, 227];
    let usual = [
        ("gradcam_alpha", &[512][..]),
        ("gradcam_signed", &[14, 14]),
        ("guided_backprop", pixels),
        ("guided_gradcam", pixels),
        ("input", pixels),
        ("scores", &[1000]),
    ];
    assert_eq!(shapes(&file), named(&usual));
    let arrays = Arrays::read(&file);
    let said = ["photo", "model", "preprocess", "resize", "target", "target_layer"].map(|key| &*arrays.metadata[key]);
    assert_eq!(said, ["p.jpg", "squeezenet1_1", "caffe", "crop", "285", "fire9 (after its ReLU)"]);
    assert!(arrays.get("gradcam_signed").iter().any(|&v| v < 0.0), "signed maps are kept");
    prints(folder.path(), "explain p.jpg --arrays a.safetensors -m gradient -m deconvnet -m cam --class 7");
    let others = [
        ("cam_signed", &[14, 14][..]),
        ("deconvnet", pixels),
        ("gradient", pixels),
        ("input", pixels),
        ("scores", &[1000]),
    ];
    assert_eq!(shapes(&file), named(&others));
    let arrays = Arrays::read(&file);
    let mean = arrays.get("cam_signed").iter().sum::<f64>() / 196.0;
    assert!((mean - arrays.get("scores")[7]).abs() < 1e-4, "CAM's mean is the logit: {mean}");
}

#[test]
fn the_articles_recipe_has_its_own_three_maps() {
    let folder = folder();
    let out = prints(folder.path(), "explain p.jpg --recipe article --arrays a.st --png . --json");
    let pixels: &[usize] = &[3, 227, 227];
    let article = [
        ("article_grad_cam", &[14, 14][..]),
        ("article_guided_backprop", pixels),
        ("article_guided_grad_cam", pixels),
        ("input", pixels),
        ("scores", &[1000]),
    ];
    assert_eq!(shapes(&folder.path().join("a.st")), named(&article));
    let explained = objects(&out)[0]["explained"].clone();
    let methods: Vec<_> = explained.as_array().unwrap().iter().map(|map| map["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["article_guided_backprop", "article_grad_cam", "article_guided_grad_cam"]);
    for name in ["guided-backprop", "grad-cam", "guided-grad-cam"] {
        for kind in ["map", "overlay"] {
            let picture = Photo::open(&folder.path().join(format!("p.article.{name}.{kind}.png"))).unwrap().raster;
            assert_eq!((picture.width, picture.height), (227, 227));
        }
    }
    let page =
        prints(folder.path(), "explain p.jpg --recipe article --layer fire5 --resize stretch --colormap viridis");
    for word in ["the article's guided backprop", "the article's grad cam", "stretch to 227x227"] {
        assert!(page.contains(word), "no `{word}` in:\n{page}");
    }
}

/// The indices of the classes explained.
fn classes(folder: &Path, arguments: &[&str]) -> Vec<u64> {
    let line = ["explain", "p.jpg", "--json", "--method", "grad-cam"];
    let (out, _) = run(saltty(folder).args(line).args(arguments), 0);
    let report = &objects(&out)[0];
    let explained = report["explained"].as_array().unwrap();
    explained.iter().map(|map| map["class"]["index"].as_u64().unwrap()).collect()
}

#[test]
fn classes_are_found_by_rank_index_id_name_and_part_of_a_name() {
    let folder = folder();
    let found = |arguments: &[&str]| classes(folder.path(), arguments);
    assert_eq!(found(&[]), [285], "the likeliest");
    assert_eq!(found(&["--class", "top3"]), [285, 253, 282]);
    let all =
        ["-c", "Golden RETRIEVER", "-c", "n02124075", "-c", "standard schn", "-c", "0", "-c", "207", "-c", "top1"];
    assert_eq!(found(&all), [207, 285, 198, 0], "each once, in the order asked for");
}

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

#[test]
fn where_some_photos_fail_the_others_are_done() {
    let folder = folder();
    fs::write(folder.path().join("bad.jpg"), "no photo").unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    let line = "explain bad.jpg p.jpg gone.jpg empty --json --method grad-cam";
    let (out, told) = run(saltty(folder.path()).args(words(line)), 1);
    let [report] = &objects(&out)[..] else { panic!("one photo can be explained: {out}") };
    assert_eq!(report["photo"], "p.jpg");
    let told: Vec<&str> = told.lines().collect();
    assert_eq!(told.len(), 3, "{told:?}");
    for (line, word) in told.iter().zip(["cannot decode bad.jpg", "cannot read gone.jpg", "empty holds no photo"]) {
        assert!(line.starts_with("error: ") && line.contains(word), "{line}");
    }
    let (out, told) = run(saltty(folder.path()).args(words("gone.jpg p.jpg bad.jpg --plain")), 1);
    assert!(out.contains("Egyptian cat") && told.lines().count() == 2, "{told}");
}

#[test]
fn folders_are_explained_photo_by_photo_and_pictures_keep_apart() {
    let folder = folder();
    for name in ["10.jpg", "2.jpg", "other/2.jpg"] {
        fs::create_dir_all(folder.path().join("album/other")).unwrap();
        fs::copy(folder.path().join("p.jpg"), folder.path().join("album").join(name)).unwrap();
    }
    let out = prints(folder.path(), "explain album album/other --json --method grad-cam --png out");
    let photos: Vec<String> = objects(&out).iter().map(|o| o["photo"].as_str().unwrap().replace('\\', "/")).collect();
    assert_eq!(photos, ["album/2.jpg", "album/10.jpg", "album/other/2.jpg"]);
    let mut files: Vec<_> = fs::read_dir(folder.path().join("out")).unwrap().map(|f| f.unwrap().file_name()).collect();
    files.sort();
    let maps: Vec<_> =
        files.iter().filter_map(|name| name.to_str().unwrap().strip_suffix(".285.grad-cam.map.png")).collect();
    assert_eq!((files.len(), maps), (6, vec!["10", "2-2", "2"]));
}
