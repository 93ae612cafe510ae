//! Which classes to explain, as they were asked for.

use std::collections::HashSet;

use saltty::{Error, Result, classes::ClassNames, explain::Session};

/// A class, or the likeliest so many of each photo.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    Top(usize),
    Class(usize),
}

impl Wanted {
    /// How many of the likeliest classes; none if a class is named.
    pub fn rank(&self) -> Option<usize> {
        match self {
            Self::Top(count) => Some(*count),
            Self::Class(_) => None,
        }
    }
}

/// N of `topN`.
fn top(asked: &str) -> Option<usize> {
    asked.to_lowercase().strip_prefix("top")?.parse().ok()
}

/// How many classes are asked for; the likeliest if none.
pub fn count(asked: &[String]) -> usize {
    asked.iter().map(|asked| top(asked).unwrap_or(1)).fold(0, usize::saturating_add).max(1)
}

/// Looks all names up, once for all photos; the likeliest class if none is asked for.
pub fn find(asked: &[String], names: &ClassNames) -> Result<Vec<Wanted>> {
    if asked.is_empty() {
        return Ok(vec![Wanted::Top(1)]);
    }
    let one = |asked: &String| match top(asked) {
        Some(0) => Err(Error::UnknownClass { query: asked.clone(), hint: "top1 is the fewest".to_owned() }),
        Some(count) if count > names.all().len() => {
            let hint = format!("there are only {} classes", names.all().len());
            Err(Error::UnknownClass { query: asked.clone(), hint })
        }
        Some(count) => Ok(Wanted::Top(count)),
        None => names.find(asked).map(Wanted::Class),
    };
    asked.iter().map(one).collect()
}

/// The classes meant for one photo, each once, in the order asked for.
pub fn classes(wanted: &[Wanted], session: &Session) -> Vec<usize> {
    let meant = |&wanted: &Wanted| match wanted {
        Wanted::Top(count) => session.top(count),
        Wanted::Class(class) => vec![class],
    };
    let mut seen = HashSet::new();
    wanted.iter().flat_map(meant).filter(|&class| seen.insert(class)).collect()
}
