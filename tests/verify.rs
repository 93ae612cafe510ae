//! `saltty record` and `saltty verify` through the real binary: planted faults, flipped bits, threads, tolerances, files.

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use assert_cmd::Command;
use common::repository;
use saltty::record::Manifest;
use serde_json::Value;

/// The record of the explanation that passes every stage.
const RECORD: &str = "cat_and_dog.285.guided-grad-cam.toml";

fn saltty() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_saltty"));
    command.env_remove("CI").env_remove("SALTTY_FAULT").env_remove("RAYON_NUM_THREADS");
    command
}

/// An empty folder of the test called `name`.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verify").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A copy, for the test called `name`, of a folder with one record and its photo, made once a process by one thread.
fn recorded(name: &str) -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let out = folder(&format!("made-{}", std::process::id()));
        let mut record = saltty();
        record.arg("record").arg(repository("fixtures/cat_and_dog.jpg")).arg("--out").arg(&out);
        record.args(["--copy-photos", "--class", "285", "--method", "guided-grad-cam"]);
        record.env("RAYON_NUM_THREADS", "1").assert().success();
        out
    });
    let copy = folder(name);
    copy_folder(made, &copy);
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, target) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// Runs `verify` with these arguments and returns its exit status and JSON.
fn verify(command: &mut Command, folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let output = command.arg("verify").arg(folder).args(["--json", "-"]).args(arguments).output().unwrap();
    let status = output.status.code().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let json = serde_json::from_str(&text);
    (status, json.unwrap_or_else(|e| panic!("{e}: {text} {}", String::from_utf8_lossy(&output.stderr))))
}

/// The stage and the part that diverge first.
fn first(json: &Value) -> (&str, &str) {
    let first = &json["records"][0]["first_divergence"];
    (first["stage"].as_str().unwrap_or("none"), first["part"].as_str().unwrap_or(""))
}

/// The note of the first stage that diverges.
fn note(json: &Value) -> &str {
    let stages = json["records"][0]["stages"].as_array().unwrap();
    let off = |stage: &&Value| ["drifted", "broken"].contains(&stage["verdict"].as_str().unwrap());
    stages.iter().find(off).and_then(|stage| stage["note"].as_str()).unwrap_or("")
}

fn flip(file: &Path, byte: usize, bit: u8) {
    let mut bytes = fs::read(file).unwrap();
    bytes[byte] ^= 1 << bit;
    fs::write(file, bytes).unwrap();
}

/// The copy of the photo in a folder with one record.
fn photo_in(folder: &Path) -> PathBuf {
    let named = fs::read_dir(folder.join("photos")).unwrap().next().expect("a folder named by a hash");
    named.unwrap().path().join("cat_and_dog.jpg")
}

fn arrays_in(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|e| e == "safetensors")).collect()
}

#[test]
fn nine_of_nine_planted_faults_are_found_where_they_are() {
    let folder = recorded("faults");
    let faults = [
        ("Resize", ("square", "")),
        ("Mean", ("input", "")),
        ("ChannelOrder", ("input", "")),
        ("Padding", ("activations", "fire5/expand3x3")),
        ("PoolTies", ("gradients", "fire5 (guided)")),
        ("GuidedGate", ("gradients", "fire9/expand3x3 (guided)")),
        ("Alpha", ("channel-weights", "")),
        ("Upsampling", ("resized-map", "")),
        ("Normalisation", ("normalised-map", "")),
    ];
    let mut found = 0;
    for (fault, stage) in faults {
        let (status, json) = verify(saltty().env("SALTTY_FAULT", fault), &folder, &[]);
        println!("{fault:14} {:?} {}", first(&json), note(&json));
        found += usize::from((status, first(&json)) == (1, stage));
        if fault == "ChannelOrder" {
            assert!(note(&json).contains("another order"), "{}", note(&json));
        }
    }
    assert_eq!(found, faults.len(), "faults named at their stages");
}

#[test]
fn a_record_made_by_one_thread_holds_bit_for_bit_with_two() {
    let (status, json) = verify(saltty().env("RAYON_NUM_THREADS", "2"), &recorded("threads"), &[]);
    assert_eq!((status, &json["verdict"]), (0, &Value::from("identical")));
    let changes = json["records"][0]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!([&changes[0]["what"], &changes[0]["recorded"], &changes[0]["now"]], ["threads", "1", "2"]);
}

