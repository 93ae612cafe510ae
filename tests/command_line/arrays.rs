//! The arrays that `saltty explain --arrays` writes.

use std::{fs, path::Path};

use crate::common::{
    arrays::Arrays,
    program::{folder, objects, prints, run, saltty, words},
    repository,
};
use saltty::photo::Photo;

/// The share of a map that lies in its right half, counting each position as `weight` says.
fn right_share(arrays: &Arrays, weight: impl Fn(f64) -> f64) -> f64 {
    let (map, width) = (arrays.get("gradcam_signed"), arrays.shape("gradcam_signed")[1]);
    let [right, all] = map.iter().enumerate().fold([0.0; 2], |[right, all], (at, &v)| {
        [right + if at % width >= width / 2 { weight(v) } else { 0.0 }, all + weight(v)]
    });
    right / all
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
