//! A raster as a ratatui widget: half blocks in colours, or a ramp of characters without.

use ratatui::{
    buffer::{Buffer, Cell},
    layout::{Position, Rect},
    widgets::Widget,
};

use super::{Depth, Raster, palette};

/// Draws a raster as large as its area allows, shape kept, in the middle.
#[derive(Clone, Copy, Debug)]
pub struct HalfBlocks<'r> {
    raster: &'r Raster,
    depth: Depth,
}

impl<'r> HalfBlocks<'r> {
    /// Draws `raster` in the colours of `depth`.
    pub fn new(raster: &'r Raster, depth: Depth) -> Self {
        Self { raster, depth }
    }

    /// The cells that the picture takes of `area`.
    pub fn covers(&self, area: Rect) -> Rect {
        let (width, height) = self.raster.fitted(area.width.into(), usize::from(area.height) * 2);
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
        for (y, row) in (inner.y..inner.bottom()).zip(self.raster.cells(area.width.into(), area.height.into())) {
            for (x, (upper, lower)) in (inner.x..inner.right()).zip(row) {
                self.paint(&mut buf[Position::new(x, y)], upper, lower);
            }
        }
    }
}
