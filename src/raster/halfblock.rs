//! A raster as a ratatui widget: half blocks in colours, or a ramp of characters without.

use ratatui::{
    buffer::{Buffer, Cell},
    layout::{Position, Rect},
    widgets::Widget,
};

use super::{CellShape, Depth, Raster, palette};

/// Draws a raster as large as its area allows, shape kept, in the middle.
#[derive(Clone, Copy, Debug)]
pub struct HalfBlocks<'r> {
    raster: &'r Raster,
    depth: Depth,
    shape: CellShape,
    dithered: bool,
}

impl<'r> HalfBlocks<'r> {
    /// Draws `raster` in the colours of `depth`.
    pub fn new(raster: &'r Raster, depth: Depth) -> Self {
        Self { raster, depth, shape: CellShape::ASSUMED, dithered: false }
    }

    /// On cells of this shape.
    #[must_use]
    pub fn shaped(self, shape: CellShape) -> Self {
        Self { shape, ..self }
    }

    /// Whether colours between those of the depth are made of dots: better for photos, misleading for maps.
    #[must_use]
    pub fn dithered(self, dithered: bool) -> Self {
        Self { dithered, ..self }
    }

    /// The cells that the picture takes of `area`.
    pub fn covers(&self, area: Rect) -> Rect {
        Self::covered((self.raster.width, self.raster.height), self.shape, area)
    }

    /// The cells that a picture of this width and height takes of `area`.
    pub fn covered(size: (usize, usize), shape: CellShape, area: Rect) -> Rect {
        let (width, height) = super::fitted_cells(size, (area.width.into(), area.height.into()), shape);
        let (width, height) = (width as u16, height.div_ceil(2) as u16);
        Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height)
    }

    fn paint(&self, cell: &mut Cell, upper: [u8; 3], lower: Option<[u8; 3]>) {
        let Some(foreground) = self.depth.nearest(upper) else {
            cell.set_char(palette::ramp(upper, lower.unwrap_or(upper)));
            return;
        };
        cell.set_char('▀').set_fg(foreground);
        if let Some(background) = lower.and_then(|lower| self.depth.nearest(lower)) {
            cell.set_bg(background);
        }
    }
}

impl Widget for HalfBlocks<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let inner = self.covers(area);
        for (y, row) in
            (inner.y..inner.bottom()).zip(self.raster.cells(area.width.into(), area.height.into(), self.shape))
        {
            for (x, (upper, lower)) in (inner.x..inner.right()).zip(row) {
                let at = |row: u16| (usize::from(x - inner.x), usize::from(y - inner.y) * 2 + usize::from(row));
                let dotted = |color, row| if self.dithered { palette::dotted(color, at(row)) } else { color };
                let (upper, lower) = (dotted(upper, 0), lower.map(|lower| dotted(lower, 1)));
                self.paint(&mut buf[Position::new(x, y)], upper, lower);
            }
        }
    }
}
