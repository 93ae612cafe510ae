//! The likeliest classes with their probabilities.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::Theme;
use crate::{scene::ClassScore, tui::model::Model};

/// Columns of a probability: ` 99.9 %`.
const PERCENT: u16 = 8;
/// Columns of a name at most.
const NAME: u16 = 30;
/// Columns below which a bar says nothing.
const BAR: u16 = 4;

/// Draws the list, one class a row.
pub fn render(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let marked = model.marked();
    for (y, class) in (area.y..area.bottom()).zip(model.listed()) {
        let is_marked = marked == Some(class.index);
        row(class, is_marked, theme, Rect { y, height: 1, ..area }, buf);
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

/// `text` in at most `width` columns, its cut end marked.
pub fn shortened(text: &str, width: usize) -> String {
    if ratatui::text::Span::raw(text).width() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    while ratatui::text::Span::raw(short.as_str()).width() + 1 > width && short.pop().is_some() {}
    short + "…"
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn a_cut_name_says_so_and_wide_letters_count_twice() {
        assert_eq!(shortened("tabby", 5), "tabby");
        assert_eq!(shortened("tiger cat", 6), "tiger…");
        assert_eq!(shortened("埃及猫猫", 6), "埃及…");
    }
}
