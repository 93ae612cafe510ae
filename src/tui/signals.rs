//! Threads that listen: one to the keys, one to the signals.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::Sender,
    },
    thread,
    time::Duration,
};

use ratatui::crossterm::event::{self, Event};
use signal_hook::{
    consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP},
    iterator::{Handle, Signals},
};

use super::message::{Message, Reply};

/// Whatever wakes the loop.
pub enum Happening {
    /// The terminal sent this.
    Event(Event),
    /// The worker or a writer of files says this.
    Message(Message),
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

/// The thread that reads keys; dropping this ends it.
pub struct Keyboard(Arc<AtomicBool>);

impl Keyboard {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(to_loop: Sender<Happening>) -> io::Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let until = over.clone();
        thread::Builder::new().name("saltty keys".to_owned()).spawn(move || {
            let heard = catch_unwind(AssertUnwindSafe(|| listen(&until, &to_loop)));
            let error = heard.unwrap_or_else(|_| Err(io::Error::other("reading keys failed"))).err();
            let _ = error.map(|error| to_loop.send(Happening::Deaf(error)));
        })?;
        Ok(Self(over))
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn listen(over: &AtomicBool, to_loop: &Sender<Happening>) -> io::Result<()> {
    while !over.load(Ordering::Relaxed) {
        if event::poll(PATIENCE)? && to_loop.send(Happening::Event(event::read()?)).is_err() {
            break;
        }
    }
    Ok(())
}
