//! Several panes side by side.

use std::sync::Arc;

use super::{look, say, work};
use crate::{
    compare,
    heatmap::ColorMap,
    tui::{
        keys::Action,
        message::Effect,
        model::{Difference, Model},
        pane::{MOST_PANES, Pane, Wish},
    },
};

/// Does what a key asks of the panes.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::AddPane => add(model),
        Action::DropPane => drop_pane(model),
        Action::Network => network(model),
        _ if !model.compares() => {
            let key = model.keys.hint(Action::AddPane);
            say(model, format!("there is one pane; {key} adds another to compare with"))
        }
        Action::Focus(by) => {
            model.focus = (model.focus as isize + by).rem_euclid(model.panes.len() as isize) as usize;
            refresh(model)
        }
        Action::Scale => {
            model.shared = !model.shared;
            let effects = refresh(model);
            say(model, if model.shared { "one scale for all panes" } else { "one scale for each pane" });
            effects
        }
        Action::Difference => {
            model.differs = !model.differs;
            refresh(model)
        }
        _ => Vec::new(),
    }
}

/// [Repaints](repaint) all panes, and asks how alike they are.
pub fn refresh(model: &mut Model) -> Vec<Effect> {
    repaint(model);
    if !model.compares() {
        model.likeness.clear();
        return Vec::new();
    }
    model.likeness.resize(model.panes.len(), None);
    model.measures += 1;
    let scenes = model.panes.iter().map(|pane| pane.scene().cloned()).collect();
    vec![Effect::Measure(model.measures, scenes)]
}

/// Paints all panes as they are to be shown now.
pub fn repaint(model: &mut Model) {
    let paint = model.paint();
    model.panes.iter_mut().for_each(|pane| pane.repaint(paint));
    model.difference = difference(model).map(Arc::new);
}

/// The pane whose difference from the first is shown.
fn other(model: &Model) -> usize {
    model.focus.max(1)
}

fn difference(model: &Model) -> Option<Difference> {
    if !model.differs || !model.compares() {
        return None;
    }
    let pane = other(model);
    let (a, b) = (model.panes[0].scene()?, model.panes.get(pane)?.scene()?);
    let shown = compare::difference(&a.shown, &b.shown, model.shared);
    let picture = shown.paint(&a.photo, model.paint().colors(ColorMap::Diverging));
    Some(Difference { pane, picture, bound: shown.bound })
}

/// One more pane that differs from the focused one: by another network if there is one, else by the next class.
fn add(model: &mut Model) -> Vec<Effect> {
    if model.panes.len() >= MOST_PANES {
        return say(model, format!("{MOST_PANES} panes are the most"));
    }
    let Some(catalogue) = &model.catalogue else { return say(model, "panes can be added when the network is loaded") };
    let used: Vec<usize> = model.panes.iter().map(|pane| pane.wish.network).collect();
    let unused = (0..catalogue.networks.len()).find(|network| !used.contains(network));
    let mut wish = model.pane().wish.clone();
    match unused {
        Some(network) => switch(model, &mut wish, network),
        None => wish.here = another_class(model).or(wish.here),
    }
    // What the new pane is compared with must not change by itself.
    let explained = model.scene().map(|scene| scene.class.index);
    let first = model.pane_mut();
    let class = first.wish.class().or(explained);
    first.wish.here = class;
    if let Some(shown) = first.shown.as_mut().filter(|shown| Some(shown.scene.class.index) == class) {
        shown.wish.here = class;
    }
    model.focus += 1;
    let at = model.focus;
    model.panes.insert(at, Pane::new(wish));
    let mut effects = refresh(model);
    effects.extend(work(model));
    effects
}

/// The likeliest class that no pane of this photo explains yet.
fn another_class(model: &Model) -> Option<usize> {
    let photo = model.at();
    let shown = |pane: &&Pane| pane.wish.photo == photo;
    let taken: Vec<usize> = model
        .panes
        .iter()
        .filter(shown)
        .filter_map(|pane| pane.wish.class().or_else(|| pane.scene().map(|scene| scene.class.index)))
        .collect();
    model.scene()?.top.iter().map(|class| class.index).find(|class| !taken.contains(class))
}

fn drop_pane(model: &mut Model) -> Vec<Effect> {
    if !model.compares() {
        return say(model, "this is the only pane");
    }
    model.panes.remove(model.focus);
    model.focus = model.focus.min(model.panes.len() - 1);
    let mut effects = refresh(model);
    // Replies carry their pane's place, so what is being done is asked for anew.
    if model.work.take().is_some() {
        effects.push(super::press::stop());
    }
    effects.extend(work(model));
    effects
}

/// The next network in the focused pane.
fn network(model: &mut Model) -> Vec<Effect> {
    let networks = model.networks();
    if networks < 2 {
        return say(model, "there is one network; start saltty with --model twice to compare two");
    }
    let mut wish = model.pane().wish.clone();
    let next = (wish.network + 1) % networks;
    switch(model, &mut wish, next);
    let pane = model.pane_mut();
    pane.wish = wish;
    (pane.photo, pane.failure) = (None, None);
    work(model)
}

/// Makes `wish` one of another network: its usual layer, and only classes and methods that it has.
fn switch(model: &Model, wish: &mut Wish, network: usize) {
    let Some(offer) = model.catalogue.as_ref().and_then(|catalogue| catalogue.networks.get(network)) else { return };
    let known = |class: &usize| *class < offer.names.all().len();
    (wish.network, wish.layer) = (network, offer.layer);
    (wish.here, wish.kept) = (wish.here.filter(known), wish.kept.filter(known));
    wish.against = wish.against.filter(known);
    if !offer.methods.contains(&wish.method) {
        wish.method = offer.methods[0];
    }
}

/// Shows these photos side by side, as the focused pane shows its own.
pub fn photos(model: &mut Model, photos: &[usize]) -> Vec<Effect> {
    let wish = model.pane().wish.clone();
    let pane = |&photo: &usize| Pane::new(Wish { photo, here: None, ..wish.clone() });
    model.panes = photos.iter().map(pane).collect();
    model.focus = 0;
    let mut effects = refresh(model);
    effects.extend(if model.work.take().is_some() { vec![super::press::stop()] } else { Vec::new() });
    effects.extend(work(model));
    effects.extend(look::ahead(model));
    effects
}
