//! Pictures in the terminal's own protocol: which are wanted, encoded aside, kept for a while, put on the screen as cells.

mod encode;

use std::sync::Arc;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    model::Difference,
    pane::{Kind, Repainted},
};
use crate::{
    raster::{CellShape, Raster},
    scene::Scene,
    terminal::Protocol,
};

pub use encode::{TMUX_MOST, delete_all, encode};

/// Pictures kept at most, besides those wanted.
const KEPT: usize = 18;

/// How the terminal takes pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, read by name")]
pub struct Graphics {
    /// By which protocol.
    pub protocol: Protocol,
    /// Pixels of a cell.
    pub pixels: CellShape,
    /// Whether sequences are wrapped for tmux.
    pub wrapped: bool,
    /// Whether tmux reads them, which takes no long ones.
    pub tmux: bool,
    /// Whether they may be compressed (kitty).
    pub compressed: bool,
    /// Whether they stay under what is written over them, until the screen is cleared.
    pub underlays: bool,
}

/// What a picture is made of. Two are the same if they are the same in memory.
#[derive(Clone, Debug)]
pub enum Source {
    /// A photo that is not explained yet.
    Photo(Arc<Raster>),
    /// Of a scene.
    Scene(Arc<Scene>, Kind),
    /// Of a scene in other colours.
    Painted(Arc<Repainted>, Kind),
    /// A signed difference.
    Difference(Arc<Difference>),
}

impl Source {
    /// Its pixels.
    pub fn raster(&self) -> &Raster {
        match self {
            Self::Photo(photo) => photo,
            Self::Scene(scene, Kind::Photo) => &scene.photo,
            Self::Scene(scene, Kind::Map) => &scene.map,
            Self::Scene(scene, Kind::Overlay) => &scene.overlay,
            Self::Painted(painted, Kind::Map) => &painted.map,
            Self::Painted(painted, _) => &painted.overlay,
            Self::Difference(difference) => &difference.picture,
        }
    }

    /// Whether it is a photo alone, of which small differences in colour do not matter.
    pub fn is_photo(&self) -> bool {
        matches!(self, Self::Photo(_) | Self::Scene(_, Kind::Photo))
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Photo(a), Self::Photo(b)) => Arc::ptr_eq(a, b),
            (Self::Scene(a, kind), Self::Scene(b, other)) => Arc::ptr_eq(a, b) && kind == other,
            (Self::Painted(a, kind), Self::Painted(b, other)) => Arc::ptr_eq(a, b) && kind == other,
            (Self::Difference(a), Self::Difference(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

/// A picture wanted on the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Which of the page's pictures.
    pub slot: usize,
    /// What it is made of.
    pub source: Source,
    /// First column, first row, columns and rows of what is visible of that.
    pub window: [usize; 4],
    /// Columns and rows of cells that it covers.
    pub cells: (u16, u16),
}

/// An encoded picture.
#[derive(Clone, Debug)]
pub struct Picture {
    /// What it is of.
    pub wanted: Wanted,
    /// What the screen shows of it.
    pub cells: Buffer,
    /// What the terminal is to be sent before that.
    pub first: String,
    /// What makes the terminal forget it.
    pub last: String,
}

impl Picture {
    /// Puts it where it is to be seen.
    pub fn put(&self, area: Rect, buf: &mut Buffer) {
        for (row, y) in (area.y..area.bottom()).enumerate() {
            for (column, x) in (area.x..area.right()).enumerate() {
                if let (Some(from), Some(to)) = (self.cells.cell((column as u16, row as u16)), buf.cell_mut((x, y))) {
                    to.clone_from(from);
                }
            }
        }
    }
}

/// Pictures to be encoded aside.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Counts up.
    pub number: u32,
    /// How.
    pub graphics: Graphics,
    /// Which.
    pub wanted: Vec<Wanted>,
}

/// What came of a batch: pictures, and what could not be made one.
#[derive(Clone, Debug)]
pub struct Made {
    /// Which batch.
    pub number: u32,
    /// One for each wanted.
    pub pictures: Vec<Result<Arc<Picture>, Wanted>>,
}

/// The pictures at hand.
#[derive(Clone, Debug, Default)]
pub struct Gallery {
    pictures: Vec<Arc<Picture>>,
    failed: Vec<Wanted>,
    /// Which of the page's pictures were wanted last, and the cells that they cover.
    covered: Vec<(usize, (u16, u16))>,
    /// The batch that is being encoded.
    at_work: Option<u32>,
    batches: u32,
}

impl Gallery {
    /// The picture wanted. While it is encoded, the one that was there before, if it was as large.
    pub fn find(&self, wanted: &Wanted) -> Option<&Picture> {
        let exact = self.pictures.iter().rev().find(|picture| picture.wanted == *wanted);
        let place =
            |picture: &&Arc<Picture>| (picture.wanted.slot, picture.wanted.cells) == (wanted.slot, wanted.cells);
        let before = || self.pictures.iter().rev().find(place).filter(|_| self.is_awaited(wanted));
        exact.or_else(before).map(|picture| &**picture)
    }

    fn is_awaited(&self, wanted: &Wanted) -> bool {
        self.at_work.is_some() && !self.failed.contains(wanted)
    }

    /// Whether pictures that were wanted until now have to make way.
    pub fn makes_way(&mut self, wanted: &[Wanted]) -> bool {
        let covered = wanted.iter().map(|wanted| (wanted.slot, wanted.cells)).collect();
        let before = std::mem::replace(&mut self.covered, covered);
        before.iter().any(|place| !self.covered.contains(place))
    }

    /// What to encode next of what is wanted, unless something is being encoded.
    pub fn next(&mut self, wanted: &[Wanted], graphics: Graphics) -> Option<Batch> {
        let missing = |wanted: &&Wanted| {
            !self.failed.contains(wanted) && !self.pictures.iter().any(|picture| picture.wanted == **wanted)
        };
        let missing: Vec<Wanted> = wanted.iter().filter(missing).cloned().collect();
        if missing.is_empty() || self.at_work.is_some() {
            return None;
        }
        self.batches += 1;
        self.at_work = Some(self.batches);
        Some(Batch { number: self.batches, graphics, wanted: missing })
    }

    /// Takes a batch in; what the terminal is to be sent for that. What was asked for before a [`Self::clear`] is not
    /// taken.
    pub fn take(&mut self, made: Made) -> String {
        if self.at_work != Some(made.number) {
            return String::new();
        }
        self.at_work = None;
        let mut text = String::new();
        for picture in made.pictures {
            match picture {
                Ok(picture) => {
                    text += &picture.first;
                    self.pictures.push(picture);
                }
                Err(wanted) => self.failed.push(wanted),
            }
        }
        for old in self.pictures.drain(..self.pictures.len().saturating_sub(KEPT)) {
            text += &old.last;
        }
        let failed = self.failed.len().saturating_sub(KEPT);
        self.failed.drain(..failed);
        text
    }

    /// Moves what is shown to the end of those that are forgotten first.
    pub fn touch(&mut self, wanted: &[Wanted]) {
        let (shown, other): (Vec<_>, Vec<_>) =
            self.pictures.drain(..).partition(|picture| wanted.contains(&picture.wanted));
        self.pictures = other.into_iter().chain(shown).collect();
    }

    /// Forgets everything: the terminal did as well, or takes pictures otherwise now.
    pub fn clear(&mut self) {
        *self = Self { batches: self.batches, ..Self::default() };
    }
}
