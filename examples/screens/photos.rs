//! Photos and weights for the pictures, all made of what is in this repository.

use std::{collections::BTreeMap, fs, path::Path};

use image::DynamicImage;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

/// SqueezeNet's weights with its upper layers made up.
pub const RANDOM: &str = "random-top.safetensors";
/// Layers whose weights are made up.
const UPPER: [&str; 3] = ["fire8.", "fire9.", "conv10."];

/// Fills `folder` with photos to browse, the two fixtures, and the weights called [`RANDOM`].
pub fn lay_out(folder: &Path) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let open = |name: &str| image::open(here.join("fixtures").join(name)).expect("a fixture");
    let (cat, both) = (open("cat.png"), open("cat_and_dog.jpg"));
    fs::copy(here.join("fixtures/cat_and_dog.jpg"), folder.join("cat_and_dog.jpg")).expect("a photo");
    let (w, h) = (both.width(), both.height());
    let dog = both.crop_imm(w / 2, 0, w / 2, h);
    let near = |photo: &DynamicImage, x: u32, y: u32, of: u32| {
        let (w, h) = (photo.width(), photo.height());
        photo.crop_imm(w * x / of, h * y / of, w * (of - 2) / of, h * (of - 2) / of)
    };
    for (name, photo) in [
        ("Egyptian cat/chelsea.png", cat.clone()),
        ("Egyptian cat/chelsea, nearer.png", near(&cat, 1, 0, 6)),
        ("Egyptian cat/chelsea, the other way.png", cat.fliph()),
        ("Egyptian cat/dog by mistake.png", dog.fliph()),
        ("golden retriever/dog.png", dog.clone()),
        ("golden retriever/dog, nearer.png", near(&dog, 1, 0, 5)),
        ("golden retriever/dog, upside down.png", dog.flipv()),
        ("golden retriever/dog, darker.png", dog.brighten(-70)),
        ("both.png", both.clone()),
        ("both, the other way.png", both.fliph()),
        ("cat, blurred.png", cat.blur(6.0)),
    ] {
        let file = folder.join("photos").join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        photo.save(file).expect("a photo");
    }
    random_top(here, &folder.join(RANDOM));
}

/// Trained weights below, small pseudo-random numbers above: what Adebayo et al. (2018) compare explanations with.
fn random_top(here: &Path, to: &Path) {
    let bytes = fs::read(here.join("golden/reference/squeezenet1_1.f32.safetensors")).expect("float32 weights");
    let trained = SafeTensors::deserialize(&bytes).expect("safetensors");
    let (_, header) = SafeTensors::read_metadata(&bytes).expect("safetensors");
    // With some seeds the last ReLU of the class looked at is closed and there is nothing to see; with this one it is open.
    let mut state = 1_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1 << 24) as f32 - 0.5) * 0.1
    };
    // In the order of their names, as the numbers drawn depend on it.
    let tensors: BTreeMap<String, TensorView> = trained.tensors().into_iter().collect();
    let made: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = tensors
        .into_iter()
        .map(|(name, tensor)| {
            let made_up = UPPER.iter().any(|layer| name.starts_with(layer)) && name.ends_with("weight");
            let data = if made_up {
                (0..tensor.data().len() / 4).flat_map(|_| random().to_le_bytes()).collect()
            } else {
                tensor.data().to_vec()
            };
            (name, tensor.dtype(), tensor.shape().to_vec(), data)
        })
        .collect();
    let view = |dtype: Dtype, shape: &[usize], data| TensorView::new(dtype, shape.to_vec(), data).expect("a tensor");
    let views = made.iter().map(|(name, dtype, shape, data)| (name, view(*dtype, shape, data)));
    safetensors::serialize_to_file(views, header.metadata().clone(), to).expect("weights are written");
}
