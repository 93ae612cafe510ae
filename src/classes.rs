//! Names of classes, and finding the one that someone means.

use std::{collections::HashSet, path::Path};

use crate::{Error, Result, words};

/// The thousand classes of ImageNet-1k: index, WordNet id and name, separated by tabs.
static IMAGENET: &str = include_str!("../fixtures/imagenet1k.tsv");

/// One class's identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Index in the network's output.
    pub index: usize,
    /// WordNet id, such as `n02124075`, where there is one.
    pub wordnet: Option<String>,
    /// Its name.
    pub name: String,
}

/// Names for all classes of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassNames(Vec<Class>);

impl ClassNames {
    /// ImageNet-1k's.
    pub fn imagenet() -> Self {
        let classes = IMAGENET.lines().enumerate().map(|(index, line)| {
            let mut fields = line.split('\t').skip(1);
            let mut field = || fields.next().expect("three fields a line").to_owned();
            Class { index, wordnet: Some(field()), name: field() }
        });
        Self(classes.collect())
    }

    /// Names for `count` classes: ImageNet's for a thousand, numbers for any other count.
    pub fn for_count(count: usize) -> Self {
        let imagenet = Self::imagenet();
        if count == imagenet.0.len() {
            return imagenet;
        }
        Self((0..count).map(|index| Class { index, wordnet: None, name: format!("class {index}") }).collect())
    }

    /// Names from a text file, one a line, for a network of `count` classes.
    ///
    /// # Errors
    /// [`Error::Read`], or [`Error::Labels`] if there are more or fewer lines.
    pub fn read(path: &Path, count: usize) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let names: Vec<&str> = text.lines().map(str::trim_end).collect();
        if names.len() != count {
            return Err(Error::Labels { path: path.to_owned(), lines: names.len(), classes: count });
        }
        let class = |(index, name): (usize, &str)| Class { index, wordnet: None, name: name.to_owned() };
        Ok(Self(names.into_iter().enumerate().map(class).collect()))
    }

    /// All classes in order.
    pub fn all(&self) -> &[Class] {
        &self.0
    }

    /// The name of class `index`.
    pub fn name(&self, index: usize) -> &str {
        self.0.get(index).map_or("unnamed", |class| &class.name)
    }

    /// Classes whose name or WordNet id contains `pattern`, in any case.
    pub fn matching(&self, pattern: &str) -> Vec<&Class> {
        let pattern = pattern.to_lowercase();
        let contains = |class: &&Class| {
            class.name.to_lowercase().contains(&pattern)
                || class.wordnet.as_deref().is_some_and(|id| id.contains(&pattern))
        };
        self.0.iter().filter(contains).collect()
    }

    /// The class of exactly this name (any of its names, in any case) or WordNet id.
    pub fn exactly(&self, name: &str) -> Option<usize> {
        let wanted = name.trim().to_lowercase();
        let is_it = |class: &&Class| {
            let names = class.name.split(", ").chain(class.wordnet.as_deref());
            class.name.to_lowercase() == wanted || names.into_iter().any(|name| name.to_lowercase() == wanted)
        };
        self.0.iter().find(is_it).map(|class| class.index)
    }

    /// The class meant by `query`: its index, its WordNet id, its name in any case, or a part that only its name has.
    ///
    /// # Errors
    /// [`Error::UnknownClass`] with suggestions.
    pub fn find(&self, query: &str) -> Result<usize> {
        if let Ok(index) = query.parse::<usize>() {
            let last = self.0.len() - 1;
            let hint = format!("the indices are 0 to {last}");
            return if index <= last { Ok(index) } else { Err(Error::UnknownClass { query: query.to_owned(), hint }) };
        }
        let wanted = query.trim().to_lowercase();
        let equal = |class: &&Class| class.name.to_lowercase() == wanted || class.wordnet.as_ref() == Some(&wanted);
        let exact: Vec<&Class> = self.0.iter().filter(equal).collect();
        let candidates = if exact.is_empty() { self.matching(&wanted) } else { exact };
        match &candidates[..] {
            [one] => Ok(one.index),
            _ if wanted.is_empty() => Err(unknown(query, "give an index, a name or a WordNet id".to_owned())),
            [] => Err(unknown(query, self.suggestion(&wanted))),
            many => {
                let (count, some) = (many.len(), listed(many));
                Err(unknown(query, format!("it fits {count} classes, such as {some}; name one whole or by its number")))
            }
        }
    }

    /// The `count` names, or words of names, nearest to what someone typed.
    pub fn near(&self, wanted: &str, count: usize) -> Vec<String> {
        let names = self.0.iter().map(|class| class.name.as_str());
        let mut all: Vec<&str> = names.clone().chain(names.flat_map(str::split_whitespace)).collect();
        let mut seen = HashSet::new();
        all.retain(|word| seen.insert(*word));
        words::nearest(wanted, all, count)
    }

    fn suggestion(&self, wanted: &str) -> String {
        let near = self.near(wanted, 3);
        if near.is_empty() { "no name resembles it".to_owned() } else { format!("did you mean {}?", near.join(" or ")) }
    }
}

fn unknown(query: &str, hint: String) -> Error {
    Error::UnknownClass { query: query.to_owned(), hint }
}

/// The first few of many candidates.
fn listed(many: &[&Class]) -> String {
    many.iter().take(4).map(|class| format!("{} ({})", class.name, class.index)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_by_index_id_name_and_unique_part() {
        let names = ClassNames::imagenet();
        for query in ["285", "n02124075", "egyptian CAT", "Egyptian"] {
            assert_eq!(names.find(query).unwrap(), 285, "{query}");
        }
    }

    #[test]
    fn says_what_else_could_be_meant() {
        let names = ClassNames::imagenet();
        let message = |query| names.find(query).unwrap_err().to_string();
        assert!(message("egyptien cat").contains("did you mean Egyptian cat"), "{}", message("egyptien cat"));
        let terrier = message("terrier");
        assert!(
            terrier.contains("classes, such as ") && terrier.contains("name one whole or by its number"),
            "{terrier}"
        );
        assert_eq!(names.near("terrrier", 1), ["terrier"], "a word that many names have");
        assert_eq!(names.find("crane").unwrap(), 517, "a whole name wins over `crane bird`");
        assert!(message("1000").contains("0 to 999"));
    }
}
