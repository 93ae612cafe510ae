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
use crate::scene::Scene;
use inbox::Inbox;

/// Name of the worker's thread: a panic there is told on the screen instead of beside it.
pub const THREAD: &str = "saltty worker";
/// Bytes of its stack; networks are nested types.
const STACK: usize = 16 << 20;

/// Where jobs are done.
pub trait Workshop {
    /// What can be asked for.
    fn catalogue(&self) -> Catalogue;

    /// Does `job`; calls `go_on` before each stage and stops with nothing when told that a newer job waits.
    ///
    /// # Errors
    /// One sentence on why the photo cannot be explained so.
    fn explain(&mut self, job: &Job, go_on: &mut dyn FnMut(Stage) -> bool) -> Result<Option<Scene>, String>;

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
        let mut go_on = |stage| {
            tell(Reply::Reached { number, stage });
            !inbox.has_newer()
        };
        let done = caught(|| Ok(workshop.explain(&job, &mut go_on)));
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
