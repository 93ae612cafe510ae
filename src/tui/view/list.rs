//! The list of photos: thumbnail, name, likeliest class, how certain, and whether that contradicts the folder.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
    text::{Line, Span},
    widgets::Widget,
};

use super::{
    LEAST, Theme, layout,
    text::{shortened, shortened_in_the_middle},
};
use crate::{
    raster::HalfBlocks,
    tui::{
        listing::Entry,
        model::{Mode, Model},
        pace, picker,
    },
};

/// Rows of the screen that are not the list's: header, the list's own first row, last row.
const AROUND: u16 = 3;
/// Columns of a name.
const NAME: u16 = 30;
/// Columns of a bar.
const BAR: u16 = 16;

/// Rows of one photo on a screen with so many rows.
fn height(rows: u16) -> u16 {
    match rows {
        0..20 => 1,
        20..40 => 2,
        _ => 3,
    }
}

/// Columns of photos on a screen with so many columns.
fn columns(columns: u16) -> u16 {
    if columns >= 150 { 2 } else { 1 }
}

/// How many photos a screen of this size shows at once.
pub fn rows((width, rows): (u16, u16)) -> usize {
    if width < LEAST.0 || rows < LEAST.1 {
        return 1;
    }
    usize::from(rows.saturating_sub(AROUND) / height(rows) * columns(width))
}

/// Where the photo at each place of the order is drawn, from the first visible on.
fn places(model: &Model, area: Rect) -> Vec<(usize, Rect)> {
    let (_, body) = layout::cut_rows(area, 1);
    let (each, across) = (height(area.height + 2), columns(area.width));
    let down = body.height / each;
    let width = (body.width + 1) / across;
    let mut places = Vec::new();
    for column in 0..across {
        for row in 0..down {
            let place = model.list.first + usize::from(column * down + row);
            if place < model.list.order.len() {
                let (x, y) = (body.x + column * width, body.y + row * each);
                places.push((place, Rect::new(x, y, width - u16::from(across > 1), each)));
            }
        }
    }
    places
}

/// The place of the order that is drawn there.
pub fn hit(model: &Model, area: Rect, at: Position) -> Option<usize> {
    places(model, area).into_iter().find(|(_, area)| area.contains(at)).map(|(place, _)| place)
}

/// Draws the list.
pub fn render(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    head(model, theme, Rect { height: 1, ..area }, buf);
    for (place, area) in places(model, area) {
        let photo = model.list.order[place];
        let chosen = place == model.list.at;
        entry(model, photo, chosen, theme, area, buf);
    }
    if model.list.order.is_empty() {
        let text = Line::styled("no photo fits; Esc clears the filter", theme.dim);
        super::centered(text, layout::cut_rows(area, 1).1, buf);
    }
}

/// How many, in which order, how many are known.
fn head(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let list = &model.list;
    let (shown, all) = (list.order.len(), model.photos.len());
    let count = if shown == all { format!("{all} photos") } else { format!("{shown} of {all} photos") };
    let marked = if list.marks.is_empty() { String::new() } else { format!(", {} marked", list.marks.len()) };
    let mut words = vec![Span::raw(format!("{count}{marked}, by {}", list.sort.name()))];
    match &model.mode {
        Mode::Type(picker::Line::Filter, text) => {
            words.push(Span::styled("  / ", theme.accent));
            words.push(Span::raw(text.as_str()));
            words.push(Span::styled(" ", theme.chosen));
        }
        _ if !list.filter.is_empty() => words.push(Span::styled(format!("  / {}", list.filter), theme.accent)),
        _ => {}
    }
    let progress = progress(model, area.width);
    let right = (progress.chars().count() as u16).min(area.width);
    let (left, right) = layout::cut_columns(area, area.width - right);
    Line::from(words).render(left, buf);
    Line::styled(progress, theme.dim).render(right, buf);
}

