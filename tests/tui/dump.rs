//! A screen as text: what it says, then in which styles.

use std::{fmt::Write as _, ops::Range};

use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};
use saltty::tui::{Model, view};

/// Draws `model` on a screen of this size.
pub fn draw(model: &Model, (columns, rows): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| view::draw(model, frame)).unwrap();
    terminal.backend().buffer().clone()
}

/// Its text alone.
pub fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let row: String = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect();
        text += row.trim_end();
        text.push('\n');
    }
    text
}

/// Text, then the columns that share a style, but for the plain ones. Rows that are alike are written once.
pub fn styled(buffer: &Buffer) -> String {
    let text = text(buffer);
    let words = runs(text.lines().map(str::to_owned).collect());
    let mut dump = String::new();
    for (rows, row) in words {
        writeln!(dump, "{row}").unwrap();
        if rows.len() > 1 {
            writeln!(dump, "  :: {} such rows", rows.len()).unwrap();
        }
    }
    for (rows, styles) in runs((0..buffer.area.height).map(|y| styles(buffer, y)).collect()) {
        let (first, last) = (rows.start, rows.end - 1);
        let label = if first == last { format!("{first:>2}") } else { format!("{first:>2}-{last}") };
        for (from, to, style) in styles {
            writeln!(dump, "{label}:{from}-{to}{style}").unwrap();
        }
    }
    dump
}

/// Equal neighbours once each, with their places.
fn runs<T: PartialEq>(all: Vec<T>) -> Vec<(Range<usize>, T)> {
    let mut runs: Vec<(Range<usize>, T)> = Vec::new();
    for (at, one) in all.into_iter().enumerate() {
        match runs.last_mut().filter(|(_, last)| *last == one) {
            Some((places, _)) => places.end = at + 1,
            None => runs.push((at..at + 1, one)),
        }
    }
    runs
}

/// First and last columns of a row that share a style, and the style, but for the plain ones.
fn styles(buffer: &Buffer, y: u16) -> Vec<(usize, usize, String)> {
    let row = runs((0..buffer.area.width).map(|x| style(&buffer[(x, y)])).collect());
    let told = row.into_iter().filter(|(_, style)| !style.is_empty());
    told.map(|(columns, style)| (columns.start, columns.end - 1, style)).collect()
}

fn style(cell: &Cell) -> String {
    let color = |name: &str, color| match color {
        Color::Reset => String::new(),
        Color::Rgb(r, g, b) => format!(" {name} #{r:02x}{g:02x}{b:02x}"),
        other => format!(" {name} {other}"),
    };
    let modifier = if cell.modifier == Modifier::empty() { String::new() } else { format!(" {:?}", cell.modifier) };
    color("fg", cell.fg) + &color("bg", cell.bg) + &modifier
}
