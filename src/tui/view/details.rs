//! What is shown, in words: method, class, layer, network, and what to be careful about.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
    widgets::{Paragraph, Widget, Wrap},
};

use super::{Theme, rows};
use crate::{
    explain::Method,
    heatmap::ColorMap,
    scene::{ClassScore, Scene},
    tui::{keys::Action, model::Model},
};

/// Draws as many as there is room for; says so if that is not all, and whether a caveat is among the rest.
pub fn render(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let all = lines(model, theme);
    let caveat = model.scene().and_then(|scene| scene.method.caveat()).is_some();
    let text = Paragraph::new(all).wrap(Wrap { trim: false });
    let more = rows(&text, area.width) > area.height;
    text.render(area, buf);
    if more && area.height > 0 {
        let key = model.keys.hint(Action::Details);
        let (hint, style) =
            if caveat { (format!(" … caveat: {key}"), theme.caution) } else { (format!(" … {key}"), theme.dim) };
        let width = (hint.chars().count() as u16).min(area.width);
        Line::styled(hint, style).render(Rect::new(area.right() - width, area.bottom() - 1, width, 1), buf);
    }
}

/// The most important first: there may be no room for the last.
pub fn lines<'m>(model: &'m Model, theme: &Theme) -> Vec<Line<'m>> {
    let Some(scene) = model.scene() else {
        let method = model.pane().wish.method;
        return vec![Line::from(vec![
            Span::styled(method.title(), theme.strong),
            Span::raw(": "),
            method.meaning().into(),
        ])];
    };
    let mut lines = vec![method(scene, theme)];
    if let Some(reason) = &model.pane().failure {
        lines.push(Line::styled(reason.as_str(), theme.wrong));
    }
    if let Some(note) = &scene.note {
        lines.push(Line::styled(format!("note: {note}"), theme.caution));
    }
    lines.push(Line::from(format!("of {}", subject(scene, model.paint().colors_of(scene)))));
    if let Some(chosen) = elsewhere(model, scene) {
        let note = format!("note: cam is always computed at {}; {chosen} does not apply to it", scene.layer_name());
        lines.push(Line::styled(note, theme.dim));
    }
    if let Some(caveat) = scene.method.caveat() {
        lines.push(Line::styled(format!("caveat: {caveat}"), theme.caution));
    }
    lines.push(Line::styled(format!("{}, {}", scene.model, scene.preprocess), theme.dim));
    lines
}

/// The method with its one-line meaning.
fn method(scene: &Scene, theme: &Theme) -> Line<'static> {
    let text = format!(": {}", scene.method.meaning());
    Line::from(vec![Span::styled(scene.method.title(), theme.strong), Span::raw(text)])
}

/// The layer that was chosen instead of the usual one, where CAM does not look at it.
fn elsewhere<'m>(model: &'m Model, scene: &Scene) -> Option<&'m str> {
    let (network, layer) = (model.network()?, model.pane().wish.layer);
    let chosen = &*network.layers.get(layer)?.name;
    (scene.method == Method::Cam && layer != network.layer && scene.layer_name() != chosen).then_some(chosen)
}

/// Class, place and colours.
fn subject(scene: &Scene, colors: ColorMap) -> String {
    let class = &scene.class;
    let at = if scene.method.is_fine() && !scene.method.has_target_layer() { "at the" } else { "at" };
    let layer = scene.layer.strip_prefix("the ").unwrap_or(&scene.layer);
    let [first, second] = if colors == ColorMap::Shades { ["bright", "dark"] } else { ["red", "blue"] };
    let scored = |class: &ClassScore| format!("{} ({}), logit {:.2}", class.name, class.index, class.logit);
    match &scene.against {
        Some(less) => format!(
            "{}, minus {}, {at} {layer}, in {colors}: {first} speaks for the first, {second} for the second",
            scored(class),
            scored(less)
        ),
        None => format!("{} ({}) {at} {layer}, logit {:.2}, in {colors}", class.name, class.index, class.logit),
    }
}
