//! Everything that people get wrong, through the real binary: one sentence each, with what to do, and no panic.

use std::{fs, path::Path};

use crate::common::{
    broken::folder,
    program::{saltty, words},
};

/// What is wrong, how saltty is called, how it must end, and words that the message must have.
type Case = (&'static str, &'static str, i32, &'static [&'static str]);

const DECODE: &str = "convert or re-download the photo";
const FAILED: i32 = 1;
const USAGE: i32 = 2;

const PHOTOS: &[Case] = &[
    ("a missing photo", "explain gone.jpg", FAILED, &["cannot read gone.jpg", "check the path"]),
    ("a missing photo to look at", "gone.jpg", FAILED, &["cannot read gone.jpg", "check the path"]),
    ("a missing photo to compare", "compare gone.jpg --class 1 --class 2", FAILED, &["error: cannot read gone.jpg"]),
    ("a mistyped command", "exploin", FAILED, &["cannot read exploin", "check the path"]),
    ("a folder without photos", "explain no_photos", FAILED, &["no_photos holds no photo", "looks for jpg"]),
    ("an empty folder to look at", "nothing", FAILED, &["nothing holds no photo", "looks for jpg"]),
    ("an empty file", "explain empty.jpg", FAILED, &["empty.jpg", "the file is empty", DECODE]),
    ("a text called a photo", "explain text.jpg", FAILED, &["text.jpg", "does not begin like a photo", DECODE]),
    ("weights as a photo", "explain whole.safetensors", FAILED, &["whole.safetensors", "does not begin like", DECODE]),
    ("a JPEG cut in its header", "explain header.jpg", FAILED, &["header.jpg", "cut short", DECODE]),
    ("a JPEG cut in half", "explain half.jpg", FAILED, &["half.jpg", "cut short", DECODE]),
    ("a JPEG without its last two bytes", "explain almost.jpg", FAILED, &["almost.jpg", "cut short", DECODE]),
    ("a JPEG cut after its thumbnail", "explain thumbnail.jpg", FAILED, &["thumbnail.jpg", "cut short", DECODE]),
    ("a PNG cut in its header", "explain header.png", FAILED, &["header.png", "cut short", DECODE]),
    ("a PNG cut in half", "explain half.png", FAILED, &["half.png", "cut short", DECODE]),
    ("a WebP cut in half", "explain half.webp", FAILED, &["cannot decode half.webp", DECODE]),
    ("a GIF cut in half", "explain half.gif", FAILED, &["cannot decode half.gif", DECODE]),
    ("a BMP cut in half", "explain half.bmp", FAILED, &["half.bmp", "cut short", DECODE]),
    ("a PNG of width 0", "explain none.png", FAILED, &["cannot decode none.png", DECODE]),
    ("a GIF of width 0", "explain none.gif", FAILED, &["none.gif is 0x48 pixels", "scale it first"]),
    ("a BMP of width 0", "explain none.bmp", FAILED, &["cannot decode none.bmp", DECODE]),
    ("30,000 columns", "explain wide.png", FAILED, &["wide.png is 30000x3000 pixels", "scale it first"]),
    ("256 million pixels in a small file", "explain bomb.png", FAILED, &["bomb.png is 16000x16000", "scale it first"]),
];

