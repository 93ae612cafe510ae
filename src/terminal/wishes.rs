//! What a person wishes of the terminal, by an option or a variable.

use std::{fmt, str::FromStr, time::Duration};

use super::{LIMIT, Protocol};
use crate::raster::{CellShape, Depth};

/// How quick the way to the terminal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// As many bytes as a picture takes.
    Fast,
    /// As few as are enough to see something.
    Slow,
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Fast { "fast" } else { "slow" })
    }
}

impl FromStr for Link {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "fast" => Ok(Self::Fast),
            "slow" => Ok(Self::Slow),
            _ => Err(format!("`{text}` is none of auto, fast, slow")),
        }
    }
}

/// Something wished for, and the option or variable that said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wished<T> {
    /// What.
    pub value: T,
    /// By what.
    pub by: String,
}

/// All that can be wished for; what is not is found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// The colours.
    pub depth: Option<Wished<Depth>>,
    /// How pictures are drawn.
    pub graphics: Option<Wished<Protocol>>,
    /// The cell.
    pub cell: Option<Wished<CellShape>>,
    /// Whether updates are synchronised.
    pub sync: Option<Wished<bool>>,
    /// How quick the link is.
    pub link: Option<Wished<Link>>,
    /// How long the terminal may take to answer.
    pub limit: Option<Wished<Duration>>,
}

impl Wishes {
    /// How long the terminal may take to answer: [`LIMIT`] if nothing is wished.
    pub fn limit(&self) -> Duration {
        self.limit.as_ref().map_or(LIMIT, |wish| wish.value)
    }
}
