//! Photos: decoding, making them square, and turning pixels into the numbers a network was trained on.

mod decode;
mod folder;
mod preprocess;
mod square;

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

pub use decode::{LARGEST_SIDE, MOST_BYTES, MOST_PIXELS};
pub use folder::{photos_in, photos_under};
pub use preprocess::Preprocess;
pub use square::{Resize, fit};

use crate::{Error, Result, raster::Raster};

/// A decoded photo, upright, 8-bit RGB, on white where it was transparent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Photo {
    /// The file it came from.
    pub path: PathBuf,
    /// Its pixels at full size.
    pub raster: Raster,
}

impl Photo {
    /// Reads a JPEG, PNG, WebP, BMP or GIF (its first frame), whatever its name ends in.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::PhotoFormat`] or [`Error::PhotoSize`], in words that name the file.
    pub fn open(path: &Path) -> Result<Self> {
        let unreadable = |source| Error::Read { path: path.to_owned(), source };
        let found = std::fs::metadata(path).map_err(unreadable)?;
        if found.is_dir() {
            photos_in(path)?;
            return Err(unreadable(io::Error::other("it is a folder, not a photo")));
        }
        let mut bytes = Vec::new();
        File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
        if bytes.len() as u64 > MOST_BYTES {
            let reason = format!("it has more than the {} MiB a photo may have", MOST_BYTES >> 20);
            return Err(Error::PhotoFormat { path: path.to_owned(), reason });
        }
        Self::decode(&bytes, path)
    }

    /// Decodes the bytes of a photo; `path` is what messages call it.
    ///
    /// # Errors
    /// [`Error::PhotoFormat`] or [`Error::PhotoSize`].
    pub fn decode(bytes: &[u8], path: &Path) -> Result<Self> {
        Ok(Self { path: path.to_owned(), raster: decode::decode(bytes, path)? })
    }
}
