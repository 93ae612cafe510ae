//! Compiles saltty's kernels for GPUs, once for each number type, where they are asked for.

use std::{env, fs, path::Path, process::Command};

const SOURCE: &str = "src/nn/cuda/kernels.cu";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_CUDA").is_none() {
        return;
    }
    println!("cargo::rerun-if-changed={SOURCE}");
    let out = env::var("OUT_DIR").expect("cargo names a folder");
    for (name, real) in [("F32", "float"), ("F64", "double")] {
        let file = Path::new(&out).join(format!("kernels.{name}.ptx"));
        if env::var_os("CARGO_FEATURE_CI_CHECK").is_some() {
            fs::write(file, "").expect("the folder can be written to");
        } else {
            compile(real, &file);
        }
    }
}

/// To code that the driver translates for every GPU from compute capability 7.5 on. (dfdx's own is for one kind.)
fn compile(real: &str, file: &Path) {
    let mut compiler = Command::new("nvcc");
    compiler.args(["--ptx", "--gpu-architecture=compute_75"]).arg(format!("-DREAL={real}"));
    compiler.arg("-o").arg(file).arg(SOURCE);
    match compiler.status() {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("nvcc ended with {status} on {SOURCE}"),
        Err(error) => panic!(
            "nvcc cannot be run ({error}): `--features cuda` needs NVIDIA's toolkit; scripts/cuda-toolchain.sh installs one"
        ),
    }
}
