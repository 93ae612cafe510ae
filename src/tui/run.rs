//! The loop: waits for whatever happens, draws when something changed, never computes.

use std::{
    error::Error as StdError,
    io,
    path::Path,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use ratatui::crossterm::event::Event;
use signal_hook::consts::{SIGCONT, SIGTSTP};

use super::{
    message::{Effect, Job, Message},
    model::{Model, Start},
    save::save,
    signals::{Happening, Keyboard, Signalled},
    terminal::Screen,
    update::update,
    view,
    worker::{self, Desk},
};
use crate::{Error, Result, studio::Studio};

/// How often the clock moves while something is being done.
const TICK: Duration = Duration::from_millis(100);

/// How the interface ended; the terminal is given back in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The person left.
    Quit,
    /// The network cannot be used; one sentence says why.
    Failed(String),
    /// A signal ended it.
    Signal(i32),
}

/// What the loop holds.
struct Loop {
    model: Model,
    screen: Screen,
    jobs: Sender<Job>,
    sender: Sender<Happening>,
    savers: Vec<JoinHandle<()>>,
    began: Instant,
}

/// Shows the interface until the person leaves. `open` loads the network, in the worker's thread.
///
/// # Errors
/// [`Error::Terminal`].
pub fn run<E>(start: Start, open: impl FnOnce() -> Result<Studio, E> + Send + 'static) -> Result<Ending>
where
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    serve(start, open).map_err(|source| Error::Terminal { source })
}

fn serve<E>(start: Start, open: impl FnOnce() -> Result<Studio, E> + Send + 'static) -> io::Result<Ending>
where
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    let began = Instant::now();
    let (sender, happenings) = mpsc::channel();
    let class = start.class.clone();
    let model = Model::new(start);
    // Signals first: one that comes now must not leave the terminal as nobody wants it.
    let _signalled = Signalled::start(sender.clone())?;
    let mut screen = Screen::enter()?;
    screen.draw(|frame| view::draw(&model, frame))?;
    let _keyboard = Keyboard::start(sender.clone())?;
    let open = move || {
        let studio = open().map_err(|error| error.into().to_string())?;
        Desk::new(studio, class.as_deref()).map_err(|error| error.to_string())
    };
    let to_loop = sender.clone();
    let jobs = worker::spawn(open, move |reply| drop(to_loop.send(reply.into())))?;
    let mut all = Loop { model, screen, jobs, sender, savers: Vec::new(), began };
    let ending = all.run(&happenings);
    drop(all.screen);
    for saver in all.savers {
        let _ = saver.join();
    }
    ending
}

impl Loop {
    fn run(&mut self, happenings: &Receiver<Happening>) -> io::Result<Ending> {
        loop {
            let first = self.wait(happenings);
            for happening in first.into_iter().chain(happenings.try_iter()) {
                if let Some(ending) = self.take(happening)? {
                    return Ok(ending);
                }
            }
            let Self { model, screen, .. } = &mut *self;
            screen.draw(|frame| view::draw(model, frame))?;
        }
    }

    /// The next happening, or the clock's if something is being done.
    fn wait(&self, happenings: &Receiver<Happening>) -> Option<Happening> {
        let tick = || Some(Happening::Message(Message::Tick(self.began.elapsed())));
        if self.model.work.is_none() {
            return happenings.recv().ok();
        }
        match happenings.recv_timeout(TICK) {
            Ok(happening) => Some(happening),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => tick(),
        }
    }

    fn take(&mut self, happening: Happening) -> io::Result<Option<Ending>> {
        let message = match happening {
            Happening::Signal(SIGTSTP) => return self.screen.suspend().map(|()| None),
            Happening::Signal(SIGCONT) => return self.screen.resume().map(|()| None),
            Happening::Signal(signal) => return Ok(Some(Ending::Signal(signal))),
            Happening::Deaf(error) => return Err(error),
            Happening::Event(Event::Key(key)) => Message::Key(key),
            Happening::Event(Event::Paste(text)) => Message::Pasted(text),
            Happening::Event(Event::Resize(..)) => Message::Resized,
            Happening::Event(_) => return Ok(None),
            Happening::Message(message) => message,
        };
        update(&mut self.model, Message::Tick(self.began.elapsed()));
        for effect in update(&mut self.model, message) {
            if let Some(ending) = self.perform(effect)? {
                return Ok(Some(ending));
            }
        }
        Ok(None)
    }

    fn perform(&mut self, effect: Effect) -> io::Result<Option<Ending>> {
        match effect {
            Effect::Work(job) => drop(self.jobs.send(job)),
            Effect::Save { photo, scene } => {
                let sender = self.sender.clone();
                self.savers.push(thread::spawn(move || {
                    let saved = save(Path::new(""), &photo, &scene).map_err(|error| error.to_string());
                    let _ = sender.send(Happening::Message(Message::Saved(saved)));
                }));
            }
            Effect::Redraw => self.screen.clear()?,
            Effect::Suspend => self.screen.suspend()?,
            Effect::Quit => return Ok(Some(Ending::Quit)),
            Effect::Fail(reason) => return Ok(Some(Ending::Failed(reason))),
        }
        Ok(None)
    }
}
