//! A folder with one record, and what `saltty verify` says of it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use assert_cmd::Command;
use serde_json::Value;

use crate::common::repository;

/// The record of the explanation that passes every stage.
pub const RECORD: &str = "cat_and_dog.285.guided-grad-cam.toml";

pub fn saltty() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_saltty"));
    command.env_remove("CI").env_remove("SALTTY_FAULT").env_remove("RAYON_NUM_THREADS");
    command
}

/// An empty folder of the test called `name`.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verify").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A copy, for the test called `name`, of a folder with one record and its photo, made once a process by one thread.
pub fn recorded(name: &str) -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let out = folder(&format!("made-{}", std::process::id()));
        let mut record = saltty();
        record.arg("record").arg(repository("fixtures/cat_and_dog.jpg")).arg("--out").arg(&out);
        // On the processor, where faults can be planted.
        record.args(["--copy-photos", "--class", "285", "--method", "guided-grad-cam", "--device", "cpu"]);
        record.env("RAYON_NUM_THREADS", "1").assert().success();
        out
    });
    let copy = folder(name);
    copy_folder(made, &copy);
    copy
}

pub fn copy_folder(from: &Path, to: &Path) {
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
pub fn verify(command: &mut Command, folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let output = command.arg("verify").arg(folder).args(["--json", "-"]).args(arguments).output().unwrap();
    let status = output.status.code().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let json = serde_json::from_str(&text);
    (status, json.unwrap_or_else(|e| panic!("{e}: {text} {}", String::from_utf8_lossy(&output.stderr))))
}

/// Runs `verify` on a folder and returns its exit status and what it wrote on standard output and standard error.
pub fn told(command: &mut Command, folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = command.arg("verify").arg(folder).args(arguments).output().unwrap();
    let [out, told] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (output.status.code().unwrap(), out, told)
}

/// The stage and the part that diverge first.
pub fn first(json: &Value) -> (&str, &str) {
    let first = &json["records"][0]["first_divergence"];
    (first["stage"].as_str().unwrap_or("none"), first["part"].as_str().unwrap_or(""))
}

/// The note of the first stage that diverges.
pub fn note(json: &Value) -> &str {
    let stages = json["records"][0]["stages"].as_array().unwrap();
    let off = |stage: &&Value| ["drifted", "broken"].contains(&stage["verdict"].as_str().unwrap());
    stages.iter().find(off).and_then(|stage| stage["note"].as_str()).unwrap_or("")
}

pub fn flip(file: &Path, byte: usize, bit: u8) {
    let mut bytes = fs::read(file).unwrap();
    bytes[byte] ^= 1 << bit;
    fs::write(file, bytes).unwrap();
}

/// The copy of the photo in a folder with one record.
pub fn photo_in(folder: &Path) -> PathBuf {
    let named = fs::read_dir(folder.join("photos")).unwrap().next().expect("a folder named by a hash");
    named.unwrap().path().join("cat_and_dog.jpg")
}

pub fn arrays_in(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|e| e == "safetensors")).collect()
}
