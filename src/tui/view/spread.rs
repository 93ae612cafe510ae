//! How the values of the map are spread: a histogram, for screens with room.

use ratatui::{buffer::Buffer, layout::Rect, style::Style, text::Line, widgets::Widget};

use super::{Theme, bar::number};
use crate::tui::model::Model;

/// Rows of the histogram at most.
const MOST: u16 = 14;
/// Columns of the numbers before each bar.
const NUMBER: u16 = 22;

/// Draws it, the highest values first.
pub fn render(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(scene) = model.scene().filter(|_| area.height > 4 && area.width > NUMBER + 10) else { return };
    let values: Vec<f64> = scene.raw.values.iter().copied().filter(|v| v.is_finite()).collect();
    let min = values.iter().copied().fold(0.0, f64::min);
    let max = values.iter().copied().fold(0.0, f64::max);
    let title = format!("the map's {} signed values, how many are how large (bars as square roots)", values.len());
    Line::styled(title, theme.dim).render(Rect { height: 1, ..area }, buf);
    if max <= min {
        return;
    }
    let bins = (area.height - 1).min(MOST);
    let step = (max - min) / f64::from(bins);
    let mut counts = vec![0_usize; bins.into()];
    for v in values {
        counts[(((v - min) / step) as usize).min(usize::from(bins) - 1)] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    for (row, at) in (1..).zip((0..bins).rev()) {
        let low = min + step * f64::from(at);
        let y = area.y + row;
        let label = format!("{:>9} to {:>8}", number(low), number(low + step));
        buf.set_stringn(area.x, y, label, usize::from(NUMBER), Style::new().patch(theme.dim));
        let width = area.width - NUMBER - 1;
        // A root, so that a few high cells are seen beside many low ones.
        let share = (counts[usize::from(at)] as f64 / most).sqrt();
        buf.set_stringn(area.x + NUMBER + 1, y, theme.bar_text(share, width), width.into(), theme.bar);
    }
}
