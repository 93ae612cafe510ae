//! Hashes of files, remembered on disk for as long as the files stay as they are.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{Stamp, cache_folder, hex, sha256, store, whole};

/// Bytes from which on a file takes noticeable time to hash where the processor has no instructions for it.
const LARGE: u64 = 16 << 20;
/// Pieces of a file that are looked at each time, and bytes of each.
const PIECES: u64 = 64;
const PIECE: usize = 4096;

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
        Some(Self::new(cache_folder("hashes")?))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// SHA-256 of the file at `path`, in hexadecimal: remembered, or what `compute` says, which is then remembered, as
    /// long as the file's size and times stay, and some pieces of it. Files of less than 16 MiB, and those changed within
    /// the last two seconds, are always computed.
    ///
    /// # Errors
    /// Those of `compute`.
    pub fn of<E>(&self, path: &Path, compute: impl FnOnce() -> Result<String, E>) -> Result<String, E> {
        let Some(state) = state(path) else { return compute() };
        if let Some(known) = self.known(path, &state) {
            return Ok(known);
        }
        let hash = compute()?;
        if self::state(path).is_some_and(|now| now == state) {
            self.remember(path, &state, &hash);
        }
        Ok(hash)
    }

    /// What is remembered of the file at `path` in this state.
    pub(crate) fn known(&self, path: &Path, state: &str) -> Option<String> {
        fs::read_to_string(self.place(path, state)).ok().filter(|hash| is_hash(hash))
    }

    /// Remembers that the file at `path` has `hash` as long as it is in this state.
    pub(crate) fn remember(&self, path: &Path, state: &str, hash: &str) {
        store(&self.place(path, state), hash.as_bytes());
    }

    fn place(&self, path: &Path, state: &str) -> PathBuf {
        let hash = sha256(&[whole(path).as_os_str().as_encoded_bytes(), state.as_bytes()].join(&b'\n'));
        self.folder.join(&hash[..2]).join(&hash[2..])
    }
}

/// In words, what a file must keep for its hash to be remembered; none where nothing is.
fn state(path: &Path) -> Option<String> {
    let stamp = Stamp::of(path).filter(|stamp| stamp.bytes() >= LARGE && stamp.is_settled())?;
    Some(format!("{stamp} {}", sample(path, stamp.bytes()).ok()?))
}

/// Hash of some pieces spread over a file. There are file systems whose times are all the same.
fn sample(path: &Path, bytes: u64) -> io::Result<String> {
    let (mut file, mut hash, mut piece) = (File::open(path)?, Sha256::new(), [0; PIECE]);
    for at in (0..PIECES).map(|index| index * (bytes / PIECES)) {
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut piece)?;
        hash.update(piece);
    }
    Ok(hex(hash))
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        thread,
        time::{Duration, SystemTime},
    };

    use tempfile::TempDir;

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

    fn set_modified(path: &Path, time: SystemTime) {
        File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }

    /// Until files written before are no longer of this moment.
    fn settle() {
        thread::sleep(Duration::from_millis(2_100));
    }

    /// A folder, and in it a file that is just large enough.
    fn large() -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let large = folder.path().join("large");
        fs::write(&large, vec![0; LARGE as usize]).unwrap();
        (folder, large)
    }

    #[test]
    fn a_large_file_is_hashed_once_and_again_after_every_change() {
        let folder = tempfile::tempdir().unwrap();
        let (large, small) = (folder.path().join("large"), folder.path().join("small"));
        let mut bytes = vec![1; LARGE as usize];
        fs::write(&small, &bytes[1..]).unwrap();
        fs::write(&large, &bytes).unwrap();
        let first = sha256(&bytes);
        settle();
        assert_eq!([asked(folder.path(), &large), asked(folder.path(), &large)], [(first.clone(), 1), (first, 0)]);
        assert_eq!([asked(folder.path(), &small).1, asked(folder.path(), &small).1], [1, 1], "soon done");
        let modified = fs::metadata(&large).unwrap().modified().unwrap();
        bytes[5000] = 2;
        fs::write(&large, &bytes).unwrap();
        let second = sha256(&bytes);
        assert_eq!(asked(folder.path(), &large), (second.clone(), 1), "other bytes");
        if cfg!(unix) {
            set_modified(&large, modified);
            settle();
            assert_eq!(asked(folder.path(), &large), (second, 1), "a time that was set back hides no change");
        }
    }

    #[test]
    fn a_file_that_may_change_without_a_trace_is_hashed_each_time() {
        let (folder, large) = large();
        let (now, hour) = (SystemTime::now(), Duration::from_secs(3600));
        // Where there is no other time than this, one that was set back is believed.
        let times = if cfg!(unix) { vec![now + hour, now - hour] } else { vec![now + hour] };
        for time in times {
            set_modified(&large, time);
            assert_eq!([asked(folder.path(), &large).1, asked(folder.path(), &large).1], [1, 1], "{time:?}");
        }
        assert!(!folder.path().join("hashes").exists());
    }

    #[test]
    fn what_was_changed_while_it_was_hashed_is_not_remembered() {
        let (folder, large) = large();
        settle();
        let hashes = Hashes::new(folder.path().join("hashes"));
        let changed = || fs::write(&large, vec![1; LARGE as usize]).map(|()| "0".repeat(64));
        assert_eq!(hashes.of(&large, changed).unwrap(), "0".repeat(64));
        assert!(!hashes.folder().exists());
    }

    #[test]
    fn files_are_told_apart_where_times_say_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let of = |bytes: &[u8]| {
            fs::write(&file, bytes).unwrap();
            sample(&file, bytes.len() as u64).unwrap()
        };
        let mut bytes: Vec<u8> = (0..LARGE as usize).map(|at| (at % 251) as u8).collect();
        let first = of(&bytes);
        assert_eq!(of(&bytes), first);
        bytes[LARGE as usize / 2] ^= 1;
        assert_ne!(of(&bytes), first);
        assert!(sample(&file, 2 * LARGE).is_err(), "cut off meanwhile");
    }

    #[test]
    fn damage_is_as_if_nothing_were_remembered() {
        let (folder, large) = large();
        settle();
        let hash = asked(folder.path(), &large);
        let hashes = Hashes::new(folder.path().join("hashes"));
        let place = hashes.place(&large, &state(&large).unwrap());
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
