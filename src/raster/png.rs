//! A raster as a PNG file.

use std::{io::Cursor, path::Path};

use image::{ImageFormat, RgbImage};

use super::Raster;
use crate::{Error, Result, files};

impl Raster {
    /// The bytes of a PNG file.
    ///
    /// # Panics
    /// If the raster is empty: PNG has no picture without pixels.
    pub fn to_png(&self) -> Vec<u8> {
        let bytes = self.pixels.as_flattened().to_vec();
        let image = RgbImage::from_raw(self.width as u32, self.height as u32, bytes).expect("three bytes a pixel");
        let mut png = Cursor::new(Vec::new());
        image.write_to(&mut png, ImageFormat::Png).expect("a PNG of at least one pixel in memory");
        png.into_inner()
    }

    /// Writes a PNG file, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write_png(&self, path: &Path) -> Result<()> {
        files::write_atomically(path, &self.to_png()).map_err(|source| Error::Write { path: path.to_owned(), source })
    }
}
