//! A folder's photos on their way: some threads decode, some ask the network, one paints and writes, each some photos ahead
//! of the next. Photos come out in the order in which they went in, and no more than a few batches are in memory at a time.
//!
//! On the processor, two threads get further with two photos than with both at the same one: they need not wait for each
//! other after each layer. So the threads that compute form crews, and batches of photos are dealt to these in turn. A GPU
//! works for one crew while the other finishes the maps it got.

mod dealing;

use std::{
    io,
    ops::Range,
    path::Path,
    sync::{
        atomic::Ordering,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, Scope},
    time::Instant,
};

use anyhow::{Context, Result};
use saltty::{
    device::Device,
    explain::{Article, Session},
    model::ANSWERS,
    nn::kernel::{Kernels, threads},
    photo::Photo,
    raster::Raster,
    scene::ClassScore,
    studio::Explanation,
};

pub use dealing::Stream;
use dealing::{batches, share};

use super::{
    Run, arrays,
    stopwatch::Stopwatch,
    wanted::{self, Wanted},
};
use crate::output;

/// Threads that decode for each crew before a GPU, which is quicker than one of them, at most. A crew on the processor has one.
const DECODERS: usize = 4;
/// The same for a crew that computes on the processor alone.
const DECODERS_OF_ONE: usize = 2;
/// Crews at most: each has photos of its own in memory, as many as are computed together.
const CREWS: usize = 4;
/// The same before a GPU, who share the photos that it computes together.
const BEFORE_GPU: usize = 2;
/// Photos that wait between two steps.
const AHEAD: usize = 2;
/// Pictures painted or written at the same time; more than processors, as writing is mostly waiting for the disk.
const HANDS: usize = 8;

/// A photo as the network sees it.
#[derive(Clone)]
pub struct Decoded<'p> {
    pub path: &'p Path,
    /// Width and height of the file's picture.
    pub size: [usize; 2],
    pub square: Raster,
    pub watch: Stopwatch,
    pub began: Instant,
}

/// A photo in front of the network.
pub struct Subject<'s> {
    pub path: &'s Path,
    pub square: &'s Raster,
    pub session: Session,
    pub classes: Vec<usize>,
}

/// What the network says of a photo.
pub struct Told<'p> {
    pub photo: Decoded<'p>,
    /// The likeliest classes.
    pub top: Vec<ClassScore>,
    /// The first class explained.
    pub class: ClassScore,
    pub maps: Maps,
    /// The file of arrays, if it is asked for.
    pub arrays: Option<Vec<u8>>,
    /// Seconds since decoding began, when each map was there.
    pub seconds: Vec<f64>,
}

/// A photo of which there is nothing to tell yet.
enum Untold<'p> {
    Failed(anyhow::Error),
    /// Photos beside it may have taken the room on the device.
    Crowded(Box<Decoded<'p>>),
}

/// The maps of one photo.
pub enum Maps {
    /// Of each class, each method's.
    Methods(Vec<Explanation>),
    /// The article's three.
    Article(Article),
}

/// Starts the threads.
pub fn start<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    run: &'scope Run<'env>,
    photos: &'scope [impl AsRef<Path> + Sync],
) -> io::Result<Stream<'scope>> {
    let count = run.crews(photos.len());
    let batches = batches(photos.len(), count, run.batch(count));
    let mut crews = Vec::new();
    for crew in 0..count {
        let batches: Vec<Range<usize>> = batches.iter().skip(crew).step_by(count).cloned().collect();
        let sizes: Vec<usize> = batches.iter().map(Range::len).collect();
        let most = sizes.iter().copied().max().unwrap_or(1);
        let mut decoders = Vec::new();
        let threads = ((threads::count() + crew) / count).max(1);
        let decoding = run.decoders(count, threads).min(photos.len());
        for first in 0..decoding {
            let (to, from) = sync_channel(AHEAD.max(most).div_ceil(decoding));
            let mut mine = batches.clone().into_iter().flatten().skip(first).step_by(decoding);
            thread::Builder::new().name(format!("decoder {crew} {first}")).spawn_scoped(scope, move || {
                let _ = mine.all(|photo| to.send(run.decode(photos[photo].as_ref())).is_ok());
            })?;
            decoders.push(from);
        }
        let (to, from) = sync_channel(if count == 1 { AHEAD } else { AHEAD.max(most) });
        thread::Builder::new().name(format!("network {crew}")).spawn_scoped(scope, move || {
            threads::enlist(threads);
            ask(run, (count, &sizes), &decoders, &to);
        })?;
        crews.push(from);
    }
    Ok(Stream::new(crews, &batches))
}

