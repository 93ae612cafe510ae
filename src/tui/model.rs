//! All that the interface knows.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    graphics::{Gallery, Graphics},
    keys::KeyMap,
    lens::Lens,
    listing::Listing,
    message::{Ask, Job, Stage},
    meter::Meter,
    pace::Pace,
    pane::{Paint, Pane, Wish},
};
pub use super::{
    mode::{Mode, Page, Pictures},
    start::{Catalogue, Network, Opened, Opening, Start, Words},
};
use crate::{
    compare::{self, Likeness},
    model::Layer,
    raster::{CellShape, Depth},
    scene::{ClassScore, Scene},
    terminal::Choice,
};

/// What the worker is doing for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// The job's number; 0 while the networks are loaded.
    pub number: u64,
    /// How far it has come.
    pub stage: Stage,
    /// When it began, counted as [`Model::clock`].
    pub since: Duration,
    /// A bit for each pane that is not done yet.
    pub awaited: u8,
    /// Panes of the job.
    pub of: u32,
}

impl Work {
    /// Panes that are not done yet.
    pub fn left(&self) -> u32 {
        self.awaited.count_ones()
    }
}

/// A line to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Something was done, or cannot be.
    Said(String),
    /// These files were written.
    Saved(Vec<PathBuf>),
    /// Something went wrong.
    Wrong(String),
}

/// How a difference is painted.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The pane that is taken away from the first.
    pub pane: usize,
    /// In diverging colours.
    pub picture: crate::raster::Raster,
    /// The raw value at the end of the scale, where it is shared.
    pub bound: f64,
}

/// All that the interface knows.
#[derive(Clone, Debug)]
pub struct Model {
    /// The photos, at least one.
    pub photos: Arc<Vec<PathBuf>>,
    /// The panes, 1 to 6.
    pub panes: Vec<Pane>,
    /// Which of them the keys change.
    pub focus: usize,
    /// What there is to choose from, once the networks are loaded.
    pub catalogue: Option<Catalogue>,
    /// How the command line chooses each network.
    pub words: Vec<Words>,
    /// What is being done.
    pub work: Option<Work>,
    /// How long such things took before.
    pub pace: Pace,
    /// What the whole screen is for.
    pub page: Page,
    /// What the keys act on.
    pub mode: Mode,
    /// Which pictures are shown.
    pub pictures: Pictures,
    /// Whether all panes share a scale.
    pub shared: bool,
    /// The signed difference, where it is wanted and there is one.
    pub difference: Option<Arc<Difference>>,
    /// Whether it is wanted.
    pub differs: bool,
    /// How alike each pane is to the first.
    pub likeness: Vec<Option<Likeness>>,
    /// The number of the latest question how alike they are.
    pub measures: u64,
    /// Tenths of the map in the blend; the article's overlay if none.
    pub opacity: Option<u8>,
    /// What is visible of the pictures.
    pub lens: Lens,
    /// The list of photos.
    pub list: Listing,
    /// The latest notice, until the next key.
    pub notice: Option<Notice>,
    /// The colours the terminal has.
    pub depth: Depth,
    /// The shape of the terminal's cells.
    pub cell: CellShape,
    /// How the terminal takes pictures; as half blocks if none.
    pub graphics: Option<Graphics>,
    /// Encoded pictures.
    pub gallery: Gallery,
    /// Why pictures are drawn with fewer bytes, where the link is slow.
    pub slow: Option<String>,
    /// How the terminal was chosen to be used.
    pub choice: Option<Arc<Choice>>,
    /// What drawing costs, while that is shown.
    pub meter: Option<Meter>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Which keys do what.
    pub keys: Arc<KeyMap>,
    /// How long the interface runs.
    pub clock: Duration,
    /// Jobs given so far.
    pub jobs: u64,
}

impl Model {
    /// Before the networks are loaded.
    ///
    /// # Panics
    /// Without photos or panes.
    pub fn new(start: Start) -> Self {
        assert!(!start.photos.is_empty() && !start.openings.is_empty(), "at least one photo and one pane");
        let Start { photos, openings, colors, depth, keys, words, opacity, shared, marks } = start;
        let last = photos.len() - 1;
        let pane = |opening: &Opening| {
            let Opening { network, photo, method, .. } = *opening;
            let (here, kept, against) = (None, None, None);
            let photo = photo.min(last);
            Pane::new(Wish { network, photo, here, kept, against, method, layer: 0, colors })
        };
        let mut list = Listing::new(photos.len());
        list.marks = marks.into_iter().filter(|&photo| photo <= last).collect();
        let panes: Vec<Pane> = openings.iter().map(pane).collect();
        let since = Duration::ZERO;
        Self {
            photos: Arc::new(photos),
            panes,
            focus: 0,
            catalogue: None,
            words,
            work: Some(Work { number: 0, stage: Stage::Load, since, awaited: 0, of: 0 }),
            pace: Pace::default(),
            page: Page::Pictures,
            mode: Mode::Look,
            pictures: Pictures::All,
            shared,
            difference: None,
            differs: false,
            likeness: Vec::new(),
            measures: 0,
            opacity,
            lens: Lens::default(),
            list,
            notice: None,
            depth,
            cell: CellShape::ASSUMED,
            graphics: None,
            gallery: Gallery::default(),
            slow: None,
            choice: None,
            meter: None,
            size: (80, 24),
            keys: Arc::new(keys),
            clock: Duration::ZERO,
            jobs: 0,
        }
    }

