//! The last row: what is being done or was said, else the keys.

use std::{path::PathBuf, time::Duration};

use ratatui::{
    buffer::Buffer,
    layout::{Alignment, Rect},
    text::{Line, Span},
    widgets::Widget,
};

use super::{
    Theme, layout,
    text::{shortened, shortened_in_the_middle, width},
};
use crate::tui::{
    keys::Action,
    message::Stage,
    model::{Mode, Model, Notice, Page},
    pace, picker,
};

/// Cells of the gauge.
const GAUGE: u16 = 12;

/// Keys worth a reminder, what they do in a word, the most worth first.
const LOOK: [(Action, &str); 12] = [
    (Action::Search, "class"),
    (Action::Methods, "method"),
    (Action::Layers, "layer"),
    (Action::AddPane, "compare"),
    (Action::Photo(1), "next"),
    (Action::List, "list"),
    (Action::Cursor, "cursor"),
    (Action::Zoom(1), "zoom"),
    (Action::Take, "save"),
    (Action::Contrast, "contrast"),
    (Action::Opacity(1), "blend"),
    (Action::Colors, "colours"),
];
const COMPARE: [(Action, &str); 10] = [
    (Action::Focus(1), "pane"),
    (Action::AddPane, "add"),
    (Action::DropPane, "drop"),
    (Action::Difference, "difference"),
    (Action::Scale, "scale"),
    (Action::Search, "class"),
    (Action::Methods, "method"),
    (Action::Layers, "layer"),
    (Action::Cursor, "cursor"),
    (Action::Take, "save"),
];
const LIST: [(Action, &str); 7] = [
    (Action::Look, "look"),
    (Action::Mark, "mark"),
    (Action::Filter, "filter"),
    (Action::Sort, "sort"),
    (Action::Jump, "go to"),
    (Action::CompareMarked, "compare marked"),
    (Action::MarkedOnly, "marked only"),
];

/// Draws the row.
pub fn render(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let keys = format!(" {} help  {} quit", model.keys.hint(Action::Help), model.keys.hint(Action::Quit));
    let always = model.meter.map_or(keys, |meter| format!(" {}", meter.in_words()));
    let long = model.notice.is_some() && area.width < 100 && model.meter.is_none();
    let right = if long { 0 } else { always.chars().count() as u16 };
    let (left, right) = layout::cut_columns(area, area.width.saturating_sub(right));
    Line::styled(always, theme.dim).alignment(Alignment::Right).render(right, buf);
    let room = usize::from(left.width);
    let line = match (&model.mode, &model.notice, model.work) {
        (Mode::Type(picker::Line::Jump, text), ..) => Line::from(vec![
            Span::styled("go to photo (number or part of its name): ", theme.accent),
            Span::raw(text.as_str()),
            Span::styled(" ", theme.chosen),
        ]),
        (_, Some(Notice::Said(text)), _) => Line::from(shortened_in_the_middle(text, room)),
        (_, Some(Notice::Saved(files)), _) => Line::from(saved(files, room)),
        (_, Some(Notice::Wrong(text)), _) => Line::styled(text.as_str(), theme.wrong),
        (_, None, Some(_)) => Line::from(turning(model, theme)),
        (_, None, None) => match &model.slow {
            Some(slow) => {
                let hints = hints(model, room.saturating_sub(width(slow) + 2));
                Line::from(vec![
                    Span::styled(slow.as_str(), theme.caution),
                    Span::styled(format!("  {hints}"), theme.dim),
                ])
            }
            None => Line::styled(hints(model, room), theme.dim),
        },
    };
    line.render(left, buf);
}

/// As many reminders as there is room for.
fn hints(model: &Model, room: usize) -> String {
    let all: &[(Action, &str)] = match model.page {
        Page::List => &LIST,
        Page::Pictures if model.compares() => &COMPARE,
        Page::Pictures => &LOOK,
    };
    let mut text = String::new();
    for (action, word) in all {
        let key = model.keys.hint(*action);
        let gap = if text.is_empty() { "" } else { "  " };
        let hint = format!("{gap}{key} {word}");
        if key.is_empty() || width(&text) + width(&hint) > room {
            continue;
        }
        text += &hint;
    }
    text
}

/// The names of written files, whole where there is room, else each shortened in the middle; at last how many.
fn saved(files: &[PathBuf], room: usize) -> String {
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let whole = format!("saved {}", names.join(" and "));
    if width(&whole) <= room {
        return whole;
    }
    let each = room.saturating_sub("saved ".len() + " and ".len() * names.len().saturating_sub(1)) / names.len().max(1);
    if each < 8 {
        return shortened(&format!("saved {} files", names.len()), room);
    }
    let short: Vec<String> = names.iter().map(|name| shortened_in_the_middle(name, each)).collect();
    format!("saved {}", short.join(" and "))
}

/// What turns, what is being done, for how long, and for how long yet.
fn turning<'t>(model: &Model, theme: &Theme) -> Vec<Span<'t>> {
    let Some((what, seconds)) = progress(model) else { return Vec::new() };
    let elapsed = model.elapsed();
    let turn = theme.spinner[(elapsed.as_millis() / 100) as usize % theme.spinner.len()];
    let mut spans = vec![Span::styled(turn, theme.accent), Span::raw(format!(" {seconds}  "))];
    if let Some(usual) = usual(model).filter(|usual| *usual > Duration::from_millis(300)) {
        let share = elapsed.as_secs_f64() / usual.as_secs_f64();
        let gauge = theme.bar_text(share.min(1.0), GAUGE);
        let left = pace::in_words(usual.saturating_sub(elapsed));
        spans.push(Span::styled(format!("{gauge:<width$} ", width = usize::from(GAUGE)), theme.bar));
        spans.push(Span::raw(format!("about {left} left  ")));
    }
    let stops = model.work.is_some_and(|work| work.number > 0);
    let stops = if stops { format!("  ({} stops)", model.keys.hint(Action::Back)) } else { String::new() };
    spans.push(Span::raw(what + &stops));
    spans
}

/// How long the work usually takes: as long as the same kind did the last time.
fn usual(model: &Model) -> Option<Duration> {
    model.pace.of((model.pane().wish.network, model.pane().wish.method.id()))
}

/// What is being done, and for how long.
pub fn progress(model: &Model) -> Option<(String, String)> {
    let work = model.work?;
    let what = match work.stage {
        Stage::Explain => format!("{}: {}", work.stage.describe(), model.pane().wish.method.title()),
        stage => stage.describe().to_owned(),
    };
    let panes =
        if work.of > 1 { format!(", pane {} of {}", work.of - work.left() + 1, work.of) } else { String::new() };
    Some((what + &panes, format!("{:.1} s", model.elapsed().as_secs_f64())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_whole_or_cut_in_the_middle() {
        let files = ["cat.285.grad-cam.map.png", "cat.285.grad-cam.overlay.png"].map(PathBuf::from);
        assert_eq!(saved(&files, 80), "saved cat.285.grad-cam.map.png and cat.285.grad-cam.overlay.png");
        let short = saved(&files, 40);
        assert!(width(&short) <= 40 && short.ends_with("lay.png") && short.contains("…"), "{short}");
        assert_eq!(saved(&files, 20), "saved 2 files");
    }
}
