//! One photo and many: text, JSON, pictures, classes.

use std::{fs, path::Path, thread, time::Duration};

use saltty::{files, photo::Photo};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::common::{
    program::{changed_file, folder, objects, prints, run, saltty, words},
    repository,
};

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

/// The embedded network's weights, in a file so large that its hash is worth remembering.
fn large_weights() -> Vec<u8> {
    changed_file(|_, metadata| drop(metadata.insert("padding".to_owned(), " ".repeat(16 << 20))))
}

#[test]
fn the_hash_of_large_weights_is_remembered_until_they_change() {
    let (folder, cache) = (folder(), tempfile::tempdir().unwrap());
    let weights = folder.path().join("w.safetensors");
    let reported = || {
        let mut saltty = saltty(folder.path());
        saltty.env("XDG_CACHE_HOME", cache.path());
        let (out, _) = run(saltty.args(words("explain p.jpg --method grad-cam --json --weights w.safetensors")), 0);
        objects(&out)[0]["weights_sha256"].as_str().unwrap().to_owned()
    };
    let bytes = large_weights();
    fs::write(&weights, &bytes).unwrap();
    thread::sleep(Duration::from_millis(2_100));
    let hash = files::sha256(&bytes);
    assert_eq!(reported(), hash);
    let hashes = cache.path().join("saltty/hashes");
    let only = |folder: &Path| fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let remembered = only(&only(&hashes));
    assert_eq!(fs::read_to_string(&remembered).unwrap(), hash);
    let other = "5a".repeat(32);
    fs::write(&remembered, &other).unwrap();
    assert_eq!(reported(), other, "not read again");
    fs::write(&weights, &bytes).unwrap();
    assert_eq!(reported(), hash, "read again");
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
