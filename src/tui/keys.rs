//! The one table of keys: what each does, where, and what the help says of it. The key map file changes it.

mod file;
mod names;
mod table;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

pub use file::{parse, print};
pub use names::{name, named};
pub use table::BINDINGS;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Leave the program.
    Quit,
    /// Stop what is being done; else undo the latest of cursor, zoom, contrast, panes.
    Back,
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
    /// Take another class's map away, or no longer.
    Contrast,
    /// The method this many further on.
    Method(isize),
    /// The list of methods.
    Methods,
    /// The target layer this many further on.
    Layer(isize),
    /// The list of layers.
    Layers,
    /// The next network.
    Network,
    /// The next colour map.
    Colors,
    /// This much more of the map in the blend, in tenths.
    Opacity(i8),
    /// This many steps closer.
    Zoom(isize),
    /// The whole picture.
    Whole,
    /// Sideways and down, in quarters of what is visible.
    Pan(i8, i8),
    /// The cursor that reads values, or none.
    Cursor,
    /// The photo this many further on.
    Photo(isize),
    /// The first photo.
    FirstPhoto,
    /// The last photo.
    LastPhoto,
    /// Jump to a photo by number or name.
    Jump,
    /// Which pictures are shown.
    Panes,
    /// One more pane to compare.
    AddPane,
    /// One pane less.
    DropPane,
    /// The pane this many further on.
    Focus(isize),
    /// One scale for all panes, or one each.
    Scale,
    /// The difference of two panes, or not.
    Difference,
    /// Write the pictures into files.
    Save,
    /// All that can be taken away.
    Take,
    /// Copy the command line that does this again.
    Copy,
    /// The list of photos, or the pictures.
    List,
    /// Read the photo again.
    Retry,
    /// The meter of what drawing costs, or no longer.
    Meter,
    /// Draw the screen again.
    Redraw,
    /// Stop until continued.
    Suspend,
    /// In the list: this many photos further down.
    Down(isize),
    /// In the list: this many pages further down.
    Page(isize),
    /// In the list: look at the photo.
    Look,
    /// In the list: mark the photo, or no longer.
    Mark,
    /// In the list: only the marked, or all.
    MarkedOnly,
    /// In the list: only those whose name or class contains a text.
    Filter,
    /// In the list: the next order.
    Sort,
    /// In the list: compare the marked photos.
    CompareMarked,
}

/// Where a key counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// While pictures are shown.
    Pictures,
    /// While the list of photos is shown.
    List,
    /// In both.
    Both,
}

impl Scope {
    /// Whether the two can get in each other's way.
    pub fn meets(self, other: Self) -> bool {
        self == other || self == Self::Both || other == Self::Both
    }
}

/// A key with Ctrl, Shift (of named keys) or without.
pub type Key = (KeyModifiers, KeyCode);

/// Something that can be done, and the keys that do it unless the key map file says otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Its name in the key map file.
    pub name: &'static str,
    /// Where it counts.
    pub scope: Scope,
    /// The keys, as the file spells them.
    pub keys: &'static str,
    /// What they do.
    pub action: Action,
    /// What the help says; empty where the line before says it too.
    pub says: &'static str,
}

/// Which keys do what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyMap {
    /// The keys of each of [`BINDINGS`].
    keys: Vec<Vec<Key>>,
}

impl Default for KeyMap {
    fn default() -> Self {
        let keys = |binding: &Binding| binding.keys.split(' ').map(|key| named(key).expect("a key's name")).collect();
        Self { keys: BINDINGS.iter().map(keys).collect() }
    }
}

impl KeyMap {
    /// What `key` asks for in `scope`, if anything.
    pub fn action(&self, key: KeyEvent, scope: Scope) -> Option<Action> {
        let shift = if matches!(key.code, KeyCode::Char(_)) { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
        let pressed = (key.modifiers - shift, key.code);
        if pressed == (KeyModifiers::CONTROL, KeyCode::Char('c')) {
            return Some(Action::Quit);
        }
        let bound = |at: usize| BINDINGS[at].scope.meets(scope) && self.keys[at].contains(&pressed);
        (0..BINDINGS.len()).find(|&at| bound(at)).map(|at| BINDINGS[at].action)
    }

    /// The keys of the binding at this place of [`BINDINGS`].
    pub fn keys(&self, at: usize) -> &[Key] {
        &self.keys[at]
    }

    /// The first key that asks for `action`, as people read it; nothing where it has none.
    pub fn hint(&self, action: Action) -> String {
        let at = BINDINGS.iter().position(|binding| binding.action == action);
        at.and_then(|at| self.keys[at].first()).map_or_else(String::new, |&key| names::short(key))
    }

    /// Lines of the help: keys and what they do.
    pub fn help(&self) -> Vec<(String, &'static str)> {
        let mut lines: Vec<(String, &'static str)> = Vec::new();
        for (binding, keys) in BINDINGS.iter().zip(&self.keys) {
            let label = keys.iter().map(|&key| names::short(key)).collect::<Vec<_>>().join(" ");
            match lines.last_mut() {
                Some((before, _)) if binding.says.is_empty() => *before += &[" ", &label].concat(),
                _ => lines.push((label, binding.says)),
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(c: char, modifiers: KeyModifiers) -> Option<Action> {
        KeyMap::default().action(KeyEvent::new(KeyCode::Char(c), modifiers), Scope::Pictures)
    }

    #[test]
    fn no_key_means_two_things() {
        let map = KeyMap::default();
        for (at, a) in BINDINGS.iter().enumerate() {
            for (to, b) in BINDINGS.iter().enumerate().skip(at + 1) {
                let both = map.keys(at).iter().any(|key| map.keys(to).contains(key));
                assert!(!(both && a.scope.meets(b.scope)), "{} and {}", a.name, b.name);
            }
        }
    }

    #[test]
    fn the_help_names_every_key() {
        let map = KeyMap::default();
        let help: Vec<String> = map.help().into_iter().map(|(label, _)| label).collect();
        for key in map.keys.iter().flatten() {
            let name = names::short(*key);
            assert!(help.iter().any(|label| label.split(' ').any(|word| word == name)), "{name}");
        }
        assert!(map.help().iter().all(|(_, says)| !says.is_empty()));
    }

    #[test]
    fn digits_are_places() {
        assert_eq!(press('1', KeyModifiers::NONE), Some(Action::ClassAt(0)));
        assert_eq!(press('5', KeyModifiers::NONE), Some(Action::ClassAt(4)));
        assert_eq!(press('6', KeyModifiers::NONE), None);
    }

    #[test]
    fn shift_is_in_the_letter_and_alt_is_another_key() {
        assert_eq!(press('M', KeyModifiers::SHIFT), Some(Action::Method(-1)));
        assert_eq!(press('M', KeyModifiers::ALT), None);
        let up = |modifiers| KeyMap::default().action(KeyEvent::new(KeyCode::Up, modifiers), Scope::Pictures);
        assert_eq!(up(KeyModifiers::NONE), Some(Action::ClassUp));
        assert_eq!(up(KeyModifiers::SHIFT), Some(Action::Pan(0, -1)));
    }

    #[test]
    fn the_same_key_may_mean_other_things_in_the_list() {
        let map = KeyMap::default();
        let space = KeyEvent::new(KeyCode::Char(' '), KeyModifiers::NONE);
        assert_eq!(map.action(space, Scope::Pictures), Some(Action::Photo(1)));
        assert_eq!(map.action(space, Scope::List), Some(Action::Mark));
    }
}
