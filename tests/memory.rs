//! The largest network in less memory than its weights, or in little more.
#![cfg(target_os = "linux")]

mod common;

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use common::{made_up::MadeUp, repository, shared};
use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use saltty::weights::Source;

/// Most memory for one photo, in units of the weights file's size: the weights stay in their file.
const ONE: f64 = 0.4;
/// Most memory for several photos, of which two crews have eight each in work.
const SEVERAL: f64 = 2.3;

/// A file that is gone when the test ends, however it ends.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Writes `source` as a float32 safetensors file, piece by piece.
fn write(source: &mut dyn Source, file: &Path) {
    let mut offset = 0;
    let infos = source.tensors().iter().map(|tensor| {
        let begin = offset;
        offset += 4 * tensor.shape.iter().product::<usize>();
        let info = TensorInfo { dtype: Dtype::F32, shape: tensor.shape.clone(), data_offsets: (begin, offset) };
        (tensor.name.clone(), info)
    });
    let header = Metadata::new(Some(source.metadata().clone()), infos.collect()).unwrap();
    let header = serde_json::to_vec(&header).unwrap();
    let mut out = BufWriter::new(File::create(file).unwrap());
    out.write_all(&(header.len() as u64).to_le_bytes()).unwrap();
    out.write_all(&header).unwrap();
    for index in 0..source.tensors().len() {
        let mut put = |values: &[f32]| out.write_all(bytemuck::cast_slice(values)).unwrap();
        source.read(index, 1, &mut put).unwrap();
    }
    out.flush().unwrap();
}

/// Most resident memory of a running process so far, in bytes: Linux counts it, so nothing between two looks is missed
/// but what comes after the last.
fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Runs saltty to its end; its most resident memory, and what it printed.
fn run(arguments: &[&str]) -> (u64, String) {
    let cache = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_saltty"));
    command
        .args(arguments)
        .env("NO_COLOR", "1")
        .env("RAYON_NUM_THREADS", "2")
        .env("XDG_CACHE_HOME", cache.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    let mut process = command.spawn().unwrap();
    let mut most = 0;
    while process.try_wait().unwrap().is_none() {
        most = peak(process.id()).unwrap_or(0).max(most);
        thread::sleep(Duration::from_millis(2));
    }
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "saltty ended with {}", output.status);
    (most, String::from_utf8(output.stdout).unwrap())
}

#[test]
fn vgg19_takes_less_memory_than_its_weights_for_one_photo_and_little_more_for_several() {
    let Some(features) = shared("weights/vgg19_features.safetensors") else { return };
    let file = Temporary(Path::new(env!("CARGO_TARGET_TMPDIR")).join("vgg19.memory.safetensors"));
    write(&mut MadeUp::vgg19(&features), &file.0);
    let size = fs::metadata(&file.0).unwrap().len();
    let photo = repository("fixtures/cat_and_dog.jpg");
    for (photos, least, bound) in [(1, 0.1, ONE), (20, 1.0, SEVERAL)] {
        let mut arguments = vec!["explain", "--json", "--weights", file.0.to_str().unwrap()];
        arguments.extend(std::iter::repeat_n(photo.to_str().unwrap(), photos));
        let (most, told) = run(&arguments);
        assert_eq!(told.lines().count(), photos);
        for report in told.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()) {
            assert_eq!(report["model"], "vgg19");
            assert_eq!(report["explained"].as_array().unwrap().len(), 3, "three maps");
        }
        let share = most as f64 / size as f64;
        println!("{photos} photos: {:.1} MB for {:.1} MB of weights: {share:.3}", most as f64 / 1e6, size as f64 / 1e6);
        assert!(share > least, "what was computed with must have been seen: {share:.3}");
        assert!(share < bound, "{photos} photos: {share:.3} times the weights, not under {bound}");
    }
}
