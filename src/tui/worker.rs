//! The one thread that owns the network.

mod inbox;
mod studio;

use std::{
    any::Any,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{self, Sender},
    },
    thread,
};

pub use studio::Desk;

use super::{
    message::{Job, Reply, Stage},
    model::Catalogue,
};
use crate::{raster::Raster, scene::Scene};
use inbox::Inbox;

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

    /// Does `job`; asks `watch` before each stage and stops with nothing when told so.
    ///
    /// # Errors
    /// One sentence on why the photo cannot be explained so.
    fn explain(&mut self, job: &Job, watch: &mut dyn Watch) -> Result<Option<Scene>, String>;

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
) -> io::Result<Sender<Job>> {
    let (jobs, inbox) = mpsc::channel();
    let work = move || match caught(open) {
        Ok(workshop) => serve(workshop, Inbox::new(inbox), &tell),
        Err(reason) => tell(Reply::Unusable(reason)),
    };
    thread::Builder::new().name(THREAD.to_owned()).stack_size(STACK).spawn(work)?;
    Ok(jobs)
}

fn serve(mut workshop: impl Workshop, mut inbox: Inbox, tell: &impl Fn(Reply)) {
    tell(Reply::Ready(Box::new(workshop.catalogue())));
    while let Some(job) = inbox.next() {
        let number = job.number;
        let mut watch = Watcher { number, inbox: &mut inbox, tell };
        let done = caught(|| Ok(workshop.explain(&job, &mut watch)));
        match done {
            Ok(Ok(Some(scene))) => tell(Reply::Done { number, scene: Arc::new(scene) }),
            Ok(Ok(None)) => {}
            Ok(Err(reason)) => tell(Reply::Failed { number, reason }),
            Err(panic) => {
                workshop.forget();
                tell(Reply::Failed { number, reason: panic });
            }
        }
    }
}

/// Passes on what a workshop tells of one job.
struct Watcher<'w, T> {
    number: u64,
    inbox: &'w mut Inbox,
    tell: &'w T,
}

impl<T: Fn(Reply)> Watch for Watcher<'_, T> {
    fn go_on(&mut self, stage: Stage) -> bool {
        (self.tell)(Reply::Reached { number: self.number, stage });
        !self.inbox.has_newer()
    }

    fn opened(&mut self, photo: &Raster) {
        (self.tell)(Reply::Opened { number: self.number, photo: Arc::new(photo.clone()) });
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
