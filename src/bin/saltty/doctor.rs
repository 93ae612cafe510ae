//! `saltty doctor`: what the terminal can do, what is used of it and why, and how to choose otherwise.

mod report;

use std::{
    fmt::Write as _,
    io::{self, IsTerminal},
    path::Path,
    process::ExitCode,
};

use anyhow::Result;
use saltty::{
    files::Hashes,
    heatmap::ColorMap,
    raster::{CellShape, Depth, Raster},
    survey::Cache,
    terminal::{self, Choice, Facts, Link, Surroundings, Wishes},
    tui::view::wrapped,
};

use crate::{
    cli::{Doctor, Look, terminal::wishes},
    keys, output, session,
};

/// Columns of a swatch.
const SWATCH: usize = 48;
/// Columns of what a line is about.
const ABOUT: usize = 11;

/// Runs the command.
pub fn run(options: &Doctor) -> Result<ExitCode> {
    let wishes = wishes(&options.look, &options.terminal)?;
    let here = Surroundings::here();
    let there = io::stdin().is_terminal() && io::stdout().is_terminal();
    let facts = if there { terminal::ask(&here, wishes.limit()).unwrap_or_default() } else { Facts::default() };
    let window = if there { terminal::window_cell() } else { None };
    let choice = Choice::new(&wishes, &here, &facts, window);
    if options.json {
        let text = output::depth_and_why(&options.look)?;
        let report = report::Report::new(&here, &facts, there.then_some(&choice), text);
        output::print(&(serde_json::to_string_pretty(&report)? + "\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut page = String::new();
    found(&mut page, &here, &facts, there);
    chosen(&mut page, &choice, &facts, &wishes, there);
    text(&mut page, &options.look)?;
    places(&mut page);
    swatches(&mut page, &options.look);
    output::print(&page)?;
    Ok(ExitCode::SUCCESS)
}

/// One line, or as many as its words need, and how to choose otherwise.
fn line(page: &mut String, about: &str, says: &str, otherwise: &str) {
    let room = output::columns().max(40) - ABOUT;
    let mut about = about;
    for row in wrapped(says, room - 1) {
        let _ = writeln!(page, "{about:<ABOUT$} {row}");
        about = "";
    }
    if !otherwise.is_empty() {
        for row in wrapped(&format!("otherwise: {otherwise}"), room - 3) {
            let _ = writeln!(page, "{:<ABOUT$}   {row}", "");
        }
    }
}

fn found(page: &mut String, here: &Surroundings, facts: &Facts, there: bool) {
    if there {
        answers(page, here, facts);
    } else {
        line(page, "terminal", "none: standard input or output is a file or a pipe, so nothing was asked", "");
    }
    let tmux = match (here.tmux, here.tmux_passes) {
        (false, _) => "no tmux",
        (true, true) => "tmux, which hands sequences on (allow-passthrough)",
        (true, false) => "tmux, which hands nothing on (set -g allow-passthrough on)",
    };
    let around = if here.around.is_empty() { String::new() } else { format!(", in {}", here.around) };
    let ssh = if here.ssh { "SSH" } else { "no SSH" };
    line(page, "between", &format!("{tmux}{around}; {ssh}"), "");
    let value = |text: &str| if text.is_empty() { "not set".to_owned() } else { text.to_owned() };
    let (term, colorterm) = (value(&here.term), value(&here.colorterm));
    line(page, "variables", &format!("TERM {term}, COLORTERM {colorterm}, program {}", value(&here.program)), "");
}

fn answers(page: &mut String, here: &Surroundings, facts: &Facts) {
    let name = facts.name.as_deref().unwrap_or("it does not give its name");
    let size = ratatui::crossterm::terminal::size();
    let size = size.map_or_else(|_| "size not known".to_owned(), |(width, height)| format!("{width}x{height} cells"));
    line(page, "terminal", &format!("{name}, {size}"), "");
    let answered = match facts.round_trip {
        Some(took) => format!("answered in {:.0} ms", took.as_secs_f64() * 1000.0),
        None if here.prints_questions() => format!("not asked: TERM={} would print the question", here.term),
        None if facts.is_silent() => "did not answer".to_owned(),
        None => "answered in part only".to_owned(),
    };
    line(page, "query", &answered, "--query-ms MILLISECONDS, SALTTY_QUERY_MS");
}

fn chosen(page: &mut String, choice: &Choice, facts: &Facts, wishes: &Wishes, there: bool) {
    if !there {
        return;
    }
    let depth = format!("{}: {}", in_words(choice.depth.value), choice.depth.because);
    line(page, "colours", &depth, "--depth 24bit|256|16|ascii, SALTTY_DEPTH; --color never, NO_COLOR");
    let graphics = format!("{}: {}", choice.graphics.value, choice.graphics.because);
    line(page, "pictures", &graphics, "");
    let can = |has: bool, what: &'static str| has.then_some(what);
    let all = [can(facts.kitty, "kitty"), can(facts.kitty_zlib, "kitty compressed"), can(facts.sixel, "sixel")];
    let all: Vec<&str> = all.into_iter().flatten().collect();
    let all = if all.is_empty() { "nothing of kitty and sixel".to_owned() } else { all.join(", ") };
    let answered = format!("the terminal answered for: {all}");
    line(page, "", &answered, "--graphics halfblocks|kitty|sixel|iterm2, SALTTY_GRAPHICS");
    let CellShape { width, height } = choice.cell.value;
    let size =
        if choice.cell.value == CellShape::ASSUMED { "1:2".to_owned() } else { format!("{width}x{height} pixels") };
    let aspect = choice.cell.value.aspect();
    let cell = format!("{size}, {aspect:.2} times as high as wide; {}", choice.cell.because);
    line(page, "cells", &cell, "--cell WxH, SALTTY_CELL");
    let sync = if choice.sync.value { "synchronised" } else { "not synchronised" };
    line(page, "updates", &format!("{sync}: {}", choice.sync.because), "--sync on|off, SALTTY_SYNC");
    let link = match (choice.link, &wishes.link) {
        (Some(Link::Fast), Some(wish)) => format!("taken as fast: {} says so", wish.by),
        (Some(Link::Slow), Some(wish)) => format!("taken as slow, 256 colours, photos dithered: {} says so", wish.by),
        _ if choice.watched => "watched while the interface draws; if slow, 256 colours, photos dithered".to_owned(),
        _ => "not watched: no SSH, and the answer came at once".to_owned(),
    };
    line(page, "link", &link, "--link fast|slow, SALTTY_LINK");
}

fn text(page: &mut String, look: &Look) -> Result<()> {
    let (depth, because) = output::depth_and_why(look)?;
    let says = format!("{}, {} columns: {because}", in_words(depth), output::width(look));
    line(page, "text", &says, "--color always|never, --depth, NO_COLOR, CLICOLOR_FORCE; --width CELLS");
    Ok(())
}

fn places(page: &mut String) {
    let place = |path: Option<&Path>| match path {
        Some(path) if path.exists() => path.display().to_string(),
        Some(path) => format!("{} (not there yet)", path.display()),
        None => "no home folder to look in".to_owned(),
    };
    line(page, "key map", &place(keys::usual().as_deref()), "--keys FILE, XDG_CONFIG_HOME");
    let cache = Cache::usual();
    line(page, "findings", &place(cache.as_ref().map(Cache::folder)), "--no-cache, XDG_CACHE_HOME");
    let hashes = Hashes::usual();
    line(page, "hashes", &place(hashes.as_ref().map(Hashes::folder)), "XDG_CACHE_HOME");
    line(page, "session", &place(session::place().as_deref()), "XDG_STATE_HOME");
}

fn in_words(depth: Depth) -> &'static str {
    match depth {
        Depth::True => "24-bit colours",
        Depth::Palette256 => "256 colours",
        Depth::Palette16 => "16 colours",
        Depth::Ascii => "no colours, a ramp of characters",
    }
}

/// The same colours in every depth; where there are none, what maps are drawn in instead: more is brighter.
fn swatches(page: &mut String, look: &Look) {
    let strips = [ColorMap::Jet, ColorMap::Grey].map(|colors| colors.bar(SWATCH / 2, 2));
    let beside =
        |row: usize| strips.iter().flat_map(move |strip| strip.pixels[row * SWATCH / 2..][..SWATCH / 2].to_vec());
    let colored = Raster::new(SWATCH, 2, (0..2).flat_map(beside).collect());
    let plain = ColorMap::Grey.bar(SWATCH, 2);
    let colors = output::depth(look) != Depth::Ascii;
    page.push_str("\nIf a row looks wrong, choose one that looks right:\n");
    for depth in Depth::ALL.into_iter().filter(|&depth| colors || depth == Depth::Ascii) {
        let raster = if depth == Depth::Ascii { &plain } else { &colored };
        for row in raster.to_text(SWATCH, depth) {
            let _ = writeln!(page, "{row}  --depth {depth}");
        }
    }
    if colors {
        return;
    }
    page.push_str("(rows in colours: --color always)\n");
}

#[cfg(test)]
mod tests {
    use saltty::{raster::Depth, terminal::Protocol};

    #[test]
    fn names_in_the_hints_are_understood() {
        for name in "halfblocks|kitty|sixel|iterm2".split('|') {
            assert_eq!(name.parse::<Protocol>().unwrap().id(), name);
        }
        for name in "24bit|256|16|ascii".split('|') {
            assert_eq!(name.parse::<Depth>().unwrap().to_string(), name);
        }
    }
}
