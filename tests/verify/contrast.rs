//! Records of contrasts: the map of one class less that of another.

use std::{fs, path::Path};

use saltty::arrays::Arrays;

use crate::{
    common::repository,
    folder::{arrays_in, first, folder, saltty, told, verify},
};

const CONTRAST: &str = "cat_and_dog.285-minus-207.grad-cam.toml";

fn record(out: &Path, arguments: &[&str]) -> (i32, String) {
    let mut record = saltty();
    record.arg("record").arg(repository("fixtures/cat_and_dog.jpg")).arg("--out").arg(out);
    let output = record.args(["--device", "cpu"]).args(arguments).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_contrast_is_recorded_and_verified() {
    let out = folder("contrast");
    assert_eq!(record(&out, &["--class", "egyptian cat", "--minus", "golden retriever"]).0, 0);
    let manifest = fs::read_to_string(out.join(CONTRAST)).unwrap();
    for line in ["class = 285", "against = 207", "against_name = \"golden retriever\"", "colormap = \"diverging\""] {
        assert!(manifest.lines().any(|it| it == line), "{line} in {manifest}");
    }
    let (status, json) = verify(&mut saltty(), &out, &[]);
    assert_eq!((status, &json["verdict"]), (0, &"identical".into()));
    let what = "grad-cam of Egyptian cat (285) minus golden retriever (207) in cat_and_dog.jpg";
    assert!(told(&mut saltty(), &out, &[]).1.contains(what), "{what}");
    let (status, json) = verify(saltty().env("SALTTY_FAULT", "Alpha"), &out, &[]);
    assert_eq!((status, first(&json)), (1, ("channel-weights", "")));
}

#[test]
fn its_maps_and_gradients_are_the_differences_of_those_of_its_classes() {
    let [of_both, alone] = ["contrast of both", "each class alone"].map(folder);
    assert_eq!(record(&of_both, &["--class", "285", "--minus", "207"]).0, 0);
    assert_eq!(record(&alone, &["--class", "285", "--class", "207"]).0, 0);
    let contrast = Arrays::open(&arrays_in(&of_both)[0]).unwrap();
    let mut files = arrays_in(&alone);
    files.sort();
    let [dog, cat] = [0, 1].map(|at| Arrays::open(&files[at]).unwrap());
    for name in ["gradients.gradient.projections", "channel-weights", "raw-map"] {
        let [both, cat, dog] = [&contrast, &cat, &dog].map(|arrays| arrays.get(name).unwrap().to_f64());
        let largest = both.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
        assert!(largest > 0.0 && cat != dog, "{name}");
        for ((both, cat), dog) in both.iter().zip(&cat).zip(&dog) {
            assert!((both - (cat - dog)).abs() <= 1e-5 * largest, "{name}: {both} is not {cat} - {dog}");
        }
    }
}

#[test]
fn cam_has_contrasts_too() {
    let out = folder("contrast of cam");
    assert_eq!(record(&out, &["--class", "285", "--minus", "207", "--method", "cam"]).0, 0);
    assert!(out.join("cat_and_dog.285-minus-207.cam.toml").is_file());
    let (status, json) = verify(&mut saltty(), &out, &[]);
    assert_eq!((status, &json["verdict"]), (0, &"identical".into()));
    let (status, json) = verify(saltty().env("SALTTY_FAULT", "Upsampling"), &out, &[]);
    assert_eq!((status, first(&json)), (1, ("resized-map", "")));
}

#[test]
fn of_the_likeliest_classes_the_one_taken_away_is_left_out() {
    let out = folder("contrasts of the likeliest");
    let (status, words) = record(&out, &["--class", "top2", "--minus", "285"]);
    assert!(status == 0 && words.contains("it is left out"), "{words}");
    let names = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: Vec<String> = names.filter(|name| name.contains(".toml")).collect();
    assert!(names.len() == 1 && names[0].ends_with("-minus-285.grad-cam.toml"), "{names:?}");
    assert!(!names[0].starts_with("cat_and_dog.285-"), "{names:?}");
}

#[test]
fn what_has_no_contrast_is_refused() {
    let out = folder("no contrast");
    let (status, words) = record(&out, &["--class", "285", "--minus", "207", "--method", "guided-grad-cam"]);
    assert!(status == 1 && words.contains("no contrast of two classes; use grad-cam or cam"), "{words}");
    let (status, words) = record(&out, &["--class", "285", "--minus", "285"]);
    assert!(status == 1 && words.contains("a class has no contrast with itself"), "{words}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0, "nothing is written");
}
