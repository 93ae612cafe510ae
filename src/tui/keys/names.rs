//! Names of keys, as the key map file and the help write them.

use ratatui::crossterm::event::{KeyCode, KeyModifiers};

use super::Key;

/// Keys that are no characters.
const NAMED: [(&str, &str, KeyCode); 15] = [
    ("Up", "↑", KeyCode::Up),
    ("Down", "↓", KeyCode::Down),
    ("Left", "←", KeyCode::Left),
    ("Right", "→", KeyCode::Right),
    ("PageUp", "PgUp", KeyCode::PageUp),
    ("PageDown", "PgDn", KeyCode::PageDown),
    ("Home", "Home", KeyCode::Home),
    ("End", "End", KeyCode::End),
    ("Enter", "Enter", KeyCode::Enter),
    ("Esc", "Esc", KeyCode::Esc),
    ("Tab", "Tab", KeyCode::Tab),
    ("Backspace", "Backspace", KeyCode::Backspace),
    ("Delete", "Del", KeyCode::Delete),
    ("Insert", "Ins", KeyCode::Insert),
    ("Space", "Space", KeyCode::Char(' ')),
];

/// The key called `name`: a character, a name such as `PageDown` or `F5`, either after `Ctrl-`, `Alt-` or `Shift-`.
pub fn named(name: &str) -> Option<Key> {
    let mut modifiers = KeyModifiers::NONE;
    let mut rest = name;
    let prefixes = [("Ctrl-", KeyModifiers::CONTROL), ("Alt-", KeyModifiers::ALT), ("Shift-", KeyModifiers::SHIFT)];
    while let Some((prefix, modifier)) =
        prefixes.iter().find(|(prefix, _)| rest.len() > prefix.len() && rest.starts_with(prefix))
    {
        modifiers |= *modifier;
        rest = &rest[prefix.len()..];
    }
    if let Some(&(.., code)) = NAMED.iter().find(|(long, short, _)| *long == rest || *short == rest) {
        return Some((modifiers, code));
    }
    if let Some(number) = rest.strip_prefix('F').and_then(|digits| digits.parse().ok()) {
        return (1..=12).contains(&number).then_some((modifiers, KeyCode::F(number)));
    }
    let mut letters = rest.chars();
    let letter = letters.next().filter(|c| letters.next().is_none() && !c.is_control())?;
    let letter = if modifiers.contains(KeyModifiers::CONTROL) { letter.to_ascii_lowercase() } else { letter };
    let shifted = modifiers.contains(KeyModifiers::SHIFT);
    (!shifted).then_some((modifiers, KeyCode::Char(letter)))
}

/// The name of `key` in the file; [`named`] reads it back.
pub fn name(key: Key) -> String {
    spelled(key, |(long, ..)| long)
}

/// The same, as short as can be.
pub(super) fn short(key: Key) -> String {
    spelled(key, |(_, short, _)| short)
}

fn spelled((modifiers, code): Key, choose: impl Fn(&(&'static str, &'static str, KeyCode)) -> &'static str) -> String {
    let mut text = String::new();
    for (modifier, prefix) in
        [(KeyModifiers::CONTROL, "Ctrl-"), (KeyModifiers::ALT, "Alt-"), (KeyModifiers::SHIFT, "Shift-")]
    {
        text += if modifiers.contains(modifier) { prefix } else { "" };
    }
    match (NAMED.iter().find(|(.., named)| *named == code), code) {
        (Some(entry), _) => text + choose(entry),
        (None, KeyCode::Char(c)) if modifiers.contains(KeyModifiers::CONTROL) => text + &c.to_uppercase().to_string(),
        (None, KeyCode::Char(c)) => text + &c.to_string(),
        (None, KeyCode::F(number)) => text + &format!("F{number}"),
        (None, other) => text + &format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for text in ["a", "M", "?", "-", "+", "Ctrl-C", "Shift-Left", "PageDown", "Space", "F5", "Alt-x"] {
            assert_eq!(name(named(text).unwrap()), text);
        }
        for text in ["", "ab", "F13", "Shift-a", "Hyper-x"] {
            assert_eq!(named(text), None, "{text}");
        }
    }
}
