//! The screen as a pure function of the model.

mod bar;
mod bottom;
mod classes;
mod compare;
mod details;
mod layout;
mod list;
mod panes;
mod picture;
mod popup;
mod spread;
mod text;
mod theme;

use ratatui::{
    Frame,
    buffer::Buffer,
    layout::{Alignment, Position, Rect},
    text::{Line, Span, Text},
    widgets::{Paragraph, Widget, Wrap},
};

pub use list::rows as list_rows;
pub use text::{screen_text, wrapped};
pub use theme::Theme;

use super::{
    graphics::Wanted,
    model::{Mode, Model, Page},
};

/// The least columns and rows.
pub const LEAST: (u16, u16) = (40, 12);

/// Columns of a text that is easy to read.
const WORDS: u16 = 64;

/// What is under a place of the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hit {
    /// The picture of this pane, at this place of what is visible of it: 0 to 1 from left and top.
    Pane(usize, [f64; 2]),
    /// This place of the list of classes.
    Class(usize),
    /// This place of the list of photos.
    Photo(usize),
}

/// Draws `model` over the whole frame.
pub fn draw(model: &Model, frame: &mut Frame) {
    let area = frame.area();
    render(model, area, frame.buffer_mut());
}

/// Draws `model` into `area` of `buf`.
pub fn render(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = Theme::of(model.depth);
    if area.width < LEAST.0 || area.height < LEAST.1 {
        return too_small(area, buf);
    }
    let [top, middle, bottom] = rows_of(area);
    header(model, &theme, top, buf);
    match model.page {
        Page::List => list::render(model, &theme, middle, buf),
        Page::Pictures if model.compares() => compare::render(model, &theme, middle, buf),
        Page::Pictures => look(model, &theme, middle, buf),
    }
    bottom::render(model, &theme, bottom, buf);
    match &model.mode {
        Mode::Look | Mode::Type(..) => {}
        Mode::Help(line) => popup::help(model, *line, &theme, middle, buf),
        Mode::Details(line) => popup::details(model, *line, &theme, middle, buf),
        Mode::Search(search, takes_away) => popup::search(model, search, *takes_away, &theme, middle, buf),
        Mode::Pick(picker) => popup::pick(model, picker, &theme, middle, buf),
    }
}

/// Header, page, last row.
fn rows_of(area: Rect) -> [Rect; 3] {
    let (top, rest) = layout::cut_rows(area, 1);
    let (middle, bottom) = layout::cut_rows(rest, rest.height.saturating_sub(1));
    [top, middle, bottom]
}

/// One photo: its pictures, its classes, and all that is to be said of them.
fn look(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let plan = layout::plan(model, area);
    if model.scene().is_none() && model.pane().photo.is_none() {
        let all = plan.panes.iter().map(|(_, pane)| *pane).reduce(Rect::union).expect("at least one picture");
        panes::instead(model, model.pane(), theme, layout::middle(all, WORDS, all.height), buf);
    } else {
        for (slot, (kind, pane)) in plan.panes.iter().enumerate() {
            panes::render(model, theme, (slot, *kind), *pane, buf);
        }
    }
    bar::render(model, theme, plan.bar, buf);
    classes::render(model, theme, plan.classes, buf);
    details::render(model, theme, plan.details, buf);
    spread::render(model, theme, plan.spread, buf);
}

/// The pictures that are to be drawn in the terminal's own protocol.
pub fn wanted(model: &Model) -> Vec<Wanted> {
    let area = Rect::new(0, 0, model.size.0, model.size.1);
    if !picture::is_wanted(model) || area.width < LEAST.0 || area.height < LEAST.1 {
        return Vec::new();
    }
    let [_, middle, _] = rows_of(area);
    if model.compares() {
        return compare::wanted(model, middle);
    }
    let panes = layout::plan(model, middle).panes.into_iter().enumerate();
    panes.filter_map(|(slot, (kind, pane))| panes::wanted(model, (slot, kind), pane)).collect()
}

/// What is under the cell in this column and row of the whole screen.
pub fn hit(model: &Model, column: u16, row: u16) -> Option<Hit> {
    let area = Rect::new(0, 0, model.size.0, model.size.1);
    let at = Position::new(column, row);
    if area.width < LEAST.0 || area.height < LEAST.1 || !area.contains(at) {
        return None;
    }
    let [_, middle, _] = rows_of(area);
    if model.page == Page::List {
        return list::hit(model, middle, at).map(Hit::Photo);
    }
    if model.compares() {
        return compare::hit(model, middle, at);
    }
    let plan = layout::plan(model, middle);
    if plan.classes.contains(at) {
        let row = usize::from(at.y - plan.classes.y);
        return classes::visible(model, plan.classes.height).get(row).map(|&place| Hit::Class(place));
    }
    let mut pictures = plan.panes.iter().filter_map(|(kind, pane)| panes::covered(model, *kind, *pane));
    pictures.find_map(|picture| within(picture, at)).map(|place| Hit::Pane(0, place))
}

/// Where `at` is within `picture`, 0 to 1, by the middle of its cell.
fn within(picture: Rect, at: Position) -> Option<[f64; 2]> {
    let part = |at: u16, first: u16, count: u16| (f64::from(at - first) + 0.5) / f64::from(count);
    picture.contains(at).then(|| [part(at.x, picture.x, picture.width), part(at.y, picture.y, picture.height)])
}

fn too_small(area: Rect, buf: &mut Buffer) {
    let (width, height) = LEAST;
    let text = format!("saltty needs {width}x{height}; this is {}x{}. Enlarge, or q", area.width, area.height);
    Paragraph::new(text).wrap(Wrap { trim: true }).render(area, buf);
}

/// The program, the photo's name, and which of how many it is.
fn header(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let at = if model.page == Page::List { model.list.chosen().unwrap_or(model.at()) } else { model.at() };
    let photo = &model.photos[at];
    let name = photo.file_name().unwrap_or(photo.as_os_str()).to_string_lossy();
    let zoom = model.lens.factor();
    let zoom = if zoom > 1.0 && model.page == Page::Pictures { format!(" {zoom}x ") } else { String::new() };
    let mark = if model.list.marks.contains(&at) { " marked" } else { "" };
    let count = format!("{zoom}{mark} {} of {}", at + 1, model.photos.len());
    let (left, right) = layout::cut_columns(area, area.width.saturating_sub(count.chars().count() as u16));
    let room = usize::from(left.width).saturating_sub(8);
    let name = text::shortened_in_the_middle(&name, room);
    let title = Line::from(vec![Span::styled("saltty  ", theme.accent), Span::styled(name, theme.strong)]);
    title.render(left, buf);
    Line::styled(count, theme.dim).alignment(Alignment::Right).render(right, buf);
}

/// `text` in the middle of `area`.
fn centered<'t>(text: impl Into<Text<'t>>, area: Rect, buf: &mut Buffer) {
    let paragraph = Paragraph::new(text).wrap(Wrap { trim: true }).alignment(Alignment::Center);
    let height = rows(&paragraph, area.width).min(area.height);
    paragraph.render(Rect { y: area.y + (area.height - height) / 2, height, ..area }, buf);
}

/// Rows that `paragraph` takes when wrapped into `width` columns.
fn rows(paragraph: &Paragraph, width: u16) -> u16 {
    paragraph.line_count(width).try_into().unwrap_or(u16::MAX)
}
