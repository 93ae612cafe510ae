//! A raster as text: ANSI colours in three depths, or plain characters.

use std::fmt::Write;

use super::{Raster, cells::Cell};

/// How many colours text may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Depth {
    /// 24-bit colours.
    True,
    /// The 240 fixed ones of 256.
    Palette256,
    /// The terminal's 16, whose exact look is its own.
    Palette16,
    /// None: a ramp of characters by brightness, without any escape sequence.
    Ascii,
}

/// From dark to bright.
const RAMP: &[u8] = b" .:-=+*#%@";
/// Rows allowed for a picture of a given width; square pictures need half as many as columns.
const TALLEST: usize = 2;

impl Raster {
    /// This raster as lines of text, at most `columns` cells wide. In colours every line ends with a reset; plain lines
    /// are filled with spaces to the same width.
    pub fn to_text(&self, columns: usize, depth: Depth) -> Vec<String> {
        let rows = self.cells(columns, columns * TALLEST);
        rows.iter().map(|row| if depth == Depth::Ascii { plain(row) } else { colored(row, depth) }).collect()
    }
}

fn plain(row: &[Cell]) -> String {
    let level = |&(upper, lower): &Cell| {
        let bright = u32::midpoint(luminance(upper), luminance(lower.unwrap_or(upper)));
        char::from(RAMP[(bright as usize * (RAMP.len() - 1) + 127) / 255])
    };
    row.iter().map(level).collect()
}

/// ITU-R BT.601, 0..255.
fn luminance([r, g, b]: [u8; 3]) -> u32 {
    (299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) + 500) / 1000
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
    let [r, g, b] = color;
    let written = match depth {
        Depth::True | Depth::Ascii => write!(line, "\x1b[{layer};2;{r};{g};{b}m"),
        Depth::Palette256 => write!(line, "\x1b[{layer};5;{}m", palette256(color)),
        Depth::Palette16 => {
            let index = palette16(color);
            let base = layer - 8 + if index < 8 { 0 } else { 60 };
            write!(line, "\x1b[{}m", base + index % 8)
        }
    };
    written.expect("a string takes all");
}

fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    a.iter().zip(b).map(|(&a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
}

/// The nearest of xterm's 6x6x6 cube (16 to 231) and 24 greys (232 to 255).
fn palette256(color: [u8; 3]) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |c: u8| (0..6).min_by_key(|&i| LEVELS[i].abs_diff(c)).expect("six levels");
    let [r, g, b] = color.map(nearest);
    let cube = [LEVELS[r], LEVELS[g], LEVELS[b]];
    let sum: u32 = color.iter().map(|&c| u32::from(c)).sum();
    let step = (sum.saturating_sub(9) / 30).min(23) as u8;
    let grey = [8 + 10 * step; 3];
    if distance(grey, color) < distance(cube, color) { 232 + step } else { (16 + 36 * r + 6 * g + b) as u8 }
}

/// The nearest of the 16 colours as xterm shows them.
fn palette16(color: [u8; 3]) -> u8 {
    const COLORS: [[u8; 3]; 16] = [
        [0, 0, 0],
        [205, 0, 0],
        [0, 205, 0],
        [205, 205, 0],
        [0, 0, 238],
        [205, 0, 205],
        [0, 205, 205],
        [229, 229, 229],
        [127, 127, 127],
        [255, 0, 0],
        [0, 255, 0],
        [255, 255, 0],
        [92, 92, 255],
        [255, 0, 255],
        [0, 255, 255],
        [255, 255, 255],
    ];
    (0..16).min_by_key(|&i| distance(COLORS[usize::from(i)], color)).expect("sixteen colours")
}
