//! Panes side by side, each with what it shows, its scale, and how alike it is to the first.

use std::path::Path;

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    text::{Line, Span},
    widgets::Widget,
};

use super::{
    Hit, Theme, bar, classes, details, layout,
    panes::{self, Kind},
    picture,
    text::shortened,
    within,
};
use crate::{
    compare::Likeness,
    heatmap::ColorMap,
    tui::{
        graphics::{Source, Wanted},
        model::{Model, Pictures},
        pane::{Pane, Wish},
    },
};

/// Rows of a pane besides its picture: title, scale, likeness.
const WORDS: u16 = 3;
/// Rows of the words below the panes where there is room.
const FOOT: u16 = 6;

fn kind(model: &Model) -> Kind {
    match model.pictures {
        Pictures::All | Pictures::Overlay => Kind::Overlay,
        Pictures::Map => Kind::Map,
        Pictures::Photo => Kind::Photo,
    }
}

/// The panes' areas, and that of the words below.
fn plan(model: &Model, area: Rect) -> (Vec<Rect>, Rect) {
    let foot = if area.height >= 20 { FOOT } else { 1 };
    let (grid, _) = layout::cut_rows(area, area.height - foot);
    let count = model.panes.len() + usize::from(model.differs);
    let areas = layout::grid(count, WORDS, grid, model.cell);
    let bottom = areas.iter().map(|area| area.bottom()).max().unwrap_or(area.y);
    (areas, layout::cut_rows(area, bottom - area.y).1)
}

/// Title, picture, scale, likeness.
fn parts(area: Rect) -> [Rect; 4] {
    let (title, rest) = layout::cut_rows(area, 1);
    let (picture, words) = layout::cut_rows(rest, rest.height.saturating_sub(2));
    let (scale, likeness) = layout::cut_rows(words, 1);
    [title, picture, scale, likeness]
}

/// Draws all panes and the words of the focused one.
pub fn render(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let (areas, foot) = plan(model, area);
    for (at, (pane, area)) in model.panes.iter().zip(&areas).enumerate() {
        draw(model, at, pane, theme, *area, buf);
    }
    if let Some(area) = areas.get(model.panes.len()).filter(|_| model.differs) {
        difference(model, theme, *area, buf);
    }
    if foot.height < FOOT {
        let read = Rect { width: foot.width, ..foot };
        return if model.lens.cursor().is_some() {
            bar::render(model, theme, read, buf);
        } else {
            details::render(model, theme, read, buf);
        };
    }
    let (read, words) = layout::cut_rows(foot, u16::from(model.lens.cursor().is_some()));
    bar::render(model, theme, read, buf);
    let (left, right) = layout::cut_columns(words, words.width * 2 / 5);
    classes::render(model, theme, left, buf);
    details::render(model, theme, layout::cut_columns(right, 1).1, buf);
}

fn draw(model: &Model, at: usize, pane: &Pane, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let [title, inside, scale, likeness] = parts(area);
    let style = if at == model.focus { theme.chosen } else { theme.strong };
    let name = shortened(&name(model, pane), usize::from(title.width).saturating_sub(4));
    Line::from(vec![Span::styled(format!(" {} ", at + 1), style), Span::raw(" "), Span::raw(name)]).render(title, buf);
    match pane.source(kind(model)) {
        Some(source) => {
            let covered = picture::render(model, at, &source, inside, buf);
            if let Some(scene) = pane.scene() {
                panes::point(model, scene, covered, buf);
            }
        }
        None => panes::instead(model, pane, theme, inside, buf),
    }
    bar::scale(model, pane, theme, scale, buf);
    let note = pane.scene().and_then(|scene| scene.note.as_deref());
    match (at, &pane.failure, note, model.likeness.get(at).copied().flatten()) {
        (_, Some(reason), ..) if pane.scene().is_some() => {
            Line::styled(reason.as_str(), theme.wrong).render(likeness, buf);
        }
        (_, _, Some(note), _) => {
            Line::styled(shortened(note, likeness.width.into()), theme.caution).render(likeness, buf);
        }
        (0, ..) | (_, _, _, None) => {}
        (_, _, _, Some(alike)) => Line::styled(alike_to_first(&alike, likeness.width), theme.dim).render(likeness, buf),
    }
}

