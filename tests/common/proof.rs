//! What the tests measured, for people to read: `cargo test` hides what passing tests print, so it is also kept in files
//! of `target/proof`, which CI prints.

use std::{
    fmt::{Display, Write as _},
    fs,
    path::Path,
};

/// Lines that are printed, and kept in one file when dropped.
pub struct Proof {
    name: &'static str,
    lines: String,
}

impl Proof {
    /// Lines for the file `target/proof/NAME.txt`, which each test has for itself.
    pub fn new(name: &'static str) -> Self {
        Self { name, lines: String::new() }
    }

    /// Adds a line.
    pub fn line(&mut self, line: impl Display) {
        println!("{line}");
        writeln!(self.lines, "{line}").unwrap();
    }
}

impl Drop for Proof {
    fn drop(&mut self) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("proof");
        let kept = fs::create_dir_all(&folder)
            .and_then(|()| fs::write(folder.join(self.name).with_extension("txt"), &self.lines));
        if let Err(error) = kept {
            println!("{} is not kept: {error}", self.name);
        }
    }
}
