//! All that the interface knows.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    message::{Job, Stage},
    search::Search,
};
use crate::{
    classes::ClassNames,
    explain::Method,
    heatmap::ColorMap,
    model::Layer,
    raster::{Depth, Raster},
    scene::{ClassScore, Scene},
};

/// What the interface begins with.
#[derive(Clone, Debug)]
pub struct Start {
    /// The photos, at least one.
    pub photos: Vec<PathBuf>,
    /// The class to explain, as it was asked for; each photo's likeliest if none.
    pub class: Option<String>,
    /// The method.
    pub method: Method,
    /// The colours of the map.
    pub colors: ColorMap,
    /// The colours the terminal has.
    pub depth: Depth,
}

/// What a loaded network offers.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// Names of its classes.
    pub names: Arc<ClassNames>,
    /// Layers that can be the target layer, in order of computation.
    pub layers: Vec<Layer>,
    /// Which of them it is to begin with.
    pub layer: usize,
    /// Methods it can be explained by.
    pub methods: Vec<Method>,
    /// The class to explain in all photos, where one was asked for.
    pub class: Option<usize>,
}

/// What the person wants to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// A class for this photo alone.
    pub here: Option<usize>,
    /// A class for all photos.
    pub kept: Option<usize>,
    /// The method.
    pub method: Method,
    /// Which of the catalogue's layers.
    pub layer: usize,
    /// The colours of the map.
    pub colors: ColorMap,
}

/// What the keys act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The pictures.
    Look,
    /// The list of keys, from this line on.
    Help(usize),
    /// All about the picture, from this line on.
    Details(usize),
    /// Looking a class up.
    Search(Search),
}

/// What the worker is doing for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// The job's number; 0 while the network is loaded.
    pub number: u64,
    /// How far it has come.
    pub stage: Stage,
    /// When it began, counted as [`Model::clock`].
    pub since: Duration,
}

/// A picture and whose it is.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Which of the photos.
    pub photo: usize,
    /// What came of it.
    pub scene: Arc<Scene>,
}

/// A line to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Something was done, or cannot be.
    Said(String),
    /// Something went wrong.
    Wrong(String),
}

/// All that the interface knows.
#[derive(Clone, Debug)]
pub struct Model {
    /// The photos, at least one.
    pub photos: Vec<PathBuf>,
    /// Which of them is looked at.
    pub at: usize,
    /// What is wanted.
    pub wish: Wish,
    /// What the network offers, once it is loaded.
    pub catalogue: Option<Catalogue>,
    /// The photo at hand, from when it is decoded until there is a picture.
    pub photo: Option<Arc<Raster>>,
    /// The latest picture.
    pub shown: Option<Shown>,
    /// Why there is no picture of the photo at hand, or not the one wanted.
    pub failure: Option<String>,
    /// What is being done.
    pub work: Option<Work>,
    /// What the keys act on.
    pub mode: Mode,
    /// Whether the overlay is shown alone.
    pub overlay_only: bool,
    /// The latest notice, until the next key.
    pub notice: Option<Notice>,
    /// The colours the terminal has.
    pub depth: Depth,
    /// How long the interface runs.
    pub clock: Duration,
    /// Jobs given so far.
    pub jobs: u64,
}

impl Model {
    /// Before the network is loaded.
    ///
    /// # Panics
    /// Without photos.
    pub fn new(start: Start) -> Self {
        assert!(!start.photos.is_empty(), "at least one photo");
        let Start { photos, class: _, method, colors, depth } = start;
        Self {
            photos,
            at: 0,
            wish: Wish { here: None, kept: None, method, layer: 0, colors },
            catalogue: None,
            photo: None,
            shown: None,
            failure: None,
            work: Some(Work { number: 0, stage: Stage::Load, since: Duration::ZERO }),
            mode: Mode::Look,
            overlay_only: false,
            notice: None,
            depth,
            clock: Duration::ZERO,
            jobs: 0,
        }
    }

    /// The picture of the photo at hand, if there is one.
    pub fn scene(&self) -> Option<&Scene> {
        self.shown.as_ref().filter(|shown| shown.photo == self.at).map(|shown| &*shown.scene)
    }

    /// The classes listed: the likeliest, and the explained one if it is not among them.
    pub fn listed(&self) -> Vec<&ClassScore> {
        let Some(scene) = self.scene() else { return Vec::new() };
        let extra = (!scene.top.iter().any(|class| class.index == scene.class.index)).then_some(&scene.class);
        scene.top.iter().chain(extra).collect()
    }

    /// The class that is explained, or will be when the work is done; none while that is not known.
    pub fn marked(&self) -> Option<usize> {
        if self.work.is_some() {
            let likeliest = || self.scene().and_then(|scene| scene.top.first()).map(|class| class.index);
            return self.wish.here.or(self.wish.kept).or_else(likeliest);
        }
        self.scene().map(|scene| scene.class.index)
    }

    /// The target layer wanted.
    pub fn layer(&self) -> Option<&Layer> {
        self.catalogue.as_ref()?.layers.get(self.wish.layer)
    }

    /// How long the present work takes already.
    pub fn elapsed(&self) -> Duration {
        self.work.map_or(Duration::ZERO, |work| self.clock.saturating_sub(work.since))
    }

    /// The next job, as wished; none before the network is loaded.
    pub(super) fn next_job(&mut self, reread: bool) -> Option<Job> {
        let layer = self.layer()?.name.clone();
        self.jobs += 1;
        self.work = Some(Work { number: self.jobs, stage: Stage::Wait, since: self.clock });
        self.failure = None;
        Some(Job {
            number: self.jobs,
            photo: self.photos[self.at].clone(),
            reread,
            class: self.wish.here.or(self.wish.kept),
            method: self.wish.method,
            layer,
            colors: self.wish.colors,
        })
    }
}