/// Takes a photo from each decoder in turn, as many as are computed together, until one has no more or nobody wants to
/// know.
fn ask<'p>(
    run: &Run,
    (crews, batches): (usize, &[usize]),
    decoders: &[Receiver<Result<Decoded<'p>>>],
    to: &SyncSender<Result<Told<'p>>>,
) {
    let mut photos = decoders.iter().cycle().map_while(|decoder| decoder.recv().ok());
    for &batch in batches {
        let mut left = batch;
        while left > 0 {
            let together: Vec<_> = photos.by_ref().take(left.min(run.batch(crews))).collect();
            left -= together.len();
            if together.is_empty() || !run.ask_all(crews, together, |told| to.send(told).is_ok()) {
                return;
            }
        }
    }
}

impl Run<'_> {
    fn decode<'p>(&self, path: &'p Path) -> Result<Decoded<'p>> {
        let (mut watch, began) = (Stopwatch::start(&self.before), Instant::now());
        let photo = Photo::open(path)?;
        watch.lap("decode");
        let square = self.studio.fit(&photo);
        watch.lap("prepare");
        Ok(Decoded { path, size: [photo.raster.width, photo.raster.height], square, watch, began })
    }

    /// How many crews compute.
    fn crews(&self, photos: usize) -> usize {
        let classifier = self.studio.classifier();
        let most = match (classifier.kernels(), classifier.device()) {
            // What computes by dfdx's operations is one thread's, and needs much memory for each photo.
            (Kernels::Composed, _) => 1,
            (_, Device::Cuda(_)) => BEFORE_GPU.min(self.together()).min(photos.div_ceil(self.batch(BEFORE_GPU))),
            (_, Device::Cpu) => threads::count().min(CREWS),
        };
        most.min(photos).max(1)
    }

    /// How many threads decode for each of so many crews of so many threads.
    fn decoders(&self, crews: usize, threads: usize) -> usize {
        match self.studio.classifier().device() {
            Device::Cuda(_) => DECODERS.min(threads),
            Device::Cpu if crews == 1 => DECODERS_OF_ONE,
            Device::Cpu => 1,
        }
    }

    /// How many photos are computed together: by each crew on the processor, by all on a GPU.
    fn together(&self) -> usize {
        let classifier = self.studio.classifier();
        let usual =
            || if classifier.device() == Device::Cpu && !self.sweeps_together() { 1 } else { classifier.together() };
        self.options.batch.unwrap_or_else(usual)
    }

    /// How many photos each of so many crews computes together; fewer than at first if the device had no room for so many.
    fn batch(&self, crews: usize) -> usize {
        share(self.together(), self.sharing(crews), self.halved.load(Ordering::Relaxed))
    }

    /// How many of so many crews share the room on the device; on the processor each has its own.
    fn sharing(&self, crews: usize) -> usize {
        if self.studio.classifier().device() == Device::Cpu { 1 } else { crews }
    }

    /// Whether photos computed together will be asked for the same in turn: each for its likeliest classes, and for so few maps
    /// that those of the others are kept meanwhile.
    fn sweeps_together(&self) -> bool {
        let likeliest: Option<usize> = self.classes.iter().map(Wanted::rank).sum();
        self.options.recipe.is_some() || likeliest.is_some_and(|classes| classes * self.methods.len() <= ANSWERS)
    }

    /// Halves the batches to come if one did not fit the device that was computed when they had been halved so often; says so once.
    fn shrink(&self, error: &saltty::Error, halved: usize) {
        let next = self.halved.compare_exchange(halved, halved + 1, Ordering::Relaxed, Ordering::Relaxed);
        if next == Ok(0) {
            let remark = format!("note: {error}; photos are computed in smaller batches instead\n");
            self.progress.suspend(|| output::remark(&remark));
        }
    }

    /// Asks the network of all photos at once, and hands on what it says of each, in order; ends early and says so if
    /// nobody wants it. For what had no room on the device beside other crews' photos, these are waited for.
    fn ask_all<'p>(
        &self,
        crews: usize,
        photos: Vec<Result<Decoded<'p>>>,
        mut hand_on: impl FnMut(Result<Told<'p>>) -> bool,
    ) -> bool {
        if self.sharing(crews) == 1 {
            return self.ask_together(false, photos, |told| hand_on(told.or_else(|untold| self.ask_again(untold))));
        }
        // Nothing is handed on meanwhile: who waits for somebody to take it must not keep others from the device.
        let (mut all, beside) = (Vec::new(), self.device.read());
        self.ask_together(true, photos, |told| {
            all.push(told);
            true
        });
        drop(beside);
        all.into_iter().all(|told| hand_on(told.or_else(|untold| self.ask_again(untold))))
    }

    /// What the network says of photos asked of at once. Where they fail together, each is asked of alone, so that it is known
    /// which one failed; if that is the device's fault, none is asked of any more.
    fn ask_together<'p>(
        &self,
        shared: bool,
        mut photos: Vec<Result<Decoded<'p>>>,
        mut tell: impl FnMut(Result<Told<'p>, Untold<'p>>) -> bool,
    ) -> bool {
        let halved = self.halved.load(Ordering::Relaxed);
        photos.iter_mut().flatten().for_each(|photo| photo.watch.resume());
        let squares: Vec<&Raster> = photos.iter().flatten().map(|photo| &photo.square).collect();
        let several = squares.len() > 1;
        let together = if several { self.studio.sessions(&squares) } else { Ok(Vec::new()) };
        let share = squares.len().max(1) as f64;
        photos.iter_mut().flatten().for_each(|photo| photo.watch.lap_shared("forward", share));
        // Whether this may work with fewer photos on the device.
        let is_crowded = |error: &saltty::Error| {
            let devices = matches!(error, saltty::Error::Gpu { .. });
            if devices && several {
                self.shrink(error, halved);
            }
            devices && (several || shared)
        };
        let mut crowded = together.as_ref().is_err_and(is_crowded);
        let mut sessions = together.unwrap_or_default().into_iter();
        let mut ask = |photo: Result<Decoded<'p>>| {
            let mut photo = photo.map_err(Untold::Failed)?;
            if crowded {
                return Err(Untold::Crowded(photo.into()));
            }
            photo.watch.resume();
            let told = match sessions.next() {
                Some(session) => self.ask(photo.clone(), session),
                None => self.ask_alone(photo.clone()),
            };
            told.map_err(|error| {
                crowded = error.downcast_ref().is_some_and(is_crowded);
                if crowded {
                    sessions.by_ref().for_each(drop);
                    return Untold::Crowded(photo.into());
                }
                Untold::Failed(error)
            })
        };
        photos.into_iter().all(|photo| tell(ask(photo)))
    }

    /// Asks of a photo for which there was no room, with the device to itself. (A lock is of use even if somebody panicked.)
    fn ask_again<'p>(&self, untold: Untold<'p>) -> Result<Told<'p>> {
        match untold {
            Untold::Failed(error) => Err(error),
            Untold::Crowded(mut photo) => {
                let _alone = self.device.write();
                photo.watch.resume();
                self.ask_alone(*photo)
            }
        }
    }

    fn ask_alone<'p>(&self, photo: Decoded<'p>) -> Result<Told<'p>> {
        let session = self.studio.session(&photo.square).with_context(|| photo.path.display().to_string())?;
        self.ask(photo, session)
    }

    fn ask<'p>(&self, mut photo: Decoded<'p>, session: Session) -> Result<Told<'p>> {
        let (studio, watch) = (&self.studio, &mut photo.watch);
        watch.lap("forward");
        let classes = wanted::classes(&self.classes, &session);
        let subject = Subject { path: photo.path, square: &photo.square, session, classes };
        let (mut explanations, mut seconds) = (Vec::new(), Vec::new());
        let maps = if self.options.recipe.is_some() {
            let article = subject.session.article(studio.layer())?;
            watch.lap("article");
            Maps::Article(article)
        } else {
            for &class in &subject.classes {
                for &method in &self.methods {
                    explanations.push(studio.explanation(&subject.session, method, class, studio.layer())?);
                    seconds.push(photo.began.elapsed().as_secs_f64());
                    watch.lap(method.id());
                }
            }
            Maps::Methods(explanations)
        };
        let arrays = self
            .options
            .arrays
            .as_ref()
            .map(|_| arrays::bytes(studio, &subject, self.options.recipe.is_some(), &self.methods))
            .transpose()?;
        let top = ClassScore::top(&subject.session, studio.names(), 5);
        let class = ClassScore::of(&subject.session, studio.names(), subject.classes[0]);
        Ok(Told { photo, top, class, maps, arrays, seconds })
    }
}

/// What `f` makes of each item, computed side by side, in order.
pub fn side_by_side<T: Sync, R: Send>(items: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let each = items.len().div_ceil(HANDS).max(1);
    thread::scope(|scope| {
        let hands: Vec<_> =
            items.chunks(each).map(|items| scope.spawn(|| items.iter().map(&f).collect::<Vec<_>>())).collect();
        hands.into_iter().flat_map(|hand| hand.join().expect("painting and writing do not panic")).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::side_by_side;

    #[test]
    fn order_is_kept_whatever_the_number() {
        for count in [0, 1, 7, 8, 9, 100] {
            let items: Vec<usize> = (0..count).collect();
            assert_eq!(side_by_side(&items, |i| 3 * i), items.iter().map(|i| 3 * i).collect::<Vec<_>>());
        }
    }
}
