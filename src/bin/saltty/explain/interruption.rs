//! Ctrl-C between two photos, so that no file is left half written; a second one ends the program at once.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

/// Listens from its making on.
pub struct Interruption(Arc<AtomicUsize>);

impl Interruption {
    /// Begins to listen.
    pub fn listen() -> io::Result<Self> {
        let (which, again) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, 128 + signal, again.clone())?;
            flag::register(signal, again.clone())?;
            flag::register_usize(signal, which.clone(), signal as usize)?;
        }
        Ok(Self(which))
    }

    /// The program's exit status if it is to end: 128 and the signal's number.
    pub fn status(&self) -> Option<i32> {
        let signal = self.0.load(Ordering::Relaxed);
        (signal != 0).then_some(128 + signal as i32)
    }
}