const WEIGHTS: &[Case] = &[
    ("missing weights", "explain p.jpg --weights gone.st", FAILED, &["cannot read gone.st", "check the path"]),
    (
        "a folder as weights",
        "explain p.jpg --weights nothing",
        FAILED,
        &["nothing", "it is a folder", "check the path"],
    ),
    ("a photo as weights", "explain p.jpg --weights p.jpg", FAILED, &["p.jpg is not a usable safetensors", "convert"]),
    ("empty weights", "explain p.jpg --weights empty.jpg", FAILED, &["empty.jpg", "only 0 bytes", "download it again"]),
    ("weights cut in their header", "explain p.jpg --weights header.st", FAILED, &["header.st", "download them again"]),
    ("weights cut in half", "explain p.jpg --weights half.st", FAILED, &["half.st", "cut short", "download it again"]),
    (
        "weights with a tail",
        "explain p.jpg --weights tail.st",
        FAILED,
        &["tail.st", "has 3 bytes after", "download it"],
    ),
    ("a damaged header", "explain p.jpg --weights header_text.st", FAILED, &["header_text.st", "header is damaged"]),
    (
        "weights without tensors",
        "explain p.jpg --weights none.st",
        FAILED,
        &["none.st holds no network", "--model NAME"],
    ),
    ("a PyTorch zip", "explain p.jpg --weights zip.pth", FAILED, &["zip.pth", "PyTorch checkpoint", "convert it with"]),
    (
        "a PyTorch pickle",
        "explain p.jpg --weights old.pth",
        FAILED,
        &["old.pth", "PyTorch checkpoint", "convert it with"],
    ),
    ("an HDF5 file", "explain p.jpg --weights keras.h5", FAILED, &["keras.h5", "HDF5", "safetensors.numpy.save_file"]),
    (
        "a missing tensor",
        "explain p.jpg --weights missing.st",
        FAILED,
        &["missing.st", "conv10.bias is missing", "use a whole"],
    ),
    (
        "a misshapen tensor",
        "explain p.jpg --weights shape.st",
        FAILED,
        &["shape.st", "conv1.weight is 64x27, but conv1 needs 64x3x3x3"],
    ),
    (
        "an extra tensor",
        "explain p.jpg --weights extra.st",
        FAILED,
        &["extra.st", "fire10.weight (2x2) does not belong"],
    ),
    ("a NaN", "explain p.jpg --weights nan.st", FAILED, &["nan.st", "fire9.expand1x1.bias has 2 NaN or infinite"]),
    (
        "an infinity",
        "explain p.jpg --weights inf.st",
        FAILED,
        &["inf.st", "fire9.expand1x1.bias has 1 NaN or infinite"],
    ),
    ("integers", "explain p.jpg --weights i64.st", FAILED, &["i64.st", "conv1.bias holds I64", "not float32"]),
    ("doubles", "explain p.jpg --weights f64.st", FAILED, &["f64.st", "conv1.bias holds F64", "not float32"]),
    ("no classes", "explain p.jpg --weights no_class.st", FAILED, &["no_class.st", "has no classes", "use a whole"]),
    (
        "numbers that overflow",
        "explain p.jpg --weights loud.st",
        FAILED,
        &["p.jpg: ", "stop being finite at", "--preprocess"],
    ),
    (
        "another network's weights",
        "explain p.jpg --model vgg16 --weights whole.safetensors",
        FAILED,
        &["does not fit vgg16", "conv1_1.weight is missing", "try --model squeezenet1_1"],
    ),
    (
        "a network that is not embedded",
        "explain p.jpg --model vgg19",
        FAILED,
        &["vgg19 is not embedded", "--weights FILE"],
    ),
    ("layers of bad weights", "layers --weights half.st", FAILED, &["half.st", "cut short", "download it again"]),
    ("classes of bad weights", "classes --weights half.st", FAILED, &["half.st", "cut short", "download it again"]),
    (
        "too few names",
        "explain p.jpg --labels two.txt",
        FAILED,
        &["two.txt has 2 lines", "1000 classes", "one name a line"],
    ),
    ("names that are not text", "explain p.jpg --labels half.jpg", FAILED, &["cannot read half.jpg", "UTF-8"]),
];

