//! The colour bar with its numbers, or what the cursor reads.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
    widgets::Widget,
};

use super::{Theme, layout, text::shortened};
use crate::{
    heatmap::ColorMap,
    planes::Planes,
    raster::{Depth, HalfBlocks, Raster},
    scene::Scene,
    tui::{
        lens::Place,
        model::{Model, Pictures},
        pane::Pane,
    },
};

/// Columns of a colour bar at most.
const WIDEST: u16 = 32;

/// Draws the bar of the focused pane, and beside it what the cursor reads; where there is room for one, that.
pub fn render(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(scene) = model.scene().filter(|_| area.height > 0 && area.width > 0) else { return };
    let read = model.lens.cursor().map(|at| reading(model, scene, at, area.width));
    match read {
        Some(read) if area.width < 80 => {
            Line::styled(shortened(&read, area.width.into()), theme.strong).render(area, buf);
        }
        Some(read) => {
            let (left, right) = layout::cut_columns(area, area.width * 2 / 5);
            scale(model, model.pane(), theme, left, buf);
            let read = shortened(&read, usize::from(right.width).saturating_sub(1));
            Line::styled(read, theme.strong).right_aligned().render(right, buf);
        }
        None => scale(model, model.pane(), theme, area, buf),
    }
}

/// The colour bar of a pane between the numbers of its ends.
pub fn scale(model: &Model, pane: &Pane, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(scene) = pane.scene() else { return };
    if model.pictures == Pictures::Photo {
        return;
    }
    if model.pictures == Pictures::Map && scene.method.is_fine() {
        // Such a map has the gradient's own three colours, not those of a scale.
        let words = shortened("red, green, blue of the gradient; grey is none", area.width.into());
        return Line::styled(words, theme.dim).render(area, buf);
    }
    let bound = model.bound().unwrap_or(scene.shown.bound);
    let colors = model.paint().colors_of(scene);
    let low = if colors.is_signed() { -bound } else { 0.0 };
    let name = if model.bound().is_some() { format!("{colors}, shared") } else { colors.to_string() };
    ends(colors, [low, bound], &name, model.depth, theme, area, buf);
}

/// A colour bar between two numbers, and its name behind it where there is room.
pub fn ends(
    colors: ColorMap,
    [low, high]: [f64; 2],
    name: &str,
    depth: Depth,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    let (low, high) = (number(low), number(high));
    let named = area.width >= 46;
    let words = low.len() + high.len() + 2 + if named { name.len() + 2 } else { 0 };
    let width = (area.width.saturating_sub(words as u16)).min(WIDEST);
    if width < 3 {
        let both = format!("{low} to {high}");
        let fits = |text: &String| text.len() <= usize::from(area.width);
        // A number that is cut would be another number.
        let text = [both, format!("to {high}"), high].into_iter().find(fits).unwrap_or_default();
        return Line::styled(text, theme.dim).render(area, buf);
    }
    let strip: Raster = colors.bar(usize::from(width), 2);
    let at = area.x + low.len() as u16 + 1;
    Line::styled(low, theme.dim).render(area, buf);
    HalfBlocks::new(&strip, depth).render(Rect { x: at, width, height: 1, ..area }, buf);
    let after = Rect { x: at + width + 1, width: area.right().saturating_sub(at + width + 1), ..area };
    let name = if named { format!("  {name}") } else { String::new() };
    Line::from(vec![Span::styled(high, theme.dim), Span::styled(name, theme.dim)]).render(after, buf);
}

/// Three digits, as short as can be.
pub fn number(v: f64) -> String {
    let size = v.abs();
    if v == 0.0 {
        "0".to_owned()
    } else if v.is_finite() && (0.001..10_000.0).contains(&size) {
        let places = (2.0 - size.log10().floor()).clamp(0.0, 5.0) as usize;
        format!("{v:.places$}")
    } else {
        format!("{v:.1e}")
    }
}

/// The pixel, its value, and the target layer's cell that looks at it, in words for a row of so many columns.
fn reading(model: &Model, scene: &Scene, at: Place, room: u16) -> String {
    let [x, y] = pixel(at, scene.photo.width, scene.photo.height);
    let value = |planes: &Planes, channel: usize| {
        let [column, row] = pixel(at, planes.width, planes.height);
        planes.plane(channel)[row * planes.width + column]
    };
    let percent = value(&scene.shown.values, 0) * 100.0;
    let raw: Vec<String> = (0..scene.raw.channels).map(|channel| number(value(&scene.raw, channel))).collect();
    let raw = raw.join(" ");
    let cell = cell(model, scene, at);
    match (room, cell) {
        (0..60, Some(([column, row], ..))) => format!("{x},{y} cell {row},{column} {raw}"),
        (0..60, None) => format!("{x},{y} {raw}"),
        (60..120, Some(([column, row], [columns, rows], _))) => {
            format!("x {x}, y {y}, cell {row},{column} of {rows}x{columns}: {raw}, {percent:.0} %")
        }
        (_, Some(([column, row], [columns, rows], name))) => format!(
            "x {x}, y {y}  row {row}, column {column} of {rows}x{columns} at {name}  value {raw} ({percent:.0} % of the scale)"
        ),
        (_, None) => format!("x {x}, y {y}  value {raw} ({percent:.0} % of the scale)"),
    }
}

/// Column and row of the pixel at a place.
fn pixel(at: Place, width: usize, height: usize) -> [usize; 2] {
    let part = |v: f64, count: usize| ((v * count as f64) as usize).min(count.saturating_sub(1));
    [part(at[0], width), part(at[1], height)]
}

/// Column and row of the target layer's cell at a place, how many there are, and the layer's name; none for methods
/// without one.
pub fn cell(model: &Model, scene: &Scene, at: Place) -> Option<([usize; 2], [usize; 2], String)> {
    let name = scene.layer_name().to_owned();
    let (columns, rows) = if scene.method.is_fine() {
        if !scene.method.has_target_layer() {
            return None;
        }
        let layer = model.network()?.layers.iter().find(|layer| *layer.name == *name)?;
        (*layer.shape.get(2)?, *layer.shape.get(1)?)
    } else {
        (scene.raw.width, scene.raw.height)
    };
    Some((pixel(at, columns, rows), [columns, rows], name))
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_have_three_digits() {
        let numbers = [(0.0, "0"), (1.0, "1.00"), (-12.345, "-12.3"), (0.012_345, "0.0123"), (1234.0, "1234")];
        for (v, text) in numbers {
            assert_eq!(number(v), text);
        }
        assert_eq!(number(1e-9), "1.0e-9");
        assert_eq!(number(f64::NAN), "NaN");
    }
}
