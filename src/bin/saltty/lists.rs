//! The commands that only tell: networks, layers, classes, completions, the manual page.

use std::{fmt::Write as _, process::ExitCode};

use anyhow::{Result, bail};
use clap::CommandFactory;
use saltty::{
    classes::ClassNames,
    model::{Layer, Model, Outline},
    photo::Preprocess,
    weights::Weights,
};

use crate::{
    cli::{Cli, Network},
    network,
    output::print,
};

/// `saltty models`.
pub fn models() -> Result<ExitCode> {
    let mut text =
        format!("{:<14} {:>11} {:>9} {:>7}  {:<9} weights\n", "network", "parameters", "input", "layers", "target");
    for model in Model::ALL {
        let Outline { layers, params } = model.outline(Preprocess::Caffe, 1000);
        let count: usize = params.iter().map(|param| param.shape.iter().product::<usize>()).sum();
        let side = model.input_side(Preprocess::Caffe);
        let weights = if model == Model::SqueezeNet11 { "embedded, or --weights FILE" } else { "--weights FILE" };
        let (size, target, layers) = (format!("{side}x{side}"), model.default_target(), layers.len());
        writeln!(text, "{model:<14} {count:>11} {size:>9} {layers:>7}  {target:<9} {weights}")?;
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// `saltty layers`.
pub fn layers(options: &Network) -> Result<ExitCode> {
    let weights = options.weights.is_some().then(|| network::weights(options)).transpose()?;
    let guessed = weights.as_ref().and_then(Weights::guess_model);
    let model = options.model.or(guessed).unwrap_or(Model::SqueezeNet11);
    let stated = weights.as_ref().map(Weights::preprocess);
    let preprocess = options.preprocess.or(stated).unwrap_or(Preprocess::Caffe);
    let mut text = format!("{:<22} {:<15} {:<16} other names\n", model.name(), "size", "side");
    for layer in model.outline(preprocess, 1000).layers {
        let size = layer.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("x");
        let Layer { name, side, aliases, .. } = layer;
        let mark = if *name == *model.default_target() { " <- target layer unless --layer" } else { "" };
        text += format!("{name:<22} {size:<15} {side:<16} {}{mark}", aliases.join(", ")).trim_end();
        text += "\n";
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// `saltty classes`.
pub fn classes(pattern: Option<&str>, options: &Network) -> Result<ExitCode> {
    let names = if options.weights.is_some() || options.labels.is_some() {
        network::load(options, network::Use::Once)?.names().clone()
    } else {
        ClassNames::imagenet()
    };
    let found = names.matching(pattern.unwrap_or(""));
    if found.is_empty() {
        let (pattern, count) = (pattern.unwrap_or(""), names.all().len());
        let near = names.near(pattern, 3);
        let meant = if near.is_empty() { String::new() } else { format!(" (did you mean {}?)", near.join(" or ")) };
        bail!("no class contains `{pattern}`{meant}; `saltty classes` lists all {count}");
    }
    let line = |class: &&saltty::classes::Class| {
        format!("{:>5}  {:<9}  {}\n", class.index, class.wordnet.as_deref().unwrap_or("-"), class.name)
    };
    print(&found.iter().map(line).collect::<String>())?;
    Ok(ExitCode::SUCCESS)
}

/// `saltty completions`.
pub fn completions(shell: clap_complete::Shell) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "saltty", &mut script);
    print(&String::from_utf8(script)?)?;
    Ok(ExitCode::SUCCESS)
}

/// `saltty man`: one page for all, the options of `explain` at its end.
pub fn man() -> Result<ExitCode> {
    let mut page = Vec::new();
    let mut command = Cli::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    let explain = command.find_subcommand("explain").expect("a subcommand of saltty").clone();
    let explain = clap_mangen::Man::new(explain);
    page.extend_from_slice(b".SH SALTTY EXPLAIN\n");
    explain.render_synopsis_section(&mut page)?;
    explain.render_options_section(&mut page)?;
    explain.render_extra_section(&mut page)?;
    print(&String::from_utf8(page)?)?;
    Ok(ExitCode::SUCCESS)
}
