//! The shape of a terminal's cells.

use std::{fmt, str::FromStr};

/// Width and height of a cell, in pixels where they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CellShape {
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
}

impl CellShape {
    /// Twice as high as wide, where nothing is known.
    pub const ASSUMED: Self = Self { width: 1, height: 2 };

    /// A cell of so many pixels; none if no font has such cells (the height is 1 to 4 times the width).
    pub fn new(width: u16, height: u16) -> Option<Self> {
        let plausible = width > 0 && (1.0..=4.0).contains(&(f64::from(height) / f64::from(width)));
        plausible.then_some(Self { width, height })
    }

    /// How many times as high as wide.
    pub fn aspect(self) -> f64 {
        f64::from(self.height) / f64::from(self.width)
    }

    /// Rows of a square that is so many columns wide.
    pub fn rows(self, columns: u16) -> u16 {
        let rows = (u32::from(columns) * u32::from(self.width)).div_ceil(u32::from(self.height));
        u16::try_from(rows).unwrap_or(u16::MAX)
    }

    /// Columns of the widest square that is no higher than so many rows.
    pub fn columns(self, rows: u16) -> u16 {
        let columns = u32::from(rows) * u32::from(self.height) / u32::from(self.width);
        u16::try_from(columns).unwrap_or(u16::MAX)
    }
}

impl Default for CellShape {
    fn default() -> Self {
        Self::ASSUMED
    }
}

impl fmt::Display for CellShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl FromStr for CellShape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sides = text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
        let wrong = || {
            format!("`{text}` is no size of a cell in pixels, as 9x20 is; none is more than 4 times as high as wide")
        };
        sides.and_then(|(width, height)| Self::new(width, height)).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_square() {
        assert_eq!((CellShape::ASSUMED.rows(7), CellShape::ASSUMED.columns(5)), (4, 10));
        let cell = CellShape::new(10, 25).unwrap();
        assert_eq!((cell.rows(50), cell.columns(20)), (20, 50));
        assert_eq!("10x25".parse(), Ok(cell));
        for (width, height) in [(0, 0), (0, 10), (10, 0), (80, 20), (1, 9)] {
            assert_eq!(CellShape::new(width, height), None, "{width}x{height}");
            assert!(format!("{width}x{height}").parse::<CellShape>().is_err());
        }
    }
}
