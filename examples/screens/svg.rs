//! A screen as SVG: half blocks as one picture, bars and frames as shapes, the rest as text.

use std::{fmt::Write as _, io::Cursor};

use image::{ImageFormat, Rgba, RgbaImage};
use saltty::terminal::base64;
use vt100::{Cell, Color, Screen};

/// Pixels of a cell, of which a half block is a square.
const CELL: (u32, u32) = (9, 18);
/// Pixels around the screen.
const MARGIN: u32 = 10;
/// Pixels of the letters.
const LETTERS: u32 = 15;
const BACK: [u8; 3] = [0x12, 0x16, 0x1c];
const FRONT: [u8; 3] = [0xd7, 0xdc, 0xe2];
/// The terminal's own 16 colours.
const OWN: [[u8; 3]; 16] = [
    [0x12, 0x16, 0x1c],
    [0xcd, 0x31, 0x31],
    [0x2b, 0xb0, 0x6b],
    [0xd9, 0xb4, 0x3c],
    [0x3b, 0x78, 0xd8],
    [0xb8, 0x5f, 0xc4],
    [0x3c, 0xb4, 0xc8],
    [0xd7, 0xdc, 0xe2],
    [0x6b, 0x72, 0x7c],
    [0xf1, 0x6a, 0x6a],
    [0x4f, 0xd6, 0x8f],
    [0xf2, 0xd0, 0x5e],
    [0x6a, 0x9f, 0xf5],
    [0xd6, 0x86, 0xe0],
    [0x63, 0xd2, 0xe4],
    [0xff, 0xff, 0xff],
];

/// How a cell looks.
#[derive(Clone, PartialEq)]
struct Look {
    front: [u8; 3],
    back: [u8; 3],
    bold: bool,
    dim: bool,
}

fn color(color: Color, default: [u8; 3]) -> [u8; 3] {
    match color {
        Color::Default => default,
        Color::Rgb(r, g, b) => [r, g, b],
        Color::Idx(own @ 0..16) => OWN[usize::from(own)],
        Color::Idx(grey @ 232..) => [8 + 10 * (grey - 232); 3],
        Color::Idx(cube) => [(cube - 16) / 36, (cube - 16) / 6 % 6, (cube - 16) % 6]
            .map(|level| if level == 0 { 0 } else { 55 + 40 * level }),
    }
}

fn look(cell: &Cell) -> Look {
    let (mut front, mut back) = (color(cell.fgcolor(), FRONT), color(cell.bgcolor(), BACK));
    if cell.inverse() {
        (front, back) = (back, front);
    }
    Look { front, back, bold: cell.bold(), dim: cell.dim() }
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Draws the screen.
pub fn draw(screen: &Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (u32::from(rows.get()), u32::from(columns.get()));
    let (width, height) = (columns * CELL.0 + 2 * MARGIN, rows * CELL.1 + 2 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace\" \
         font-size=\"{LETTERS}\">\n<rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{}\"/>\n\
         <g transform=\"translate({MARGIN} {MARGIN})\">\n",
        hex(BACK)
    );
    svg += &fields(screen, rows, columns);
    for row in 0..rows {
        words(screen, row, columns, &mut svg);
    }
    svg + "</g>\n</svg>\n"
}

fn cell(screen: &Screen, row: u32, column: u32) -> &Cell {
    screen.cell(row as u16, column as u16).expect("a cell")
}

/// All that fills cells or halves of them, as one picture with its transparent rest.
fn fields(screen: &Screen, rows: u32, columns: u32) -> String {
    let mut picture = RgbaImage::new(columns * CELL.0, rows * CELL.1);
    let mut fill = |x: u32, y: u32, width: u32, height: u32, [r, g, b]: [u8; 3]| {
        for (dx, dy) in (0..width).flat_map(|dx| (0..height).map(move |dy| (dx, dy))) {
            picture.put_pixel(x + dx, y + dy, Rgba([r, g, b, 255]));
        }
    };
    for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
        let cell = cell(screen, row, column);
        let Look { front, back, .. } = look(cell);
        let (x, y) = (column * CELL.0, row * CELL.1);
        if back != BACK {
            fill(x, y, CELL.0, CELL.1, back);
        }
        match cell.contents() {
            "▀" => fill(x, y, CELL.0, CELL.1 / 2, front),
            text => {
                let eighths = text.chars().next().and_then(eighths).unwrap_or(0);
                fill(x, y + 2, (CELL.0 * eighths).div_ceil(8), if eighths > 0 { CELL.1 - 4 } else { 0 }, front);
            }
        }
    }
    let mut bytes = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).expect("a PNG");
    let (width, height) = picture.dimensions();
    let data = base64(&bytes);
    format!("<image width=\"{width}\" height=\"{height}\" href=\"data:image/png;base64,{data}\"/>\n")
}

