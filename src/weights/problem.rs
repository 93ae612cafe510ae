//! What is wrong with weights, in words.

use std::path::Path;

use super::Source;
use crate::{Error, Result, model::Model};

/// What to say of a tensor with so many numbers that are not finite; nothing if there are none.
pub fn odd(name: &str, count: usize) -> Option<String> {
    (count > 0).then(|| format!("{name} has {count} NaN or infinite values"))
}

/// What to say of all tensors of `source` that can be read.
///
/// # Errors
/// If the file cannot be read any more.
pub fn all_odd(path: &Path, source: &dyn Source) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for (index, tensor) in source.tensors().iter().enumerate().filter(|(_, tensor)| tensor.dtype.is_readable()) {
        let mut count = 0;
        let mut look = |values: &[f32]| count += values.iter().filter(|v| !v.is_finite()).count();
        let read = source.read(index, 1, &mut look);
        read.map_err(|source| Error::Read { path: path.to_owned(), source })?;
        problems.extend(odd(&tensor.name, count));
    }
    Ok(problems)
}

/// All that keeps the tensors of `path` from being a `model`, and what to do; `likely` is what they resemble more.
pub fn report(path: &Path, model: Model, problems: &[String], likely: Option<Model>) -> Error {
    let remedy = likely.map_or_else(
        || "use a whole, unmodified file of that network".to_owned(),
        |likely| format!("they look like {likely}: try --model {likely}"),
    );
    Error::Weights { path: path.to_owned(), model, problems: problems.join("; "), remedy }
}
