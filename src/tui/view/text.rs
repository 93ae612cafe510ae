//! Text that fits, and the screen as text.

use std::fmt::Write as _;

use ratatui::{
    buffer::{Buffer, Cell},
    layout::Rect,
    style::{Color, Modifier},
    text::Span,
};

use crate::tui::model::{Mode, Model};

/// Columns that `text` takes.
pub fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// `text` in at most `room` columns, its cut end marked.
pub fn shortened(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(room.saturating_sub(1)).collect();
    while width(&short) + 1 > room && short.pop().is_some() {}
    short + "…"
}

/// `text` in at most `room` columns: its beginning and its end, a mark between.
pub fn shortened_in_the_middle(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let mut keep = room.saturating_sub(1).min(letters.len().saturating_sub(1));
    loop {
        let (front, back) = (keep / 2, keep - keep / 2);
        let short: String = letters[..front].iter().chain(&['…']).chain(&letters[letters.len() - back..]).collect();
        if width(&short) <= room.max(1) || keep == 0 {
            return short;
        }
        keep -= 1;
    }
}

/// `text` in rows of at most `width` columns, broken at spaces; a longer word has a row of its own.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    for word in text.split(' ') {
        let row = rows.last_mut().expect("a row");
        if !row.is_empty() && row.chars().count() + 1 + word.chars().count() > width {
            rows.push(word.to_owned());
        } else {
            *row += if row.is_empty() { "" } else { " " };
            *row += word;
        }
    }
    rows
}

/// The screen of `model`, without what lies over it, as lines of text in its colours.
pub fn screen_text(model: &Model) -> String {
    let plain = Model { mode: Mode::Look, notice: None, graphics: None, meter: None, ..model.clone() };
    let area = Rect::new(0, 0, model.size.0, model.size.1);
    let mut buffer = Buffer::empty(area);
    super::render(&plain, area, &mut buffer);
    ansi(&buffer)
}

fn ansi(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let mut last = String::new();
        let mut skip = 0;
        for x in 0..buffer.area.width {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let cell = &buffer[(x, y)];
            let style = style(cell);
            if style != last {
                write!(text, "\x1b[0{style}m").expect("a string takes all");
                last = style;
            }
            text += cell.symbol();
            skip = width(cell.symbol()).saturating_sub(1);
        }
        text += if last.is_empty() { "\n" } else { "\x1b[0m\n" };
    }
    text
}

/// What follows the reset of a cell's style.
fn style(cell: &Cell) -> String {
    let mut style = String::new();
    for (modifier, code) in [(Modifier::BOLD, ";1"), (Modifier::DIM, ";2"), (Modifier::REVERSED, ";7")] {
        style += if cell.modifier.contains(modifier) { code } else { "" };
    }
    style + &color(cell.fg, 30) + &color(cell.bg, 40)
}

fn color(color: Color, base: u8) -> String {
    match color {
        Color::Rgb(r, g, b) => format!(";{};2;{r};{g};{b}", base + 8),
        Color::Indexed(index) => format!(";{};5;{index}", base + 8),
        Color::Cyan => format!(";{}", base + 6),
        Color::Yellow => format!(";{}", base + 3),
        Color::Green => format!(";{}", base + 2),
        Color::LightRed => format!(";{}", base + 61),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{shortened, shortened_in_the_middle};

    #[test]
    fn a_cut_name_says_so_and_wide_letters_count_twice() {
        assert_eq!(shortened("tabby", 5), "tabby");
        assert_eq!(shortened("tiger cat", 6), "tiger…");
        assert_eq!(shortened("埃及猫猫", 6), "埃及…");
    }

    #[test]
    fn the_middle_goes_first() {
        assert_eq!(shortened_in_the_middle("holiday.jpg", 11), "holiday.jpg");
        assert_eq!(shortened_in_the_middle("holiday.jpg", 9), "holi….jpg");
        assert_eq!(shortened_in_the_middle("埃及猫猫", 5), "埃…猫");
        assert_eq!(shortened_in_the_middle("abc", 0), "…");
    }
}
