//! What the doctor found as JSON: for programs, and for reports of what looks wrong.

use std::path::Path;

use saltty::{
    files::Hashes,
    raster::{CellShape, Depth},
    survey::Cache,
    terminal::{Choice, Chosen, Facts, Link, Surroundings},
};
use serde::Serialize;

use crate::{keys, session};

/// Everything but the swatches.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, read by name")]
pub struct Report {
    version: &'static str,
    /// Nothing where standard input or output is no terminal.
    terminal: Option<Terminal>,
    tmux: bool,
    tmux_passes: bool,
    /// Whether tmux knows that the terminal around it has sixels.
    tmux_sixels: bool,
    /// What the terminal around tmux calls itself; empty where that is not known.
    tmux_in: String,
    ssh: bool,
    term: String,
    colorterm: String,
    program: String,
    no_color: bool,
    /// Whether a variable says that this is kitty or Ghostty.
    kitty_variable: bool,
    /// Nothing where there is no terminal.
    interface: Option<Interface>,
    text: Used<String>,
    key_map: Place,
    findings: Place,
    hashes: Place,
    session: Place,
}

/// What the terminal said of itself.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, read by name")]
struct Terminal {
    name: Option<String>,
    /// Whether it is asked at all: some would print the question.
    asked: bool,
    columns_and_rows: Option<(u16, u16)>,
    answered_ms: Option<f64>,
    answered_all: bool,
    kitty: bool,
    kitty_compressed: bool,
    sixel: bool,
    true_color: bool,
    synchronised: Option<bool>,
    cell: Option<String>,
}

/// What the interface uses.
#[derive(Serialize)]
struct Interface {
    colours: Used<String>,
    pictures: Used<String>,
    cell: Used<String>,
    synchronised: Used<bool>,
    link: &'static str,
    link_watched: bool,
}

/// A choice and its reason.
#[derive(Serialize)]
struct Used<T> {
    value: T,
    because: String,
}

/// Where something is kept.
#[derive(Serialize)]
struct Place {
    path: Option<String>,
    exists: bool,
}

impl Report {
    /// Of what was found; `choice` where there is a terminal.
    pub fn new(here: &Surroundings, facts: &Facts, choice: Option<&Choice>, text: (Depth, String)) -> Self {
        let Surroundings { term, colorterm, program, no_color, ssh, kitty, around, .. } = here.clone();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            terminal: choice.map(|_| Terminal::new(here, facts)),
            tmux: here.tmux,
            tmux_passes: here.tmux_passes,
            tmux_sixels: here.tmux_sixels,
            tmux_in: around,
            ssh,
            term,
            colorterm,
            program,
            no_color,
            kitty_variable: kitty,
            interface: choice.map(Interface::new),
            text: Used { value: text.0.to_string(), because: text.1 },
            key_map: Place::new(keys::usual().as_deref()),
            findings: Place::new(Cache::usual().as_ref().map(Cache::folder)),
            hashes: Place::new(Hashes::usual().as_ref().map(Hashes::folder)),
            session: Place::new(session::place().as_deref()),
        }
    }
}

impl Terminal {
    fn new(here: &Surroundings, facts: &Facts) -> Self {
        Self {
            name: facts.name.clone(),
            asked: !here.prints_questions(),
            columns_and_rows: ratatui::crossterm::terminal::size().ok(),
            answered_ms: facts.round_trip.map(|took| (took.as_secs_f64() * 1e6).round() / 1e3),
            answered_all: facts.complete,
            kitty: facts.kitty,
            kitty_compressed: facts.kitty_zlib,
            sixel: facts.sixel,
            true_color: facts.true_color,
            synchronised: facts.sync,
            cell: facts.cell.map(pixels),
        }
    }
}

impl Interface {
    fn new(choice: &Choice) -> Self {
        let cell = choice.cell.value;
        let cell = if cell == CellShape::ASSUMED { "1:2".to_owned() } else { pixels(cell) };
        Self {
            colours: Used::new(choice.depth.value.to_string(), &choice.depth),
            pictures: Used::new(choice.graphics.value.to_string(), &choice.graphics),
            cell: Used::new(cell, &choice.cell),
            synchronised: Used::new(choice.sync.value, &choice.sync),
            link: match choice.link {
                Some(Link::Slow) => "slow",
                Some(Link::Fast) => "fast",
                None => "not known",
            },
            link_watched: choice.watched,
        }
    }
}

fn pixels(cell: CellShape) -> String {
    format!("{}x{}", cell.width, cell.height)
}

impl<T> Used<T> {
    fn new<C>(value: T, chosen: &Chosen<C>) -> Self {
        Self { value, because: chosen.because.clone() }
    }
}

impl Place {
    fn new(path: Option<&Path>) -> Self {
        Self { path: path.map(|path| path.display().to_string()), exists: path.is_some_and(Path::exists) }
    }
}
