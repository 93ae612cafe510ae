//! What lies over the pictures: the keys, all details, the class search.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
    widgets::{Block, BorderType, Clear, Padding, Paragraph, Widget, Wrap},
};

use super::{Theme, details, layout, rows};
use crate::tui::{keys, model::Model, search::Search};

/// Columns of the keys in the help.
const KEYS: usize = 15;
/// Columns of the help.
const HELP: u16 = 78;

/// A framed area of at most `width` x `height` in the middle of `area`; gives what is inside.
fn frame(title: &str, foot: &str, (width, height): (u16, u16), theme: &Theme, area: Rect, buf: &mut Buffer) -> Rect {
    let framed = layout::middle(area, width, height);
    Clear.render(framed, buf);
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.accent)
        .title(Line::styled(format!(" {title} "), theme.strong))
        .title_bottom(Line::styled(format!(" {foot} "), theme.dim).right_aligned())
        .padding(Padding::horizontal(1));
    let inside = block.inner(framed);
    block.render(framed, buf);
    inside
}

/// Every key.
pub fn help(from: usize, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let most = usize::from(area.width.min(HELP)).saturating_sub(KEYS + 4);
    let lines: Vec<Line> = keys::help().flat_map(|(label, says)| entry(label, says, most, theme)).collect();
    let height = lines.len() as u16 + 2;
    let inside = frame("keys", "↑↓ scroll, any other key closes", (HELP, height), theme, area, buf);
    scrolled(lines, from, inside, buf);
}

/// Keys and what they do, in as many lines as that takes; only the first names the keys.
fn entry<'t>(label: &'t str, says: &'t str, width: usize, theme: &Theme) -> Vec<Line<'t>> {
    let mut rows = vec![String::new()];
    for word in says.split(' ') {
        let row = rows.last_mut().expect("a row");
        if !row.is_empty() && row.chars().count() + 1 + word.chars().count() > width {
            rows.push(word.to_owned());
        } else {
            *row += if row.is_empty() { "" } else { " " };
            *row += word;
        }
    }
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    let line = |(label, row)| Line::from(vec![Span::styled(format!("{label:<KEYS$}"), theme.accent), Span::raw(row)]);
    labels.zip(rows).map(line).collect()
}

/// All that is known about the picture.
pub fn details(model: &Model, from: usize, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut lines = vec![Line::from(model.photos[model.at].display().to_string())];
    lines.extend(details::lines(model, theme));
    if let Some(scene) = model.scene() {
        let photo = &scene.photo;
        lines.push(Line::from(format!("{}x{} pixels, explained in {:.2} s", photo.width, photo.height, scene.seconds)));
    }
    let inside = frame("details", "↑↓ scroll, any other key closes", (90, 16), theme, area, buf);
    scrolled(lines, from, inside, buf);
}

/// Wrapped lines from row `from` on, but never past the last page.
fn scrolled(lines: Vec<Line>, from: usize, area: Rect, buf: &mut Buffer) {
    let text = Paragraph::new(lines).wrap(Wrap { trim: false });
    let last = rows(&text, area.width).saturating_sub(area.height);
    text.scroll(((from as u16).min(last), 0)).render(area, buf);
}

/// What was typed and the classes that fit.
pub fn search(model: &Model, search: &Search, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(catalogue) = &model.catalogue else { return };
    let found = search.matches(&catalogue.names);
    let foot = "↑↓ choose, Enter explain, Esc leave";
    let inside = frame("class", foot, (60, 18), theme, area, buf);
    let count = match found.len() {
        0 => "no class contains this".to_owned(),
        count => format!("{count} of {}", catalogue.names.all().len()),
    };
    let prompt =
        vec![Span::styled("/", theme.accent), Span::raw(search.text.as_str()), Span::styled(" ", theme.chosen)];
    let (first_row, list) = layout::cut_rows(inside, 1);
    Line::from(Span::styled(count, theme.dim)).right_aligned().render(first_row, buf);
    Line::from(prompt).render(first_row, buf);
    let first = search.at.saturating_sub(usize::from(list.height).saturating_sub(1));
    for (y, (at, class)) in (list.y..list.bottom()).zip(found.iter().enumerate().skip(first)) {
        let style = if at == search.at { theme.chosen } else { ratatui::style::Style::new() };
        let text = format!("{:>5}  {:<width$}", class.index, class.name, width = usize::from(list.width));
        buf.set_stringn(list.x, y, text, list.width.into(), style);
    }
}
