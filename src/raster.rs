//! One RGB raster, many sinks: half blocks in a terminal, ANSI or plain text, PNG files.

/// A picture of 8-bit RGB pixels, row after row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` pixels.
    pub pixels: Vec<[u8; 3]>,
}
