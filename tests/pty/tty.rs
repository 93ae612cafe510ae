//! A real pseudo-terminal with the program in it, and a model of its screen.

use std::{
    io::{Read, Write},
    path::Path,
    process::Command,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::{Cell, Color, Parser, Screen};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What came out of the terminal.
struct Output {
    parser: Parser,
    bytes: Vec<u8>,
    closed: bool,
}

/// The program in its terminal.
pub struct Tty {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Arc<(Mutex<Output>, Condvar)>,
    /// The terminal's settings before the program changed them.
    settings: String,
}

/// What the program runs in.
pub struct Setting<'s> {
    pub columns: u16,
    pub rows: u16,
    pub variables: &'s [(&'s str, &'s str)],
    pub folder: &'s Path,
    /// What the program takes for the person's own folder.
    pub home: &'s Path,
    /// How long the terminal takes for 4096 bytes.
    pub slow: Option<Duration>,
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

impl Tty {
    /// Starts a program.
    pub fn start_program(program: &Path, arguments: &[&str], setting: &Setting) -> Self {
        let pty = native_pty_system().openpty(size(setting.rows, setting.columns)).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.cwd(setting.folder);
        let saltty =
            ["SALTTY_DEPTH", "SALTTY_GRAPHICS", "SALTTY_CELL", "SALTTY_SYNC", "SALTTY_LINK", "SALTTY_QUERY_MS"];
        let around = ["TMUX", "SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT", "TERM_PROGRAM", "LC_TERMINAL"];
        let kitty = ["KITTY_WINDOW_ID", "GHOSTTY_RESOURCES_DIR"];
        let colors = ["CI", "COLORTERM", "NO_COLOR", "CLICOLOR_FORCE"];
        for name in saltty.into_iter().chain(around).chain(kitty).chain(colors) {
            command.env_remove(name);
        }
        // Nothing of the person who runs this is read or written.
        for name in ["XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "HOME"] {
            command.env(name, setting.home);
        }
        for (name, value) in setting.variables {
            command.env(name, value);
        }
        let settings = format!("{:?}", pty.master.get_termios().unwrap());
        let child = pty.slave.spawn_command(command).unwrap();
        let keys = pty.master.take_writer().unwrap();
        let reader = pty.master.try_clone_reader().unwrap();
        let parser = Parser::new(setting.rows.try_into().unwrap(), setting.columns.try_into().unwrap(), 0);
        let output = Arc::new((Mutex::new(Output { parser, bytes: Vec::new(), closed: false }), Condvar::new()));
        let to = output.clone();
        let slow = setting.slow;
        thread::spawn(move || read(reader, &to, slow));
        Self { child, master: pty.master, keys, output, settings }
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Sends the program a signal by its name.
    pub fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.lock().parser.screen_mut().set_size(rows.try_into().unwrap(), columns.try_into().unwrap());
        self.master.resize(size(rows, columns)).unwrap();
    }

    /// Waits until the screen is as wanted; gives what `look` finds there.
    pub fn wait<T>(&self, wanted: &str, look: impl Fn(&Screen) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        let mut output = self.lock();
        loop {
            if let Some(found) = look(output.parser.screen()) {
                return found;
            }
            let left = until.saturating_duration_since(Instant::now());
            let contents = output.parser.screen().contents();
            assert!(!left.is_zero(), "waited in vain until {wanted}:\n{contents}");
            output = self.output.1.wait_timeout(output, left.min(Duration::from_millis(200))).unwrap().0;
        }
    }

    /// Waits until this text is on the screen.
    pub fn wait_for(&self, text: &str) {
        self.wait(&format!("`{text}` is shown"), |screen| screen.contents().contains(text).then_some(()));
    }

    /// Waits until this text is no longer on the screen.
    pub fn wait_without(&self, text: &str) {
        self.wait(&format!("`{text}` is gone"), |screen| (!screen.contents().contains(text)).then_some(()));
    }

    /// Everything that came out so far.
    pub fn written(&self) -> String {
        String::from_utf8_lossy(&self.lock().bytes).into_owned()
    }

    /// Presses and releases the left button of the mouse in this column and row, from 0.
    pub fn click(&mut self, column: u16, row: u16) {
        self.press(&format!("\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m", x = column + 1, y = row + 1));
    }

    /// Quits the interface, which must end well; the screen then, and all that was written.
    pub fn quit(mut self) -> (Screen, String) {
        self.press("q");
        let (status, screen, written) = self.end();
        assert_eq!(status, 0);
        (screen, written)
    }

    /// Waits for the program's end; gives its exit status, what the screen showed then, and every byte it wrote.
    pub fn end(mut self) -> (u32, Screen, String) {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < until, "the program does not end");
            thread::sleep(Duration::from_millis(20));
        };
        assert_eq!(format!("{:?}", self.master.get_termios().unwrap()), self.settings, "the terminal's settings");
        let mut output = self.lock();
        while !output.closed && Instant::now() < until {
            output = self.output.1.wait_timeout(output, Duration::from_millis(200)).unwrap().0;
        }
        let screen = output.parser.screen().clone();
        (status.exit_code(), screen, String::from_utf8_lossy(&output.bytes).into_owned())
    }

    fn lock(&self) -> MutexGuard<'_, Output> {
        self.output.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Tty {
    /// A program that a failed test left behind is ended.
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

fn read(mut reader: Box<dyn Read + Send>, to: &(Mutex<Output>, Condvar), slow: Option<Duration>) {
    let mut bytes = [0; 4096];
    loop {
        let count = reader.read(&mut bytes).unwrap_or(0);
        if let Some(slow) = slow {
            thread::sleep(slow.mul_f64(count as f64 / bytes.len() as f64));
        }
        let mut output = to.0.lock().unwrap_or_else(PoisonError::into_inner);
        output.bytes.extend_from_slice(&bytes[..count]);
        output.parser.process(&bytes[..count]);
        output.closed = count == 0;
        to.1.notify_all();
        if count == 0 {
            return;
        }
    }
}

/// A half block: its row and column, its foreground, its background.
pub type Pixel = ((u16, u16), Color, Color);

/// Every half block, row after row.
pub fn pixels(screen: &Screen) -> Vec<Pixel> {
    let (rows, columns) = screen.size();
    let places = (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |column| (row, column)));
    let half = |&(row, column): &(u16, u16)| screen.cell(row, column).is_some_and(|cell| cell.contents() == "▀");
    let colors = |(row, column)| {
        let cell: &Cell = screen.cell(row, column).unwrap();
        ((row, column), cell.fgcolor(), cell.bgcolor())
    };
    places.filter(half).map(colors).collect()
}

/// The terminal is as it was: no alternate screen, a cursor, pasted text as it comes.
pub fn assert_given_back(screen: &Screen) {
    assert!(!screen.alternate_screen(), "the alternate screen is left");
    assert!(!screen.hide_cursor(), "the cursor is shown");
    assert!(!screen.bracketed_paste(), "pasted text is not marked");
    assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse is the terminal's again");
}
