//! A pseudo-terminal with saltty in it.

use std::{
    env,
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::{Parser, Screen};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Nothing more comes when nothing came for so long.
const QUIET: Duration = Duration::from_millis(1500);

struct Output {
    parser: Parser,
    latest: Instant,
}

/// The program, and what is on its screen.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Arc<Mutex<Output>>,
}

/// The program: `SALTTY`, else the one built beside this example.
fn program() -> PathBuf {
    let beside =
        || env::current_exe().expect("this program").parent().and_then(Path::parent).map(|at| at.join("saltty"));
    env::var_os("SALTTY").map(PathBuf::from).or_else(beside).expect("the program saltty")
}

impl Terminal {
    /// Starts saltty in `folder`, which is all that it knows of this machine.
    pub fn start<'a>(
        arguments: impl Iterator<Item = &'a str>,
        (cols, rows): (u16, u16),
        colors: &str,
        folder: &Path,
    ) -> Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program());
        command.args(arguments);
        command.cwd(folder);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", colors);
        command.env("HOME", folder.join("home"));
        let child = pty.slave.spawn_command(command).expect("saltty starts; `cargo build` first");
        let keys = pty.master.take_writer().expect("its keyboard");
        let mut reader = pty.master.try_clone_reader().expect("its output");
        let parser = Parser::new(rows.try_into().expect("rows"), cols.try_into().expect("columns"), 0);
        let output = Arc::new(Mutex::new(Output { parser, latest: Instant::now() }));
        let to = output.clone();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Some(count) = reader.read(&mut bytes).ok().filter(|&count| count > 0) {
                let Ok(mut output) = to.lock() else { return };
                output.parser.process(&bytes[..count]);
                output.latest = Instant::now();
            }
        });
        Self { child, _master: pty.master, keys, output }
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("saltty runs");
        self.keys.flush().expect("saltty runs");
        self.output.lock().expect("no panic").latest = Instant::now();
    }

    /// Waits until `text` is on the screen and nothing changes any more.
    pub fn settle(&self, text: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            {
                let output = self.output.lock().expect("no panic");
                let contents = output.parser.screen().contents();
                if contents.contains(text) && output.latest.elapsed() > QUIET {
                    return;
                }
                assert!(Instant::now() < until, "waited in vain for `{text}`:\n{contents}");
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// What is on the screen.
    pub fn screen(&self) -> Screen {
        self.output.lock().expect("no panic").parser.screen().clone()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until && self.child.try_wait().is_ok_and(|status| status.is_none()) {
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
    }
}