const WISHES: &[Case] = &[
    (
        "an unknown class",
        "explain p.jpg --class egyptien_cat",
        FAILED,
        &["`egyptien_cat`", "did you mean Egyptian cat"],
    ),
    (
        "nothing like a class",
        "explain p.jpg --class qqqqqqqqqqqqqqqq",
        FAILED,
        &["no name resembles it", "saltty classes"],
    ),
    ("an ambiguous class", "explain p.jpg --class terrier", FAILED, &["`terrier`", "it fits 19", "toy terrier (158)"]),
    ("a class beyond the last", "explain p.jpg --class 1000", FAILED, &["`1000`", "the indices are 0 to 999"]),
    ("no class", "explain p.jpg --class=", FAILED, &["give an index, a name or a WordNet id"]),
    ("the top none", "explain p.jpg --class top0", FAILED, &["`top0`", "top1 is the fewest"]),
    (
        "more classes than there are",
        "explain p.jpg --class top5000",
        FAILED,
        &["`top5000`", "there are only 1000 classes"],
    ),
    ("a page too narrow", "p.jpg --width 5", USAGE, &["--width"]),
    (
        "an unknown device",
        "explain p.jpg --device gpu",
        USAGE,
        &["no device is called `gpu`", "use auto, cpu, cuda or cuda:1"],
    ),
    (
        "a GPU where there is none",
        "explain p.jpg --device cuda:9",
        FAILED,
        &["cuda:9 cannot be used", "--device cpu computes without it"],
    ),
    ("a GPU to look with", "p.jpg --device cuda:9", FAILED, &["cuda:9 cannot be used", "--device cpu"]),
    (
        "a GPU where there is none, with its own kernels",
        "explain p.jpg --device cuda:9 --kernels direct",
        FAILED,
        &["cuda:9 cannot be used", "--device cpu computes without it"],
    ),
    ("no photos at a time", "explain p.jpg --batch 0", USAGE, &["--batch"]),
    ("an unknown class to look at", "p.jpg --class egyptien_cat", FAILED, &["did you mean Egyptian cat"]),
    ("no such class to list", "classes egyptien", FAILED, &["no class contains `egyptien`", "`saltty classes` lists"]),
    (
        "an unknown layer",
        "explain p.jpg --layer fire10",
        FAILED,
        &["no layer `fire10`", "did you mean", "saltty layers"],
    ),
    (
        "another network's layer",
        "explain p.jpg --layer relu5_4",
        FAILED,
        &["no layer `relu5_4`", "saltty layers --model"],
    ),
    ("an unknown layer to look at", "p.jpg --layer fire10", FAILED, &["no layer `fire10`", "did you mean"]),
    (
        "a layer without positions",
        "explain p.jpg --layer pool10",
        FAILED,
        &["pool10 has no rows and columns", "such as fire9"],
    ),
    (
        "CAM of a network that has none",
        "explain p.jpg --model vgg19 --method cam",
        FAILED,
        &["CAM is not defined for vgg19", "use grad-cam"],
    ),
    (
        "arrays into no folder",
        "explain p.jpg --method grad-cam --arrays gone/a.st",
        FAILED,
        &["cannot write gone/a.st", "check that the folder exists"],
    ),
    (
        "arrays onto a folder",
        "explain p.jpg --method grad-cam --arrays nothing",
        FAILED,
        &["cannot write nothing", "it is a folder"],
    ),
    (
        "pictures onto a file",
        "explain p.jpg --png text.jpg",
        FAILED,
        &["text.jpg is a file", "--png needs a folder", "name another"],
    ),
    (
        "arrays of two photos",
        "explain p.jpg p.jpg --arrays a.st",
        USAGE,
        &["--arrays takes one photo and one class", "Usage: saltty explain"],
    ),
    ("arrays of two classes", "explain p.jpg --class 1 --class 2 --arrays a.st", USAGE, &["one photo and one class"]),
    ("arrays of three classes", "explain p.jpg --class top3 --arrays a.st", USAGE, &["one photo and one class"]),
    ("a recipe with a class", "explain p.jpg --class 1 --recipe article", USAGE, &["cannot be used with"]),
    ("a recipe with a method", "explain p.jpg --method cam --recipe article", USAGE, &["cannot be used with"]),
    ("an unknown recipe", "explain p.jpg --recipe cake", USAGE, &["'cake'", "article"]),
    ("an unknown method", "explain p.jpg --method guess", USAGE, &["'guess'", "guided-backprop"]),
    ("an unknown network", "layers --model vgg20", USAGE, &["no network is called `vgg20`", "vgg19"]),
    ("an unknown option", "explain p.jpg --fast", USAGE, &["'--fast'", "--help"]),
    ("an unknown shell", "completions tcsh", USAGE, &["'tcsh'", "zsh"]),
    ("nothing at all", "", USAGE, &["PHOTO|FOLDER", "--help"]),
    ("explain nothing", "explain", USAGE, &["PHOTO|FOLDER", "--help"]),
];

