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

/// The two threads; dropping this ends them.
pub struct Listeners {
    over: Arc<AtomicBool>,
    signals: Handle,
}

impl Listeners {
    /// Starts both threads.
    ///
    /// # Errors
    /// If the system gives no thread or no signal.
    pub fn start(sender: &Sender<Happening>) -> io::Result<Self> {
        let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT])?;
        let (handle, to_loop) = (signals.handle(), sender.clone());
        thread::Builder::new().name("saltty signals".to_owned()).spawn(move || {
            for signal in signals.forever() {
                let _ = to_loop.send(Happening::Signal(signal));
            }
        })?;
        let (over, to_loop) = (Arc::new(AtomicBool::new(false)), sender.clone());
        let until = over.clone();
        thread::Builder::new().name("saltty keys".to_owned()).spawn(move || {
            let heard = catch_unwind(AssertUnwindSafe(|| listen(&until, &to_loop)));
            let error = heard.unwrap_or_else(|_| Err(io::Error::other("reading keys failed"))).err();
            let _ = error.map(|error| to_loop.send(Happening::Deaf(error)));
        })?;
        Ok(Self { over, signals: handle })
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.signals.close();
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
