//! `saltty record` and `saltty verify` through the real binary: planted faults, flipped bits, threads, tolerances, files.

#[path = "../common/mod.rs"]
mod common;

mod against;
mod contrast;
mod damage;
mod folder;
mod records;
mod reports;
mod stages;
mod vgg;
