//! Threads that listen: one to the keys, one to the signals.

use std::{
    io::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::Sender,
    },
    thread,
    time::{Duration, Instant},
};

use ratatui::crossterm::{
    event::{self, Event},
    terminal::size,
};
use signal_hook::{
    consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP},
    iterator::{Handle, Signals},
};

use super::{
    message::{Message, Reply},
    typed,
};
use crate::terminal::{self, Facts, Replies, Surroundings};

/// Whatever wakes the loop.
pub enum Happening {
    /// The terminal sent this.
    Event(Event),
    /// The worker or a writer of files says this.
    Message(Message),
    /// The terminal answered, or will not; where saltty runs, if more is known of that now.
    Answered(Facts, Option<Box<Surroundings>>),
    /// Somebody sent this signal.
    Signal(i32),
    /// No more keys can come.
    Deaf(io::Error),
}

impl From<Reply> for Happening {
    fn from(reply: Reply) -> Self {
        Self::Message(Message::Reply(reply))
    }
}

/// How often the key thread looks whether it is still wanted.
const PATIENCE: Duration = Duration::from_millis(100);

/// How much longer than wanted the terminal's answer is listened to, so that it is not taken for keys.
const LATE: Duration = Duration::from_secs(4);
/// How long tmux may take to hear of the terminal around it.
const SETTLED: Duration = Duration::from_millis(500);
/// How long a drawing is waited for when it is timed.
const LONGEST: Duration = Duration::from_secs(3);
/// A delay that a link explains, and a moment's work of the machine does not.
const NOTICED: Duration = Duration::from_millis(200);

/// The thread that hears signals; dropping this ends it and leaves signals to the system again.
pub struct Signalled(Handle);

impl Signalled {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system gives no thread or no signal.
    pub fn start(to_loop: Sender<Happening>) -> io::Result<Self> {
        let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT])?;
        let handle = signals.handle();
        thread::Builder::new().name("saltty signals".to_owned()).spawn(move || {
            for signal in signals.forever() {
                let _ = to_loop.send(Happening::Signal(signal));
            }
        })?;
        Ok(Self(handle))
    }
}

impl Drop for Signalled {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A drawing whose way to the terminal is to be timed.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Its bytes.
    pub bytes: usize,
    /// When it was begun to be sent.
    pub since: Instant,
    /// How long an answer takes while nothing is sent.
    pub round_trip: Duration,
}

/// A question that was asked just now.
#[derive(Clone, Debug)]
pub struct Asked {
    /// How long its answer is awaited.
    pub limit: Duration,
    /// Where.
    pub here: Surroundings,
}

/// The thread that reads keys; dropping this ends it.
pub struct Keyboard {
    over: Arc<AtomicBool>,
    timing: Arc<Mutex<Option<Timing>>>,
}

