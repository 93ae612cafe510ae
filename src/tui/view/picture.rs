//! One picture: in the terminal's own protocol where it has one and nothing lies over it, else in half blocks.

use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

use crate::{
    raster::HalfBlocks,
    tui::{
        graphics::{Source, Wanted},
        model::{Mode, Model, Page},
    },
};

/// Whether pictures are drawn in the terminal's own protocol now. What lies over a picture, and the cursor, are text:
/// with them it is drawn as text, too.
pub fn is_wanted(model: &Model) -> bool {
    let free = matches!(model.mode, Mode::Look | Mode::Type(..)) && model.lens.cursor().is_none();
    model.graphics.is_some() && model.page == Page::Pictures && free
}

/// The cells that the picture takes of `area`.
pub fn covers(model: &Model, source: &Source, area: Rect) -> Rect {
    let raster = source.raster();
    let [_, _, width, height] = model.lens.window(raster.width, raster.height);
    HalfBlocks::covered((width, height), model.cell, area)
}

/// What to encode for the picture number `slot` of the page.
pub fn wanted(model: &Model, slot: usize, source: Source, area: Rect) -> Wanted {
    let covered = covers(model, &source, area);
    covering(model, slot, source, covered)
}

/// The same, where the cells are known.
fn covering(model: &Model, slot: usize, source: Source, covered: Rect) -> Wanted {
    let raster = source.raster();
    let window = model.lens.window(raster.width, raster.height);
    Wanted { slot, source, window, cells: (covered.width, covered.height) }
}

/// Draws it; says which cells it covers.
pub fn render(model: &Model, slot: usize, source: &Source, area: Rect, buf: &mut Buffer) -> Rect {
    let covered = covers(model, source, area);
    if is_wanted(model) {
        let wanted = covering(model, slot, source.clone(), covered);
        if let Some(picture) = model.gallery.find(&wanted) {
            picture.put(covered, buf);
            return covered;
        }
    }
    let cut = model.lens.cut(source.raster());
    let blocks = HalfBlocks::new(&cut, model.depth).shaped(model.cell);
    blocks.dithered(model.is_slow() && source.is_photo()).render(area, buf);
    covered
}
