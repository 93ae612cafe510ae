//! What a message changes.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{
    keys::{self, Action},
    message::{Effect, Message, Reply},
    model::{Catalogue, Mode, Model, Notice, Shown},
    search::Search,
};
use crate::heatmap::ColorMap;

/// Lines that a page of a list or text has for the keys that turn it.
const PAGE: isize = 10;
/// Lines that a text may be scrolled; the view stops at its end.
const LONGEST: usize = 200;

/// Takes `message` in; what is to be done outside comes back.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        Message::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
        Message::Key(key) => press(model, key),
        Message::Pasted(text) => {
            if let Mode::Search(search) = &mut model.mode {
                search.type_text(&text);
            }
            Vec::new()
        }
        Message::Resized => Vec::new(),
        Message::Tick(clock) => {
            model.clock = clock;
            Vec::new()
        }
        Message::Reply(reply) => hear(model, reply),
        Message::Saved(saved) => {
            model.notice = Some(match saved {
                Ok(files) => {
                    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
                    Notice::Said(format!("saved {}", names.join(" and ")))
                }
                Err(reason) => Notice::Wrong(reason),
            });
            Vec::new()
        }
    }
}

fn hear(model: &mut Model, reply: Reply) -> Vec<Effect> {
    let current = model.work.map(|work| work.number);
    match reply {
        Reply::Ready(catalogue) if model.catalogue.is_none() => return ready(model, *catalogue),
        Reply::Unusable(reason) => return vec![Effect::Fail(reason)],
        Reply::Reached { number, stage } if current == Some(number) => {
            model.work.as_mut().expect("the current work").stage = stage;
        }
        Reply::Opened { number, photo } if current == Some(number) => model.photo = Some(photo),
        Reply::Done { number, scene } if current == Some(number) => {
            model.shown = Some(Shown { photo: model.at, scene });
            (model.photo, model.work) = (None, None);
        }
        Reply::Failed { number, reason } if current == Some(number) => {
            model.failure = Some(reason);
            model.work = None;
        }
        Reply::Ready(_) | Reply::Reached { .. } | Reply::Opened { .. } | Reply::Done { .. } | Reply::Failed { .. } => {}
    }
    Vec::new()
}

fn ready(model: &mut Model, catalogue: Catalogue) -> Vec<Effect> {
    (model.wish.layer, model.wish.kept) = (catalogue.layer, catalogue.class);
    model.catalogue = Some(catalogue);
    work(model)
}

/// A job for what is wished now; nothing before the network is loaded, which asks by itself.
fn work(model: &mut Model) -> Vec<Effect> {
    model.next_job(false).map(Effect::Work).into_iter().collect()
}

fn press(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    model.notice = None;
    if key.modifiers.contains(KeyModifiers::CONTROL) && matches!(key.code, KeyCode::Char('c' | 'l' | 'z')) {
        return keys::action(key).map_or_else(Vec::new, |action| act(model, action));
    }
    match model.mode {
        Mode::Look => keys::action(key).map_or_else(Vec::new, |action| act(model, action)),
        Mode::Help(_) | Mode::Details(_) => {
            read(model, key);
            Vec::new()
        }
        Mode::Search(_) => look_up(model, key),
    }
}

/// Keys while a text lies over the pictures.
fn read(model: &mut Model, key: KeyEvent) {
    let (Mode::Help(line) | Mode::Details(line)) = &mut model.mode else { return };
    let by = match key.code {
        KeyCode::Up | KeyCode::Char('k') => -1,
        KeyCode::Down | KeyCode::Char('j') => 1,
        KeyCode::PageUp => -PAGE,
        KeyCode::PageDown | KeyCode::Char(' ') => PAGE,
        _ => {
            model.mode = Mode::Look;
            return;
        }
    };
    *line = line.saturating_add_signed(by).min(LONGEST);
}

/// Keys while a class is looked up.
fn look_up(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let (Mode::Search(search), Some(catalogue)) = (&mut model.mode, &model.catalogue) else {
        model.mode = Mode::Look;
        return Vec::new();
    };
    let count = || search.matches(&catalogue.names).len();
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Esc => model.mode = Mode::Look,
        KeyCode::Enter => {
            let Some(class) = search.chosen(&catalogue.names) else { return Vec::new() };
            (model.wish.kept, model.wish.here) = (Some(class.index), None);
            model.mode = Mode::Look;
            return work(model);
        }
        KeyCode::Up => search.step(-1, count()),
        KeyCode::Down => search.step(1, count()),
        KeyCode::PageUp => search.step(-PAGE, count()),
        KeyCode::PageDown => search.step(PAGE, count()),
        KeyCode::Backspace => search.erase(),
        KeyCode::Char('u') if control => search.clear(),
        KeyCode::Char('p') if control => search.step(-1, count()),
        KeyCode::Char('n') if control => search.step(1, count()),
        KeyCode::Char(c) if !control => search.type_text(c.encode_utf8(&mut [0; 4])),
        _ => {}
    }
    Vec::new()
}

fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Quit => vec![Effect::Quit],
        Action::Redraw => vec![Effect::Redraw],
        Action::Suspend => vec![Effect::Suspend],
        Action::Help => open(model, Mode::Help(0)),
        Action::Details => open(model, Mode::Details(0)),
        Action::Search => match model.catalogue {
            Some(_) => open(model, Mode::Search(Search::default())),
            None => say(model, "the classes are known when the network is loaded".to_owned()),
        },
        Action::Panes => {
            model.overlay_only = !model.overlay_only;
            Vec::new()
        }
        Action::ClassUp => class_step(model, -1),
        Action::ClassDown => class_step(model, 1),
        Action::ClassAt(place) => class_at(model, place),
        Action::Likeliest => {
            (model.wish.here, model.wish.kept) = (None, None);
            work(model)
        }
        Action::Method(by) => method_step(model, by),
        Action::Layer(by) => layer_step(model, by),
        Action::Colors => {
            let at = ColorMap::ALL.iter().position(|&map| map == model.wish.colors).unwrap_or(0);
            model.wish.colors = ColorMap::ALL[(at + 1) % ColorMap::ALL.len()];
            work(model)
        }
        Action::Photo(by) => photo(model, model.at.saturating_add_signed(by)),
        Action::FirstPhoto => photo(model, 0),
        Action::LastPhoto => photo(model, model.photos.len() - 1),
        Action::Save => save(model),
        Action::Retry => model.next_job(true).map(Effect::Work).into_iter().collect(),
    }
}

fn open(model: &mut Model, mode: Mode) -> Vec<Effect> {
    model.mode = mode;
    Vec::new()
}

fn say(model: &mut Model, text: String) -> Vec<Effect> {
    model.notice = Some(Notice::Said(text));
    Vec::new()
}

fn class_step(model: &mut Model, by: isize) -> Vec<Effect> {
    let marked = model.marked();
    let place = model.listed().iter().position(|class| Some(class.index) == marked);
    let place = place.map_or(0, |place| place.saturating_add_signed(by));
    class_at(model, place)
}

fn class_at(model: &mut Model, place: usize) -> Vec<Effect> {
    let Some(class) = model.listed().get(place).map(|class| class.index) else { return Vec::new() };
    if model.marked() == Some(class) {
        return Vec::new();
    }
    model.wish.here = Some(class);
    work(model)
}

fn method_step(model: &mut Model, by: isize) -> Vec<Effect> {
    let Some(catalogue) = &model.catalogue else { return Vec::new() };
    let methods = &catalogue.methods;
    let at = methods.iter().position(|&method| method == model.wish.method).unwrap_or(0);
    model.wish.method = methods[(at as isize + by).rem_euclid(methods.len() as isize) as usize];
    work(model)
}

fn layer_step(model: &mut Model, by: isize) -> Vec<Effect> {
    let Some(catalogue) = &model.catalogue else { return Vec::new() };
    let to = model.wish.layer.saturating_add_signed(by).min(catalogue.layers.len() - 1);
    let layer = catalogue.layers[to].to_string();
    if to == model.wish.layer {
        let end = if by < 0 { "first" } else { "last" };
        return say(model, format!("{layer} is the {end} layer that can be mapped"));
    }
    model.wish.layer = to;
    let method = model.wish.method;
    if method.has_target_layer() {
        return work(model);
    }
    say(model, format!("target layer {layer}, which {} does not use; m changes the method", method.title()))
}

fn photo(model: &mut Model, to: usize) -> Vec<Effect> {
    let to = to.min(model.photos.len() - 1);
    if to == model.at {
        let words = match (model.photos.len(), to) {
            (1, _) => "this is the only photo",
            (_, 0) => "this is the first photo",
            _ => "this is the last photo",
        };
        return say(model, words.to_owned());
    }
    model.at = to;
    (model.wish.here, model.photo, model.failure) = (None, None, None);
    work(model)
}

fn save(model: &mut Model) -> Vec<Effect> {
    match &model.shown {
        Some(shown) if shown.photo == model.at => {
            vec![Effect::Save { photo: model.photos[model.at].clone(), scene: shown.scene.clone() }]
        }
        _ => say(model, "there is no picture to save yet".to_owned()),
    }
}
