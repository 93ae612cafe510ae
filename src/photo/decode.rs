//! From a file's bytes to upright RGB pixels, refusing what is broken or too large.

use std::{io::Cursor, path::Path};

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbaImage};

use crate::{Error, Result, raster::Raster};

/// Longest side of a photo, in pixels.
pub const LARGEST_SIDE: u32 = 16_384;
/// Most pixels of a photo.
pub const MOST_PIXELS: u64 = 100_000_000;
/// Largest photo file, in bytes.
pub const MOST_BYTES: u64 = 256 << 20;
/// Most memory a decoder may take, in bytes.
const MOST_MEMORY: u64 = 1 << 30;

pub(super) fn decode(bytes: &[u8], path: &Path) -> Result<Raster> {
    let broken = |reason: String| Error::PhotoFormat { path: path.to_owned(), reason };
    if bytes.is_empty() {
        return Err(broken("the file is empty".to_owned()));
    }
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| broken(e.to_string()))?;
    let format = reader.format().ok_or_else(|| broken("it does not begin like a photo".to_owned()))?;
    check_end(format, bytes).map_err(broken)?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|e| broken(in_words(&e)))?;
    check_size(path, decoder.dimensions())?;
    let orientation = decoder.orientation().map_err(|e| broken(in_words(&e)))?;
    let mut photo = DynamicImage::from_decoder(decoder).map_err(|e| broken(in_words(&e)))?;
    photo.apply_orientation(orientation);
    Ok(on_white(&photo))
}

fn check_size(path: &Path, (width, height): (u32, u32)) -> Result<()> {
    let fits = (1..=LARGEST_SIDE).contains(&width) && (1..=LARGEST_SIDE).contains(&height);
    if fits && u64::from(width) * u64::from(height) <= MOST_PIXELS {
        return Ok(());
    }
    let (path, limit, megapixels) = (path.to_owned(), LARGEST_SIDE, MOST_PIXELS / 1_000_000);
    Err(Error::PhotoSize { path, width, height, limit, megapixels })
}

/// The decoder's words, without its own advice.
fn in_words(error: &ImageError) -> String {
    match error {
        ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => "the file is cut short".to_owned(),
        ImageError::Unsupported(_) => "it is in a format or variant that saltty does not read".to_owned(),
        other => std::error::Error::source(other)
            .map_or_else(|| other.to_string(), |cause| cause.to_string().trim().to_owned()),
    }
}

/// JPEG decoders fill what is missing with grey without a word, so the end of the file is looked at here.
fn check_end(format: ImageFormat, bytes: &[u8]) -> Result<(), String> {
    if format == ImageFormat::Jpeg && !jpeg_ends(bytes) {
        return Err("the file is cut short: the end of the image is missing".to_owned());
    }
    Ok(())
}

/// Whether the markers of a JPEG lead to its own end of image; the end of a thumbnail inside a segment is none.
fn jpeg_ends(bytes: &[u8]) -> bool {
    const END_OF_IMAGE: u8 = 0xD9;
    let mut rest = bytes;
    while let Some(at) = rest.windows(2).position(|pair| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xFF)) {
        let marker = rest[at + 1];
        let alone = matches!(marker, 0x01 | 0xD0..=0xD8);
        let length = rest.get(at + 2..at + 4).map_or(0, |two| usize::from(u16::from_be_bytes([two[0], two[1]])));
        match rest.get(at + 2 + if alone { 0 } else { length }..) {
            _ if marker == END_OF_IMAGE => return true,
            Some(after) => rest = after,
            None => return false,
        }
    }
    false
}

/// 8-bit RGB, with transparent parts over white.
fn on_white(photo: &DynamicImage) -> Raster {
    let pixels = if photo.color().has_alpha() {
        let rgba: RgbaImage = photo.to_rgba8();
        let over = |c: u8, a: u8| ((u32::from(c) * u32::from(a) + 255 * (255 - u32::from(a)) + 127) / 255) as u8;
        rgba.pixels().map(|p| [over(p[0], p[3]), over(p[1], p[3]), over(p[2], p[3])]).collect()
    } else {
        photo.to_rgb8().pixels().map(|p| p.0).collect()
    };
    Raster::new(photo.width() as usize, photo.height() as usize, pixels)
}
