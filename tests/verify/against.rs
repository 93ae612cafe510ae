//! Other tools' arrays through the real binary.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    common::repository,
    folder::{folder, saltty},
};

/// Runs `verify PHOTO --against FILE` for the cat; its exit status and all it wrote.
fn against(file: &Path, more: &[&str]) -> (i32, String) {
    let mut command = saltty();
    command.arg("verify").arg(repository("golden/photo/cat_and_dog_227.png")).arg("--against").arg(file);
    command.args(["--class", "285"]).args(more);
    command.arg("--weights").arg(repository("golden/reference/squeezenet1_1.f32.safetensors"));
    let output = command.output().unwrap();
    (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn another_tools_arrays_are_compared_by_that_tools_rules() {
    let cut = repository("golden/reference/cat_and_dog.squeezenet1_1.cat.tools.safetensors");
    let (status, text) = against(&cut, &["--profile", "captum"]);
    assert!(status == 0 && text.contains("within tolerance"), "{text}");
    let (status, text) = against(&cut, &["--profile", "captum", "--tolerance", "1e-12"]);
    assert!(status == 1 && text.contains("drifted"), "{text}");
    assert!(!text.contains("environment"), "nobody knows in which one that tool computed: {text}");
    let (status, text) = against(&cut, &["--profile", "pytorch-grad-cam"]);
    assert!(status == 2 && text.contains("[1, 227, 227]"), "a cut-down array has another size: {text}");
    let (status, text) = against(&cut, &["--profile", "captum", "--array", "nothing"]);
    assert!(status == 2 && text.contains("captum_layer_gradcam"), "{text}");
    let (status, text) = against(&cut, &["--profile", "tf-keras-vis", "--method", "guided-backprop"]);
    assert!(status == 2 && text.contains("use --method grad-cam or gradient"), "{text}");
    for file in numpy_files(&cut) {
        let (status, text) = against(&file, &["--profile", "captum"]);
        assert!(status == 0 && text.contains("within tolerance"), "{}: {text}", file.display());
    }
}

/// An array that merely sounds right is not taken for the tool's.
#[test]
fn of_several_arrays_only_the_tools_own_name_is_taken() {
    let own = folder("own_arrays").join("own.safetensors");
    let mut explain = saltty();
    explain.arg("explain").arg(repository("golden/photo/cat_and_dog_227.png")).arg("--arrays").arg(&own);
    explain.arg("--weights").arg(repository("golden/reference/squeezenet1_1.f32.safetensors")).assert().success();
    for (profile, method) in
        [("captum", "guided-grad-cam"), ("pytorch-grad-cam", "guided-backprop"), ("tf-keras-vis", "grad-cam")]
    {
        let (status, text) = against(&own, &["--profile", profile, "--method", method]);
        assert!(status == 2 && text.contains("say which one is meant with --array NAME"), "{text}");
        assert!(text.contains("gradcam_alpha, gradcam_signed, guided_backprop, guided_gradcam"), "{text}");
    }
    let (status, text) = against(&own, &["--profile", "captum", "--array", "gradcam_signed"]);
    assert!(status == 0 && text.contains("`gradcam_signed` by captum's rules"), "{text}");
}

#[test]
fn a_tolerance_is_a_number_from_0() {
    let cut = repository("golden/reference/cat_and_dog.squeezenet1_1.cat.tools.safetensors");
    for odd in ["nan", "-1", "inf", "-inf", "much"] {
        let (status, text) = against(&cut, &["--profile", "captum", "--tolerance", odd]);
        assert!(status == 2 && text.contains("a distance is a number from 0, such as 1e-3"), "{text}");
    }
    let (status, text) = against(&cut, &["--profile", "captum", "--tolerance", "0"]);
    assert!(status == 1, "{text}");
}

/// Captum's map as `.npy` and in a compressed `.npz`.
fn numpy_files(cut: &Path) -> [PathBuf; 2] {
    let arrays = saltty::arrays::Arrays::open(cut).unwrap();
    let map = arrays.get("captum_layer_gradcam").unwrap().to_f64();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (14, 14), }\n";
    let mut npy = [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes()].concat();
    npy.extend(map.iter().flat_map(|&v| (v as f32).to_le_bytes()));
    let folder = folder("numpy");
    fs::write(folder.join("cam.npy"), &npy).unwrap();
    let mut archive = zip::ZipWriter::new(fs::File::create(folder.join("cams.npz")).unwrap());
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    archive.start_file("captum_layer_gradcam.npy", options).unwrap();
    std::io::Write::write_all(&mut archive, &npy).unwrap();
    archive.finish().unwrap();
    ["cam.npy", "cams.npz"].map(|name| folder.join(name))
}
