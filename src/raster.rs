//! One RGB raster, many sinks: half blocks in a terminal, ANSI or plain text, PNG files.

mod cells;
pub mod halfblock;
mod oklab;
mod palette;
mod png;
pub mod resample;
mod shape;
mod text;

pub use halfblock::HalfBlocks;
pub use palette::Depth;
pub use shape::CellShape;

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

impl Raster {
    /// Wraps `pixels`.
    ///
    /// # Panics
    /// If there are not `width * height` of them.
    pub fn new(width: usize, height: usize, pixels: Vec<[u8; 3]>) -> Self {
        assert_eq!(pixels.len(), width * height, "a raster of {width}x{height}");
        Self { width, height, pixels }
    }

    /// One colour.
    pub fn filled(width: usize, height: usize, color: [u8; 3]) -> Self {
        Self::new(width, height, vec![color; width * height])
    }

    /// The pixel in column `x` of row `y`.
    ///
    /// # Panics
    /// Outside the raster.
    pub fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        assert!(x < self.width, "column {x} of {}", self.width);
        self.pixels[y * self.width + x]
    }

    /// `width` x `height` pixels from column `x` and row `y` on.
    ///
    /// # Panics
    /// If that reaches outside.
    #[must_use]
    pub fn crop(&self, x: usize, y: usize, width: usize, height: usize) -> Self {
        assert!(x + width <= self.width && y + height <= self.height, "a crop inside the raster");
        let rows = (y..y + height).flat_map(|row| &self.pixels[row * self.width + x..][..width]);
        Self::new(width, height, rows.copied().collect())
    }

    /// The largest size of the same shape that fits into `width` x `height`; at least one pixel where there is room.
    pub fn fitted(&self, width: usize, height: usize) -> (usize, usize) {
        if self.pixels.is_empty() || width == 0 || height == 0 {
            return (0, 0);
        }
        fit((self.width as f64, self.height as f64), (width, height))
    }
}

/// The largest size of the same shape as `width` x `height`, in columns and half rows, that fits into so many columns and
/// rows of cells.
fn fitted_cells((width, height): (usize, usize), (columns, rows): (usize, usize), cell: CellShape) -> (usize, usize) {
    if width == 0 || height == 0 || columns == 0 || rows == 0 {
        return (0, 0);
    }
    fit((width as f64, height as f64 / (cell.aspect() / 2.0)), (columns, rows.saturating_mul(2)))
}

/// The largest whole sides in the proportion of these that are no longer than so many, and at least 1.
fn fit((across, down): (f64, f64), (width, height): (usize, usize)) -> (usize, usize) {
    let scale = (width as f64 / across).min(height as f64 / down);
    let scaled = |n: f64, most: usize| ((n * scale).round() as usize).clamp(1, most);
    (scaled(across, width), scaled(down, height))
}
