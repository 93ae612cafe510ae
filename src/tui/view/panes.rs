//! A picture under its title, or what there is instead of it.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::{Color, Modifier},
    text::Line,
    widgets::Widget,
};

use super::{Theme, bar, bottom, centered, layout, picture};
use crate::{
    raster::Depth,
    scene::Scene,
    tui::{graphics::Wanted, model::Model, pane::Pane},
};

pub use crate::tui::pane::Kind;

/// The cells that the picture of the only pane takes of `area`, title included in that.
pub fn covered(model: &Model, kind: Kind, area: Rect) -> Option<Rect> {
    let (_, inside) = layout::cut_rows(area, 1);
    Some(picture::covers(model, &model.pane().source(kind)?, inside))
}

/// What to encode for it, without its title.
pub fn wanted(model: &Model, (slot, kind): (usize, Kind), area: Rect) -> Option<Wanted> {
    let (_, inside) = layout::cut_rows(area, 1);
    Some(picture::wanted(model, slot, model.pane().source(kind)?, inside))
}

/// Draws one picture of the only pane, the page's number `slot`. What goes wrong is told once, in the last one's place.
pub fn render(model: &Model, theme: &Theme, (slot, kind): (usize, Kind), area: Rect, buf: &mut Buffer) {
    let (title, inside) = layout::cut_rows(area, 1);
    let scene = model.scene();
    let method = scene.map_or(model.pane().wish.method, |scene| scene.method);
    let name = match (kind, model.opacity) {
        (Kind::Photo, _) => "photo".to_owned(),
        (Kind::Map, _) => method.title().to_owned(),
        (Kind::Overlay, None) => "overlay".to_owned(),
        (Kind::Overlay, Some(tenths)) => format!("blend, {} % map", tenths * 10),
    };
    let name = Line::styled(name, theme.dim).centered();
    if let Some(source) = model.pane().source(kind) {
        let covered = picture::render(model, slot, &source, inside, buf);
        name.render(Rect { x: covered.x, width: covered.width, ..title }, buf);
        if let Some(scene) = scene {
            point(model, scene, covered, buf);
        }
        return;
    }
    name.render(title, buf);
    if kind == Kind::Overlay || model.pictures != crate::tui::model::Pictures::All {
        instead(model, model.pane(), theme, inside, buf);
    }
}

/// Marks the cursor in a picture that covers `picture`, and the cell of the target layer around it.
pub fn point(model: &Model, scene: &Scene, picture: Rect, buf: &mut Buffer) {
    let Some(at) = model.lens.cursor() else { return };
    let cell_of = |seen: f64, first: u16, count: u16| {
        ((0.0..1.0).contains(&seen)).then(|| first + ((seen * f64::from(count)) as u16).min(count - 1))
    };
    if picture.is_empty() {
        return;
    }
    if let Some((place, count, _)) = bar::cell(model, scene, at) {
        frame(model, place, count, picture, buf);
    }
    let seen = model.lens.seen(at);
    let (x, y) = (cell_of(seen[0], picture.x, picture.width), cell_of(seen[1], picture.y, picture.height));
    if let (Some(x), Some(y)) = (x, y) {
        mark(&mut buf[Position::new(x, y)], if model.depth == Depth::Ascii { "X" } else { "╋" });
    }
}

/// Draws the border of a target layer's cell, where it is large enough to have one.
fn frame(model: &Model, place: [usize; 2], count: [usize; 2], picture: Rect, buf: &mut Buffer) {
    let edge = |i: usize, to: usize| (place[i] + to) as f64 / count[i] as f64;
    let from = model.lens.seen([edge(0, 0), edge(1, 0)]);
    let to = model.lens.seen([edge(0, 1), edge(1, 1)]);
    let scaled = |v: f64, count: u16| (v.clamp(0.0, 1.0) * f64::from(count)).round() as u16;
    let [left, right] = [from[0], to[0]].map(|v| picture.x + scaled(v, picture.width));
    let [top, bottom] = [from[1], to[1]].map(|v| picture.y + scaled(v, picture.height));
    if right < left + 3 || bottom < top + 2 {
        return;
    }
    let ascii = model.depth == Depth::Ascii;
    for (y, ends) in [(top, ["┌", "┐"]), (bottom - 1, ["└", "┘"])] {
        for x in left..right {
            let corner = if x == left { Some(ends[0]) } else { (x == right - 1).then_some(ends[1]) };
            mark(&mut buf[Position::new(x, y)], if ascii { "+" } else { corner.unwrap_or("─") });
        }
    }
    for y in top + 1..bottom - 1 {
        for x in [left, right - 1] {
            mark(&mut buf[Position::new(x, y)], if ascii { "+" } else { "│" });
        }
    }
}

/// A mark on the colour that is there.
fn mark(cell: &mut ratatui::buffer::Cell, symbol: &str) {
    let under = cell.fg;
    cell.set_symbol(symbol);
    if under == Color::Reset {
        cell.modifier.insert(Modifier::REVERSED);
        return;
    }
    let bright = match under {
        Color::Rgb(r, g, b) => u32::from(r) * 3 + u32::from(g) * 6 + u32::from(b) > 1280,
        _ => false,
    };
    cell.set_bg(under).set_fg(if bright { Color::Black } else { Color::White });
    cell.modifier.insert(Modifier::BOLD);
}

/// What there is to say while there is no picture.
pub fn instead(model: &Model, pane: &Pane, theme: &Theme, area: Rect, buf: &mut Buffer) {
    match &pane.failure {
        Some(reason) => centered(Line::styled(reason.as_str(), theme.wrong), area, buf),
        None => centered(waiting(model, theme), area, buf),
    }
}

/// What is being done, over for how long.
fn waiting<'t>(model: &Model, theme: &Theme) -> Vec<Line<'t>> {
    let Some((what, seconds)) = bottom::progress(model) else { return Vec::new() };
    vec![Line::styled(what, theme.dim), Line::styled(seconds, theme.dim)]
}
