//! A picture under its title, or what there is instead of it.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
    widgets::Widget,
};

use super::{Theme, bottom, centered};
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
    let [title, inside] = [
        Rect { height: area.height.min(1), ..area },
        Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area },
    ];
    let scene = model.scene();
    let name = match (kind, scene) {
        (Kind::Photo, _) => "photo",
        (Kind::Map, None) => model.wish.method.title(),
        (Kind::Map, Some(scene)) => scene.method.title(),
        (Kind::Overlay, _) => "overlay",
    };
    if let Some(scene) = scene {
        let raster = match kind {
            Kind::Photo => &scene.photo,
            Kind::Map => &scene.map,
            Kind::Overlay => &scene.overlay,
        };
        let picture = HalfBlocks::new(raster, model.depth);
        let covered = picture.covers(inside);
        Line::styled(name, theme.dim).centered().render(Rect { x: covered.x, width: covered.width, ..title }, buf);
        picture.render(inside, buf);
        return;
    }
    Line::styled(name, theme.dim).centered().render(title, buf);
    match (&model.failure, kind) {
        (Some(reason), Kind::Overlay) => centered(Line::styled(reason.as_str(), theme.wrong), inside, buf),
        (None, Kind::Overlay) => centered(Line::from(bottom::progress(model, theme)), inside, buf),
        _ => centered(Span::styled("-", theme.dim), inside, buf),
    }
}
