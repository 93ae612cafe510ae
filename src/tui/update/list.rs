//! The list of photos.

use super::{compare, look, open, say, turn_to};
use crate::tui::{
    keys::Action,
    listing::Sort,
    message::{Effect, Order, Survey},
    model::{Mode, Model, Page},
    pane::MOST_PANES,
    picker::Line,
    view,
};

/// Does what a key asks of the list.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let visible = view::list_rows(model.size);
    match action {
        Action::Down(by) => model.list.step(by),
        Action::Page(by) => model.list.step(by * visible.max(1) as isize),
        Action::FirstPhoto => model.list.at = 0,
        Action::LastPhoto => model.list.step(isize::MAX),
        Action::Look => return look_at_chosen(model),
        Action::Mark => return mark(model),
        Action::MarkedOnly => {
            if model.list.marks.is_empty() && !model.list.marked_only {
                let key = model.keys.hint(Action::Mark);
                return say(model, format!("nothing is marked; {key} marks a photo"));
            }
            model.list.marked_only = !model.list.marked_only;
            return arrange(model);
        }
        Action::Filter => {
            let text = model.list.filter.clone();
            return open(model, Mode::Type(Line::Filter, text));
        }
        Action::Sort => {
            let at = Sort::ALL.iter().position(|&sort| sort == model.list.sort).unwrap_or(0);
            model.list.sort = Sort::ALL[(at + 1) % Sort::ALL.len()];
            let effects = arrange(model);
            say(model, format!("sorted by {}", model.list.sort.name()));
            return effects;
        }
        Action::CompareMarked => return compare_marked(model),
        _ => {}
    }
    want(model)
}

/// Shows the list, with the photo at hand chosen.
pub fn open_list(model: &mut Model) -> Vec<Effect> {
    model.list.is_open = true;
    let photo = model.at();
    model.list.choose(photo);
    turn_to(model, Page::List)
}

/// Looks at the photo chosen in the list.
pub fn look_at_chosen(model: &mut Model) -> Vec<Effect> {
    let Some(photo) = model.list.chosen() else { return say(model, "no photo fits the filter") };
    let mut effects = turn_to(model, Page::Pictures);
    if photo != model.at() {
        effects.extend(look::photo(model, photo));
    }
    effects
}

fn mark(model: &mut Model) -> Vec<Effect> {
    let Some(photo) = model.list.chosen() else { return Vec::new() };
    if !model.list.marks.remove(&photo) {
        model.list.marks.insert(photo);
    }
    model.list.step(1);
    if model.list.marked_only { arrange(model) } else { want(model) }
}

fn compare_marked(model: &mut Model) -> Vec<Effect> {
    let marked: Vec<usize> = model.list.marks.iter().copied().collect();
    if !(2..=MOST_PANES).contains(&marked.len()) {
        let key = model.keys.hint(Action::Mark);
        return say(model, format!("{} photos are marked; mark 2 to {MOST_PANES} with {key}", marked.len()));
    }
    let mut effects = turn_to(model, Page::Pictures);
    effects.extend(compare::photos(model, &marked));
    effects
}

/// Goes to a photo by its number or a part of its name, in the list or in the pictures.
pub fn jump(model: &mut Model, text: &str) -> Vec<Effect> {
    let wanted = text.trim().to_lowercase();
    if wanted.is_empty() {
        return Vec::new();
    }
    let number = wanted.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let number = number.filter(|&place| place < model.photos.len());
    let name = |at: usize| model.photos[at].to_string_lossy().to_lowercase();
    let count = model.photos.len();
    let named = || (1..=count).map(|by| (model.at() + by) % count).find(|&at| name(at).contains(&wanted));
    let Some(photo) = number.or_else(named) else { return say(model, format!("no photo is called {text}")) };
    if model.page == Page::List {
        model.list.choose(photo);
        return want(model);
    }
    if photo == model.at() { Vec::new() } else { look::photo(model, photo) }
}

/// Takes over what is being typed as the filter.
pub fn filter(model: &mut Model) -> Vec<Effect> {
    if let Mode::Type(Line::Filter, text) = &model.mode {
        model.list.filter.clone_from(text);
    }
    arrange(model)
}

/// Filters and sorts anew.
pub fn arrange(model: &mut Model) -> Vec<Effect> {
    let names = model.catalogue.as_ref().map(|catalogue| catalogue.networks[0].names.clone());
    model.list.arrange(&model.photos, names.as_deref());
    want(model)
}

/// From time to time what was learnt is put in order; far thumbnails go.
pub fn tick(model: &mut Model) -> Vec<Effect> {
    if !model.list.is_dirty {
        return Vec::new();
    }
    let known = model.list.known(model.networks());
    model.pace.survey(model.clock, known);
    model.list.thin();
    if model.list.sort == Sort::Name && model.list.filter.is_empty() {
        model.list.is_dirty = false;
        return Vec::new();
    }
    arrange(model)
}

/// What the worker is to look at when there is nothing better to do: what is visible first.
pub fn want(model: &mut Model) -> Vec<Effect> {
    let visible = view::list_rows(model.size);
    model.list.scroll(visible);
    if !model.list.is_open || model.catalogue.is_none() {
        return Vec::new();
    }
    let wanted = model.list.wanted(model.list.first, visible, model.networks());
    vec![Effect::Work(Order::Survey(Survey { photos: model.photos.clone(), wanted, rest: true }))]
}
