//! What can be typed, or said by a variable, about the terminal.

use std::{env, str::FromStr, time::Duration};

use anyhow::{Result, anyhow};
use clap::Args;
use saltty::{
    raster::{CellShape, Depth},
    terminal::{Link, Protocol, Surroundings, Wished, Wishes},
};

use super::{Look, When};

/// Something to be found out (`auto`), or this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auto<T>(Option<T>);

impl<T: FromStr<Err = String>> FromStr for Auto<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" { Ok(Self(None)) } else { text.parse().map(|value| Self(Some(value))) }
    }
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch(bool);

impl FromStr for Switch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "on" => Ok(Self(true)),
            "off" => Ok(Self(false)),
            _ => Err(format!("`{text}` is none of auto, on, off")),
        }
    }
}

/// How long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Milliseconds(u64);

impl FromStr for Milliseconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.parse().ok().filter(|number| *number <= 10_000);
        number.map(Self).ok_or_else(|| format!("`{text}` is no number of milliseconds up to 10000"))
    }
}

/// What the terminal can do, where it should not be asked or not be believed.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Terminal (`saltty doctor` shows what was found, and why)")]
pub struct Terminal {
    /// How pictures are drawn: auto, halfblocks, kitty, sixel, iterm2; or `SALTTY_GRAPHICS`.
    #[arg(long, value_name = "HOW")]
    pub graphics: Option<Auto<Protocol>>,
    /// Pixels of a character cell, as 9x20; or `SALTTY_CELL`.
    #[arg(long, value_name = "WxH")]
    pub cell: Option<Auto<CellShape>>,
    /// Whether updates are synchronised (DEC mode 2026): auto, on, off; or `SALTTY_SYNC`.
    #[arg(long, value_name = "WHETHER")]
    pub sync: Option<Auto<Switch>>,
    /// How quick the way to the terminal is: auto, fast, slow (256 colours, photos dithered); or `SALTTY_LINK`.
    #[arg(long, value_name = "HOW")]
    pub link: Option<Auto<Link>>,
    /// How long the terminal may take to say what it can do, 0 not to ask [default: 1000]; or `SALTTY_QUERY_MS`.
    #[arg(long, value_name = "MILLISECONDS")]
    pub query_ms: Option<Milliseconds>,
}

/// Whether all variables are understood.
pub fn check_variables() -> Result<()> {
    wish::<Depth>(None, "", "SALTTY_DEPTH")?;
    wish::<Protocol>(None, "", "SALTTY_GRAPHICS")?;
    wish::<CellShape>(None, "", "SALTTY_CELL")?;
    wish::<Switch>(None, "", "SALTTY_SYNC")?;
    wish::<Link>(None, "", "SALTTY_LINK")?;
    wish::<Milliseconds>(None, "", "SALTTY_QUERY_MS")?;
    Ok(())
}

/// All wishes: options before variables.
pub fn wishes(look: &Look, terminal: &Terminal) -> Result<Wishes> {
    let sync = wish(terminal.sync, "--sync", "SALTTY_SYNC")?;
    let limit = terminal.query_ms.map(|limit| Auto(Some(limit)));
    let limit = wish(limit, "--query-ms", "SALTTY_QUERY_MS")?;
    Ok(Wishes {
        depth: depth(look)?,
        graphics: wish(terminal.graphics, "--graphics", "SALTTY_GRAPHICS")?,
        cell: wish(terminal.cell, "--cell", "SALTTY_CELL")?,
        sync: sync.map(|Wished { value: Switch(value), by }| Wished { value, by }),
        link: wish(terminal.link, "--link", "SALTTY_LINK")?,
        limit: limit.map(|Wished { value: Milliseconds(ms), by }| Wished { value: Duration::from_millis(ms), by }),
    })
}

/// The colours wished for: `--color never`, `--depth`, `SALTTY_DEPTH` (but not against `NO_COLOR`), `--color always`.
pub fn depth(look: &Look) -> Result<Option<Wished<Depth>>> {
    let said = |value, by: &str| Some(Wished { value, by: by.to_owned() });
    if look.color == When::Never {
        return Ok(said(Depth::Ascii, "--color never"));
    }
    let no_color = look.color == When::Auto && Surroundings::variables().no_color;
    match wish(look.depth, "--depth", "SALTTY_DEPTH")? {
        Some(wish) if look.depth.is_some() || !no_color => Ok(Some(wish)),
        _ if look.color == When::Always => Ok(said(Depth::True, "--color always")),
        _ => Ok(None),
    }
}

/// What an option says, else a variable; none if that is `auto` or nothing.
fn wish<T: FromStr<Err = String> + Copy>(
    option: Option<Auto<T>>,
    name: &str,
    variable: &str,
) -> Result<Option<Wished<T>>> {
    let said = |value, by: &str| Wished { value, by: by.to_owned() };
    if let Some(Auto(value)) = option {
        return Ok(value.map(|value| said(value, name)));
    }
    let Some(text) = env::var_os(variable).filter(|text| !text.is_empty()) else { return Ok(None) };
    let text = text.to_string_lossy();
    let Auto(value) = text.parse().map_err(|reason| anyhow!("{variable}: {reason}"))?;
    Ok(value.map(|value| said(value, &format!("{variable}={text}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_others_told() {
        assert_eq!("auto".parse(), Ok(Auto::<Protocol>(None)));
        assert_eq!("sixel".parse(), Ok(Auto(Some(Protocol::Sixel))));
        assert_eq!("off".parse(), Ok(Auto(Some(Switch(false)))));
        assert!("svga".parse::<Auto<Protocol>>().unwrap_err().contains("none of auto, halfblocks"));
        assert!("20000".parse::<Milliseconds>().is_err());
    }
}
