//! Photos in folders.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{Error, Result};

/// Endings of photos' names.
const ENDINGS: [&str; 6] = ["jpg", "jpeg", "png", "webp", "bmp", "gif"];

/// A file itself, or the photos in a folder (not in folders inside it), in the order people count: `2.jpg` before `10.jpg`.
///
/// # Errors
/// If there is no such file or folder, or no photo in it.
pub fn photos_in(path: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |source| Error::Read { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut photos = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if is_photo(&file) && file.is_file() {
            photos.push(file);
        }
    }
    photos.sort_by_cached_key(|photo| counting_key(&photo.to_string_lossy()));
    if photos.is_empty() { Err(Error::NoPhotos { path: path.to_owned() }) } else { Ok(photos) }
}

/// A file itself, or the photos in a folder and in all folders inside it, folder by folder, in the order people count.
/// Hidden folders and links to folders are left out, and what cannot be read inside is passed over.
///
/// # Errors
/// If there is no such file or folder, or no photo in it.
pub fn photos_under(path: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |source| Error::Read { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut photos = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(source) if folder == path => return Err(unreadable(source)),
            Err(_) => continue,
        };
        for entry in entries.flatten() {
            let file = entry.path();
            let Ok(kind) = entry.file_type() else { continue };
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if kind.is_dir() && !hidden {
                folders.push(file);
            } else if is_photo(&file) && (kind.is_file() || file.is_file()) {
                photos.push(file);
            }
        }
    }
    photos.sort_by_cached_key(|photo| {
        let parent = photo.parent().unwrap_or(photo).to_string_lossy().into_owned();
        (counting_key(&parent), counting_key(&photo.to_string_lossy()))
    });
    if photos.is_empty() { Err(Error::NoPhotos { path: path.to_owned() }) } else { Ok(photos) }
}

fn is_photo(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    ENDINGS.contains(&ending.as_str())
}

/// Text and numbers in turn, so that names sort as people count; the name itself breaks ties.
fn counting_key(name: &str) -> (Vec<(String, u128)>, String) {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let text = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (words, tail) = rest.split_at(text);
        let digits = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let (number, tail) = tail.split_at(digits);
        parts.push((words.to_lowercase(), number.parse().unwrap_or(if number.is_empty() { 0 } else { u128::MAX })));
        rest = tail;
    }
    (parts, name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::counting_key;

    #[test]
    fn names_sort_as_people_count() {
        let mut names = ["b10.jpg", "B2.jpg", "b1.jpg", "a.jpg"];
        names.sort_by_key(|name| counting_key(name));
        assert_eq!(names, ["a.jpg", "b1.jpg", "B2.jpg", "b10.jpg"]);
    }
}
