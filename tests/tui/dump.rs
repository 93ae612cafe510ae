//! A screen as text: what it says, then in which styles.

use std::fmt::Write as _;

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

/// Text, then for each row the columns that share a style, but for the plain ones.
pub fn styled(buffer: &Buffer) -> String {
    let mut dump = text(buffer);
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let style = style(&buffer[(x, y)]);
            let end = (x..buffer.area.width).find(|&to| self::style(&buffer[(to, y)]) != style);
            let end = end.unwrap_or(buffer.area.width);
            if !style.is_empty() {
                writeln!(dump, "{y:>2}:{x}-{}{style}", end - 1).unwrap();
            }
            x = end;
        }
    }
    dump
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
