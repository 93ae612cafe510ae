//! What can go wrong in the library, worded for the person who has to mend it.

use std::path::PathBuf;

/// Result of saltty's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Each message is one sentence that names the file or word at fault and says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read.
    #[error("cannot read {}: {source}; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("cannot write {}: {source}; check that the folder exists and has room", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A photo could not be decoded.
    #[error("cannot decode {}: {reason}; saltty reads JPEG, PNG, WebP, BMP and GIF, so convert or re-download the photo", path.display())]
    PhotoFormat {
        /// The photo.
        path: PathBuf,
        /// The decoder's words.
        reason: String,
    },
    /// A photo without pixels or with too many.
    #[error("{} is {width}x{height} pixels, but a photo must have 1 to {limit} pixels a side; scale it first", path.display())]
    PhotoSize {
        /// The photo.
        path: PathBuf,
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Most pixels a side.
        limit: u32,
    },
}
