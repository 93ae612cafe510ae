//! What a message changes.

mod compare;
mod graphics;
mod list;
mod look;
mod mouse;
mod press;
mod take;
mod terminal;

use std::{path::PathBuf, sync::Arc};

use ratatui::crossterm::event::KeyEventKind;

use super::{
    listing::Listing,
    message::{Effect, Message, Order, Reply},
    model::{Catalogue, Mode, Model, Notice, Page},
    pane::Shown,
};
use crate::scene::Scene;

pub use take::command;

/// Takes `message` in; what is to be done outside comes back.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let mut effects = change(model, message);
    effects.extend(graphics::want(model));
    effects
}

fn change(model: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        Message::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
        Message::Key(key) => press::press(model, key),
        Message::Pasted(text) => press::paste(model, &text),
        Message::Mouse(event) => mouse::mouse(model, event),
        Message::Resized(columns, rows) => {
            model.size = (columns, rows);
            list::want(model)
        }
        Message::Terminal(choice) => terminal::adopt(model, *choice),
        Message::Drawn(drawn) => terminal::drawn(model, drawn),
        Message::Passed(bytes, took) => terminal::passed(model, bytes, took),
        Message::Made(made) => graphics::made(model, made),
        Message::Forgotten => {
            model.gallery.clear();
            Vec::new()
        }
        Message::Tick(clock) => {
            model.clock = clock;
            list::tick(model)
        }
        Message::Reply(reply) => hear(model, reply),
        Message::Saved(saved) => saved_or_not(model, saved),
        Message::Measured(number, likeness) => {
            if number == model.measures && likeness.len() == model.panes.len() {
                model.likeness = likeness;
            }
            Vec::new()
        }
    }
}

fn saved_or_not(model: &mut Model, saved: Result<Vec<PathBuf>, String>) -> Vec<Effect> {
    model.notice = Some(match saved {
        Ok(files) => Notice::Saved(files),
        Err(reason) => Notice::Wrong(reason),
    });
    Vec::new()
}

fn hear(model: &mut Model, reply: Reply) -> Vec<Effect> {
    let current = model.work.map(|work| work.number);
    match reply {
        Reply::Ready(catalogue) if model.catalogue.is_none() => return ready(model, *catalogue),
        Reply::Unusable(reason) => return vec![Effect::Fail(reason)],
        Reply::Reached { number, stage } if current == Some(number) => {
            model.work.as_mut().expect("the current work").stage = stage;
        }
        Reply::Opened { number, pane, photo } if current == Some(number) => {
            if let Some(pane) = model.panes.get_mut(pane) {
                pane.photo = Some(photo);
            }
        }
        Reply::Done { number, pane, scene } if current == Some(number) => return done(model, pane, scene),
        Reply::Failed { number, pane, reason } if current == Some(number) => {
            if let Some(failed) = model.panes.get_mut(pane) {
                failed.failure = Some(reason);
            }
            return one_less(model, pane);
        }
        Reply::Surveyed { photo, network, found } => model.list.learn(photo, network, found),
        Reply::Recorded(saved) => return saved_or_not(model, saved),
        Reply::Ready(_) | Reply::Reached { .. } | Reply::Opened { .. } | Reply::Done { .. } | Reply::Failed { .. } => {}
    }
    Vec::new()
}

fn ready(model: &mut Model, catalogue: Catalogue) -> Vec<Effect> {
    for (pane, &(class, against, layer)) in model.panes.iter_mut().zip(&catalogue.opened) {
        (pane.wish.kept, pane.wish.against, pane.wish.layer) = (class, against, layer);
    }
    let Listing { entries, .. } = &model.list;
    if let Some(network) = catalogue.networks.first().filter(|_| !entries.is_empty()) {
        let names = network.names.clone();
        model.list.name_folders(&model.photos, &names);
    }
    model.catalogue = Some(catalogue);
    model.work = None;
    let mut effects = work(model);
    effects.extend(list::want(model));
    effects
}

fn done(model: &mut Model, at: usize, scene: Arc<Scene>) -> Vec<Effect> {
    if let Some(pane) = model.panes.get_mut(at) {
        pane.shown = Some(Shown { wish: pane.wish.clone(), scene });
        pane.photo = None;
    }
    let mut effects = compare::refresh(model);
    effects.extend(one_less(model, at));
    effects
}

/// One pane of the job is done; after the last, the neighbours of the photo are computed ahead.
fn one_less(model: &mut Model, pane: usize) -> Vec<Effect> {
    let Some(work) = &mut model.work else { return Vec::new() };
    work.awaited &= !1_u8.checked_shl(pane as u32).unwrap_or(0);
    if work.awaited != 0 {
        return Vec::new();
    }
    let took = model.elapsed();
    let kind = look::kind(model);
    model.pace.learn(kind, took);
    model.work = None;
    look::ahead(model)
}

/// A job for what is wished now; nothing before the networks are loaded, which ask by themselves.
fn work(model: &mut Model) -> Vec<Effect> {
    match model.next_job(false) {
        Some(job) => vec![Effect::Work(Order::Job(job))],
        None if model.catalogue.is_some() && model.work.take().is_some() => vec![Effect::Work(Order::Cancel)],
        None => Vec::new(),
    }
}

fn open(model: &mut Model, mode: Mode) -> Vec<Effect> {
    model.mode = mode;
    Vec::new()
}

fn turn_to(model: &mut Model, page: Page) -> Vec<Effect> {
    (model.page, model.mode) = (page, Mode::Look);
    list::want(model)
}

fn say(model: &mut Model, text: impl Into<String>) -> Vec<Effect> {
    model.notice = Some(Notice::Said(text.into()));
    Vec::new()
}
