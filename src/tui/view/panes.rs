//! A picture under its title, or what there is instead of it.

use ratatui::{buffer::Buffer, layout::Rect, text::Line, widgets::Widget};

use super::{Theme, bottom, centered, layout};
use crate::{raster::HalfBlocks, tui::model::Model};

/// What a pane shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The photo as the network saw it.
    Photo,
    /// The map alone.
    Map,
    /// The map over the photo.
    Overlay,
}

/// Draws one pane. What goes wrong is told once, in the overlay's, which is always there.
pub fn render(model: &Model, theme: &Theme, kind: Kind, area: Rect, buf: &mut Buffer) {
    let (title, inside) = layout::cut_rows(area, 1);
    let scene = model.scene();
    let method = scene.map_or(model.wish.method, |scene| scene.method);
    let (name, raster) = match kind {
        Kind::Photo => ("photo", scene.map(|scene| &scene.photo).or(model.photo.as_deref())),
        Kind::Map => (method.title(), scene.map(|scene| &scene.map)),
        Kind::Overlay => ("overlay", scene.map(|scene| &scene.overlay)),
    };
    let name = Line::styled(name, theme.dim).centered();
    if let Some(raster) = raster {
        let picture = HalfBlocks::new(raster, model.depth);
        let covered = picture.covers(inside);
        name.render(Rect { x: covered.x, width: covered.width, ..title }, buf);
        return picture.render(inside, buf);
    }
    name.render(title, buf);
    if kind == Kind::Overlay {
        instead(model, theme, inside, buf);
    }
}

/// What there is to say while there is no picture.
pub fn instead(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    match &model.failure {
        Some(reason) => centered(Line::styled(reason.as_str(), theme.wrong), area, buf),
        None => centered(waiting(model, theme), area, buf),
    }
}

/// What is being done, over for how long.
fn waiting<'t>(model: &Model, theme: &Theme) -> Vec<Line<'t>> {
    let Some((what, seconds)) = bottom::progress(model) else { return Vec::new() };
    vec![Line::styled(what, theme.dim), Line::styled(seconds, theme.dim)]
}
