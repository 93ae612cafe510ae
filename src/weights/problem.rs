//! What is wrong with weights, in words.

use std::path::Path;

use crate::{Error, model::Model};

/// What to say of a tensor with so many numbers that are not finite; nothing if there are none.
pub fn odd(name: &str, count: usize) -> Option<String> {
    (count > 0).then(|| format!("{name} has {count} NaN or infinite values"))
}

/// All that keeps the tensors of `path` from being a `model`, and what to do; `likely` is what they resemble more.
pub fn report(path: &Path, model: Model, problems: &[String], likely: Option<Model>) -> Error {
    let remedy = likely.map_or_else(
        || "use a whole, unmodified file of that network".to_owned(),
        |likely| format!("they look like {likely}: try --model {likely}"),
    );
    Error::Weights { path: path.to_owned(), model, problems: problems.join("; "), remedy }
}
