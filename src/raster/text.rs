//! A raster as text: ANSI colours in three depths, or plain characters.

use std::fmt::Write;

use ratatui::style::Color;

use super::{CellShape, Depth, Raster, cells::Cell, palette};

/// Rows allowed for a picture of a given width; square pictures need half as many as columns.
const TALLEST: usize = 2;

impl Raster {
    /// This raster as lines of text, at most `columns` cells (1:2) wide. In colours every line ends with a reset; plain lines
    /// are filled with spaces to the same width.
    pub fn to_text(&self, columns: usize, depth: Depth) -> Vec<String> {
        let rows = self.cells(columns, columns * TALLEST, CellShape::ASSUMED);
        rows.iter().map(|row| if depth == Depth::Ascii { plain(row) } else { colored(row, depth) }).collect()
    }
}

fn plain(row: &[Cell]) -> String {
    row.iter().map(|&(upper, lower)| palette::ramp(upper, lower.unwrap_or(upper))).collect()
}

fn colored(row: &[Cell], depth: Depth) -> String {
    let mut line = String::new();
    let mut last: Option<Cell> = None;
    for &(upper, lower) in row {
        if last.map(|(upper, _)| upper) != Some(upper) {
            push(&mut line, 38, upper, depth);
        }
        match lower {
            Some(lower) if last.and_then(|(_, lower)| lower) != Some(lower) => push(&mut line, 48, lower, depth),
            _ => {}
        }
        line.push('▀');
        last = Some((upper, lower));
    }
    line + "\x1b[0m"
}

/// Sets the foreground (`layer` 38) or background (48).
fn push(line: &mut String, layer: u8, color: [u8; 3], depth: Depth) {
    let written = match depth.nearest(color) {
        Some(Color::Indexed(index)) if depth == Depth::Palette16 => {
            let base = layer - 8 + if index < 8 { 0 } else { 60 };
            write!(line, "\x1b[{}m", base + index % 8)
        }
        Some(Color::Indexed(index)) => write!(line, "\x1b[{layer};5;{index}m"),
        Some(Color::Rgb(r, g, b)) => write!(line, "\x1b[{layer};2;{r};{g};{b}m"),
        _ => Ok(()),
    };
    written.expect("a string takes all");
}
