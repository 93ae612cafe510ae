//! What is on the screen and what the keys act on.

use super::{
    picker::{Line, Picker},
    search::Search,
};

/// What the whole screen is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// One photo, or several panes to compare.
    #[default]
    Pictures,
    /// The list of photos.
    List,
}

/// What the keys act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The page.
    Look,
    /// The list of keys, from this line on.
    Help(usize),
    /// All about the picture, from this line on.
    Details(usize),
    /// Looking a class up, to explain it or (true) to take it away.
    Search(Search, bool),
    /// A list to choose from.
    Pick(Picker),
    /// A line to type.
    Type(Line, String),
}

/// Which pictures of one photo are shown; of several panes, which of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pictures {
    /// All three; of each of several panes, the overlay.
    #[default]
    All,
    /// The overlay.
    Overlay,
    /// The map.
    Map,
    /// The photo.
    Photo,
}

impl Pictures {
    /// The next.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::All => Self::Overlay,
            Self::Overlay => Self::Map,
            Self::Map => Self::Photo,
            Self::Photo => Self::All,
        }
    }
}
