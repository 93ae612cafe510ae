//! The one table of keys: what each does, and what the help says of it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key asks for while the pictures are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Leave the program.
    Quit,
    /// Show all keys.
    Help,
    /// Show all that is known about the picture.
    Details,
    /// The class above in the list.
    ClassUp,
    /// The class below in the list.
    ClassDown,
    /// The class at this place of the list, from 0.
    ClassAt(usize),
    /// The photo's likeliest class, and no class kept for all photos.
    Likeliest,
    /// Look a class up by name.
    Search,
    /// The method this many further on.
    Method(isize),
    /// The target layer this many further on.
    Layer(isize),
    /// The next colour map.
    Colors,
    /// The photo this many further on.
    Photo(isize),
    /// The first photo.
    FirstPhoto,
    /// The last photo.
    LastPhoto,
    /// All pictures, or the overlay alone.
    Panes,
    /// Write the pictures into files.
    Save,
    /// Read the photo again.
    Retry,
    /// Draw the screen again.
    Redraw,
    /// Stop until continued.
    Suspend,
}

/// Keys that do the same.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// The keys, with Ctrl or without.
    pub keys: &'static [(KeyModifiers, KeyCode)],
    /// How the help writes them.
    pub label: &'static str,
    /// What they do.
    pub action: Action,
    /// What the help says they do.
    pub says: &'static str,
}

const fn plain(c: char) -> (KeyModifiers, KeyCode) {
    (KeyModifiers::NONE, KeyCode::Char(c))
}

const fn ctrl(c: char) -> (KeyModifiers, KeyCode) {
    (KeyModifiers::CONTROL, KeyCode::Char(c))
}

const fn named(code: KeyCode) -> (KeyModifiers, KeyCode) {
    (KeyModifiers::NONE, code)
}

macro_rules! bindings {
    ($($label:literal, [$($key:expr),+] => $action:expr, $says:literal;)+) => {
        &[$(Binding { keys: &[$($key),+], label: $label, action: $action, says: $says }),+]
    };
}

/// All keys.
pub const BINDINGS: &[Binding] = bindings![
    "↑ k", [named(KeyCode::Up), plain('k')] => Action::ClassUp, "class above";
    "↓ j", [named(KeyCode::Down), plain('j')] => Action::ClassDown, "class below";
    "1 to 5", [plain('1'), plain('2'), plain('3'), plain('4'), plain('5')] => Action::ClassAt(0), "that class of the list";
    "0", [plain('0')] => Action::Likeliest, "likeliest class of each photo";
    "/", [plain('/')] => Action::Search, "search all classes; the class found is kept for all photos";
    "m", [plain('m')] => Action::Method(1), "next method";
    "M", [plain('M')] => Action::Method(-1), "previous method";
    "l", [plain('l')] => Action::Layer(1), "next target layer";
    "L", [plain('L')] => Action::Layer(-1), "previous target layer";
    "c", [plain('c')] => Action::Colors, "next colour map";
    "n → PgDn Space", [plain('n'), named(KeyCode::Right), named(KeyCode::PageDown), plain(' ')] => Action::Photo(1), "next photo";
    "p ← PgUp", [plain('p'), named(KeyCode::Left), named(KeyCode::PageUp)] => Action::Photo(-1), "previous photo";
    "Home End", [named(KeyCode::Home)] => Action::FirstPhoto, "first, last photo";
    "", [named(KeyCode::End)] => Action::LastPhoto, "";
    "v", [plain('v')] => Action::Panes, "all pictures, or the overlay alone";
    "i", [plain('i')] => Action::Details, "all about the picture shown";
    "s", [plain('s')] => Action::Save, "save map and overlay as PNG files here";
    "r", [plain('r')] => Action::Retry, "read the photo again and retry";
    "? h", [plain('?'), plain('h')] => Action::Help, "this help";
    "q Esc Ctrl-C", [plain('q'), named(KeyCode::Esc), ctrl('c')] => Action::Quit, "quit";
    "Ctrl-L", [ctrl('l')] => Action::Redraw, "draw the screen again";
    "Ctrl-Z", [ctrl('z')] => Action::Suspend, "suspend";
];

/// Lines of the help: keys and what they do.
pub fn help() -> impl Iterator<Item = (&'static str, &'static str)> {
    BINDINGS.iter().filter(|binding| !binding.label.is_empty()).map(|binding| (binding.label, binding.says))
}

/// What `key` asks for, if anything.
pub fn action(key: KeyEvent) -> Option<Action> {
    let modifiers = key.modifiers - KeyModifiers::SHIFT;
    let place = |binding: &Binding| binding.keys.iter().position(|&bound| bound == (modifiers, key.code));
    BINDINGS.iter().find_map(|binding| match (place(binding)?, binding.action) {
        (place, Action::ClassAt(first)) => Some(Action::ClassAt(first + place)),
        (_, action) => Some(action),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_key_means_two_things() {
        let keys: Vec<_> = BINDINGS.iter().flat_map(|binding| binding.keys).collect();
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
    }

    #[test]
    fn the_help_names_every_letter() {
        let labels: Vec<&str> = help().flat_map(|(label, _)| label.split(' ')).collect();
        for (modifiers, code) in BINDINGS.iter().flat_map(|binding| binding.keys) {
            let KeyCode::Char(c) = code else { continue };
            let name = match (modifiers.is_empty(), c) {
                (true, ' ') => "Space".to_owned(),
                (true, '2'..='4') => "to".to_owned(),
                (true, c) => c.to_string(),
                (false, c) => format!("Ctrl-{}", c.to_uppercase()),
            };
            assert!(labels.contains(&name.as_str()), "{name}");
        }
    }

    #[test]
    fn digits_are_places() {
        let press = |c| action(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        assert_eq!([press('1'), press('5')], [Some(Action::ClassAt(0)), Some(Action::ClassAt(4))]);
        assert_eq!(press('6'), None);
    }

    #[test]
    fn shift_is_in_the_letter_and_alt_is_another_key() {
        let press = |modifiers| action(KeyEvent::new(KeyCode::Char('M'), modifiers));
        assert_eq!(press(KeyModifiers::SHIFT), Some(Action::Method(-1)));
        assert_eq!(press(KeyModifiers::ALT), None);
    }
}
