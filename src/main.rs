//! The `saltty` program.
fn main() {}
