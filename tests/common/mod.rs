//! What several tests need: files of the repository, arrays, made-up weights, errors of arrays.
#![allow(dead_code, reason = "each test uses a part")]

pub mod arrays;
pub mod broken;
pub mod cases;
pub mod convolutions;
pub mod golden;
pub mod made_up;
pub mod numbers;
pub mod program;
pub mod proof;
pub mod shelf;
pub mod small;
pub mod tensors;

use std::path::{Path, PathBuf};

use saltty::{device::Device, nn::kernel::Kernels};

/// A path inside the repository.
pub fn repository(path: &str) -> PathBuf {
    // Asked first when the test runs, for tests that were built on another machine.
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    Path::new(&root).join(path)
}

/// A file of the reference data beside the repository, where that exists; says so where it does not.
pub fn shared(path: &str) -> Option<PathBuf> {
    let file = repository("../shared").join(path);
    if file.exists() {
        return Some(file);
    }
    println!("skipped: no ../shared/{path} beside the repository");
    None
}

/// The kernels that can be tested on `device`: an emulated GPU (`gpu_kernels/emulator.sh`) has none of dfdx's.
pub fn kernels_on(device: Device) -> Vec<Kernels> {
    let emulated = device != Device::Cpu && std::env::var_os("SALTTY_EMULATED_GPU").is_some();
    let kernels = [Kernels::Direct, Kernels::Winograd, Kernels::Composed];
    kernels.into_iter().filter(|&kernels| !emulated || kernels != Kernels::Composed).collect()
}

/// `||ours - truth|| / ||truth||`.
pub fn relative_error(ours: &[f64], truth: &[f64]) -> f64 {
    assert_eq!(ours.len(), truth.len(), "arrays of the same size");
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    norm(&mut ours.iter().zip(truth).map(|(a, b)| a - b)) / norm(&mut truth.iter().copied())
}