/// The numbers, as long as there is room for.
fn alike_to_first(alike: &Likeness, width: u16) -> String {
    let number = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), |v| format!("{v:.2}"));
    let (cosine, ranks, top) = (number(alike.cosine), number(alike.rank_correlation), alike.top_tenth * 100.0);
    let long = format!("to 1: {}", alike.in_words());
    let short = format!("cos {cosine} rank {ranks} top {top:.0}%");
    let (shorter, two) = (format!("{cosine} {ranks} {top:.0}%"), format!("{cosine} {ranks}"));
    let fits = |text: &String| text.len() <= usize::from(width);
    // A number that is cut would be another number.
    [long, short, shorter, two].into_iter().find(fits).unwrap_or(cosine)
}

/// What a pane shows, its differences from the first pane first.
fn name(model: &Model, pane: &Pane) -> String {
    let several = |of: fn(&Wish) -> usize| {
        let first = of(&model.panes[0].wish);
        model.panes.iter().any(|other| of(&other.wish) != first)
    };
    let scene = pane.scene();
    let mut words: Vec<String> = Vec::new();
    if several(|wish| wish.network) {
        words.extend(network(model, pane.wish.network));
    }
    if several(|wish| wish.photo) {
        let photo = &model.photos[pane.wish.photo];
        words.push(photo.file_name().unwrap_or(photo.as_os_str()).to_string_lossy().into_owned());
    }
    if let Some(scene) = scene {
        let against = scene.against.as_ref().map_or_else(String::new, |class| format!(" - {}", class.name));
        words.push(format!("{}{against} {:.0} %", scene.class.name, scene.class.probability * 100.0));
        if several(|wish| wish.layer) && scene.method.has_target_layer() {
            words.push(scene.layer_name().to_owned());
        }
        words.push(scene.method.title().to_owned());
    } else {
        words.push(pane.wish.method.title().to_owned());
    }
    words.join(" · ")
}

/// A network's name; where another has the same, the name of its file.
fn network(model: &Model, at: usize) -> Option<String> {
    let networks = &model.catalogue.as_ref()?.networks;
    let name = &networks.get(at)?.name;
    let twins = networks.iter().filter(|network| network.name == *name).count() > 1;
    let file = model.words.get(at).and_then(|words| words.among.split_once('=')).map(|(_, file)| Path::new(file));
    let file = file.and_then(Path::file_stem).filter(|_| twins);
    Some(file.map_or_else(|| name.clone(), |file| file.to_string_lossy().into_owned()))
}

fn difference(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let [title, inside, scale, words] = parts(area);
    let other = model.focus.max(1);
    Line::styled(format!(" 1 - {}  signed difference", other + 1), theme.strong).render(title, buf);
    let Some(difference) = &model.difference else { return };
    picture::render(model, model.panes.len(), &Source::Difference(difference.clone()), inside, buf);
    let bound = difference.bound;
    let colors = model.paint().colors(ColorMap::Diverging);
    bar::ends(colors, [-bound, bound], "difference", model.depth, theme, scale, buf);
    let what = if model.shared { "of raw values" } else { "each over its own maximum" };
    Line::styled(what, theme.dim).render(words, buf);
}

/// The picture of this pane, or of the difference behind the last one.
fn source(model: &Model, pane: usize) -> Option<Source> {
    match model.panes.get(pane) {
        Some(shown) => shown.source(kind(model)),
        None => model.difference.clone().filter(|_| model.differs).map(Source::Difference),
    }
}

/// What to encode.
pub fn wanted(model: &Model, area: Rect) -> Vec<Wanted> {
    let (areas, _) = plan(model, area);
    let wanted =
        |(slot, area): (usize, &Rect)| Some(picture::wanted(model, slot, source(model, slot)?, parts(*area)[1]));
    areas.iter().enumerate().filter_map(wanted).collect()
}

/// What is under this place.
pub fn hit(model: &Model, area: Rect, at: Position) -> Option<Hit> {
    let (areas, _) = plan(model, area);
    let (pane, area) = areas.iter().enumerate().find(|(_, area)| area.contains(at))?;
    let [_, inside, ..] = parts(*area);
    let picture = picture::covers(model, &source(model, pane)?, inside);
    within(picture, at).map(|place| Hit::Pane(pane, place))
}
