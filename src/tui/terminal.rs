//! The terminal: raw mode and the alternate screen, and back, whatever happens.

use std::{
    cell::Cell,
    io::{self, Write},
    panic,
    rc::Rc,
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};

use ratatui::{
    Frame, Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor::{Hide, MoveTo, Show},
        event::{DisableBracketedPaste, EnableBracketedPaste},
        execute, queue,
        style::Print,
        terminal::{
            BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
            LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
        },
    },
    layout::{Position, Rect},
};

use super::{meter::Drawn, worker};
use crate::terminal::base64;

/// Asks for presses, drags and the wheel, but not for every movement: that is too much for a slow link.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1002l\x1b[?1000l";

/// Whether the terminal is ours now; who clears it gives the terminal back.
static OURS: AtomicBool = AtomicBool::new(false);

/// The terminal while the interface is shown. Dropping it gives the terminal back, as a panic does.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Page>>,
    tally: Rc<Cell<Drawn>>,
    sync: bool,
}

impl Screen {
    /// Takes the terminal: raw mode, alternate screen, no cursor, pasted text marked.
    ///
    /// # Errors
    /// If standard output is no terminal or was closed.
    pub fn enter() -> io::Result<Self> {
        give_back_on_panic();
        take()?;
        let page = Page::default();
        let tally = page.tally.clone();
        let terminal = Terminal::new(CrosstermBackend::new(page)).inspect_err(|_| give_back())?;
        Ok(Self { terminal, tally, sync: false })
    }

    /// Sends `text` as it is.
    ///
    /// # Errors
    /// If the terminal was closed.
    pub fn send(&mut self, text: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), Print(text))
    }

    /// Asks a question; what a terminal that does not know it printed of it is cleared.
    ///
    /// # Errors
    /// If the terminal was closed.
    pub fn ask(&mut self, question: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), Print(question), MoveTo(0, 0), Clear(ClearType::All))
    }

    /// Whether the terminal is told where a drawing begins and ends (DEC mode 2026), so that it shows it all at once.
    pub fn synchronise(&mut self, sync: bool) {
        self.sync = sync;
    }

    /// Columns and rows.
    ///
    /// # Errors
    /// If the terminal was closed.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| (size.width, size.height))
    }

    /// Puts `text` into the clipboard of the person's own terminal (OSC 52), also over SSH; many terminals must be told to
    /// allow it, and none says whether it did.
    ///
    /// # Errors
    /// If the terminal was closed.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        self.send(&format!("\x1b]52;c;{}\x07", base64(text.as_bytes())))
    }

    /// Draws; only cells that changed are sent, all at once. Says what that cost.
    ///
    /// # Errors
    /// If the terminal was closed.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame)) -> io::Result<Drawn> {
        self.tally.take();
        if self.sync {
            queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        }
        self.terminal.draw(view)?;
        if self.sync {
            execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        }
        Ok(self.tally.take())
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
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Print(MOUSE_ON), Hide)
        .inspect_err(|_| give_back())
}

/// Leaves everything as it was found. There is nobody to tell if that fails.
fn give_back() {
    if OURS.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ =
            execute!(out, EndSynchronizedUpdate, Print(MOUSE_OFF), DisableBracketedPaste, LeaveAlternateScreen, Show);
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

/// One drawing, sent in one piece and counted. Unlike a `BufWriter` it sends nothing when dropped in the middle of it.
#[derive(Default)]
pub struct Page {
    bytes: Vec<u8>,
    tally: Rc<Cell<Drawn>>,
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let began = Instant::now();
        let sent = out.write_all(&self.bytes).and_then(|()| out.flush());
        let Drawn { bytes, took, key } = self.tally.get();
        self.tally.set(Drawn { bytes: bytes + self.bytes.len(), took: took + began.elapsed(), key });
        self.bytes.clear();
        sent
    }
}
