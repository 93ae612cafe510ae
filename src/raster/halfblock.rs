//! A raster as a ratatui widget, in 24-bit half blocks.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Color,
    widgets::Widget,
};

use super::Raster;

/// Draws a raster as large as its area allows, shape kept, in the middle.
#[derive(Clone, Copy, Debug)]
pub struct HalfBlocks<'r>(pub &'r Raster);

impl HalfBlocks<'_> {
    /// The cells that the picture takes of `area`.
    pub fn covers(&self, area: Rect) -> Rect {
        let (width, height) = self.0.fitted(area.width.into(), usize::from(area.height) * 2);
        let (width, height) = (width as u16, height.div_ceil(2) as u16);
        Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height)
    }
}

impl Widget for HalfBlocks<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let inner = self.covers(area);
        for (y, row) in (inner.y..inner.bottom()).zip(self.0.cells(area.width.into(), area.height.into())) {
            for (x, (upper, lower)) in (inner.x..inner.right()).zip(row) {
                let cell = &mut buf[Position::new(x, y)];
                cell.set_char('▀').set_fg(color(upper));
                if let Some(lower) = lower {
                    cell.set_bg(color(lower));
                }
            }
        }
    }
}

fn color([r, g, b]: [u8; 3]) -> Color {
    Color::Rgb(r, g, b)
}
