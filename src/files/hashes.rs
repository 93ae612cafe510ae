//! Hashes of files, remembered on disk for as long as the files stay as they are.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Stamp, cached, sha256, store};

/// Bytes from which on a file takes noticeable time to hash where the processor has no instructions for it.
const LARGE: u64 = 16 << 20;

/// A folder of hashes. Whatever is damaged in it, or cannot be written, is as if it were not there.
#[derive(Clone, Debug)]
pub struct Hashes {
    folder: PathBuf,
}

impl Hashes {
    /// Hashes in `folder`, which is made when one is remembered.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// `hashes` in the user's cache; none without a home.
    pub fn usual() -> Option<Self> {
        Some(Self::new(cached("hashes")?))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// SHA-256 of the file at `path`, in hexadecimal: remembered, or what `compute` says, which is then remembered.
    /// Files of less than 16 MiB are always computed, and those changed within two seconds are not remembered.
    ///
    /// # Errors
    /// Those of `compute`.
    pub fn of<E>(&self, path: &Path, compute: impl FnOnce() -> Result<String, E>) -> Result<String, E> {
        let Some(stamp) = Stamp::of(path).filter(|stamp| stamp.bytes() >= LARGE && stamp.is_settled()) else {
            return compute();
        };
        if let Some(known) = self.known(path, stamp) {
            return Ok(known);
        }
        let hash = compute()?;
        if Stamp::of(path) == Some(stamp) {
            self.remember(path, stamp, &hash);
        }
        Ok(hash)
    }

    /// What is remembered of the file at `path` with this stamp.
    pub(crate) fn known(&self, path: &Path, stamp: Stamp) -> Option<String> {
        fs::read_to_string(self.place(path, stamp)).ok().filter(|hash| is_hash(hash))
    }

    /// Remembers that the file at `path` has `hash` as long as it has this stamp.
    pub(crate) fn remember(&self, path: &Path, stamp: Stamp, hash: &str) {
        store(&self.place(path, stamp), hash.as_bytes());
    }

    fn place(&self, path: &Path, stamp: Stamp) -> PathBuf {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let hash = sha256(format!("{}\n{}", whole.display(), stamp.in_words()).as_bytes());
        self.folder.join(&hash[..2]).join(&hash[2..])
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, thread, time::Duration};

    use super::*;

    /// What the hashes in `folder` say of the file at `path`, and how often it was computed for that.
    fn asked(folder: &Path, path: &Path) -> (String, usize) {
        let times = Cell::new(0);
        let compute = || {
            times.set(times.get() + 1);
            fs::read(path).map(|bytes| sha256(&bytes))
        };
        let hash = Hashes::new(folder.join("hashes")).of(path, compute).unwrap();
        (hash, times.get())
    }

    #[test]
    fn a_large_file_is_hashed_once_and_again_after_every_change() {
        let folder = tempfile::tempdir().unwrap();
        let (large, small) = (folder.path().join("large"), folder.path().join("small"));
        let mut bytes = vec![1; LARGE as usize];
        fs::write(&large, &bytes).unwrap();
        fs::write(&small, &bytes[1..]).unwrap();
        let first = sha256(&bytes);
        assert_eq!(
            [asked(folder.path(), &large), asked(folder.path(), &large)],
            [(first.clone(), 1), (first.clone(), 1)]
        );
        assert!(!folder.path().join("hashes").exists(), "a file of this moment may change without a trace");
        thread::sleep(Duration::from_millis(2_100));
        assert_eq!([asked(folder.path(), &large), asked(folder.path(), &large)], [(first.clone(), 1), (first, 0)]);
        assert_eq!([asked(folder.path(), &small).1, asked(folder.path(), &small).1], [1, 1]);
        let modified = fs::metadata(&large).unwrap().modified().unwrap();
        bytes[7] = 2;
        fs::write(&large, &bytes).unwrap();
        let second = sha256(&bytes);
        assert_eq!(asked(folder.path(), &large), (second.clone(), 1), "other bytes");
        if cfg!(unix) {
            fs::File::options().write(true).open(&large).unwrap().set_modified(modified).unwrap();
            thread::sleep(Duration::from_millis(2_100));
            assert_eq!(asked(folder.path(), &large), (second, 1), "a time that was set back hides no change");
        }
    }

    #[test]
    fn damage_is_as_if_nothing_were_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let large = folder.path().join("large");
        fs::write(&large, vec![0; LARGE as usize]).unwrap();
        thread::sleep(Duration::from_millis(2_100));
        let hash = asked(folder.path(), &large);
        let hashes = Hashes::new(folder.path().join("hashes"));
        let place = hashes.place(&large, Stamp::of(&large).unwrap());
        assert_eq!(fs::read_to_string(&place).unwrap(), hash.0);
        for damaged in [&hash.0[1..], "", &"z".repeat(64)] {
            fs::write(&place, damaged).unwrap();
            assert_eq!(asked(folder.path(), &large), hash);
        }
        fs::remove_dir_all(folder.path().join("hashes")).unwrap();
        fs::write(folder.path().join("hashes"), "a file in its place").unwrap();
        assert_eq!([asked(folder.path(), &large), asked(folder.path(), &large)], [hash.clone(), hash]);
    }
}
