//! The one thread that owns the networks.

mod desk;
mod inbox;
mod sessions;

use std::{
    any::Any,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, Sender},
    },
    thread,
};

pub use desk::{Desk, Supply};

use super::{
    message::{Ask, Job, Order, Reply, Stage},
    model::Catalogue,
};
use crate::{raster::Raster, scene::Scene, survey::Finding};
use inbox::{Inbox, Task};

/// Name of the worker's thread: a panic there is told on the screen instead of beside it.
pub const THREAD: &str = "saltty worker";
/// Bytes of its stack; networks are nested types.
const STACK: usize = 16 << 20;

/// Who is told how a job comes on.
pub trait Watch {
    /// The job enters `stage`; false if it should stop because a newer one waits.
    fn go_on(&mut self, stage: Stage) -> bool;

    /// The photo is decoded and square.
    fn opened(&mut self, photo: &Raster);
}

/// Where jobs are done.
pub trait Workshop {
    /// What can be asked for.
    fn catalogue(&self) -> Catalogue;

    /// So many photos and networks will be asked for at once; as many passes are worth remembering.
    fn expect(&mut self, asks: usize) {
        let _ = asks;
    }

    /// Explains; asks `watch` before each stage and stops with nothing when told so.
    ///
    /// # Errors
    /// One sentence on why the photo cannot be explained so.
    fn explain(&mut self, ask: &Ask, watch: &mut dyn Watch) -> Result<Option<Scene>, String>;

    /// What `network` says of a photo of the list.
    ///
    /// # Errors
    /// One sentence on why the photo cannot be looked at.
    fn survey(&mut self, network: usize, photo: &Path) -> Result<Finding, String>;

    /// Writes a record into `folder`; says which files.
    ///
    /// # Errors
    /// One sentence on why it cannot be written.
    fn record(&mut self, ask: &Ask, folder: &Path) -> Result<Vec<PathBuf>, String>;

    /// Drops what is remembered of photos, after a panic.
    fn forget(&mut self);
}

/// Starts the thread: `open` makes the workshop in it, `tell` is called there with each reply. The newest job wins: jobs
/// that waited behind it are never begun, and the one at hand stops before its next stage. The thread ends when the
/// sender is dropped.
///
/// # Errors
/// If the system gives no thread.
pub fn spawn<W: Workshop>(
    open: impl FnOnce() -> Result<W, String> + Send + 'static,
    tell: impl Fn(Reply) + Send + 'static,
) -> io::Result<Sender<Order>> {
    let (orders, inbox) = mpsc::channel();
    let work = move || match caught(open) {
        Ok(workshop) => serve(workshop, Inbox::new(inbox), &tell),
        Err(reason) => tell(Reply::Unusable(reason)),
    };
    thread::Builder::new().name(THREAD.to_owned()).stack_size(STACK).spawn(work)?;
    Ok(orders)
}

fn serve(mut workshop: impl Workshop, mut inbox: Inbox, tell: &impl Fn(Reply)) {
    let catalogue = workshop.catalogue();
    let networks = catalogue.networks.len();
    tell(Reply::Ready(Box::new(catalogue)));
    while let Some(task) = inbox.next() {
        match task {
            Task::Job(job) => explain(&mut workshop, &job, &mut inbox, tell),
            Task::Ahead(ask) => {
                let mut watch = Watcher { number: None, pane: 0, inbox: &mut inbox, tell };
                // Nobody waits for this; what is wrong is told when somebody does.
                if caught(|| Ok(workshop.explain(&ask, &mut watch))).is_err() {
                    workshop.forget();
                }
            }
            Task::Record(ask, folder) => {
                let done = caught(|| Ok(workshop.record(&ask, &folder)));
                tell(Reply::Recorded(done.unwrap_or_else(Err)));
            }
            Task::Survey(photo, path) => {
                for network in 0..networks {
                    let found = caught(|| Ok(workshop.survey(network, &path).map(Arc::new)));
                    tell(Reply::Surveyed { photo, network, found: found.unwrap_or_else(Err) });
                }
            }
        }
    }
}

/// Does all asks of `job`, or as many as there is time for.
fn explain(workshop: &mut impl Workshop, job: &Job, inbox: &mut Inbox, tell: &impl Fn(Reply)) {
    let number = job.number;
    workshop.expect(job.asks.len());
    for (at, ask) in job.asks.iter().enumerate() {
        let pane = ask.pane;
        // What one pane read again is fresh for the others.
        let is_fresh = job.asks[..at].iter().any(|before| before.reread && before.photo == ask.photo);
        let ask = &Ask { reread: ask.reread && !is_fresh, ..ask.clone() };
        let mut watch = Watcher { number: Some(number), pane, inbox, tell };
        match caught(|| Ok(workshop.explain(ask, &mut watch))) {
            Ok(Ok(Some(scene))) => tell(Reply::Done { number, pane, scene: Arc::new(scene) }),
            Ok(Ok(None)) => return,
            Ok(Err(reason)) => tell(Reply::Failed { number, pane, reason }),
            Err(panic) => {
                workshop.forget();
                tell(Reply::Failed { number, pane, reason: panic });
            }
        }
    }
}

/// Passes on what a workshop tells of one job, if somebody waits for it.
struct Watcher<'w, T> {
    number: Option<u64>,
    pane: usize,
    inbox: &'w mut Inbox,
    tell: &'w T,
}

impl<T: Fn(Reply)> Watch for Watcher<'_, T> {
    fn go_on(&mut self, stage: Stage) -> bool {
        if let Some(number) = self.number {
            (self.tell)(Reply::Reached { number, stage });
        }
        !self.inbox.is_overtaken()
    }

    fn opened(&mut self, photo: &Raster) {
        if let Some(number) = self.number {
            (self.tell)(Reply::Opened { number, pane: self.pane, photo: Arc::new(photo.clone()) });
        }
    }
}

/// What `f` gives; a panic becomes a sentence.
fn caught<T>(f: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let words = panic_words(&*panic);
        Err(format!("saltty stumbled over this photo or these weights ({words}); please report it, r tries again"))
    })
}

fn panic_words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}
