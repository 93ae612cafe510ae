//! Kernels, layers and small networks: what they compute, and that their ways back belong to their ways forward. One
//! program, as each would compile the same kernels anew.

#[path = "../common/mod.rs"]
mod common;

mod adjoints;
mod composed;
mod finite_differences;
mod fused;
mod guided;
mod identities;
mod kernels;
mod layers;
mod toy;
