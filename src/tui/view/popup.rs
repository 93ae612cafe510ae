//! What lies over the pictures: the keys, all details, the class search.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
    widgets::{Block, BorderType, Clear, Padding, Paragraph, Widget, Wrap},
};

use super::{
    Theme, details, layout, rows,
    text::{shortened, width, wrapped},
};
use crate::tui::{
    command,
    model::Model,
    picker::{Choice, Item, Picker},
    search::Search,
};

/// Columns of the keys in the help.
const KEYS: usize = 21;
/// Columns of the help.
const HELP: u16 = 84;

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
pub fn help(model: &Model, from: usize, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let keys = if area.width >= 70 { KEYS } else { KEYS / 2 };
    let most = usize::from(area.width.min(HELP)).saturating_sub(keys + 4);
    let help = model.keys.help();
    let lines: Vec<Line> = help.iter().flat_map(|(label, says)| entry(label, says, [keys, most], theme)).collect();
    let height = lines.len() as u16 + 2;
    let inside = frame("keys", "↑↓ scroll, any other key closes", (HELP, height), theme, area, buf);
    scrolled(lines, from, inside, buf);
}

/// Keys and what they do, each in as many lines of its column as that takes.
fn entry<'t>(label: &str, says: &str, [keys, most]: [usize; 2], theme: &Theme) -> Vec<Line<'t>> {
    let (labels, says) = (wrapped(label, keys - 1), wrapped(says, most));
    let row = |rows: &[String], at: usize| rows.get(at).cloned().unwrap_or_default();
    let line = |at: usize| {
        Line::from(vec![Span::styled(format!("{:<keys$}", row(&labels, at)), theme.accent), Span::raw(row(&says, at))])
    };
    (0..labels.len().max(says.len())).map(line).collect()
}

/// All that is known about the picture.
pub fn details(model: &Model, from: usize, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut lines = vec![Line::from(model.photos[model.at()].display().to_string())];
    lines.extend(details::lines(model, theme));
    if let Some(command) = command(model) {
        lines.push(Line::from(vec![Span::styled("again: ", theme.accent), Span::raw(command)]));
    }
    if let Some(scene) = model.scene() {
        let photo = &scene.photo;
        lines.push(Line::from(format!("{}x{} pixels, explained in {:.2} s", photo.width, photo.height, scene.seconds)));
    }
    let inside = frame("details", "↑↓ scroll, any other key closes", (90, 18), theme, area, buf);
    scrolled(lines, from, inside, buf);
}

/// Wrapped lines from row `from` on, but never past the last page.
fn scrolled(lines: Vec<Line>, from: usize, area: Rect, buf: &mut Buffer) {
    let text = Paragraph::new(lines).wrap(Wrap { trim: false });
    let last = rows(&text, area.width).saturating_sub(area.height);
    text.scroll(((from as u16).min(last), 0)).render(area, buf);
}

/// What was typed and the classes that fit.
pub fn search(model: &Model, search: &Search, takes_away: bool, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(network) = model.network() else { return };
    let found = search.matches(&network.names);
    let (title, foot) = if takes_away {
        ("minus which class?", "↑↓ choose, Enter contrast, Esc leave")
    } else {
        ("class", "↑↓ choose, Enter explain, Esc leave")
    };
    let inside = frame(title, foot, (60, area.height.saturating_sub(2).max(18)), theme, area, buf);
    let count = match found.len() {
        0 => "no class contains this".to_owned(),
        count => format!("{count} of {}", network.names.all().len()),
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

/// A list to choose from.
pub fn pick(model: &Model, picker: &Picker, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(network) = model.network() else { return };
    let items = picker.items(network);
    let title = match picker.choice {
        Choice::Layers => "target layer",
        Choice::Methods => "method",
        Choice::Take => "take away",
    };
    let columns = 84.min(area.width);
    let name = items.iter().map(|item| width(&item.title)).max().unwrap_or(0) + 2;
    let tall = picker.choice != Choice::Layers;
    let lines = |item: &Item| item_lines(item, name, usize::from(columns).saturating_sub(6), tall, theme);
    let all: Vec<Vec<Line>> = items.iter().map(lines).collect();
    let height = all.iter().map(Vec::len).sum::<usize>() as u16 + 3;
    let foot = "↑↓ choose, type to narrow, Enter, Esc";
    let inside = frame(title, foot, (columns, height), theme, area, buf);
    let (prompt, list) = layout::cut_rows(inside, 1);
    let typed = vec![Span::styled("/", theme.accent), Span::raw(picker.text.as_str()), Span::styled(" ", theme.chosen)];
    Line::from(typed).render(prompt, buf);
    // Scrolls so that the chosen one is whole.
    let end = all.iter().take(picker.at + 1).map(Vec::len).sum::<usize>();
    let skip = end.saturating_sub(list.height.into());
    let marked = all
        .into_iter()
        .enumerate()
        .flat_map(|(at, lines)| lines.into_iter().enumerate().map(move |(row, line)| (at, row == 0, line)));
    for (y, (at, is_first, line)) in (list.y..list.bottom()).zip(marked.skip(skip)) {
        let row = Rect { y, height: 1, ..list };
        let style = if at == picker.at { theme.chosen } else { ratatui::style::Style::new() };
        buf.set_stringn(row.x, y, if at == picker.at && is_first { "▶ " } else { "  " }, 2, theme.accent);
        line.style(style).render(layout::cut_columns(row, 2).1, buf);
    }
}

/// What it is and means on a line, or as many as it needs where `tall`; then its caveat.
fn item_lines<'t>(item: &Item, name: usize, room: usize, tall: bool, theme: &Theme) -> Vec<Line<'t>> {
    let title = Span::styled(format!("{:<name$}", item.title), theme.strong);
    let rest = room.saturating_sub(name);
    if !tall {
        return vec![Line::from(vec![title, Span::raw(shortened(&item.says, rest))])];
    }
    let narrow = rest < 30;
    let (indent, most) = if narrow { (2, room.saturating_sub(2)) } else { (name, rest) };
    let mut lines: Vec<Line> = Vec::new();
    let mut says = wrapped(&item.says, most).into_iter();
    lines.push(match says.next().filter(|_| !narrow) {
        Some(first) => Line::from(vec![title, Span::raw(first)]),
        None => Line::from(title),
    });
    let left = if narrow { wrapped(&item.says, most) } else { says.collect() };
    lines.extend(left.into_iter().map(|row| Line::from(format!("{:indent$}{row}", ""))));
    let caveat = item.caveat.map(|caveat| wrapped(&format!("caveat: {caveat}"), most)).unwrap_or_default();
    lines.extend(caveat.into_iter().map(|row| Line::styled(format!("{:indent$}{row}", ""), theme.caution)));
    lines
}
