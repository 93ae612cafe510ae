//! What can happen, and what is to be done about it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use ratatui::crossterm::event::KeyEvent;

use super::model::Catalogue;
use crate::{explain::Method, heatmap::ColorMap, nn::Name, raster::Raster, scene::Scene};

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key went down.
    Key(KeyEvent),
    /// Text was pasted.
    Pasted(String),
    /// The terminal has another size, or forgot what it showed.
    Resized,
    /// Time went by: so long since the start.
    Tick(Duration),
    /// The worker has something to say.
    Reply(Reply),
    /// Pictures were written into these files, or why not.
    Saved(Result<Vec<PathBuf>, String>),
}

/// What the worker says.
#[derive(Clone, Debug)]
pub enum Reply {
    /// The network is loaded.
    Ready(Box<Catalogue>),
    /// The network cannot be loaded, or not be used as asked; there is nothing to go on with.
    Unusable(String),
    /// The job has come so far.
    Reached {
        /// Which job.
        number: u64,
        /// What is done now.
        stage: Stage,
    },
    /// The job's photo is decoded.
    Opened {
        /// Which job.
        number: u64,
        /// The photo as the network sees it.
        photo: Arc<Raster>,
    },
    /// The job is done.
    Done {
        /// Which job.
        number: u64,
        /// What came of it.
        scene: Arc<Scene>,
    },
    /// The job failed.
    Failed {
        /// Which job.
        number: u64,
        /// Why, in one sentence.
        reason: String,
    },
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

/// A photo to be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Counts up; a reply carries its job's.
    pub number: u64,
    /// The photo's file.
    pub photo: PathBuf,
    /// Whether to read the file again even if it is the one at hand.
    pub reread: bool,
    /// The class; the likeliest if none.
    pub class: Option<usize>,
    /// The method.
    pub method: Method,
    /// The target layer.
    pub layer: Name,
    /// The colours of the map.
    pub colors: ColorMap,
}

/// Something to be done outside the model.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Give the worker this job; it drops older ones.
    Work(Job),
    /// Write the pictures of this scene of this photo.
    Save {
        /// The photo's file.
        photo: PathBuf,
        /// What is shown.
        scene: Arc<Scene>,
    },
    /// Draw every cell anew.
    Redraw,
    /// Stop until the shell continues the program.
    Suspend,
    /// Leave.
    Quit,
    /// Leave and say why.
    Fail(String),
}