    /// The pane that the keys change.
    pub fn pane(&self) -> &Pane {
        &self.panes[self.focus]
    }

    /// The same, to change it.
    pub fn pane_mut(&mut self) -> &mut Pane {
        &mut self.panes[self.focus]
    }

    /// Which photo is looked at.
    pub fn at(&self) -> usize {
        self.pane().wish.photo
    }

    /// Whether panes are compared.
    pub fn compares(&self) -> bool {
        self.panes.len() > 1
    }

    /// The picture of the focused pane, if there is one.
    pub fn scene(&self) -> Option<&Scene> {
        self.pane().scene().map(|scene| &**scene)
    }

    /// The network of the focused pane, once it is loaded.
    pub fn network(&self) -> Option<&Network> {
        self.catalogue.as_ref()?.networks.get(self.pane().wish.network)
    }

    /// How many networks there are.
    pub fn networks(&self) -> usize {
        self.catalogue.as_ref().map_or(1, |catalogue| catalogue.networks.len())
    }

    /// The classes listed: the likeliest, and the explained one if it is not among them.
    pub fn listed(&self) -> Vec<&ClassScore> {
        let Some(scene) = self.scene() else { return Vec::new() };
        let extra = (!scene.top.iter().any(|class| class.index == scene.class.index)).then_some(&scene.class);
        scene.top.iter().chain(extra).collect()
    }

    /// The class that is explained, or will be when the work is done; none while that is not known.
    pub fn marked(&self) -> Option<usize> {
        if self.work.is_some() && !self.pane().is_current() {
            let likeliest = || self.scene().and_then(|scene| scene.top.first()).map(|class| class.index);
            return self.pane().wish.class().or_else(likeliest);
        }
        self.scene().map(|scene| scene.class.index)
    }

    /// The target layer wanted in the focused pane.
    pub fn layer(&self) -> Option<&Layer> {
        self.network()?.layers.get(self.pane().wish.layer)
    }

    /// Whether time matters to what is shown.
    pub fn is_busy(&self) -> bool {
        self.work.is_some() || self.list.is_dirty || self.surveys()
    }

    /// Whether photos of the list are still being looked at.
    pub fn surveys(&self) -> bool {
        self.list.is_open && self.catalogue.is_some() && self.list.known(self.networks()) < self.photos.len()
    }

    /// How long the present work takes already.
    pub fn elapsed(&self) -> Duration {
        self.work.map_or(Duration::ZERO, |work| self.clock.saturating_sub(work.since))
    }

    /// Whether pictures are drawn with few bytes.
    pub fn is_slow(&self) -> bool {
        self.slow.is_some()
    }

    /// The bound of a shared scale, if there is one.
    pub fn bound(&self) -> Option<f64> {
        let scenes = self.panes.iter().filter_map(|pane| pane.scene().map(|scene| &**scene));
        (self.shared && self.compares()).then(|| compare::common_bound(scenes)).filter(|&bound| bound > 0.0)
    }

    /// How the panes are painted now.
    pub fn paint(&self) -> Paint {
        Paint { opacity: self.opacity, bound: self.bound(), plain: self.depth == Depth::Ascii }
    }

    /// What a pane wishes for, as the worker understands it; none before the networks are loaded.
    pub fn ask(&self, pane: usize, wish: &Wish, reread: bool) -> Option<Ask> {
        let network = self.catalogue.as_ref()?.networks.get(wish.network)?;
        Some(Ask {
            pane,
            network: wish.network,
            photo: self.photos.get(wish.photo)?.clone(),
            reread,
            class: wish.class(),
            against: wish.against,
            method: wish.method,
            layer: network.layers.get(wish.layer)?.name.clone(),
            colors: wish.colors,
        })
    }

    /// The next job: all panes that are not as wished, or all of the focused pane's photo to be read again.
    pub(super) fn next_job(&mut self, reread: bool) -> Option<Job> {
        let photo = self.at();
        let again = |pane: &Pane| !pane.is_current() || (reread && pane.wish.photo == photo);
        let stale: Vec<usize> = (0..self.panes.len()).filter(|&at| again(&self.panes[at])).collect();
        let asks: Vec<Ask> = stale.iter().filter_map(|&at| self.ask(at, &self.panes[at].wish, reread)).collect();
        if asks.is_empty() {
            return None;
        }
        for &at in &stale {
            self.panes[at].failure = None;
        }
        self.jobs += 1;
        let (number, of) = (self.jobs, asks.len() as u32);
        let awaited = asks.iter().fold(0, |bits, ask| bits | 1 << ask.pane);
        self.work = Some(Work { number, stage: Stage::Wait, since: self.clock, awaited, of });
        Some(Job { number, asks })
    }
}
