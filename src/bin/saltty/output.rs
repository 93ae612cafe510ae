//! Text for people and pipes: whether in colours, how wide, and what when nobody reads it.

use std::{
    env, fmt, fs,
    io::{self, ErrorKind, IsTerminal, Write},
    path::Path,
};

use anyhow::{Context, Result, bail};
use saltty::{
    raster::{Depth, Raster},
    scene::{ClassScore, Scene},
    terminal::Surroundings,
    tui::pane::Paint,
};

use crate::cli::{Look, When, terminal};

/// Columns where there is no terminal to ask.
const PLAIN_WIDTH: usize = 100;
/// Columns beyond which a picture gets no larger.
const WIDEST: usize = 180;

/// Standard output takes no more.
#[derive(Debug)]
pub struct Closed(io::Error);

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind() {
            ErrorKind::BrokenPipe => {
                f.write_str("standard output was closed before all was written; read it to its end")
            }
            _ => write!(f, "cannot write to standard output: {}; check the disk or the pipe behind it", self.0),
        }
    }
}

impl std::error::Error for Closed {}

/// An error as one sentence on one line, each cause once.
pub fn sentence(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |text, cause| {
        let words = cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        match text.as_str() {
            "" => words,
            said if said.contains(&words) => text,
            said => format!("{said}: {words}"),
        }
    })
}

/// Says on standard error what went wrong.
pub fn complain(error: &anyhow::Error) {
    remark(&format!("error: {}\n", sentence(error)));
}

/// Writes to standard error; where nobody reads that, nothing is lost.
pub fn remark(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Writes to standard output; a reader that left is an error in words.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    Ok(out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Closed)?)
}

/// Makes the folder that `option` names, unless it is there.
pub fn make_folder(folder: &Path, option: &str) -> Result<()> {
    if folder.exists() && !folder.is_dir() {
        bail!("{} is a file, but {option} needs a folder; name another", folder.display());
    }
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}; choose another with {option}", folder.display()))
}

/// In which colours to print on standard output, and why. A terminal is not asked: text waits for nobody.
pub fn depth_and_why(look: &Look) -> Result<(Depth, String)> {
    let Surroundings { term, colorterm, no_color, .. } = Surroundings::variables();
    let forced = env::var_os("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0");
    let plain = |because: &str| Ok((Depth::Ascii, because.to_owned()));
    let wish = terminal::depth(look)?;
    if look.color == When::Auto && wish.is_none() && no_color {
        return plain("NO_COLOR is set");
    }
    if look.color == When::Auto && look.depth.is_none() && !forced && (!io::stdout().is_terminal() || term == "dumb") {
        return plain("standard output is no terminal that shows colours");
    }
    if let Some(wish) = wish {
        return Ok((wish.value, format!("{} says so", wish.by)));
    }
    if forced && !io::stdout().is_terminal() {
        return Ok((Depth::True, "CLICOLOR_FORCE says so".to_owned()));
    }
    Ok((Depth::of_terminal(&colorterm, &term), format!("COLORTERM={colorterm} and TERM={term}")))
}

/// In which colours to print on standard output.
pub fn depth(look: &Look) -> Depth {
    // Variables that are not understood were told at the start.
    depth_and_why(look).map_or(Depth::Ascii, |(depth, _)| depth)
}

/// Columns to fill.
pub fn width(look: &Look) -> usize {
    look.width.unwrap_or_else(columns).clamp(12, WIDEST)
}

/// Columns that standard output has.
pub fn columns() -> usize {
    let terminal = || Some(usize::from(ratatui::crossterm::terminal::size().ok()?.0));
    let wide = if io::stdout().is_terminal() { terminal() } else { None };
    wide.unwrap_or(PLAIN_WIDTH)
}

/// The likeliest classes with bars, `marked` one marked.
pub fn classes(top: &[ClassScore], marked: &ClassScore) -> String {
    let extra = (!top.iter().any(|class| class.index == marked.index)).then_some(marked);
    top.iter().chain(extra).fold(String::new(), |text, class| {
        let bar = "#".repeat((class.probability * 30.0).round() as usize);
        let mark = if class.index == marked.index { '>' } else { ' ' };
        let (name, index, percent) = (&class.name, class.index, class.probability * 100.0);
        text + format!("{mark} {name:<28} {index:>5}  {percent:>5.1} %  {bar}").trim_end() + "\n"
    })
}

/// Photo, map and overlay of a scene, side by side.
pub fn pictures(scene: &Scene, look: &Look) -> String {
    let plain = paint(look).of(scene);
    let (map, overlay) = plain.as_ref().map_or((&scene.map, &scene.overlay), |plain| (&plain.map, &plain.overlay));
    beside(&[("photo", &scene.photo), (scene.method.title(), map), ("overlay", overlay)], look)
}

/// How scenes are painted to be printed.
pub fn paint(look: &Look) -> Paint {
    Paint { plain: depth(look) == Depth::Ascii, ..Paint::OWN }
}

/// Up to three pictures side by side as text, each under its title.
pub fn beside(pictures: &[(&str, &Raster)], look: &Look) -> String {
    let cells = (width(look) - 4) / 3;
    let depth = depth(look);
    let columns: Vec<Vec<String>> = pictures.iter().map(|(_, raster)| raster.to_text(cells, depth)).collect();
    let titles: Vec<String> = pictures.iter().map(|(title, _)| format!("{title:<cells$}")).collect();
    let mut page = titles.join("  ").trim_end().to_owned() + "\n";
    for row in 0..columns.iter().map(Vec::len).min().unwrap_or(0) {
        page += columns.iter().map(|column| column[row].as_str()).collect::<Vec<_>>().join("  ").trim_end();
        page += "\n";
    }
    page
}

/// One line that says what is explained and how.
pub fn caption(scene: &Scene) -> String {
    let Scene { method, class, layer, note, .. } = scene;
    let at = if method.is_fine() { String::new() } else { format!(" at {layer}") };
    let note = note.as_ref().map_or_else(String::new, |note| format!("\nnote: {note}"));
    let caveat = method.caveat().map_or_else(String::new, |caveat| format!("\ncaveat: {caveat}"));
    format!("{} of {} ({}){at}: {}{note}{caveat}\n", method.title(), class.name, class.index, method.meaning())
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;
    use saltty::photo::Photo;

    use super::*;

    #[test]
    fn a_cause_is_told_once_and_on_one_line() {
        let error = anyhow::Error::from(Photo::open(Path::new("gone.jpg")).unwrap_err());
        let told = sentence(&error);
        assert!(
            told.starts_with("cannot read gone.jpg: ") && told.ends_with("check the path and its permissions"),
            "{told}"
        );
        let error = Err::<(), _>(anyhow!("two\nlines")).context("while reading").unwrap_err();
        assert_eq!(sentence(&error), "while reading: two lines");
    }
}
