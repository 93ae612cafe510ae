//! The `saltty` program: parse, run, report.
#![forbid(unsafe_code)]

mod browse;
mod cli;
mod compare;
mod doctor;
mod explain;
mod keys;
mod lists;
mod network;
mod output;
mod record;
mod review;
mod screen;
mod session;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

fn main() -> ExitCode {
    std::sync::LazyLock::force(&explain::stopwatch::BEGAN);
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            output::complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    cli::terminal::check_variables()?;
    match cli.command {
        None if cli.browse.resume => session::resume(),
        None => browse::run(&cli.browse, None),
        Some(Command::Explain(explain)) => explain::run(&explain),
        Some(Command::Compare(options)) => compare::run(&options),
        Some(Command::Doctor(options)) => doctor::run(&options),
        Some(Command::Keys(options)) => keys::run(&options),
        Some(Command::Record(options)) => record::run(&options),
        Some(Command::Verify(options)) => verify::run(&options),
        Some(Command::Models) => lists::models(),
        Some(Command::Layers(network)) => lists::layers(&network),
        Some(Command::Classes { pattern, network }) => lists::classes(pattern.as_deref(), &network),
        Some(Command::Completions { shell }) => lists::completions(shell),
        Some(Command::Man) => lists::man(),
    }
}
