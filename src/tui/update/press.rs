//! Keys: what they mean depends on what lies over the page.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{compare, list, look, open, say, take, terminal, turn_to, work};
use crate::tui::{
    keys::{Action, Scope},
    message::{Effect, Order},
    model::{Mode, Model, Page},
    picker::{Choice, Line, Picker, Takeaway, type_into},
    search::Search,
};

/// Lines that a page of a list or text has for the keys that turn it.
const PAGE: isize = 10;
/// Lines that a text may be scrolled; the view stops at its end.
const LONGEST: usize = 200;

/// A key went down.
pub fn press(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    model.notice = None;
    let scope = if model.page == Page::List { Scope::List } else { Scope::Pictures };
    let action = model.keys.action(key, scope);
    if key.modifiers.contains(KeyModifiers::CONTROL)
        && matches!(action, Some(Action::Quit | Action::Redraw | Action::Suspend))
    {
        return action.map_or_else(Vec::new, |action| act(model, action));
    }
    if model.mode == Mode::Look && look::moves_cursor(model, key) {
        return Vec::new();
    }
    match model.mode {
        Mode::Look => action.map_or_else(Vec::new, |action| act(model, action)),
        Mode::Help(_) | Mode::Details(_) => {
            read(model, key);
            Vec::new()
        }
        Mode::Search(..) => look_up(model, key),
        Mode::Pick(_) => pick(model, key),
        Mode::Type(..) => type_line(model, key),
    }
}

/// Text was pasted.
pub fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    match &mut model.mode {
        Mode::Search(search, _) => search.type_text(text),
        Mode::Pick(picker) => picker.type_text(text),
        Mode::Type(line, typed) => {
            let filters = *line == Line::Filter;
            type_into(typed, text);
            return if filters { list::filter(model) } else { Vec::new() };
        }
        Mode::Look | Mode::Help(_) | Mode::Details(_) => {}
    }
    Vec::new()
}

/// Keys while a text lies over the page.
fn read(model: &mut Model, key: KeyEvent) {
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
    scroll(model, by);
}

/// Scrolls the text that lies over the page.
pub fn scroll(model: &mut Model, by: isize) {
    if let Mode::Help(line) | Mode::Details(line) = &mut model.mode {
        *line = line.saturating_add_signed(by).min(LONGEST);
    }
}

/// How far a key goes in a list of `count`; none if it does not.
fn step(key: KeyEvent) -> Option<isize> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Up => Some(-1),
        KeyCode::Down => Some(1),
        KeyCode::PageUp => Some(-PAGE),
        KeyCode::PageDown => Some(PAGE),
        KeyCode::Char('p') if control => Some(-1),
        KeyCode::Char('n') if control => Some(1),
        _ => None,
    }
}

/// The character that a key types.
fn typed(key: KeyEvent) -> Option<char> {
    match key.code {
        KeyCode::Char(c) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => Some(c),
        _ => None,
    }
}

fn clears(key: KeyEvent) -> bool {
    key.code == KeyCode::Char('u') && key.modifiers.contains(KeyModifiers::CONTROL)
}

/// Keys while a class is looked up.
fn look_up(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let Some(names) = model.network().map(|network| network.names.clone()) else {
        return open(model, Mode::Look);
    };
    let Mode::Search(search, takes_away) = &mut model.mode else { return Vec::new() };
    let takes_away = *takes_away;
    match key.code {
        KeyCode::Esc => model.mode = Mode::Look,
        KeyCode::Enter => {
            let Some(class) = search.chosen(&names).map(|class| class.index) else { return Vec::new() };
            model.mode = Mode::Look;
            return if takes_away { look::contrast(model, class) } else { look::keep_class(model, class) };
        }
        KeyCode::Backspace => search.erase(),
        _ if clears(key) => search.clear(),
        _ => match (step(key), typed(key)) {
            (Some(by), _) => {
                let count = search.matches(&names).len();
                search.step(by, count);
            }
            (None, Some(c)) => search.type_text(c.encode_utf8(&mut [0; 4])),
            (None, None) => {}
        },
    }
    Vec::new()
}

/// Keys while a list to choose from lies over the page.
fn pick(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let Some(network) = model.network().cloned() else { return open(model, Mode::Look) };
    let Mode::Pick(picker) = &mut model.mode else { return Vec::new() };
    let items = picker.items(&network);
    match key.code {
        KeyCode::Esc => model.mode = Mode::Look,
        KeyCode::Enter => {
            let Some(place) = items.get(picker.at).map(|item| item.place) else { return Vec::new() };
            let choice = picker.choice;
            model.mode = Mode::Look;
            return match choice {
                Choice::Layers => look::layer_at(model, place),
                Choice::Methods => look::method_at(model, place),
                Choice::Take => take::take(model, Takeaway::ALL[place]),
            };
        }
        KeyCode::Backspace => {
            picker.text.pop();
            picker.at = 0;
        }
        _ if clears(key) => (picker.text, picker.at) = (String::new(), 0),
        _ => match (step(key), typed(key)) {
            (Some(by), _) => {
                picker.at = picker.at.saturating_add_signed(by).min(items.len().saturating_sub(1));
            }
            (None, Some(c)) => picker.type_text(c.encode_utf8(&mut [0; 4])),
            (None, None) => {}
        },
    }
    Vec::new()
}

