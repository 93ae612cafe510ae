//! Findings on disk, by the hash of the photo's bytes and the identity of the network.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::Finding;
use crate::{
    Result,
    files::{self, Hashes, Stamp},
    studio::Studio,
};

/// Changes when what is stored, or how it is computed, changes.
const VERSION: &str = "2";

/// A folder of findings. Whatever is damaged in it, or cannot be written, is as if it were not there.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    /// Hashes of the photos seen.
    seen: Hashes,
}

impl Cache {
    /// A cache in `folder`, which is made when something is stored.
    pub fn new(folder: PathBuf) -> Self {
        Self { seen: Hashes::new(folder.join("seen")), folder }
    }

    /// `findings` in the user's cache; none without a home.
    pub fn usual() -> Option<Self> {
        Some(Self::new(files::cache_folder("findings")?))
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
        let stamp = Stamp::of(path).map(|stamp| stamp.to_string());
        let known = stamp.as_ref().and_then(|stamp| self.seen.known(path, stamp));
        if let Some(finding) = known.and_then(|hash| self.load(identity, &hash)) {
            return Ok(finding);
        }
        let bytes = fs::read(path).map_err(|source| crate::Error::Read { path: path.to_owned(), source })?;
        let hash = files::sha256(&bytes);
        let finding = if let Some(finding) = self.load(identity, &hash) {
            finding
        } else {
            let finding = Finding::of(studio, &bytes, path)?;
            files::store(&self.place(identity, &hash), &finding.to_bytes());
            finding
        };
        if let Some(stamp) = stamp {
            self.seen.remember(path, &stamp, &hash);
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
}