#[test]
fn a_flipped_bit_in_the_photo_is_the_photos() {
    let folder = recorded("photo_bit");
    let photo = photo_in(&folder);
    flip(&photo, 40_000, 3);
    let (status, json) = verify(&mut saltty(), &folder, &[]);
    assert_eq!((status, first(&json)), (1, ("photo", "")));
    fs::write(&photo, &fs::read(&photo).unwrap()[..30_000]).unwrap();
    let (status, json) = verify(&mut saltty(), &folder, &[]);
    assert_eq!((status, first(&json)), (1, ("photo", "")));
    assert!(note(&json).contains("cut short"), "{}", note(&json));
}

#[test]
fn a_photo_with_other_bytes_but_the_same_pixels_has_only_drifted() {
    let folder = recorded("photo_tail");
    let photo = photo_in(&folder);
    fs::write(&photo, [fs::read(&photo).unwrap(), b"tail".to_vec()].concat()).unwrap();
    let (status, json) = verify(&mut saltty(), &folder, &[]);
    assert_eq!((status, first(&json), &json["verdict"]), (1, ("photo", ""), &Value::from("drifted")));
}

#[test]
fn a_flipped_bit_in_the_weights_is_that_tensors() {
    let folder = folder("weights_bit");
    let weights = folder.join("weights.safetensors");
    fs::copy(repository("fixtures/squeezenet1_1.f16.safetensors"), &weights).unwrap();
    let mut record = saltty();
    record.arg("record").arg(repository("fixtures/cat_and_dog.jpg")).arg("--out").arg(folder.join("records"));
    record.arg("--weights").arg(&weights).assert().success();
    let (status, json) = verify(&mut saltty(), &folder.join("records"), &[]);
    assert_eq!((status, &json["verdict"]), (0, &Value::from("identical")));
    let middle = fs::metadata(&weights).unwrap().len() as usize / 2;
    flip(&weights, middle, 0);
    let (status, json) = verify(&mut saltty(), &folder.join("records"), &[]);
    assert_eq!((status, first(&json)), (1, ("weights", "")));
    assert!(note(&json).starts_with("1 of 52 tensors changed, first "), "{}", note(&json));
    flip(&weights, 2, 7);
    let (status, json) = verify(&mut saltty(), &folder.join("records"), &[]);
    assert_eq!((status, first(&json)), (1, ("weights", "")));
    assert!(note(&json).contains("safetensors"), "{}", note(&json));
    fs::remove_file(&weights).unwrap();
    let gone = saltty().arg("verify").arg(folder.join("records")).assert().code(2);
    let words = String::from_utf8_lossy(&gone.get_output().stderr).into_owned();
    assert!(words.contains("--weights FILE"), "{words}");
}

#[test]
fn a_flipped_bit_in_the_arrays_is_theirs() {
    let folder = recorded("arrays_bit");
    let arrays = &arrays_in(&folder)[0];
    flip(arrays, fs::metadata(arrays).unwrap().len() as usize - 9, 5);
    let (status, json) = verify(&mut saltty(), &folder, &[]);
    assert_eq!((status, first(&json)), (1, ("record", "arrays")));
}

#[test]
fn a_flipped_bit_in_the_manifest_is_the_manifests() {
    let folder = recorded("manifest_bit");
    let manifest = folder.join(RECORD);
    let text = fs::read_to_string(&manifest).unwrap();
    flip(&manifest, text.find("class = 285").unwrap() + 8, 0);
    let (status, json) = verify(&mut saltty(), &folder, &[]);
    assert_eq!((status, first(&json)), (1, ("record", "manifest")));
    fs::write(&manifest, text.replace("[explanation]", "[explanatiom]")).unwrap();
    let output = saltty().arg("verify").arg(&folder).assert().code(2);
    let words = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(words.contains("is not a record that saltty can verify: line "), "{words}");
    fs::write(&manifest, text.replace("schema = 1", "schema = 2")).unwrap();
    let output = saltty().arg("verify").arg(&folder).assert().code(2);
    let words = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(words.contains("schema 2"), "{words}");
}

/// Whatever bit of a manifest flips: it is refused, or seen, or means nothing (a comment), or is a tolerance, which may be
/// edited and is then said to be.
#[test]
fn no_flipped_bit_of_a_manifest_passes_unseen() {
    let bytes = fs::read(recorded("every_bit").join(RECORD)).unwrap();
    let original = Manifest::parse(std::str::from_utf8(&bytes).unwrap()).unwrap();
    assert!(original.is_sealed() && !original.has_own_tolerances());
    let (mut refused, mut seen, mut meaningless, mut tolerances) = (0, 0, 0, 0);
    for bit in (0..8 * bytes.len()).step_by(101) {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let parsed = String::from_utf8(flipped).map_err(|e| e.to_string()).and_then(|text| Manifest::parse(&text));
        match parsed {
            Err(_) => refused += 1,
            Ok(manifest) if !manifest.is_sealed() => seen += 1,
            Ok(manifest) if manifest == original => meaningless += 1,
            Ok(manifest) => {
                assert!(manifest.has_own_tolerances(), "bit {bit} passes unseen");
                tolerances += 1;
            }
        }
    }
    println!("{refused} refused, {seen} seen, {meaningless} in comments, {tolerances} in tolerances");
    assert!(refused > 0 && seen > 0);
}