/// Keys while a line is typed.
fn type_line(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let Mode::Type(line, text) = &mut model.mode else { return Vec::new() };
    let line = *line;
    match key.code {
        KeyCode::Esc => {
            model.mode = Mode::Look;
            if line == Line::Filter {
                model.list.filter.clear();
                return list::arrange(model);
            }
            return Vec::new();
        }
        KeyCode::Enter => {
            let text = std::mem::take(text);
            model.mode = Mode::Look;
            return if line == Line::Jump { list::jump(model, &text) } else { Vec::new() };
        }
        KeyCode::Backspace => drop(text.pop()),
        _ if clears(key) => text.clear(),
        _ => {
            let Some(c) = typed(key) else { return Vec::new() };
            type_into(text, c.encode_utf8(&mut [0; 4]));
        }
    }
    if line == Line::Filter { list::filter(model) } else { Vec::new() }
}

/// Does what a key asks for.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Quit => vec![Effect::Quit],
        Action::Redraw => {
            model.gallery.clear();
            vec![Effect::Redraw]
        }
        Action::Meter => {
            terminal::meter(model);
            Vec::new()
        }
        Action::Suspend => vec![Effect::Suspend],
        Action::Back => back(model),
        Action::Help => open(model, Mode::Help(0)),
        Action::Details => open(model, Mode::Details(0)),
        Action::List if model.page == Page::List => turn_to(model, Page::Pictures),
        Action::List => list::open_list(model),
        Action::Jump => open(model, Mode::Type(Line::Jump, String::new())),
        Action::Search if model.catalogue.is_some() => open(model, Mode::Search(Search::default(), false)),
        Action::Methods | Action::Layers | Action::Take if model.catalogue.is_some() => open_picker(model, action),
        Action::Search | Action::Methods | Action::Layers | Action::Take => {
            say(model, "the choices are known when the network is loaded")
        }
        Action::Save => take::take(model, Takeaway::Maps),
        Action::Copy => take::take(model, Takeaway::Command),
        Action::AddPane
        | Action::DropPane
        | Action::Focus(_)
        | Action::Scale
        | Action::Difference
        | Action::Network => compare::act(model, action),
        Action::Down(_)
        | Action::Page(_)
        | Action::Look
        | Action::Mark
        | Action::MarkedOnly
        | Action::Filter
        | Action::Sort
        | Action::CompareMarked => list::act(model, action),
        Action::FirstPhoto | Action::LastPhoto if model.page == Page::List => list::act(model, action),
        _ => look::act(model, action),
    }
}

fn open_picker(model: &mut Model, action: Action) -> Vec<Effect> {
    let wish = &model.pane().wish;
    let methods = model.network().map_or(&[][..], |network| &network.methods);
    let picker = match action {
        Action::Layers => Picker::new(Choice::Layers, wish.layer),
        Action::Methods => {
            let at = methods.iter().position(|&method| method == wish.method).unwrap_or(0);
            Picker::new(Choice::Methods, at)
        }
        _ => Picker::new(Choice::Take, 0),
    };
    open(model, Mode::Pick(picker))
}

/// Stops what is being done; else undoes the latest of what lies over the plain page.
fn back(model: &mut Model) -> Vec<Effect> {
    if model.work.is_some_and(|work| work.number > 0) {
        return look::cancel(model);
    }
    if model.page == Page::List {
        if model.list.filter.is_empty() {
            return turn_to(model, Page::Pictures);
        }
        model.list.filter.clear();
        return list::arrange(model);
    }
    if model.lens.cursor().is_some() {
        model.lens.point(None);
        return Vec::new();
    }
    if model.lens.factor() > 1.0 {
        model.lens.whole();
        return Vec::new();
    }
    if model.pane().wish.against.is_some() {
        model.pane_mut().wish.against = None;
        return work(model);
    }
    let quit = model.keys.hint(Action::Quit);
    let drop = model.keys.hint(Action::DropPane);
    let panes = if model.compares() { format!("{drop} drops a pane, ") } else { String::new() };
    say(model, format!("nothing to go back from; {panes}{quit} quits"))
}

/// Keeps the chosen line of a list within it.
pub fn clamp(model: &mut Model) -> Vec<Effect> {
    let Some(network) = model.network().cloned() else { return Vec::new() };
    match &mut model.mode {
        Mode::Search(search, _) => search.step(0, search.matches(&network.names).len()),
        Mode::Pick(picker) => picker.at = picker.at.min(picker.items(&network).len().saturating_sub(1)),
        _ => {}
    }
    Vec::new()
}

/// Tells the worker to stop.
pub fn stop() -> Effect {
    Effect::Work(Order::Cancel)
}
