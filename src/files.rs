//! Writing files so that no half of one is ever found.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

/// Writes `bytes` beside `path` under another name, then renames: the file is there whole or not at all.
///
/// # Errors
/// If the folder does not exist or cannot be written, or has no room.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    let name = path.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(temporary);
    let written = fs::File::create(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let done = written.and_then(|()| fs::rename(&part, path));
    if done.is_err() {
        let _ = fs::remove_file(&part);
    }
    done
}
