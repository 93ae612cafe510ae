//! The screen as a pure function of the model.

mod bottom;
mod classes;
mod details;
mod layout;
mod panes;
mod popup;
mod theme;

use ratatui::{
    Frame,
    buffer::Buffer,
    layout::{Alignment, Rect},
    text::{Line, Span, Text},
    widgets::{Paragraph, Widget, Wrap},
};

pub use theme::Theme;

use super::model::{Mode, Model};

/// The least columns and rows.
pub const LEAST: (u16, u16) = (40, 12);

/// Columns of a text that is easy to read.
const WORDS: u16 = 64;

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
    let (top, rest) = layout::cut_rows(area, 1);
    let (middle, bottom) = layout::cut_rows(rest, rest.height - 1);
    header(model, &theme, top, buf);
    let plan = layout::plan(model, middle);
    if model.scene().is_none() && model.photo.is_none() {
        let all = plan.panes.iter().map(|(_, pane)| *pane).reduce(Rect::union).expect("at least one picture");
        panes::instead(model, &theme, layout::middle(all, WORDS, all.height), buf);
    } else {
        for (kind, pane) in &plan.panes {
            panes::render(model, &theme, *kind, *pane, buf);
        }
    }
    classes::render(model, &theme, plan.classes, buf);
    details::render(model, &theme, plan.details, buf);
    bottom::render(model, &theme, bottom, buf);
    match &model.mode {
        Mode::Look => {}
        Mode::Help(line) => popup::help(*line, &theme, middle, buf),
        Mode::Details(line) => popup::details(model, *line, &theme, middle, buf),
        Mode::Search(search) => popup::search(model, search, &theme, middle, buf),
    }
}

fn too_small(area: Rect, buf: &mut Buffer) {
    let (width, height) = LEAST;
    let text = format!("saltty needs {width}x{height}; this is {}x{}. Enlarge, or q", area.width, area.height);
    Paragraph::new(text).wrap(Wrap { trim: true }).render(area, buf);
}

/// The program, the photo's name, and which of how many it is.
fn header(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let photo = &model.photos[model.at];
    let name = photo.file_name().unwrap_or(photo.as_os_str()).to_string_lossy();
    let count = format!(" {} of {}", model.at + 1, model.photos.len());
    let (left, right) = layout::cut_columns(area, area.width.saturating_sub(count.len() as u16));
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

/// Rows beyond which no text is measured.
const TALLEST: u16 = 200;

/// Rows that `paragraph` takes when wrapped into `width` columns.
fn rows(paragraph: &Paragraph, width: u16) -> u16 {
    let mut page = Buffer::empty(Rect::new(0, 0, width, TALLEST));
    paragraph.clone().render(page.area, &mut page);
    let blank = |&y: &u16| (0..width).all(|x| page[(x, y)].symbol() == " ");
    TALLEST - (0..TALLEST).rev().take_while(blank).count() as u16
}