#[test]
fn tolerances_can_be_tightened_and_that_is_said() {
    let folder = recorded("tolerances");
    let (status, json) = verify(&mut saltty(), &folder, &["--double"]);
    assert_eq!((status, &json["verdict"]), (0, &Value::from("within")));
    assert_eq!(json["records"][0]["edited_tolerances"], false);
    let manifest = folder.join(RECORD);
    let text = fs::read_to_string(&manifest).unwrap();
    let at = text.find("[tolerances.activations]\nwithin = ").unwrap() + "[tolerances.activations]\nwithin = ".len();
    let end = at + text[at..].find('\n').unwrap();
    fs::write(&manifest, format!("{}1e-12{}", &text[..at], &text[end..])).unwrap();
    let (status, json) = verify(&mut saltty(), &folder, &["--double"]);
    assert_eq!((status, first(&json), &json["verdict"]), (1, ("activations", "conv1"), &Value::from("drifted")));
    assert_eq!(json["records"][0]["edited_tolerances"], true);
    let changes = json["records"][0]["changes"].as_array().unwrap();
    assert!(changes.iter().any(|change| change["what"] == "dtype" && change["now"] == "float64"), "{changes:?}");
    fs::write(&manifest, text.replace("[tolerances.logits]\nwithin = ", "[tolerances.logits]\nwithin = -")).unwrap();
    saltty().arg("verify").arg(&folder).assert().code(2);
}

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
fn a_person_accepts_a_change_or_rejects_it_and_ci_never_accepts() {
    let folder = recorded("review");
    let manifest = folder.join(RECORD);
    let before = fs::read(&manifest).unwrap();
    let review = |answer: &str, ci: bool| {
        let mut command = saltty();
        command.arg("verify").arg(&folder).args(["--review", "--color", "never", "--width", "60"]);
        command.env("SALTTY_FAULT", "Alpha").write_stdin(answer);
        if ci {
            command.env("CI", "true");
        }
        let output = command.output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let (status, text) = review("y\n", true);
    assert!(status == 1 && text.contains("CI is set"), "{text}");
    for answer in ["n\n", "s\n", "", "what?\nno\n"] {
        assert_eq!(review(answer, false).0, 1, "{answer:?}");
    }
    assert_eq!(fs::read(&manifest).unwrap(), before, "nothing was accepted");
    let (status, text) = review("y\n", false);
    assert!(status == 0 && text.contains("before") && text.contains("difference"), "{text}");
    let (status, json) = verify(saltty().env("SALTTY_FAULT", "Alpha"), &folder, &[]);
    assert_eq!((status, &json["verdict"]), (0, &Value::from("identical")), "the record now holds what was accepted");
}

#[test]
fn reports_go_where_they_are_sent() {
    let folder = recorded("reports");
    let (json, markdown) = (folder.join("report.json"), folder.join("report.md"));
    let mut command = saltty();
    command.arg("verify").arg(&folder).env("SALTTY_FAULT", "Alpha");
    command.arg("--json").arg(&json).arg("--markdown").arg(&markdown).assert().code(1);
    let json: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(first(&json), ("channel-weights", ""));
    let markdown = fs::read_to_string(markdown).unwrap();
    assert!(markdown.contains("| broken | channel weights |"), "{markdown}");
}

#[test]
fn another_tools_arrays_are_compared_by_that_tools_rules() {
    let photo = repository("golden/photo/cat_and_dog_227.png");
    let against = |file: &Path, more: &[&str]| {
        let mut command = saltty();
        command.arg("verify").arg(&photo).arg("--against").arg(file).args(["--class", "285"]).args(more);
        command.arg("--weights").arg(repository("golden/reference/squeezenet1_1.f32.safetensors"));
        let output = command.output().unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let cut = repository("golden/reference/cat_and_dog.squeezenet1_1.cat.tools.safetensors");
    let (status, text) = against(&cut, &["--profile", "captum"]);
    assert!(status == 0 && text.contains("within tolerance"), "{text}");
    let (status, text) = against(&cut, &["--profile", "captum", "--tolerance", "1e-12"]);
    assert!(status == 1 && text.contains("drifted"), "{text}");
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
