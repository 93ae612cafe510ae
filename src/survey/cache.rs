//! Findings on disk, by the hash of the photo's bytes and the identity of the network.

use std::{
    fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use super::Finding;
use crate::{Result, files, studio::Studio};

/// Changes when what is stored, or how it is computed, changes.
const VERSION: &str = "2";

/// A folder of findings. Whatever is damaged in it, or cannot be written, is as if it were not there.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

/// When a file was changed last and how long it is: as long as both stay, so does its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    nanoseconds: u128,
    bytes: u64,
}

impl Stamp {
    /// Of the file at `path`, if there is one.
    pub fn of(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok()?;
        let changed = found.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Self { nanoseconds: changed.as_nanos(), bytes: found.len() })
    }
}

impl Cache {
    /// A cache in `folder`, which is made when something is stored.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where the desktop's rules (XDG) say: `$XDG_CACHE_HOME/saltty`, else `~/.cache/saltty`; none without a home.
    pub fn usual() -> Option<Self> {
        let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))?;
        Some(Self::new(base.join("saltty").join("findings")))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the network called `identity` says of the photo at `path`: from here if it is known, else computed and
    /// stored. The photo is read only if it changed since it was last seen.
    ///
    /// # Errors
    /// If the photo cannot be read or decoded.
    pub fn finding(&self, studio: &Studio, identity: &str, path: &Path) -> Result<Finding> {
        let stamp = Stamp::of(path);
        let seen = stamp.map(|stamp| self.seen(path, stamp));
        let known = seen.as_ref().and_then(|seen| fs::read_to_string(seen).ok()).filter(|hash| is_hash(hash));
        if let Some(finding) = known.and_then(|hash| self.load(identity, &hash)) {
            return Ok(finding);
        }
        let bytes = fs::read(path).map_err(|source| crate::Error::Read { path: path.to_owned(), source })?;
        let hash = files::sha256(&bytes);
        let finding = if let Some(finding) = self.load(identity, &hash) {
            finding
        } else {
            let finding = Finding::of(studio, &bytes, path)?;
            store(&self.place(identity, &hash), &finding.to_bytes());
            finding
        };
        if let Some(seen) = seen {
            store(&seen, hash.as_bytes());
        }
        Ok(finding)
    }

    fn load(&self, identity: &str, hash: &str) -> Option<Finding> {
        Finding::from_bytes(&fs::read(self.place(identity, hash)).ok()?)
    }

    fn place(&self, identity: &str, hash: &str) -> PathBuf {
        let network = files::sha256(format!("{VERSION}\n{identity}").as_bytes());
        self.folder.join(&network[..16]).join(&hash[..2]).join(&hash[2..])
    }

    /// The file that remembers the hash of `path` with this stamp.
    fn seen(&self, path: &Path, stamp: Stamp) -> PathBuf {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let key = format!("{}\n{}\n{}", whole.display(), stamp.nanoseconds, stamp.bytes);
        let hash = files::sha256(key.as_bytes());
        self.folder.join("seen").join(&hash[..2]).join(&hash[2..])
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A cache that cannot be written is no reason to stop.
fn store(path: &Path, bytes: &[u8]) {
    let Some(folder) = path.parent() else { return };
    let part = path.with_extension(format!("{}.part", std::process::id()));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&part, bytes));
    if written.and_then(|()| fs::rename(&part, path)).is_err() {
        let _ = fs::remove_file(&part);
    }
}
