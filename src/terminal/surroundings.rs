//! What variables, and tmux, say of where saltty runs.

use std::{
    env,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::choice::PLACEHOLDERS;

/// How long tmux may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// The variables that matter, empty where they are not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent variables, read by name")]
pub struct Surroundings {
    /// `TERM`.
    pub term: String,
    /// `COLORTERM`.
    pub colorterm: String,
    /// `TERM_PROGRAM`, else `LC_TERMINAL`, which ssh takes along.
    pub program: String,
    /// Whether `NO_COLOR` is set.
    pub no_color: bool,
    /// Whether this is inside tmux.
    pub tmux: bool,
    /// What the terminal around tmux calls itself, if tmux knows.
    pub around: String,
    /// Whether tmux hands what it is told to on to the terminal around it (`allow-passthrough`).
    pub tmux_passes: bool,
    /// Whether tmux knows that the terminal around it has sixels.
    pub tmux_sixels: bool,
    /// Whether this came over SSH.
    pub ssh: bool,
    /// Whether a variable says that kitty or Ghostty is around, inside tmux as well.
    pub kitty: bool,
}

impl Surroundings {
    /// What `variable` gives by name.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name: &str| variable(name).unwrap_or_default();
        let set = |name: &str| !text(name).is_empty();
        let program = ["LC_TERMINAL", "TERM_PROGRAM"].map(text);
        let program = program.into_iter().find(|name| !name.is_empty() && name != "tmux").unwrap_or_default();
        Self {
            term: text("TERM"),
            colorterm: text("COLORTERM"),
            program,
            no_color: set("NO_COLOR"),
            tmux: set("TMUX"),
            tmux_passes: false,
            tmux_sixels: false,
            around: String::new(),
            ssh: set("SSH_CONNECTION") || set("SSH_TTY") || set("SSH_CLIENT"),
            kitty: set("KITTY_WINDOW_ID") || set("GHOSTTY_RESOURCES_DIR"),
        }
    }

    /// The variables that the process was started with; what tmux hands on is not asked.
    pub fn variables() -> Self {
        Self::of(|name| env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// What the process was started with; tmux is asked what it hands on.
    pub fn here() -> Self {
        Self::variables().again()
    }

    /// The same; tmux is asked again, if it is there.
    #[must_use]
    pub fn again(&self) -> Self {
        match self.tmux.then(tmux_says).flatten() {
            Some(said) => self.clone().told_by_tmux(&said),
            None => self.clone(),
        }
    }

    /// Whether something says that kitty or Ghostty is around tmux.
    pub fn is_kitty_around(&self) -> bool {
        let around = self.around.to_lowercase();
        self.kitty || PLACEHOLDERS.iter().any(|name| around.contains(name))
    }

    /// The same, with what tmux says (see [`TMUX_SAYS`]).
    fn told_by_tmux(self, said: &str) -> Self {
        let mut parts = said.splitn(3, '|');
        let mut next = || parts.next().unwrap_or_default();
        let (passes, features, around) = (next(), next(), next());
        Self {
            tmux_passes: matches!(passes, "on" | "all" | "1" | "2"),
            tmux_sixels: features.split(',').any(|feature| feature == "sixel"),
            around: around.to_owned(),
            ..self
        }
    }

    /// Whether a part of the question goes on to the terminal around tmux, which answers after tmux has answered the rest.
    pub fn answers_later(&self) -> bool {
        self.tmux && self.tmux_passes
    }

    /// Whether this terminal would print questions rather than answer them.
    pub fn prints_questions(&self) -> bool {
        ["dumb", "linux", "vt52", "emacs"].iter().any(|name| self.term.starts_with(name))
    }
}

/// What tmux is asked: whether it hands sequences on, and what the terminal around it can do and calls itself.
const TMUX_SAYS: &str = "#{allow-passthrough}|#{client_termfeatures}|#{client_termtype}";

/// Tmux's answer; it is waited for no longer than a moment.
fn tmux_says() -> Option<String> {
    let mut command = Command::new("tmux");
    command.args(["display-message", "-p", TMUX_SAYS]);
    let run = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = run.ok()?;
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if child.try_wait().is_ok_and(|status| status.is_some()) {
            let said = child.wait_with_output().ok()?.stdout;
            return Some(String::from_utf8_lossy(said.trim_ascii()).into_owned());
        }
        thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_and_empty_ones_are_none() {
        let here = Surroundings::of(|name| match name {
            "TERM" => Some("tmux-256color".to_owned()),
            "TERM_PROGRAM" => Some("tmux".to_owned()),
            "LC_TERMINAL" => Some("iTerm2".to_owned()),
            "TMUX" => Some("/tmp/tmux-0/default,1,0".to_owned()),
            "SSH_TTY" | "NO_COLOR" => Some(String::new()),
            _ => None,
        });
        assert!(here.tmux && !here.ssh && !here.no_color && !here.kitty);
        assert_eq!((here.term.as_str(), here.program.as_str()), ("tmux-256color", "iTerm2"));
    }

    #[test]
    fn tmux_is_understood_whatever_it_leaves_out() {
        let told = |said: &str| {
            let here = Surroundings { tmux: true, ..Surroundings::default() }.told_by_tmux(said);
            (here.tmux_passes, here.tmux_sixels, here.around)
        };
        assert_eq!(told("on|256,RGB,sixel,title|XTerm(379)"), (true, true, "XTerm(379)".to_owned()));
        assert_eq!(told("off|bpaste,title|kitty(0.41.1)"), (false, false, "kitty(0.41.1)".to_owned()));
        assert_eq!(told("all||a|b"), (true, false, "a|b".to_owned()));
        assert_eq!(told(""), (false, false, String::new()));
    }
}
