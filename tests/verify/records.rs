//! Where records lie, what overwrites them, and what they refer to.

use std::fs;

use crate::{
    common::repository,
    folder::{RECORD, arrays_in, folder, photo_in, recorded, saltty, verify},
};

#[test]
fn a_record_is_overwritten_only_by_force_and_then_wholly() {
    let folder = recorded("force");
    let manifest = fs::read(folder.join(RECORD)).unwrap();
    let again = |more: &[&str]| {
        let mut record = saltty();
        record.arg("record").arg(photo_in(&folder)).arg("--out").arg(&folder);
        record.args(["--class", "285", "--method", "guided-grad-cam"]).args(more).assert()
    };
    let refused = again(&[]).code(1);
    let words = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(words.contains("--force") && words.lines().count() == 1, "{words}");
    assert_eq!(fs::read(folder.join(RECORD)).unwrap(), manifest, "a refused record changes nothing");
    let old = arrays_in(&folder);
    again(&["--force", "--colormap", "viridis"]).success();
    assert_ne!(arrays_in(&folder), old, "other colours are other arrays");
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "a manifest, its arrays and the photos: {names:?}");
    verify(&mut saltty(), &folder, &[]).1["verdict"].as_str().filter(|v| *v == "identical").unwrap();
}

#[test]
fn a_photo_that_moved_is_asked_for_and_found() {
    let (folder, elsewhere) = (recorded("moved"), folder("elsewhere"));
    fs::rename(photo_in(&folder), elsewhere.join("cat_and_dog.jpg")).unwrap();
    let output = saltty().arg("verify").arg(&folder).assert().code(2);
    let words = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(words.contains("--photos DIR"), "{words}");
    let (status, _) = verify(&mut saltty(), &folder, &["--photos", elsewhere.to_str().unwrap()]);
    assert_eq!(status, 0);
    let empty = repository("src");
    let output = saltty().arg("verify").arg(&empty).assert().code(2);
    let words = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(words.contains("saltty record PHOTO --out DIR"), "{words}");
    let output = saltty().arg("verify").arg(repository("fixtures/cat.png")).assert().code(2);
    let words = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(words.contains("is not a record"), "{words}");
}

#[test]
fn a_record_of_cam_names_the_layer_that_cam_looks_at() {
    let folder = folder("cam's layer");
    let mut record = saltty();
    record.arg("record").arg(repository("fixtures/cat_and_dog.jpg")).arg("--out").arg(&folder);
    record.args(["--class", "285", "--method", "cam", "--layer", "fire5"]).assert().success();
    let manifest = fs::read_to_string(folder.join("cat_and_dog.285.cam.toml")).unwrap();
    assert!(manifest.contains("layer = \"relu10\"") && !manifest.contains("layer = \"fire5\""), "{manifest}");
    assert_eq!(verify(&mut saltty(), &folder, &[]).0, 0);
}

#[test]
fn a_manifest_does_not_lead_out_of_its_folder() {
    let folder = recorded("outside");
    let precious = folder.parent().unwrap().join("precious.txt");
    fs::write(&precious, "mine").unwrap();
    let manifest = folder.join(RECORD);
    let text = fs::read_to_string(&manifest).unwrap();
    let arrays = arrays_in(&folder)[0].file_name().unwrap().to_string_lossy().into_owned();
    fs::write(&manifest, text.replace(&arrays, "../precious.txt")).unwrap();
    let output = saltty().arg("verify").arg(&folder).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no plain file name"));
    let mut record = saltty();
    record.arg("record").arg(photo_in(&folder)).arg("--out").arg(&folder);
    record.args(["--class", "285", "--method", "guided-grad-cam", "--force"]).assert().success();
    assert_eq!(fs::read_to_string(&precious).unwrap(), "mine");
}

#[test]
fn photos_of_one_name_are_both_kept() {
    let folder = folder("one name");
    for (from, fixture) in [("a", "fixtures/cat_and_dog.jpg"), ("b", "fixtures/cat.png")] {
        fs::create_dir_all(folder.join(from)).unwrap();
        fs::copy(repository(fixture), folder.join(from).join("photo")).unwrap();
    }
    let out = folder.join("records");
    let mut record = saltty();
    record.arg("record").args([folder.join("a/photo"), folder.join("b/photo")]).arg("--out").arg(&out);
    record.args(["--copy-photos", "--force"]).assert().success();
    saltty().arg("verify").arg(&out).assert().success();
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_are_refused_in_words() {
    use std::os::unix::ffi::OsStrExt;
    let folder = folder("no text");
    let photo = folder.join(std::ffi::OsStr::from_bytes(b"cat\xff.jpg"));
    fs::copy(repository("fixtures/cat_and_dog.jpg"), &photo).unwrap();
    let output = saltty().arg("record").arg(&photo).arg("--out").arg(folder.join("out")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not text (UTF-8)"));
    let odd = folder.join(std::ffi::OsStr::from_bytes(b"records\xff"));
    let mut record = saltty();
    record.arg("record").arg(repository("fixtures/cat.png")).arg("--out").arg(&odd).assert().success();
    let (status, json) = verify(&mut saltty(), &odd, &[]);
    assert_eq!((status, json["records"].as_array().unwrap().len()), (0, 1));
}

#[test]
fn a_folder_that_is_not_there_does_not_stop_the_others() {
    let folder = recorded("others");
    let mut command = saltty();
    let output =
        command.args(["verify", "/nonexistent"]).arg(&folder).arg("src").args(["--json", "-"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["verdict"], json["records"].as_array().unwrap().len()), (&"identical".into(), 1));
    let failures = json["failures"].as_array().unwrap();
    let paths: Vec<_> = failures.iter().map(|failure| failure["record"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/nonexistent", "src"]);
    let told = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("error: cannot read /nonexistent: "), "{told}");
}
