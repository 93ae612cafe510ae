//! Opening the interface: the same for browsing and comparing.

use std::{
    env,
    io::{self, IsTerminal},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Result, bail};
use saltty::{
    nn::kernel::threads,
    raster::Depth,
    survey::Cache,
    terminal::Surroundings,
    tui::{self, Asking, Ending, Opening, Start},
};

use crate::{
    cli::{Look, Screen, terminal::wishes},
    keys,
    network::Choice,
    session::Session,
};

/// What the interface is opened with.
pub struct Setup<'o> {
    pub photos: Vec<PathBuf>,
    pub openings: Vec<Opening>,
    pub networks: Vec<Choice>,
    pub shared: bool,
    pub look: &'o Look,
    pub screen: &'o Screen,
}

/// Whether to open the interface rather than print text.
pub fn wanted(options: &Screen) -> Result<bool> {
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    if options.interactive && !terminal {
        bail!("the interface needs a terminal as standard input and output; leave --interactive out to print text");
    }
    let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    Ok(options.interactive || (terminal && !dumb && !options.plain))
}

/// Opens it; what is left of it when it ends is written down, to be resumed.
pub fn open(setup: Setup, before: Option<&Session>) -> Result<ExitCode> {
    let Setup { photos, openings, networks, shared, look, screen } = setup;
    let mut start = Start {
        words: networks.iter().map(Choice::words).collect(),
        photos,
        openings,
        colors: look.colormap,
        depth: Depth::Palette256,
        keys: keys::load(screen.keys.as_deref())?,
        opacity: None,
        shared,
        marks: Vec::new(),
    };
    if let Some(before) = before {
        before.restore(&mut start);
    }
    let open = move || {
        threads::enlist(threads::count());
        networks.iter().map(Choice::supply).collect::<Result<Vec<_>>>().map_err(|error| format!("{error:#}"))
    };
    let cache = if screen.no_cache { None } else { Cache::usual() };
    let asking = Asking { here: Surroundings::here(), wishes: wishes(look, &screen.terminal)? };
    let left = tui::run(start, asking, open, cache)?;
    match left.ending {
        Ending::Failed(reason) => bail!(reason),
        Ending::Quit => {
            Session::of(&left.model).store();
            Ok(ExitCode::SUCCESS)
        }
        Ending::Signal(signal) => {
            Session::of(&left.model).store();
            Ok(ExitCode::from(128 + signal as u8))
        }
    }
}
