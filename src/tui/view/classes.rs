//! The likeliest classes with their probabilities.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{Theme, text::shortened};
use crate::{scene::ClassScore, tui::model::Model};

/// Columns of a probability: ` 99.9 %`.
const PERCENT: u16 = 8;
/// Columns of a name at most.
const NAME: u16 = 30;
/// Columns below which a bar says nothing.
const BAR: u16 = 4;

/// The places of the list that are shown in so many rows: the likeliest, scrolled as far as the marked one needs it; one
/// that is not among the likeliest is added after them.
pub fn visible(model: &Model, rows: u16) -> Vec<usize> {
    let listed = model.listed();
    let rows = usize::from(rows);
    let marked = model.marked();
    let place = listed.iter().position(|class| Some(class.index) == marked).unwrap_or(0);
    let extra = model.scene().is_some_and(|scene| place >= scene.top.len());
    if extra && place >= rows && rows > 0 {
        return (0..rows - 1).chain([place]).collect();
    }
    let first = (place + 1).saturating_sub(rows);
    (first..listed.len()).take(rows).collect()
}

/// Draws the list, one class a row.
pub fn render(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let marked = model.marked();
    let listed = model.listed();
    for (y, place) in (area.y..area.bottom()).zip(visible(model, area.height)) {
        let class = listed[place];
        row(class, marked == Some(class.index), theme, Rect { y, height: 1, ..area }, buf);
    }
}

fn row(class: &ClassScore, marked: bool, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let style = if marked { theme.strong } else { Style::new() };
    let bar = area.width.saturating_sub(2 + NAME + 1 + PERCENT).max(area.width / 4);
    let bar = if area.width < 2 + 12 + PERCENT + 1 + BAR { 0 } else { bar };
    let name = area.width.saturating_sub(2 + PERCENT + if bar > 0 { bar + 1 } else { 0 });
    let (percent, y) = (format!("{:>5.1} %", class.probability * 100.0), area.y);
    buf.set_stringn(area.x, y, if marked { "▶" } else { " " }, 1, theme.accent);
    buf.set_stringn(area.x + 2, y, shortened(&class.name, name.into()), name.into(), style);
    buf.set_stringn(area.x + 2 + name + 1, y, percent, usize::from(PERCENT) - 1, style);
    if bar > 0 {
        let text = theme.bar_text(class.probability, bar);
        let bar_style = if marked { theme.accent } else { theme.bar };
        buf.set_stringn(area.right() - bar, y, text, bar.into(), bar_style);
    }
}
