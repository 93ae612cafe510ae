//! Maps that show nothing, made on purpose: the program says why.

use std::fs;

use crate::common::program::{Stored, changed_weights, folder, prints, tensor};
use half::f16;

/// Writes the embedded network with `change` made to it, and explains the photo by it; what is said of the map.
fn note(change: impl FnOnce(&mut Vec<Stored>), options: &str) -> String {
    let folder = folder();
    fs::write(folder.path().join("w.safetensors"), changed_weights(change)).unwrap();
    let out = prints(folder.path(), &format!("explain p.jpg --weights w.safetensors --method grad-cam {options}"));
    let note = out.lines().find(|line| line.starts_with("note: ")).unwrap_or_default();
    note.to_owned()
}

/// Every number of a tensor passed through `f`.
fn map(stored: &mut Stored, f: impl Fn(usize, f32) -> f32) {
    for (at, bytes) in stored.3.chunks_exact_mut(2).enumerate() {
        let v = f16::from_le_bytes([bytes[0], bytes[1]]).to_f32();
        bytes.copy_from_slice(&f16::from_f32(f(at, v)).to_le_bytes());
    }
}

/// Inputs of the last convolution, for each class.
const INPUTS: usize = 512;

#[test]
fn a_class_whose_own_relu_is_closed() {
    let close = |tensors: &mut Vec<Stored>| {
        map(tensor(tensors, "conv10.bias"), |class, v| if class == 7 { -60_000.0 } else { v });
    };
    let told = note(close, "--class 7");
    assert!(told.contains("the map at fire9 is blank: every value is zero"), "{told}");
    assert!(told.contains("the class's own plane at relu10 is closed by its ReLU everywhere"), "{told}");
    assert_eq!(note(close, "--class 285"), "", "other classes are as before");
}

#[test]
fn a_dead_layer() {
    let kill = |tensors: &mut Vec<Stored>| {
        map(tensor(tensors, "fire9.squeeze1x1.weight"), |_, _| 0.0);
        map(tensor(tensors, "fire9.squeeze1x1.bias"), |_, _| -1.0);
    };
    let told = note(kill, "--class 285 --layer fire9/relu_squeeze1x1");
    assert!(told.contains("fire9/relu_squeeze1x1 is dead: it puts out nothing but zeros"), "{told}");
    // Before the dead layer there are activations, but no gradient comes back through it.
    let told = note(kill, "--class 285 --layer fire5");
    assert!(told.contains("the gradient is all zero from fire9/squeeze1x1 on"), "{told}");
}

#[test]
fn a_layer_that_only_speaks_against_the_class() {
    let against = |tensors: &mut Vec<Stored>| {
        let of_class = |at: usize| at / INPUTS == 285;
        map(tensor(tensors, "conv10.weight"), |at, v| if of_class(at) { -v.abs() / 64.0 } else { v });
        map(tensor(tensors, "conv10.bias"), |class, v| if class == 285 { 1000.0 } else { v });
    };
    let told = note(against, "--class 285");
    assert!(told.contains("every value is negative") && told.contains("diverging colours"), "{told}");
}
