//! What people type and what they get, through the real binary, without `../shared`.

#[path = "../common/mod.rs"]
mod common;

mod arrays;
mod bad_input;
mod comparing;
mod doctor;
mod folders;
mod lists;
mod photos;
mod pipes;
mod strange_maps;
mod warnings;