/// What is wrong with how saltty took `case`, if anything.
fn complaint(folder: &Path, &(what, line, status, wanted): &Case) -> Option<String> {
    let output = saltty(folder).args(words(line)).output().unwrap();
    let (told, out) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    let sentence = told.strip_suffix('\n').unwrap_or("");
    let mut wrong = Vec::new();
    if output.status.code() != Some(status) {
        wrong.push(format!("ended with {:?}, not {status}", output.status.code()));
    }
    if !out.is_empty() {
        wrong.push(format!("printed {} bytes", out.len()));
    }
    if !told.starts_with("error: ") || (status == FAILED && (sentence.is_empty() || sentence.contains('\n'))) {
        wrong.push("is not one line that begins with `error: `".to_owned());
    }
    if told.contains("panicked") || told.contains("stack backtrace") {
        wrong.push("panicked".to_owned());
    }
    wrong.extend(wanted.iter().filter(|word| !told.contains(**word)).map(|word| format!("does not say `{word}`")));
    println!("{what}: saltty {line}\n    {}", told.trim_end());
    (!wrong.is_empty()).then(|| format!("{what} (saltty {line}): {}\n    {told}", wrong.join("; ")))
}

fn check(cases: &[Case]) {
    let folder = folder();
    let complaints: Vec<String> = cases.iter().filter_map(|case| complaint(folder.path(), case)).collect();
    println!("{} cases", cases.len());
    assert!(complaints.is_empty(), "{} of {} cases:\n{}", complaints.len(), cases.len(), complaints.join("\n"));
}

#[test]
fn broken_photos_are_told_in_one_sentence() {
    check(PHOTOS);
}

#[test]
fn broken_weights_are_told_in_one_sentence() {
    check(WEIGHTS);
}

#[test]
fn wishes_that_cannot_be_met_are_told_in_one_sentence() {
    check(WISHES);
}

/// Whoever may read everything, such as root, sees the photo explained instead.
#[cfg(unix)]
#[test]
fn a_photo_that_may_not_be_read_is_told_in_one_sentence() {
    use std::os::unix::fs::PermissionsExt;

    let folder = folder();
    let photo = folder.path().join("p.jpg");
    fs::set_permissions(&photo, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&photo).is_ok() {
        println!("skipped: whoever runs this test may read everything");
        return;
    }
    let case = ("a photo that may not be read", "explain p.jpg", FAILED, &["cannot read p.jpg", "permissions"][..]);
    assert_eq!(complaint(folder.path(), &case), None);
}

/// Opening works and reading does not, for root too.
#[cfg(target_os = "linux")]
#[test]
fn a_photo_whose_reading_fails_is_told_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let line = "explain /proc/self/mem";
    let case = ("a file that gives an error", line, FAILED, &["cannot read /proc/self/mem", "check the path"][..]);
    assert_eq!(complaint(folder.path(), &case), None);
}

#[test]
fn vgg19_without_its_classifier_is_told_what_is_missing() {
    let Some(features) = crate::common::shared("weights/vgg19_features.safetensors") else { return };
    let folder = folder();
    let output = saltty(folder.path()).args(["explain", "p.jpg", "--weights"]).arg(features).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    for word in ["does not fit vgg19", "classifier.0.weight is missing", "classifier.6.bias is missing"] {
        assert!(told.contains(word), "no `{word}` in: {told}");
    }
    assert_eq!((output.status.code(), told.lines().count()), (Some(FAILED), 1));
}
