//! Looking a class up by a part of its name.

use crate::classes::{Class, ClassNames};

/// The text typed so far and the match chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// What was typed.
    pub text: String,
    /// Which of the matches is chosen.
    pub at: usize,
}

/// Characters a query may have; no class name is longer.
const LONGEST: usize = 80;

impl Search {
    /// The classes that fit: those whose name begins so, then those that hold it, then those of that index.
    pub fn matches<'n>(&self, names: &'n ClassNames) -> Vec<&'n Class> {
        let wanted = self.text.trim().to_lowercase();
        let mut found = names.matching(&wanted);
        found.sort_by_key(|class| !class.name.to_lowercase().starts_with(&wanted));
        let by_index = wanted.parse::<usize>().ok().and_then(|index| names.all().get(index));
        if let Some(class) = by_index {
            found.retain(|other| other.index != class.index);
            found.insert(0, class);
        }
        found
    }

    /// The class chosen.
    pub fn chosen<'n>(&self, names: &'n ClassNames) -> Option<&'n Class> {
        self.matches(names).get(self.at).copied()
    }

    /// Adds text; control characters and what is too long are left out.
    pub fn type_text(&mut self, text: &str) {
        let room = LONGEST.saturating_sub(self.text.chars().count());
        self.text.extend(text.chars().filter(|c| !c.is_control()).take(room));
        self.at = 0;
    }

    /// Takes the last character away.
    pub fn erase(&mut self) {
        self.text.pop();
        self.at = 0;
    }

    /// Takes all text away.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Chooses the match `by` further down, within `count`.
    pub fn step(&mut self, by: isize, count: usize) {
        self.at = self.at.saturating_add_signed(by).min(count.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_begin_so_come_first_and_an_index_is_found() {
        let names = ClassNames::imagenet();
        let search = |text: &str| Search { text: text.to_owned(), at: 0 };
        assert_eq!(search("golden").chosen(&names).unwrap().name, "golden retriever");
        assert_eq!(search(" EGYPT").chosen(&names).unwrap().index, 285);
        assert_eq!(search("207").chosen(&names).unwrap().index, 207);
        assert!(search("no such class").chosen(&names).is_none());
        assert_eq!(search("").matches(&names).len(), 1000);
    }

    #[test]
    fn choosing_stays_within_the_matches() {
        let mut search = Search::default();
        search.step(5, 3);
        assert_eq!(search.at, 2);
        search.step(-9, 3);
        assert_eq!(search.at, 0);
        search.step(1, 0);
        assert_eq!(search.at, 0);
    }
}
