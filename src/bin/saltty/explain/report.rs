//! The JSON object of one photo.

use std::{collections::BTreeMap, path::PathBuf};

use saltty::{
    scene::ClassScore,
    studio::{Explanation, Studio},
};
use serde::Serialize;

use super::{Run, line::Told, stopwatch::Stopwatch};

/// Everything about one photo's explanations but the maps themselves.
#[derive(Serialize)]
pub struct Report {
    photo: String,
    model: String,
    weights_sha256: Option<String>,
    preprocess: String,
    resize: String,
    input_side: usize,
    target_layer: String,
    target_layer_side: String,
    class: ClassScore,
    top5: Vec<ClassScore>,
    explained: Vec<Explained>,
    seconds: BTreeMap<&'static str, f64>,
}

/// One map of it.
#[derive(Serialize)]
pub struct Explained {
    method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<ClassScore>,
    layer: String,
    note: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<String>,
}

impl Explained {
    pub fn new(explanation: &Explanation, files: &[PathBuf]) -> Self {
        let Explanation { attribution, class, note, .. } = explanation;
        Self {
            method: attribution.method.id().to_owned(),
            class: Some(class.clone()),
            layer: explanation.layer_in_words(),
            note: note.clone(),
            files: in_words(files),
        }
    }

    pub fn article(name: &str, studio: &Studio, note: Option<String>, files: &[PathBuf]) -> Self {
        Self {
            method: format!("article_{name}"),
            class: None,
            layer: studio.layer().to_string(),
            note,
            files: in_words(files),
        }
    }
}

impl Report {
    pub fn new(run: &Run, told: &Told, explained: Vec<Explained>, watch: &Stopwatch) -> Self {
        let studio = &run.studio;
        Self {
            photo: told.photo.path.display().to_string(),
            model: studio.classifier().model().to_string(),
            weights_sha256: run.sha256.clone(),
            preprocess: studio.preprocess().to_string(),
            resize: studio.resize().to_string(),
            input_side: studio.classifier().input_side(),
            target_layer: studio.layer().name.to_string(),
            target_layer_side: studio.layer().side.to_string(),
            class: told.class.clone(),
            top5: told.top.clone(),
            explained,
            seconds: watch.laps().iter().copied().collect(),
        }
    }
}

/// JSON has no words for names that are not Unicode.
fn in_words(files: &[PathBuf]) -> Vec<String> {
    files.iter().map(|file| file.display().to_string()).collect()
}
