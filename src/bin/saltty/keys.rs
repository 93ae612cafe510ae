//! `saltty keys`: the key map file.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Result;
use saltty::{
    Error, files,
    tui::{
        KeyMap,
        keys::{parse, print},
    },
};

use crate::{cli::Keys, output};

/// Runs the command.
pub fn run(options: &Keys) -> Result<ExitCode> {
    let map = load(options.keys.as_deref())?;
    if options.print {
        output::print(&print(&map))?;
        return Ok(ExitCode::SUCCESS);
    }
    let place = options.keys.clone().or_else(usual);
    let told = match place {
        Some(path) if path.exists() => format!("keys are read from {}; it is right\n", path.display()),
        Some(path) => format!("no key map file; `saltty keys --print > {}` makes one\n", path.display()),
        None => "no home folder to look for a key map file in; use --keys FILE\n".to_owned(),
    };
    output::print(&told)?;
    Ok(ExitCode::SUCCESS)
}

/// The keys of this file; of the usual one, where there is one; else the default ones.
pub fn load(asked: Option<&Path>) -> Result<KeyMap> {
    let path = match asked {
        Some(path) => path.to_owned(),
        None => match usual().filter(|path| path.exists()) {
            Some(path) => path,
            None => return Ok(KeyMap::default()),
        },
    };
    let text = fs::read_to_string(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
    Ok(parse(&text, &path)?)
}

/// Where the file is usually.
pub fn usual() -> Option<PathBuf> {
    Some(files::home("XDG_CONFIG_HOME", ".config")?.join("keys.conf"))
}
