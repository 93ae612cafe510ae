//! What the pictures show: class, method, layer, photo, and how closely they are looked at.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{compare, open, press, say, work};
use crate::{
    heatmap::ColorMap,
    tui::{
        keys::Action,
        message::{Ask, Effect, Order},
        model::{Mode, Model, Page},
        pane::Wish,
        search::Search,
    },
};

/// How far Shift and an arrow move what is visible.
const PAN: f64 = 0.25;

/// Does what a key asks of the pictures.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::ClassUp => class_step(model, -1),
        Action::ClassDown => class_step(model, 1),
        Action::ClassAt(place) => class_at(model, place),
        Action::Likeliest => {
            let wish = &mut model.pane_mut().wish;
            (wish.here, wish.kept) = (None, None);
            work(model)
        }
        Action::Contrast => ask_contrast(model),
        Action::Method(by) => method_step(model, by),
        Action::Layer(by) => layer_step(model, by),
        Action::Colors => {
            let at = ColorMap::ALL.iter().position(|&map| map == model.pane().wish.colors).unwrap_or(0);
            let colors = ColorMap::ALL[(at + 1) % ColorMap::ALL.len()];
            model.panes.iter_mut().for_each(|pane| pane.wish.colors = colors);
            work(model)
        }
        Action::Opacity(by) => opacity(model, by),
        Action::Photo(by) => photo(model, model.at().saturating_add_signed(by)),
        Action::FirstPhoto => photo(model, 0),
        Action::LastPhoto => photo(model, model.photos.len() - 1),
        Action::Retry => model.next_job(true).map(|job| Effect::Work(Order::Job(job))).into_iter().collect(),
        _ => {
            closer(model, action);
            Vec::new()
        }
    }
}

/// What is visible.
fn closer(model: &mut Model, action: Action) {
    match action {
        Action::Panes => model.pictures = model.pictures.next(),
        Action::Zoom(by) => model.lens.zoom(by, None),
        Action::Whole => model.lens.whole(),
        Action::Pan(across, down) => model.lens.pan([across, down].map(|by| f64::from(by) * PAN)),
        Action::Cursor => model.lens.toggle_cursor(),
        _ => {}
    }
}

/// Arrows move the cursor while there is one: from cell to cell of a coarse map, with Shift by a pixel.
pub fn moves_cursor(model: &mut Model, key: KeyEvent) -> bool {
    let (Some(at), Page::Pictures) = (model.lens.cursor(), model.page) else { return false };
    let by = match key.code {
        KeyCode::Left => [-1.0, 0.0],
        KeyCode::Right => [1.0, 0.0],
        KeyCode::Up => [0.0, -1.0],
        KeyCode::Down => [0.0, 1.0],
        _ => return false,
    };
    let Some(scene) = model.scene() else { return false };
    let pixels = [scene.photo.width, scene.photo.height];
    let cells =
        if scene.method.is_fine() { pixels.map(|side| side.div_ceil(4)) } else { [scene.raw.width, scene.raw.height] };
    let steps = if key.modifiers.contains(KeyModifiers::SHIFT) { pixels } else { cells };
    // To the middle of the neighbour, so that rounding never stays on a border.
    let moved = std::array::from_fn(|i| {
        let count = steps[i] as f64;
        ((at[i] * count).floor() + by[i] + 0.5).clamp(0.5, count - 0.5) / count
    });
    model.lens.point(Some(moved));
    true
}

fn opacity(model: &mut Model, by: i8) -> Vec<Effect> {
    let tenths = model.opacity.unwrap_or(5).saturating_add_signed(by).min(10);
    model.opacity = Some(tenths);
    let effects = compare::refresh(model);
    say(model, format!("the blend: {} % map, {} % photo", tenths * 10, 100 - tenths * 10));
    effects
}

fn class_step(model: &mut Model, by: isize) -> Vec<Effect> {
    let marked = model.marked();
    let place = model.listed().iter().position(|class| Some(class.index) == marked);
    let place = place.map_or(0, |place| place.saturating_add_signed(by));
    class_at(model, place)
}

/// Explains the class at this place of the list.
pub fn class_at(model: &mut Model, place: usize) -> Vec<Effect> {
    let Some(class) = model.listed().get(place).map(|class| class.index) else { return Vec::new() };
    if model.marked() == Some(class) {
        return Vec::new();
    }
    model.pane_mut().wish.here = Some(class);
    not_against_itself(model, class)
}

/// Explains a class in all photos.
pub fn keep_class(model: &mut Model, class: usize) -> Vec<Effect> {
    let wish = &mut model.pane_mut().wish;
    (wish.kept, wish.here) = (Some(class), None);
    not_against_itself(model, class)
}

/// Explains, now that `class` was chosen: no longer as a contrast if that was to be taken away.
fn not_against_itself(model: &mut Model, class: usize) -> Vec<Effect> {
    let against = &mut model.pane_mut().wish.against;
    *against = against.filter(|&against| against != class);
    work(model)
}

