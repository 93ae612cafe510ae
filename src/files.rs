//! Writing files so that no half of one is ever found, hashes of what is in them, and what is remembered of them.

mod hashes;
mod stamp;

use std::{
    fmt::Write as _,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

pub use hashes::Hashes;
use sha2::{Digest, Sha256};
pub use stamp::Stamp;

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
    put(&part, path, written)
}

/// Gives what was `written` into `part` the name `path`; of what failed, nothing is left.
fn put(part: &Path, path: &Path, written: io::Result<()>) -> io::Result<()> {
    let done = written.and_then(|()| fs::rename(part, path));
    if done.is_err() {
        let _ = fs::remove_file(part);
    }
    done
}

/// saltty's folder where the desktop's rules (XDG) say: in the folder that `variable` names, else in this one of the home folder;
/// none without a home.
pub fn home(variable: &str, usual: &str) -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(usual)))?;
    Some(base.join("saltty"))
}

/// A folder of the user's cache, `~/.cache/saltty/name` if `$XDG_CACHE_HOME` does not say otherwise; none without a home.
pub fn cache_folder(name: &str) -> Option<PathBuf> {
    Some(home("XDG_CACHE_HOME", ".cache")?.join(name))
}

/// `path` from the root on.
pub fn whole(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Puts something into a cache, with the folders above it. A cache that cannot be written is no reason to stop.
pub(crate) fn store(path: &Path, bytes: &[u8]) {
    let Some(folder) = path.parent() else { return };
    let part = path.with_extension(format!("{}.part", std::process::id()));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&part, bytes));
    let _ = put(&part, path, written);
}

/// SHA-256 of `bytes`, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(Sha256::new_with_prefix(bytes))
}

/// A finished hash in hexadecimal.
pub(crate) fn hex(hash: Sha256) -> String {
    hexadecimal(hash.finalize().iter().copied())
}

/// Two digits a byte.
pub(crate) fn hexadecimal(bytes: impl Iterator<Item = u8>) -> String {
    bytes.fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}

/// Adds numbers of `N` bytes each to a hash, some thousands at a time.
pub(crate) fn hash_numbers<const N: usize>(hash: &mut Sha256, mut numbers: impl Iterator<Item = [u8; N]>) {
    let mut piece = Vec::with_capacity(N << 12);
    loop {
        piece.clear();
        piece.extend(numbers.by_ref().take(1 << 12).flatten());
        if piece.is_empty() {
            return;
        }
        hash.update(&piece);
    }
}
