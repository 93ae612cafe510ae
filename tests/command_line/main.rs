//! What people type and what they get, through the real binary, without `../shared`.

#[path = "../common/mod.rs"]
mod common;

mod arrays;
mod doctor;
mod lists;
mod photos;
mod warnings;
