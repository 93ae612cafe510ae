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
    graphics,
    message::{Effect, Message, Order},
    meter::{Drawn, TELLING},
    model::{Model, Start},
    save::save,
    signals::{Asked, Happening, Keyboard, Signalled, Timing},
    terminal::Screen,
    update::update,
    view,
    worker::{self, Desk, Supply},
};
use crate::{
    Error, Result,
    compare::Likeness,
    survey::Cache,
    terminal::{Choice, Facts, Protocol, Surroundings, Wishes, question, window_cell},
};

/// How many drawings are timed to find out whether the link is slow.
const TIMINGS: u32 = 5;
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

/// What the terminal is asked, and what is wished of it.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// Where saltty runs.
    pub here: Surroundings,
    /// What is wished.
    pub wishes: Wishes,
}

impl Asking {
    /// Decides by what is known.
    fn choose(&self, facts: &Facts) -> Choice {
        Choice::new(&self.wishes, &self.here, facts, window_cell())
    }
}

/// What the loop holds.
struct Loop {
    asking: Asking,
    facts: Facts,
    /// When the first key came that was not drawn yet.
    key: Option<Instant>,
    keyboard: Keyboard,
    /// How many drawings more are timed.
    timings: u32,
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
    asking: Asking,
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
    serve(start, asking, open, began).map_err(|source| Error::Terminal { source })
}

fn serve(
    start: Start,
    asking: Asking,
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
    let limit = asking.wishes.limit();
    let asked = question(&asking.here, limit).ok();
    if let Some(question) = &asked {
        screen.ask(question)?;
    }
    let asked = asked.map(|_| Asked { limit, here: asking.here.clone() });
    let keyboard = Keyboard::start(sender.clone(), asked)?;
    let (facts, key, savers, timings) = (Facts::default(), None, Vec::new(), TIMINGS);
    let mut all = Loop { asking, facts, key, keyboard, timings, model, screen, orders, sender, savers, began };
    all.adopt()?;
    all.draw()?;
    let ending = all.run(&happenings);
    if let Some(graphics) = all.model.graphics.filter(|graphics| graphics.protocol == Protocol::Kitty) {
        // A terminal that was closed has none left.
        let _ = all.screen.send(&graphics::delete_all(graphics.wrapped));
    }
    drop(all.keyboard);
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
            self.draw()?;
        }
    }

    /// Draws, and once more where the meter is to show what that cost, or where the link proved too slow for pictures.
    fn draw(&mut self) -> io::Result<()> {
        let since = Instant::now();
        let Self { model, screen, .. } = &mut *self;
        let drawn = screen.draw(|frame| view::draw(model, frame))?;
        self.time(drawn.bytes, since);
        let key = self.key.take().map(|pressed| pressed.elapsed());
        let graphics = self.model.graphics;
        self.hear(Message::Drawn(Drawn { key, ..drawn }))?;
        if self.model.meter.is_some() || self.model.graphics != graphics {
            let Self { model, screen, .. } = &mut *self;
            screen.draw(|frame| view::draw(model, frame))?;
        }
        Ok(())
    }

    /// Has a drawing's way to the terminal timed: what is before a link may take all at once, so that sending says
    /// nothing.
    fn time(&mut self, bytes: usize, since: Instant) {
        let watched = self.model.choice.as_ref().is_some_and(|choice| choice.watched) && !self.model.is_slow();
        if let (true, true, Some(round_trip)) = (watched && bytes >= TELLING, self.timings > 0, self.facts.round_trip) {
            self.timings -= 1;
            self.keyboard.time(Timing { bytes, since, round_trip });
        }
    }

    /// Uses the terminal as was chosen by what is known of it.
    fn adopt(&mut self) -> io::Result<()> {
        let choice = self.asking.choose(&self.facts);
        self.screen.synchronise(choice.sync.value);
        self.hear(Message::Terminal(Box::new(choice))).map(|_| ())
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
            Happening::Signal(SIGTSTP) => {
                self.screen.suspend()?;
                Message::Forgotten
            }
            Happening::Signal(SIGCONT) => {
                self.screen.resume()?;
                Message::Forgotten
            }
            Happening::Signal(signal) => return Ok(Some(Ending::Signal(signal))),
            Happening::Deaf(error) => return Err(error),
            Happening::Answered(facts, here) => {
                self.facts = facts;
                if let Some(here) = here {
                    self.asking.here = *here;
                }
                self.adopt()?;
                return Ok(None);
            }
            Happening::Event(Event::Key(key)) => {
                self.key.get_or_insert_with(Instant::now);
                Message::Key(key)
            }
            Happening::Event(Event::Paste(text)) => Message::Pasted(text),
            Happening::Event(Event::Mouse(mouse)) => Message::Mouse(mouse),
            Happening::Event(Event::Resize(columns, rows)) => {
                // The letters may have another size now.
                self.facts.cell = window_cell().or(self.facts.cell);
                self.adopt()?;
                Message::Resized(columns, rows)
            }
            Happening::Event(_) => return Ok(None),
            Happening::Message(message) => message,
        };
        if let Some(ending) = self.hear(Message::Tick(self.began.elapsed()))? {
            return Ok(Some(ending));
        }
        self.hear(message)
    }

    /// Changes the model and does what is to be done for that.
    fn hear(&mut self, message: Message) -> io::Result<Option<Ending>> {
        for effect in update(&mut self.model, message) {
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
            Effect::Encode(batch) => self.aside(move || Message::Made(graphics::encode(&batch))),
            Effect::Send(text) => self.screen.send(&text)?,
            Effect::Copy(text) => self.screen.copy(&text)?,
            Effect::Redraw => self.screen.clear()?,
            Effect::Suspend => {
                self.screen.suspend()?;
                return self.hear(Message::Forgotten);
            }
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
