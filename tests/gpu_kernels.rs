//! The kernels for GPUs as C++ on the processor, for machines without one: see `gpu_kernels/definitions.cpp`.
//!
//! Catches a wrong index, a wrong constant of a transform, memory that is not written, the wrong one of equal maxima. What
//! only a GPU shows - launches, cuBLAS - is in tests/devices and tests/reference, which use one where it answers.

mod common;

use std::{env, process::Command};

use common::{proof::Proof, repository};

#[test]
fn kernels_compute_what_they_are_defined_to() {
    let compiler = env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    if Command::new(&compiler).arg("--version").output().is_err() {
        println!("skipped: no C++ compiler called {compiler}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("definitions");
    let mut build = Command::new(&compiler);
    build.args(["-std=c++11", "-O1", "-w", "-o"]).arg(&program);
    let built = build.arg(repository("tests/gpu_kernels/definitions.cpp")).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let ran = Command::new(&program).output().unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    Proof::new("gpu_kernels").line(format_args!("kernels for GPUs as C++ against definitions: {}", told.trim()));
    assert!(ran.status.success(), "{told}");
    assert!(told.contains(" results, 0 wrong"), "{told}");
}
