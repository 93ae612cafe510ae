//! The key map file: `name = keys`, one line each.

use std::{fmt::Write as _, path::Path};

use super::{BINDINGS, KeyMap, name, named};
use crate::{Error, Result, words};

/// What the file begins with.
const HEAD: &str = "\
# saltty's keys: what can be done = the keys that do it, with a space between them; no keys turn it off.
# A key is a character, or Up Down Left Right PageUp PageDown Home End Enter Esc Tab Backspace Delete Insert Space F1..F12,
# also after Ctrl-, Alt- or (but for characters) Shift-. Lines left out keep their keys. Ctrl-C always quits.
";

/// `map` as a file that [`parse`] reads.
pub fn print(map: &KeyMap) -> String {
    let mut text = HEAD.to_owned();
    for (at, binding) in BINDINGS.iter().enumerate() {
        let keys = map.keys(at).iter().map(|&key| name(key)).collect::<Vec<_>>().join(" ");
        if !binding.says.is_empty() {
            text += &["\n# ", binding.says, "\n"].concat();
        }
        writeln!(text, "{:<18}= {keys}", binding.name).expect("a string takes all");
    }
    text
}

/// Reads the text of the file `path`: the default keys but for the lines in it.
///
/// # Errors
/// [`Error::Keys`] with the line that is wrong.
pub fn parse(text: &str, path: &Path) -> Result<KeyMap> {
    let mut map = KeyMap::default();
    let mut set: Vec<Option<usize>> = vec![None; BINDINGS.len()];
    for (number, line) in (1..).zip(text.lines()) {
        let wrong = |reason: String| Error::Keys { path: path.to_owned(), line: number, reason };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (what, keys) = line.split_once('=').ok_or_else(|| wrong("it is not `name = keys`".to_owned()))?;
        let at = place(what.trim()).map_err(&wrong)?;
        let read = |key: &str| named(key).ok_or_else(|| wrong(format!("`{key}` is no key")));
        map.keys[at] = keys.split_whitespace().map(read).collect::<Result<_>>()?;
        set[at] = Some(number);
    }
    settle(&mut map, &set, path)?;
    Ok(map)
}

fn place(what: &str) -> Result<usize, String> {
    let found = BINDINGS.iter().position(|binding| binding.name == what);
    found.ok_or_else(|| {
        let near = words::nearest(what, BINDINGS.iter().map(|binding| binding.name), 1);
        let meant = near.first().map_or_else(String::new, |name| format!("; did you mean {name}?"));
        format!("nothing is called `{what}`{meant}")
    })
}

/// A key given in the file is taken from where it was by default; two lines may not give the same.
fn settle(map: &mut KeyMap, set: &[Option<usize>], path: &Path) -> Result<()> {
    for at in (0..BINDINGS.len()).filter(|&at| set[at].is_some()) {
        for other in 0..BINDINGS.len() {
            if other == at || !BINDINGS[at].scope.meets(BINDINGS[other].scope) {
                continue;
            }
            let taken = map.keys[at].clone();
            match (set[other], map.keys[other].iter().find(|key| taken.contains(key))) {
                (Some(_), Some(&key)) => {
                    let (line, reason) = (
                        set[at].max(set[other]).unwrap_or(1),
                        format!("{} is given to both {} and {}", name(key), BINDINGS[at].name, BINDINGS[other].name),
                    );
                    return Err(Error::Keys { path: path.to_owned(), line, reason });
                }
                _ => map.keys[other].retain(|key| !taken.contains(key)),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<KeyMap, String> {
        parse(text, Path::new("keys.conf")).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_printed_is_read_back() {
        assert_eq!(read(&print(&KeyMap::default())).unwrap(), KeyMap::default());
        assert_eq!(read("").unwrap(), KeyMap::default());
    }

    #[test]
    fn a_key_moves_from_where_it_was() {
        let map = read("save = w\nretry = n F5\n").unwrap();
        assert_eq!(map.hint(super::super::Action::Save), "w");
        assert_eq!(map.hint(super::super::Action::Photo(1)), "→", "n now retries");
    }

    #[test]
    fn errors_name_file_and_line() {
        for (text, words) in [
            ("\nsafe = s", "keys.conf, line 2: nothing is called `safe`; did you mean save?"),
            ("save s", "line 1: it is not `name = keys`"),
            ("save = s\ncopy-command = Hyper-x", "line 2: `Hyper-x` is no key"),
            ("save = w\nretry = w", "line 2: w is given to both save and retry"),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(words), "{told}");
        }
    }
}
