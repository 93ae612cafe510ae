//! Explanations written down so that anyone can compute them again and compare: `saltty record`.
//!
//! A record is two files: a manifest in TOML, for people, with everything needed to do it again and the hashes of all
//! that went in; and arrays in safetensors, with what came out at every stage. The arrays' name contains their hash, and
//! the manifest, written last, says which they are: at any moment the record is the old one or the new one, whole.

mod environment;
mod making;
mod manifest;
mod maps;
mod place;
mod sample;
mod seal;
mod signature;
mod stage;
mod tolerance;
mod trace;

use std::path::{Path, PathBuf};

pub use environment::{Change, Environment};
pub use making::Subject;
pub(crate) use making::{architecture, describe};
pub use manifest::{
    Computation, Explained, InputRule, Manifest, NetworkRule, PhotoSource, SCHEMA, Scored, WeightsSource,
};
pub use maps::{Map, maps};
pub use place::relative;
pub use sample::{SAMPLED, Sample, positions};
pub use seal::{Seal, SealState};
pub use signature::{PROJECTIONS, Signature};
pub use stage::Stage;
pub use tolerance::{Limits, Tolerances};
pub use trace::{Back, Front, Request, Swept, Trace};

use crate::{Error, Result, arrays::Arrays, files};

/// A record in memory: what was written down and what was computed then.
#[derive(Clone, Debug)]
pub struct Record {
    /// The manifest's file.
    pub path: PathBuf,
    /// What the manifest says.
    pub manifest: Manifest,
    /// What was computed at every stage.
    pub trace: Trace,
}

/// What may be wrong with a record's own files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The manifest was changed after it was written.
    Manifest(String),
    /// The arrays are not those that the manifest names.
    Arrays(String),
}

/// A record as it was found.
#[derive(Debug)]
pub enum Found {
    /// Its files are those that were written (but for tolerances, which may be edited).
    Whole(Box<Record>),
    /// One of its files is not.
    Damaged(Box<Manifest>, Damage),
}

impl Record {
    /// Reads a record's two files. Damage that leaves the manifest readable is no error, but reported as such.
    ///
    /// # Errors
    /// [`Error::Read`], or [`Error::Record`] where the manifest is none.
    pub fn read(path: &Path) -> Result<Found> {
        let broken = |reason: String| Error::Record { path: path.to_owned(), reason };
        let bytes = std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let no_text =
            |_| broken("it is no text; give the manifest (.toml) or its folder, or --against for arrays".to_owned());
        let manifest = Manifest::parse(&String::from_utf8(bytes).map_err(no_text)?).map_err(broken)?;
        let changed = match manifest.seal_state() {
            SealState::Whole | SealState::OwnTolerances => None,
            SealState::Changed => Some("its seal was changed after it was written, but nothing that it stands for"),
            SealState::Broken => Some("it, or its seal, was changed after it was written (only tolerances may be)"),
        };
        if let Some(reason) = changed {
            return Ok(Found::Damaged(Box::new(manifest), Damage::Manifest(reason.to_owned())));
        }
        let file = path.with_file_name(&manifest.arrays.path);
        let bytes = std::fs::read(&file).map_err(|source| Error::Read { path: file.clone(), source })?;
        let name = manifest.arrays.path.display();
        if files::sha256(&bytes) != manifest.arrays.sha256 {
            let reason = format!("{name} was changed after it was written");
            return Ok(Found::Damaged(Box::new(manifest), Damage::Arrays(reason)));
        }
        let arrays = Arrays::from_safetensors(&bytes).map_err(broken)?;
        let trace =
            Trace::from_record(&manifest, &arrays).map_err(|missing| broken(format!("{name} has no {missing}")))?;
        Ok(Found::Whole(Box::new(Self { path: path.to_owned(), manifest, trace })))
    }

    /// Writes the record: first the arrays, under a new name, then the manifest; then removes arrays that the old
    /// manifest named.
    ///
    /// # Errors
    /// [`Error::Write`]; [`Error::RecordExists`] unless `force`.
    pub fn write(&mut self, force: bool) -> Result<()> {
        let unwritable = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Write { path, source }
        };
        let old = std::fs::read_to_string(&self.path).ok();
        if !force && self.path.exists() {
            return Err(Error::RecordExists { path: self.path.clone() });
        }
        let bytes = self.trace.arrays().to_safetensors();
        self.manifest.arrays.sha256 = files::sha256(&bytes);
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
        self.manifest.arrays.path = format!("{stem}.{}.safetensors", &self.manifest.arrays.sha256[..8]).into();
        self.manifest.seal();
        let file = self.path.with_file_name(&self.manifest.arrays.path);
        files::write_atomically(&file, &bytes).map_err(unwritable(&file))?;
        files::write_atomically(&self.path, self.manifest.to_toml().as_bytes()).map_err(unwritable(&self.path))?;
        let replaced = old.and_then(|text| Some(Manifest::parse(&text).ok()?.arrays.path));
        if let Some(replaced) = replaced.filter(|replaced| *replaced != self.manifest.arrays.path) {
            let _ = std::fs::remove_file(self.path.with_file_name(replaced));
        }
        Ok(())
    }
}

/// The manifests in a folder, sorted, or the one file given.
///
/// # Errors
/// [`Error::Read`], or [`Error::Record`] where there is none.
pub fn manifests_in(path: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |source| Error::Read { path: path.to_owned(), source };
    if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut manifests = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let hidden = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && file.extension().is_some_and(|ending| ending == "toml") && file.is_file() {
            manifests.push(file);
        }
    }
    manifests.sort();
    if manifests.is_empty() {
        let reason = "it holds no manifest (.toml); make one with `saltty record PHOTO --out DIR`".to_owned();
        return Err(Error::Record { path: path.to_owned(), reason });
    }
    Ok(manifests)
}