fn ask_contrast(model: &mut Model) -> Vec<Effect> {
    if model.pane_mut().wish.against.take().is_some() {
        return work(model);
    }
    let method = model.pane().wish.method;
    if method.is_fine() {
        return say(model, format!("{} is not linear in the score: no contrast of classes", method.title()));
    }
    if model.scene().is_none() {
        return say(model, "a contrast needs a picture first");
    }
    open(model, Mode::Search(Search::default(), true))
}

/// Takes the map of `class` away.
pub fn contrast(model: &mut Model, class: usize) -> Vec<Effect> {
    let Some(explained) = model.marked() else { return Vec::new() };
    if explained == class {
        return say(model, "a class has no contrast with itself");
    }
    let wish = &mut model.pane_mut().wish;
    (wish.here, wish.against) = (Some(explained), Some(class));
    work(model)
}

fn method_step(model: &mut Model, by: isize) -> Vec<Effect> {
    let Some(network) = model.network() else { return Vec::new() };
    let methods = &network.methods;
    let at = methods.iter().position(|&method| method == model.pane().wish.method).unwrap_or(0);
    let place = (at as isize + by).rem_euclid(methods.len() as isize) as usize;
    method_at(model, place)
}

/// Explains by the method at this place; a contrast ends where it is not defined.
pub fn method_at(model: &mut Model, place: usize) -> Vec<Effect> {
    let Some(&method) = model.network().and_then(|network| network.methods.get(place)) else { return Vec::new() };
    let wish = &mut model.pane_mut().wish;
    wish.method = method;
    if method.is_fine() {
        wish.against = None;
    }
    work(model)
}

fn layer_step(model: &mut Model, by: isize) -> Vec<Effect> {
    let Some(network) = model.network() else { return Vec::new() };
    let at = model.pane().wish.layer;
    let to = at.saturating_add_signed(by).min(network.layers.len() - 1);
    if to == at {
        let end = if by < 0 { "first" } else { "last" };
        let layer = network.layers[to].to_string();
        return say(model, format!("{layer} is the {end} layer that can be mapped"));
    }
    layer_at(model, to)
}

/// Explains at the layer at this place.
pub fn layer_at(model: &mut Model, place: usize) -> Vec<Effect> {
    let Some(layer) = model.network().and_then(|network| network.layers.get(place)).map(ToString::to_string) else {
        return Vec::new();
    };
    model.pane_mut().wish.layer = place;
    let method = model.pane().wish.method;
    if method.has_target_layer() {
        return work(model);
    }
    let next = model.keys.hint(Action::Method(1));
    say(model, format!("target layer {layer}, which {} does not use; {next} changes the method", method.title()))
}

/// Looks at photo `to`; panes that show the focused pane's photo go with it.
pub fn photo(model: &mut Model, to: usize) -> Vec<Effect> {
    let (from, to) = (model.at(), to.min(model.photos.len() - 1));
    if to == from {
        let words = match (model.photos.len(), to) {
            (1, _) => "this is the only photo",
            (_, 0) => "this is the first photo",
            _ => "this is the last photo",
        };
        return say(model, words);
    }
    for pane in model.panes.iter_mut().filter(|pane| pane.wish.photo == from) {
        pane.wish.photo = to;
        (pane.wish.here, pane.photo, pane.failure) = (None, None, None);
    }
    model.list.choose(to);
    work(model)
}

/// Stops the work; panes go back to what they show.
pub fn cancel(model: &mut Model) -> Vec<Effect> {
    model.work = None;
    for pane in &mut model.panes {
        if pane.is_current() {
            continue;
        }
        match pane.shown.as_ref().filter(|shown| shown.wish.photo == pane.wish.photo) {
            Some(shown) => pane.wish = shown.wish.clone(),
            None => pane.failure = Some("stopped".to_owned()),
        }
    }
    say(model, "stopped");
    vec![press::stop()]
}

/// What is being done, for guessing how long it takes.
pub fn kind(model: &Model) -> (usize, &'static str) {
    (model.pane().wish.network, model.pane().wish.method.id())
}

/// The photos before and after the one at hand, as the focused pane shows it, to be computed while nobody waits.
pub fn ahead(model: &Model) -> Vec<Effect> {
    let wish = &model.pane().wish;
    if model.compares() || model.photos.len() < 2 {
        return Vec::new();
    }
    let neighbours = [wish.photo.checked_add(1), wish.photo.checked_sub(1)];
    let ask =
        |photo: usize| -> Option<Ask> { model.ask(model.focus, &Wish { photo, here: None, ..wish.clone() }, false) };
    let asks: Vec<Ask> = neighbours.into_iter().flatten().filter_map(ask).collect();
    vec![Effect::Work(Order::Ahead(asks))]
}