impl Keyboard {
    /// Starts the thread. A question asked just now is awaited first.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(to_loop: Sender<Happening>, asked: Option<Asked>) -> io::Result<Self> {
        let began = Instant::now();
        let over = Arc::new(AtomicBool::new(false));
        let until = over.clone();
        let timing = Arc::new(Mutex::new(None));
        let timed = timing.clone();
        thread::Builder::new().name("saltty keys".to_owned()).spawn(move || {
            let heard = catch_unwind(AssertUnwindSafe(|| {
                if let Some(asked) = asked {
                    await_answer((began, &asked), &until, &to_loop)?;
                }
                listen(&until, &timed, &to_loop)
            }));
            let error = heard.unwrap_or_else(|_| Err(io::Error::other("reading keys failed"))).err();
            let _ = error.map(|error| to_loop.send(Happening::Deaf(error)));
        })?;
        Ok(Self { over, timing })
    }

    /// Has a drawing timed that was just sent.
    pub fn time(&self, timing: Timing) {
        *self.timing.lock().unwrap_or_else(PoisonError::into_inner) = Some(timing);
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Awaits the answer, what comes of it late, and what the terminal around tmux says, in this order; what is known after each
/// is told. Keys typed meanwhile count at once.
fn await_answer((began, asked): (Instant, &Asked), over: &AtomicBool, to_loop: &Sender<Happening>) -> io::Result<()> {
    let mut replies = Replies::default();
    let before = size().ok();
    let over = || over.load(Ordering::Relaxed);
    let hear = |replies: &mut Replies, limit, enough: &dyn Fn(&Replies) -> bool| {
        terminal::listen(replies, (began, limit), |said| enough(said) || over(), |bytes| pass_on(&bytes, to_loop))
    };
    let tell = |facts: Facts, here| to_loop.send(Happening::Answered(facts, here));
    hear(&mut replies, asked.limit, &|said| said.facts.complete)?;
    let all = |said: &Replies| said.facts.complete && (said.heard_kitty() || !asked.here.answers_later());
    // tmux was perhaps started for saltty, and has not heard of the terminal around it yet.
    let early = asked.here.tmux && asked.here.around.is_empty();
    if early || !all(&replies) {
        // While this goes on, nothing is timed: who would answer is heard here.
        let _ = tell(Facts { round_trip: None, ..replies.facts.clone() }, None);
    }
    if !all(&replies) {
        // What comes late must not be taken for keys.
        let late = if !replies.facts.complete || asked.here.is_kitty_around() { LATE } else { Duration::ZERO };
        hear(&mut replies, asked.limit + late, &all)?;
    }
    if early {
        hear(&mut replies, began.elapsed() + SETTLED, &|_| false)?;
    }
    let _ = tell(replies.facts.clone(), early.then(|| Box::new(asked.here.again())));
    pass_on_rest(replies, to_loop);
    // Whoever reads events elsewhere would have heard of a new size.
    if let Some((columns, rows)) = size().ok().filter(|now| Some(*now) != before) {
        let _ = to_loop.send(Happening::Event(Event::Resize(columns, rows)));
    }
    Ok(())
}

fn pass_on(bytes: &[u8], to_loop: &Sender<Happening>) {
    let event = typed::event(bytes).map(Happening::Event);
    let _ = event.map(|event| to_loop.send(event));
}

/// Keys that might have been the beginning of an answer.
fn pass_on_rest(mut replies: Replies, to_loop: &Sender<Happening>) {
    replies.end();
    replies.take_keys().iter().for_each(|bytes| pass_on(bytes, to_loop));
}

/// Asks for the device attributes, which the terminal says when it has taken all that was sent before. What cannot be
/// told from a busy machine is not told.
fn time(timing: Timing, over: &AtomicBool, to_loop: &Sender<Happening>) -> io::Result<()> {
    let asked = Instant::now();
    let mut out = io::stdout().lock();
    out.write_all(b"\x1b[c").and_then(|()| out.flush())?;
    drop(out);
    let enough = |replies: &Replies| replies.facts.complete || over.load(Ordering::Relaxed);
    let mut replies = Replies::default();
    terminal::listen(&mut replies, (asked, LONGEST), enough, |bytes| pass_on(&bytes, to_loop))?;
    pass_on_rest(replies, to_loop);
    if asked.elapsed().saturating_sub(timing.round_trip) >= NOTICED {
        let took = timing.since.elapsed().saturating_sub(timing.round_trip);
        let _ = to_loop.send(Happening::Message(Message::Passed(timing.bytes, took)));
    }
    Ok(())
}

fn listen(over: &AtomicBool, timing: &Mutex<Option<Timing>>, to_loop: &Sender<Happening>) -> io::Result<()> {
    while !over.load(Ordering::Relaxed) {
        let timing = timing.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(timing) = timing {
            time(timing, over, to_loop)?;
        }
        if event::poll(PATIENCE)? && to_loop.send(Happening::Event(event::read()?)).is_err() {
            break;
        }
    }
    Ok(())
}
