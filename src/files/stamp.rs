//! Whether a file is still the one that was read.

use std::{
    fmt,
    fs::{self, Metadata},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// No file system notes times more coarsely than this; whoever writes twice within it may leave the same stamp twice.
const COARSE: Duration = Duration::from_secs(2);

/// When a file was changed last and how long it is: as long as all of that stays, so do its bytes, as a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    nanoseconds: u128,
    bytes: u64,
    /// When anything of it was changed, its times included, in nanoseconds: on most file systems nobody can set that back.
    /// 0 where there is no such time.
    touched: i128,
}

impl Stamp {
    /// Of the file at `path`, if there is one.
    pub fn of(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok()?;
        let changed = found.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Self { nanoseconds: changed.as_nanos(), bytes: found.len(), touched: touched(&found) })
    }

    /// Length of the file in bytes.
    pub fn bytes(self) -> u64 {
        self.bytes
    }

    /// Whether a change from now on would show in it: it is not of this moment, nor of the future.
    pub fn is_settled(self) -> bool {
        let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) else { return false };
        let settled = now.saturating_sub(COARSE).as_nanos();
        self.nanoseconds < settled && self.touched < settled as i128
    }
}

/// In words that differ where stamps do.
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.nanoseconds, self.touched, self.bytes)
    }
}

#[cfg(unix)]
fn touched(found: &Metadata) -> i128 {
    use std::os::unix::fs::MetadataExt;
    i128::from(found.ctime()) * 1_000_000_000 + i128::from(found.ctime_nsec())
}

#[cfg(not(unix))]
fn touched(_found: &Metadata) -> i128 {
    0
}
