//! The real binary, in surroundings that do not depend on who runs the tests.

use std::{collections::HashMap, fs, path::Path};

use assert_cmd::Command;
use safetensors::{
    SafeTensors,
    tensor::{Dtype, TensorView},
};
use serde_json::Value;
use tempfile::TempDir;

use super::repository;

/// saltty run in `folder`, without a terminal, without colours.
pub fn saltty(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_saltty"));
    command.current_dir(folder).env("NO_COLOR", "1").env("TERM", "dumb").env("RUST_BACKTRACE", "1");
    command.env("XDG_CACHE_HOME", folder.join(".cache"));
    command.env_remove("CLICOLOR_FORCE").env_remove("CLICOLOR").env_remove("SALTTY_DEPTH");
    command
}

/// A folder with `p.jpg`, the photo of the README.
pub fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(repository("fixtures/cat_and_dog.jpg"), folder.path().join("p.jpg")).unwrap();
    folder
}

/// Standard output and error of a run that must end with `status`.
pub fn run(command: &mut Command, status: i32) -> (String, String) {
    let output = command.output().unwrap();
    let [out, told] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(output.status.code(), Some(status), "{told}");
    assert!(!told.contains("panicked"), "{told}");
    (out, told)
}

/// Standard output of a run without any complaint; `line` is split at spaces.
pub fn prints(folder: &Path, line: &str) -> String {
    let (out, told) = run(saltty(folder).args(words(line)), 0);
    assert_eq!(told, "", "nothing on standard error");
    out
}

/// JSON objects, one a line.
pub fn objects(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Words of a command line; none may hold a space.
pub fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// One tensor of a weights file: name, number type, sizes, bytes.
pub type Stored = (String, Dtype, Vec<usize>, Vec<u8>);

/// The embedded network's weights file with `change` made to its tensors.
pub fn changed_weights(change: impl FnOnce(&mut Vec<Stored>)) -> Vec<u8> {
    changed_file(|tensors, _| change(tensors))
}

/// The same with a `change` to its metadata as well.
pub fn changed_file(change: impl FnOnce(&mut Vec<Stored>, &mut HashMap<String, String>)) -> Vec<u8> {
    let bytes = std::fs::read(repository("fixtures/squeezenet1_1.f16.safetensors")).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let stored =
        |(name, view): (&str, TensorView)| (name.to_owned(), view.dtype(), view.shape().to_vec(), view.data().to_vec());
    let mut tensors: Vec<Stored> = file.iter().map(stored).collect();
    let mut metadata = header.metadata().clone().unwrap_or_default();
    change(&mut tensors, &mut metadata);
    let views =
        tensors.iter().map(|(n, dtype, shape, data)| (n, TensorView::new(*dtype, shape.clone(), data).unwrap()));
    safetensors::serialize(views, Some(metadata)).unwrap()
}

/// The tensor called `name`.
pub fn tensor<'t>(tensors: &'t mut [Stored], name: &str) -> &'t mut Stored {
    tensors.iter_mut().find(|(n, ..)| n == name).unwrap_or_else(|| panic!("no tensor {name}"))
}
