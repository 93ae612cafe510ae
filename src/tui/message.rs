//! What can happen, and what is to be done about it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use ratatui::crossterm::event::{KeyEvent, MouseEvent};

use super::{
    graphics::{Batch, Made},
    meter::Drawn,
    model::Catalogue,
};
use crate::{
    compare::Likeness, explain::Method, heatmap::ColorMap, nn::Name, raster::Raster, scene::Scene, survey::Finding,
    terminal::Choice,
};

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key went down.
    Key(KeyEvent),
    /// Text was pasted.
    Pasted(String),
    /// The mouse was moved, pressed or turned.
    Mouse(MouseEvent),
    /// The terminal has so many columns and rows now, or forgot what it showed.
    Resized(u16, u16),
    /// How the terminal is used, now that it has answered, or again because its window changed.
    Terminal(Box<Choice>),
    /// The screen was drawn.
    Drawn(Drawn),
    /// So many bytes took so long to the terminal and no longer than that.
    Passed(usize, Duration),
    /// Pictures were encoded.
    Made(Made),
    /// The terminal forgot what it was sent.
    Forgotten,
    /// Time went by: so long since the start.
    Tick(Duration),
    /// The worker has something to say.
    Reply(Reply),
    /// Files were written, or why not.
    Saved(Result<Vec<PathBuf>, String>),
    /// How alike the panes are to the first one, as asked with this number.
    Measured(u64, Vec<Option<Likeness>>),
}

/// What the worker says.
#[derive(Clone, Debug)]
pub enum Reply {
    /// The networks are loaded.
    Ready(Box<Catalogue>),
    /// A network cannot be loaded, or not be used as asked; there is nothing to go on with.
    Unusable(String),
    /// The job has come so far.
    Reached {
        /// Which job.
        number: u64,
        /// What is done now.
        stage: Stage,
    },
    /// A photo of the job is decoded.
    Opened {
        /// Which job.
        number: u64,
        /// For which pane.
        pane: usize,
        /// The photo as the network sees it.
        photo: Arc<Raster>,
    },
    /// A pane of the job is done.
    Done {
        /// Which job.
        number: u64,
        /// Which pane.
        pane: usize,
        /// What came of it.
        scene: Arc<Scene>,
    },
    /// A pane of the job failed.
    Failed {
        /// Which job.
        number: u64,
        /// Which pane.
        pane: usize,
        /// Why, in one sentence.
        reason: String,
    },
    /// A photo of the list was looked at.
    Surveyed {
        /// Which photo.
        photo: usize,
        /// By which network.
        network: usize,
        /// What came of it, or why nothing did.
        found: Result<Arc<Finding>, String>,
    },
    /// A record was written, or why not.
    Recorded(Result<Vec<PathBuf>, String>),
}

/// What takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading the weights.
    Load,
    /// Waiting for an older job to stop.
    Wait,
    /// Decoding the photo.
    Open,
    /// Running the network forward.
    Forward,
    /// Computing the map.
    Explain,
}

impl Stage {
    /// What is being done, in words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Load => "loading the network",
            Self::Wait => "finishing the step before",
            Self::Open => "reading the photo",
            Self::Forward => "running the network",
            Self::Explain => "explaining",
        }
    }
}

/// One photo to be explained in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// For which pane.
    pub pane: usize,
    /// By which of the networks.
    pub network: usize,
    /// The photo's file.
    pub photo: PathBuf,
    /// Whether to read the file again even if it is one at hand.
    pub reread: bool,
    /// The class; the likeliest if none.
    pub class: Option<usize>,
    /// The class whose map is taken away.
    pub against: Option<usize>,
    /// The method.
    pub method: Method,
    /// The target layer.
    pub layer: Name,
    /// The colours of the map.
    pub colors: ColorMap,
}

/// What the worker is to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Counts up; a reply carries its job's.
    pub number: u64,
    /// One for each pane that is not as wished.
    pub asks: Vec<Ask>,
}

/// Photos to look at when there is nothing better to do.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// All photos.
    pub photos: Arc<Vec<PathBuf>>,
    /// Those wanted, most wanted first.
    pub wanted: Vec<usize>,
    /// Whether to go on with all others.
    pub rest: bool,
}

/// A message to the worker.
#[derive(Clone, Debug)]
pub enum Order {
    /// Do this, and nothing older.
    Job(Job),
    /// Do nothing of what was ordered but surveys.
    Cancel,
    /// Then this, so that it is at hand when it is asked for.
    Ahead(Vec<Ask>),
    /// Then look at these.
    Survey(Survey),
    /// Write a record of this into this folder.
    Record(Ask, PathBuf),
}

/// Something to be done outside the model.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Tell the worker.
    Work(Order),
    /// Write these files, in a thread.
    Save(Box<super::save::Take>),
    /// Compare the scenes with the first one, in a thread; comes back under this number.
    Measure(u64, Vec<Option<Arc<Scene>>>),
    /// Encode these pictures, in a thread.
    Encode(Box<Batch>),
    /// Send this to the terminal as it is.
    Send(String),
    /// Give this text to the terminal's clipboard.
    Copy(String),
    /// Draw every cell anew.
    Redraw,
    /// Stop until the shell continues the program.
    Suspend,
    /// Leave.
    Quit,
    /// Leave and say why.
    Fail(String),
}
