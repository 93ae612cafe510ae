//! Where the interface was left, to go on there with `--resume`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Result;
use clap::Parser;
use saltty::{
    Error,
    explain::Method,
    files,
    tui::{Model, Opening, Start},
};
use serde::{Deserialize, Serialize};

use crate::{
    browse,
    cli::{Cli, Command},
    compare,
};

/// What is written down.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Session {
    /// The folder that saltty was started in.
    folder: PathBuf,
    /// The words of its command line.
    words: Vec<String>,
    /// Tenths of the map in the blend.
    #[serde(skip_serializing_if = "Option::is_none")]
    opacity: Option<u8>,
    /// Colours of the map.
    colors: String,
    /// Marked photos.
    marks: Vec<PathBuf>,
    /// What the panes showed.
    panes: Vec<Pane>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Pane {
    network: usize,
    photo: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<String>,
    method: String,
}

impl Session {
    /// What is worth keeping of `model`.
    pub fn of(model: &Model) -> Self {
        let pane = |pane: &saltty::tui::pane::Pane| {
            let wish = &pane.wish;
            let network = model.catalogue.as_ref().and_then(|catalogue| catalogue.networks.get(wish.network));
            let layer = network.and_then(|network| network.layers.get(wish.layer)).map(|layer| layer.name.to_string());
            Pane {
                network: wish.network,
                photo: model.photos[wish.photo].clone(),
                class: wish.class(),
                against: wish.against,
                layer,
                method: wish.method.to_string(),
            }
        };
        Self {
            folder: env::current_dir().unwrap_or_default(),
            words: env::args().skip(1).filter(|word| word != "--resume").collect(),
            opacity: model.opacity,
            colors: model.pane().wish.colors.to_string(),
            marks: model.list.marks.iter().map(|&photo| model.photos[photo].clone()).collect(),
            panes: model.panes.iter().map(pane).collect(),
        }
    }

    /// Makes the interface begin where it was left; photos that are gone are left out.
    pub fn restore(&self, start: &mut Start) {
        let place = |photo: &PathBuf| start.photos.iter().position(|known| known == photo);
        let opening = |pane: &Pane| {
            let method = Method::ALL.into_iter().find(|method| method.id() == pane.method)?;
            let text = |index: usize| index.to_string();
            (pane.network < start.words.len()).then_some(())?;
            Some(Opening {
                network: pane.network,
                photo: place(&pane.photo)?,
                class: pane.class.map(text),
                against: pane.against.map(text),
                layer: pane.layer.clone(),
                method,
            })
        };
        let openings: Vec<Opening> = self.panes.iter().filter_map(opening).collect();
        start.marks = self.marks.iter().filter_map(place).collect();
        if !openings.is_empty() {
            start.openings = openings;
        }
        start.opacity = self.opacity.map(|tenths| tenths.min(10));
        start.colors = self.colors.parse().unwrap_or(start.colors);
    }

    /// Writes it down; where that is not possible, there is nothing to resume the next time.
    pub fn store(&self) {
        let resumed = env::args().any(|word| word == "--resume");
        let before = if resumed { place().and_then(|path| read(&path).ok()) } else { None };
        // The words of a resumed session are those that it was first started with.
        let words = before.map_or_else(|| self.words.clone(), |before| before.words);
        let session = Self { words, ..self.clone() };
        let (Some(path), Ok(text)) = (place(), toml::to_string(&session)) else { return };
        if let Some(folder) = path.parent() {
            let _ = fs::create_dir_all(folder);
        }
        let _ = files::write_atomically(&path, text.as_bytes());
    }
}

/// Runs `saltty --resume`.
pub fn resume() -> Result<ExitCode> {
    let path = place().unwrap_or_else(|| "~/.local/state/saltty/session.toml".into());
    let wrong = |reason: String| Error::Resume { path: path.clone(), reason };
    let session = read(&path).map_err(wrong)?;
    env::set_current_dir(&session.folder)
        .map_err(|error| wrong(format!("its folder {} cannot be entered ({error})", session.folder.display())))?;
    let words = std::iter::once("saltty".to_owned()).chain(session.words.iter().cloned());
    let cli = Cli::try_parse_from(words).map_err(|_| wrong("its command line is not understood".to_owned()))?;
    match cli.command {
        None => browse::run(&cli.browse, Some(&session)),
        Some(Command::Compare(options)) => compare::resume(&options, &session),
        Some(_) => Err(wrong("it had no interface".to_owned()).into()),
    }
}

fn read(path: &Path) -> Result<Session, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("it cannot be read ({error})"))?;
    toml::from_str(&text).map_err(|error| format!("it is damaged ({})", error.message()))
}

/// Where it is written down.
pub fn place() -> Option<PathBuf> {
    Some(files::home("XDG_STATE_HOME", ".local/state")?.join("session.toml"))
}
