//! `saltty verify --review`: before, after and difference, to be accepted or not.

use std::{env, io};

use anyhow::Result;
use saltty::{
    heatmap,
    raster::{Depth, Raster},
    record::{Record, Stage},
    verify::{Checked, Report, difference},
};

use crate::{cli::Look, output};

/// What a person makes of a change.
enum Answer {
    Accept,
    Reject,
    Skip,
    Quit,
}

/// Shows the record's change, if it does not hold, and asks; returns the report, which says whether it was accepted. Once
/// a person wants to `quit`, nothing more is asked.
///
/// Nothing is ever accepted where `CI` is set: a change that no one has looked at is no truth.
pub fn run(checked: Checked, look: &Look, quit: &mut bool) -> Result<Report> {
    let Checked { mut report, versions } = checked;
    if report.verdict.holds() || *quit {
        return Ok(report);
    }
    let Some([before, mut after]) = versions.map(|versions| *versions) else {
        output::print("  nothing to review: what is there now could not be computed\n")?;
        return Ok(report);
    };
    output::print(&pictures(&before, &after, look))?;
    if env::var_os("CI").is_some() {
        output::print("  CI is set, so nothing is accepted\n")?;
        return Ok(report);
    }
    match ask()? {
        Answer::Accept => {
            after.write(true)?;
            report.accepted = true;
            let tolerances =
                if report.edited_tolerances { "; its edited tolerances stay, marked as edited" } else { "" };
            output::print(&format!("  accepted: the record now holds what was computed just now{tolerances}\n"))?;
        }
        Answer::Reject => output::print("  rejected: the record stays as it was\n")?,
        Answer::Skip => output::print("  skipped: the record stays as it was\n")?,
        Answer::Quit => {
            *quit = true;
            output::print("  quit: this record and all after it stay as they were\n")?;
        }
    }
    Ok(report)
}

/// The overlay as recorded and as it is now, and where they differ (grey: nowhere).
fn pictures(before: &Record, after: &Record, look: &Look) -> String {
    let plain = output::depth(look) == Depth::Ascii;
    let overlay = |record: &Record| plain.then(|| without_colors(record)).flatten();
    let [was, is] =
        [before, after].map(|record| overlay(record).unwrap_or_else(|| record.trace.back.colours[1].clone()));
    let (was, is) = (&was, &is);
    if (was.width, was.height) != (is.width, is.height) {
        return "  the picture changed its size, so there is no difference to show\n".to_owned();
    }
    let difference = difference(was, is);
    output::beside(&[("before", was), ("after", is), ("difference", &difference)], look)
}

/// A record's overlay in grey, so that more is brighter.
fn without_colors(record: &Record) -> Option<Raster> {
    let request = record.manifest.request().ok()?;
    let fine = request.method.is_fine();
    let stage = if fine { Stage::Magnitude } else { Stage::ResizedMap };
    let map = &record.trace.back.maps.iter().find(|map| map.stage == stage)?.planes;
    let map = if fine { heatmap::positive_over_max(map) } else { map.clone() };
    let colors = request.colors.of_sizes(fine).without_colors();
    Some(heatmap::overlay(&record.trace.front.square, &colors.paint(&map)))
}

/// One letter from standard input; its end is a skip.
fn ask() -> Result<Answer> {
    loop {
        output::print("  accept it into the record? [y]es, [n]o, [s]kip, [q]uit: ")?;
        let mut line = String::new();
        if io::stdin().read_line(&mut line)? == 0 {
            output::print("\n")?;
            return Ok(Answer::Skip);
        }
        match line.trim().to_lowercase().as_str() {
            "y" | "yes" => return Ok(Answer::Accept),
            "n" | "no" => return Ok(Answer::Reject),
            "s" | "skip" => return Ok(Answer::Skip),
            "q" | "quit" => return Ok(Answer::Quit),
            _ => {}
        }
    }
}
