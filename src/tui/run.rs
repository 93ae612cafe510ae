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
    message::{Effect, Message, Order},
    model::{Model, Start},
    save::save,
    signals::{Happening, Keyboard, Signalled},
    terminal::Screen,
    update::update,
    view,
    worker::{self, Desk, Supply},
};
use crate::{Error, Result, compare::Likeness, survey::Cache};

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

/// What is left of the interface when it has ended.
#[derive(Clone, Debug)]
pub struct Left {
    /// How it ended.
    pub ending: Ending,
    /// All that it knew.
    pub model: Box<Model>,
}

/// What the loop holds.
struct Loop {
    model: Model,
    screen: Screen,
    orders: Sender<Order>,
    sender: Sender<Happening>,
    savers: Vec<JoinHandle<()>>,
    began: Instant,
}

/// Shows the interface until the person leaves. `open` loads the networks, in the worker's thread; what is found out
/// about photos is remembered in `cache`.
///
/// # Errors
/// [`Error::Terminal`].
pub fn run<E>(
    start: Start,
    open: impl FnOnce() -> Result<Vec<Supply>, E> + Send + 'static,
    cache: Option<Cache>,
) -> Result<Left>
where
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    let began = Instant::now();
    let openings = start.openings.clone();
    let open = move || {
        let supplies = open().map_err(|error| error.into().to_string())?;
        Desk::new(supplies, &openings, cache).map_err(|error| error.to_string())
    };
    serve(start, open, began).map_err(|source| Error::Terminal { source })
}

fn serve(
    start: Start,
    open: impl FnOnce() -> Result<Desk, String> + Send + 'static,
    began: Instant,
) -> io::Result<Left> {
    let (sender, happenings) = mpsc::channel();
    // The networks load while the terminal is prepared.
    let to_loop = sender.clone();
    let orders = worker::spawn(open, move |reply| drop(to_loop.send(reply.into())))?;
    let mut model = Model::new(start);
    // Signals first: one that comes now must not leave the terminal as nobody wants it.
    let _signalled = Signalled::start(sender.clone())?;
    let mut screen = Screen::enter()?;
    model.size = screen.size()?;
    screen.draw(|frame| view::draw(&model, frame))?;
    let _keyboard = Keyboard::start(sender.clone())?;
    let mut all = Loop { model, screen, orders, sender, savers: Vec::new(), began };
    let ending = all.run(&happenings);
    drop(all.screen);
    for saver in all.savers {
        let _ = saver.join();
    }
    Ok(Left { ending: ending?, model: Box::new(all.model) })
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
        if !self.model.is_busy() {
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
            Happening::Event(Event::Mouse(mouse)) => Message::Mouse(mouse),
            Happening::Event(Event::Resize(columns, rows)) => Message::Resized(columns, rows),
            Happening::Event(_) => return Ok(None),
            Happening::Message(message) => message,
        };
        let tick = update(&mut self.model, Message::Tick(self.began.elapsed()));
        for effect in tick.into_iter().chain(update(&mut self.model, message)) {
            if let Some(ending) = self.perform(effect)? {
                return Ok(Some(ending));
            }
        }
        Ok(None)
    }

    fn perform(&mut self, effect: Effect) -> io::Result<Option<Ending>> {
        match effect {
            Effect::Work(order) => drop(self.orders.send(order)),
            Effect::Save(take) => {
                self.aside(move || Message::Saved(save(Path::new(""), &take).map_err(|error| error.to_string())));
            }
            Effect::Measure(number, scenes) => self.aside(move || {
                let first = scenes.first().cloned().flatten();
                let likeness = |scene: &Option<std::sync::Arc<crate::scene::Scene>>| {
                    Some(Likeness::of(&first.as_ref()?.shown, &scene.as_ref()?.shown))
                };
                Message::Measured(number, scenes.iter().map(likeness).collect())
            }),
            Effect::Copy(text) => self.screen.copy(&text)?,
            Effect::Redraw => self.screen.clear()?,
            Effect::Suspend => self.screen.suspend()?,
            Effect::Quit => return Ok(Some(Ending::Quit)),
            Effect::Fail(reason) => return Ok(Some(Ending::Failed(reason))),
        }
        Ok(None)
    }

    /// Does `work` in a thread of its own; the message it makes comes back.
    fn aside(&mut self, work: impl FnOnce() -> Message + Send + 'static) {
        self.savers.retain(|saver| !saver.is_finished());
        let sender = self.sender.clone();
        self.savers.push(thread::spawn(move || drop(sender.send(Happening::Message(work())))));
    }
}