/// How many photos were looked at, and how long the others will take; nothing when all were.
fn progress(model: &Model, room: u16) -> String {
    let all = model.photos.len();
    let known = model.list.known(model.networks());
    if known >= all {
        return String::new();
    }
    if room < 70 {
        return format!(" {} %", known * 100 / all.max(1));
    }
    let left = model.pace.survey_left(model.clock, known, all);
    let left = left.map_or_else(String::new, |left| format!(", {} left", pace::in_words(left)));
    format!(" {known} of {all} looked at{left}")
}

fn entry(model: &Model, photo: usize, chosen: bool, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let entry = &model.list.entries[photo];
    let mark = if model.list.marks.contains(&photo) { "●" } else { " " };
    let pointer = if chosen { "▶" } else { " " };
    buf.set_stringn(area.x, area.y, pointer, 1, theme.accent);
    buf.set_stringn(area.x + 1, area.y, mark, 1, theme.caution);
    let side = model.cell.columns(area.height);
    let (thumbnail, words) =
        layout::cut_columns(Rect { x: area.x + 3, width: area.width.saturating_sub(3), ..area }, side + 1);
    if let Some(small) = &entry.thumbnail {
        HalfBlocks::new(small, model.depth).shaped(model.cell).render(Rect { width: side, ..thumbnail }, buf);
    }
    let style = if chosen { theme.chosen } else { Style::new() };
    let path = &model.photos[photo];
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    if area.height == 1 {
        let name_width = (words.width / 2).min(NAME);
        let (left, right) = layout::cut_columns(words, name_width);
        buf.set_stringn(
            left.x,
            left.y,
            shortened_in_the_middle(&name, (name_width - 1).into()),
            name_width.into(),
            style,
        );
        return prediction(model, entry, theme, right, buf);
    }
    let folder = path.parent().and_then(|folder| folder.file_name()).map(|name| name.to_string_lossy());
    let room = usize::from(words.width);
    buf.set_stringn(words.x, words.y, shortened_in_the_middle(&name, room), room, style);
    prediction(model, entry, theme, Rect { y: words.y + 1, height: 1, ..words }, buf);
    if let (3.., Some(folder)) = (area.height, folder) {
        buf.set_stringn(words.x, words.y + 2, shortened(&format!("in {folder}"), room), room, theme.dim);
    }
}

/// The likeliest class, how certain, and what contradicts it.
fn prediction(model: &Model, entry: &Entry, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let room = usize::from(area.width);
    if let Some(trouble) = &entry.trouble {
        buf.set_stringn(area.x, area.y, shortened(trouble, room), room, theme.wrong);
        return;
    }
    let names = model.catalogue.as_ref().map(|catalogue| &catalogue.networks[0].names);
    let Some(((class, probability), names)) = entry.likeliest().zip(names) else {
        buf.set_stringn(area.x, area.y, "…", room, theme.dim);
        return;
    };
    let percent = format!("{:>5.1} % ", probability * 100.0);
    let bar = if area.width >= 40 { BAR } else { 0 };
    let name = room.saturating_sub(percent.len() + usize::from(bar) + 3);
    let other = entry.contradicted_by().filter(|_| area.width >= 30);
    buf.set_stringn(area.x, area.y, &percent, room, Style::new());
    let at = area.x + percent.len() as u16;
    if bar > 0 {
        buf.set_stringn(at, area.y, theme.bar_text(probability, bar), bar.into(), theme.bar);
    }
    let at = at + bar + u16::from(bar > 0);
    let text = match other {
        Some(other) => apart(names.name(class), names.name(other), name),
        None => shortened(names.name(class), name),
    };
    let style = if other.is_some() { theme.caution } else { Style::new() };
    buf.set_stringn(at, area.y, text, usize::from(area.right().saturating_sub(at)), style);
}

/// A class and the one that contradicts it, as far as there is room for that one's name: shortened, it would say little.
fn apart(class: &str, other: &str, room: usize) -> String {
    let both = format!("{class} ≠ {other}");
    if both.chars().count() <= room { both } else { format!("{} ≠", shortened(class, room.saturating_sub(2))) }
}