/// Eighths of a cell that a bar's character fills, from the left.
fn eighths(c: char) -> Option<u32> {
    "▏▎▍▌▋▊▉█".chars().position(|eighth| eighth == c).map(|at| at as u32 + 1)
}

/// The words of one row; frames as lines.
fn words(screen: &Screen, row: u32, columns: u32, svg: &mut String) {
    let mut column = 0;
    while column < columns {
        let first = cell(screen, row, column);
        let look = look(first);
        if let Some(path) = first.contents().chars().next().and_then(frame) {
            let (x, y) = (column * CELL.0, row * CELL.1);
            let color = hex(look.front);
            writeln!(svg, "<path transform=\"translate({x} {y})\" d=\"{path}\" fill=\"none\" stroke=\"{color}\"/>")
                .expect("text");
            column += 1;
            continue;
        }
        let start = column;
        let mut text = String::new();
        while column < columns && is_word(screen, row, column, &look) {
            text += cell(screen, row, column).contents();
            column += 1;
        }
        if text.is_empty() {
            column += 1;
        } else {
            word(&text, (start, row), column - start, &look, svg);
        }
    }
}

/// Whether a cell is of a word of this look.
fn is_word(screen: &Screen, row: u32, column: u32, wanted: &Look) -> bool {
    let shown = cell(screen, row, column);
    let text = shown.contents();
    let drawn = |c: char| c == '▀' || eighths(c).is_some() || frame(c).is_some();
    !text.trim().is_empty() && !text.chars().any(drawn) && look(shown) == *wanted
}

fn word(text: &str, (column, row): (u32, u32), columns: u32, look: &Look, svg: &mut String) {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    let (x, y) = (column * CELL.0, row * CELL.1 + CELL.1 - 5);
    let weight = if look.bold { " font-weight=\"bold\"" } else { "" };
    let faint = if look.dim { " opacity=\".65\"" } else { "" };
    let (length, color) = (columns * CELL.0, hex(look.front));
    writeln!(svg, "<text x=\"{x}\" y=\"{y}\" textLength=\"{length}\" fill=\"{color}\"{weight}{faint}>{escaped}</text>")
        .expect("text");
}

/// A frame's character as a path within its cell.
fn frame(c: char) -> Option<&'static str> {
    Some(match c {
        '─' => "M0 9.5h9",
        '│' => "M4.5 0v18",
        '╭' => "M9 9.5h-1a3.5 3.5 0 0 0-3.5 3.5v5",
        '╮' => "M0 9.5h1a3.5 3.5 0 0 1 3.5 3.5v5",
        '╰' => "M9 9.5h-1a3.5 3.5 0 0 1-3.5-3.5v-6",
        '╯' => "M0 9.5h1a3.5 3.5 0 0 0 3.5-3.5v-6",
        '┌' => "M9 9.5h-4.5v8.5",
        '┐' => "M0 9.5h4.5v8.5",
        '└' => "M9 9.5h-4.5v-9.5",
        '┘' => "M0 9.5h4.5v-9.5",
        '╋' => "M0 9.5h9M4.5 0v18",
        _ => return None,
    })
}
