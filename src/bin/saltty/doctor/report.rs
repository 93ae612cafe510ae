//! What the doctor found as JSON: for programs, and for reports of what looks wrong.

use std::{fmt::Display, path::Path};

use saltty::{
    raster::{CellShape, Depth},
    survey::Cache,
    terminal::{Choice, Chosen, Facts, Surroundings},
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
    ssh: bool,
    term: String,
    colorterm: String,
    program: String,
    no_color: bool,
    /// Nothing where there is no terminal.
    interface: Option<Interface>,
    text: Used,
    key_map: Place,
    findings: Place,
    session: Place,
}

/// What the terminal said of itself.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, read by name")]
struct Terminal {
    name: Option<String>,
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
    colours: Used,
    pictures: Used,
    cell: Used,
    synchronised: Used,
    link: &'static str,
    link_watched: bool,
}

/// A choice and its reason.
#[derive(Serialize)]
struct Used {
    value: String,
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
        let Surroundings { term, colorterm, program, no_color, tmux, tmux_passes, ssh, .. } = here.clone();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            terminal: choice.map(|_| Terminal::new(facts)),
            tmux,
            tmux_passes,
            ssh,
            term,
            colorterm,
            program,
            no_color,
            interface: choice.map(Interface::new),
            text: Used { value: text.0.to_string(), because: text.1 },
            key_map: Place::new(keys::usual().as_deref()),
            findings: Place::new(Cache::usual().as_ref().map(Cache::folder)),
            session: Place::new(session::place().as_deref()),
        }
    }
}

impl Terminal {
    fn new(facts: &Facts) -> Self {
        Self {
            name: facts.name.clone(),
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
        let cell = Chosen { value: pixels(choice.cell.value), because: choice.cell.because.clone() };
        Self {
            colours: Used::new(&choice.depth),
            pictures: Used::new(&choice.graphics),
            cell: Used::new(&cell),
            synchronised: Used::new(&choice.sync),
            link: match choice.link {
                Some(saltty::terminal::Link::Slow) => "slow",
                Some(saltty::terminal::Link::Fast) => "fast",
                None => "not known",
            },
            link_watched: choice.watched,
        }
    }
}

fn pixels(cell: CellShape) -> String {
    format!("{}x{}", cell.width, cell.height)
}

impl Used {
    fn new<T: Display>(chosen: &Chosen<T>) -> Self {
        Self { value: chosen.value.to_string(), because: chosen.because.clone() }
    }
}

impl Place {
    fn new(path: Option<&Path>) -> Self {
        Self { path: path.map(|path| path.display().to_string()), exists: path.is_some_and(Path::exists) }
    }
}
