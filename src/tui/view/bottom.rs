//! The last row: what is being done or was said, else the keys.

use ratatui::{
    buffer::Buffer,
    layout::{Alignment, Rect},
    text::{Line, Span},
    widgets::Widget,
};

use super::{Theme, layout};
use crate::tui::{
    message::Stage,
    model::{Model, Notice},
};

/// Keys worth a reminder, longest reminder first.
const HINTS: [&str; 3] = [
    "↑↓ class  / search  m method  l layer  c colours  n p photo  v panes  s save",
    "↑↓ class  / search  m method  l layer  n p photo",
    "↑↓ class  m method",
];
const ALWAYS: &str = " ? help  q quit";

/// Draws the row.
pub fn render(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let (left, right) = layout::cut_columns(area, area.width.saturating_sub(ALWAYS.len() as u16));
    Line::styled(ALWAYS, theme.dim).alignment(Alignment::Right).render(right, buf);
    let line = match (&model.notice, model.work) {
        (Some(Notice::Said(text)), _) => Line::from(text.as_str()),
        (Some(Notice::Wrong(text)), _) => Line::styled(text.as_str(), theme.wrong),
        (None, Some(_)) => Line::from(turning(model, theme)),
        (None, None) => {
            let fitting = HINTS.iter().find(|hint| hint.chars().count() <= left.width.into());
            Line::styled(*fitting.unwrap_or(&""), theme.dim)
        }
    };
    line.render(left, buf);
}

/// What turns, what is being done, and for how long.
fn turning<'t>(model: &Model, theme: &Theme) -> Vec<Span<'t>> {
    let Some((what, seconds)) = progress(model) else { return Vec::new() };
    let turn = theme.spinner[(model.elapsed().as_millis() / 100) as usize % theme.spinner.len()];
    vec![Span::styled(turn, theme.accent), Span::raw(format!(" {seconds}  {what}"))]
}

/// What is being done, and for how long.
pub fn progress(model: &Model) -> Option<(String, String)> {
    let stage = model.work?.stage;
    let what = match stage {
        Stage::Explain => format!("{}: {}", stage.describe(), model.wish.method.title()),
        _ => stage.describe().to_owned(),
    };
    Some((what, format!("{:.1} s", model.elapsed().as_secs_f64())))
}
