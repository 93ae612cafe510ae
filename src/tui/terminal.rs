//! The terminal: raw mode and the alternate screen, and back, whatever happens.

use std::{
    io::{self, Write},
    panic,
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use ratatui::{
    Frame, Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor::{Hide, Show},
        event::{DisableBracketedPaste, EnableBracketedPaste},
        execute, queue,
        terminal::{
            BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
            disable_raw_mode, enable_raw_mode,
        },
    },
    layout::{Position, Rect},
};

use super::worker;

/// Whether the terminal is ours now; who clears it gives the terminal back.
static OURS: AtomicBool = AtomicBool::new(false);

/// The terminal while the interface is shown. Dropping it gives the terminal back, as a panic does.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Page>>,
}

impl Screen {
    /// Takes the terminal: raw mode, alternate screen, no cursor, pasted text marked.
    ///
    /// # Errors
    /// If standard output is no terminal or was closed.
    pub fn enter() -> io::Result<Self> {
        give_back_on_panic();
        take()?;
        let terminal = Terminal::new(CrosstermBackend::new(Page::default())).inspect_err(|_| give_back())?;
        Ok(Self { terminal })
    }

    /// Draws; only cells that changed are sent, all at once.
    ///
    /// # Errors
    /// If the terminal was closed.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(view)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Forgets what is on the screen, so that the next drawing sends all of it.
    ///
    /// # Errors
    /// If the terminal was closed.
    pub fn clear(&mut self) -> io::Result<()> {
        // Not `Terminal::clear`: that asks the terminal for its cursor and fails while another thread reads the answer.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size)))
    }

    /// Gives the terminal back, stops the program until the shell continues it, and takes the terminal again.
    ///
    /// # Errors
    /// If the terminal was closed meanwhile.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        self.resume()
    }

    /// Takes the terminal again after the program was stopped from outside.
    ///
    /// # Errors
    /// If the terminal was closed meanwhile.
    pub fn resume(&mut self) -> io::Result<()> {
        take()?;
        self.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    OURS.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide).inspect_err(|_| give_back())
}

/// Leaves everything as it was found. There is nobody to tell if that fails.
fn give_back() {
    if OURS.swap(false, Ordering::SeqCst) {
        let _ = execute!(io::stdout(), EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

/// A panic gives the terminal back before it is told. Panics of the worker and of the threads it computes on (which have
/// no name) are caught and told on the screen, so they stay silent while there is one.
fn give_back_on_panic() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let thread = thread::current();
            let told_on_screen = thread.name().is_none_or(|name| name == worker::THREAD);
            if OURS.load(Ordering::SeqCst) && told_on_screen {
                return;
            }
            give_back();
            before(info);
        }));
    });
}

/// One drawing, sent in one piece. Unlike a `BufWriter` it sends nothing when dropped in the middle of it.
#[derive(Default)]
pub struct Page(Vec<u8>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let sent = out.write_all(&self.0).and_then(|()| out.flush());
        self.0.clear();
        sent
    }
}
