//! What the terminal can do: asked once, within a bound, and decided from its answers, its variables and the person's
//! wishes. Nothing is chosen without saying why.

mod choice;
mod question;
mod replies;
mod sequence;
mod surroundings;
mod wishes;

use std::{fmt, str::FromStr, time::Duration};

use crate::raster::CellShape;

pub use choice::{Choice, Chosen};
pub use question::{LIMIT, Silence, ask, listen, question, window_cell};
pub use replies::Replies;
pub use sequence::{base64, for_tmux};
pub use surroundings::Surroundings;
pub use wishes::{Link, Wished, Wishes};

/// How pictures are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Two pixels to a character cell, or a ramp of characters.
    HalfBlocks,
    /// kitty's graphics protocol, placed by Unicode placeholders.
    Kitty,
    /// DEC's sixels.
    Sixel,
    /// iTerm2's inline images.
    Iterm2,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::HalfBlocks, Self::Kitty, Self::Sixel, Self::Iterm2];

    /// Its name on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::HalfBlocks => "halfblocks",
            Self::Kitty => "kitty",
            Self::Sixel => "sixel",
            Self::Iterm2 => "iterm2",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|protocol| protocol.id() == text.to_lowercase());
        known.ok_or_else(|| format!("`{text}` is none of auto, halfblocks, kitty, sixel, iterm2"))
    }
}

/// What the terminal answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent answers, read by name")]
pub struct Facts {
    /// Its name and version (XTVERSION).
    pub name: Option<String>,
    /// Whether its device attributes (DA1) list sixels.
    pub sixel: bool,
    /// Whether it takes pictures by kitty's protocol.
    pub kitty: bool,
    /// Whether it takes them compressed.
    pub kitty_zlib: bool,
    /// Pixels of a cell (`CSI 16 t`).
    pub cell: Option<CellShape>,
    /// Whether it knows synchronised updates (DEC mode 2026); none if it did not say.
    pub sync: Option<bool>,
    /// Whether it kept a 24-bit colour that it was given (DECRQSS).
    pub true_color: bool,
    /// Whether it answered to the end of the question.
    pub complete: bool,
    /// From the question to its end's answer.
    pub round_trip: Option<Duration>,
}

impl Facts {
    /// Whether it said anything at all.
    pub fn is_silent(&self) -> bool {
        *self == Self::default()
    }
}
