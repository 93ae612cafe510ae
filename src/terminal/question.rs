//! The one question to the terminal, and listening to its answer for no longer than a bound.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use ratatui::crossterm::terminal::{disable_raw_mode, enable_raw_mode, window_size};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{Errno, read},
    stdio::stdin,
};

use super::{Facts, Replies, Surroundings, for_tmux};
use crate::raster::CellShape;

/// How long the answer may take unless somebody says otherwise: enough for a link with 300 ms each way.
pub const LIMIT: Duration = Duration::from_secs(1);
/// How long one wait is, so that who listens may be told to stop.
const SLICE: Duration = Duration::from_millis(50);

/// Why nobody is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// `TERM` names a terminal that would print the question.
    Dumb,
    /// No time was given for an answer.
    NoTime,
}

/// The question: name, kitty's pictures, 24-bit colours, synchronised updates, pixels of a cell, and at last the device
/// attributes, which every terminal answers, so that nobody waits for what others leave out.
///
/// # Errors
/// Where it is better not to ask.
pub fn question(here: &Surroundings, limit: Duration) -> Result<String, Silence> {
    if limit.is_zero() {
        return Err(Silence::NoTime);
    }
    if here.prints_questions() {
        return Err(Silence::Dumb);
    }
    // One pixel, plain and as zlib.
    let kitty =
        ["\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\", "\x1b_Gi=32,s=1,v=1,a=q,t=d,f=24,o=z;eJxjYGAAAAADAAE=\x1b\\"];
    let kitty = if here.tmux && !here.tmux_passes { String::new() } else { for_tmux(&kitty.concat(), here.tmux) };
    Ok(format!("{kitty}\x1b[>q\x1b[48;2;1;2;3m\x1bP$qm\x1b\\\x1b[0m\x1b[?2026$p\x1b[16t\x1b[c"))
}

/// Listens on standard input until `limit` has passed since `asked` or `enough` says so. Keys typed meanwhile are given to
/// `key` as they come. The terminal must be in raw mode.
///
/// # Errors
/// If standard input is closed or cannot be read.
pub fn listen(
    replies: &mut Replies,
    (asked, limit): (Instant, Duration),
    enough: impl Fn(&Replies) -> bool,
    mut key: impl FnMut(Vec<u8>),
) -> io::Result<()> {
    let mut bytes = [0; 1024];
    while !enough(replies) {
        let left = limit.saturating_sub(asked.elapsed());
        if left.is_zero() {
            break;
        }
        if is_readable(left.min(SLICE))? {
            match read(stdin(), &mut bytes) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => replies.push(&bytes[..count]),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(error) => return Err(error.into()),
            }
        } else {
            replies.pause();
        }
        if replies.facts.complete {
            replies.facts.round_trip.get_or_insert_with(|| asked.elapsed());
        }
        replies.take_keys().into_iter().for_each(&mut key);
    }
    Ok(())
}

fn is_readable(wait: Duration) -> io::Result<bool> {
    let wait = Timespec::try_from(wait).map_err(io::Error::other)?;
    let input = stdin();
    match poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&wait)) {
        Ok(count) => Ok(count > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Asks the terminal at standard input and output, and waits for the answer; keys typed meanwhile are lost.
///
/// # Errors
/// If there is no terminal.
pub fn ask(here: &Surroundings, limit: Duration) -> io::Result<Facts> {
    let Ok(question) = question(here, limit) else { return Ok(Facts::default()) };
    enable_raw_mode()?;
    let asked = Instant::now();
    let mut out = io::stdout();
    let sent = out.write_all(question.as_bytes()).and_then(|()| out.flush());
    let mut replies = Replies::default();
    let enough = |replies: &Replies| replies.facts.complete && (replies.heard_kitty() || !here.answers_later());
    let heard = sent.and_then(|()| listen(&mut replies, (asked, limit), enough, |_| {}));
    // What a terminal that does not know the question printed of it.
    let _ = out.write_all(b"\r\x1b[K").and_then(|()| out.flush());
    disable_raw_mode()?;
    heard.map(|()| replies.facts)
}

/// Pixels of a cell as the system knows them; none where it does not, as over many links.
pub fn window_cell() -> Option<CellShape> {
    let size = window_size().ok()?;
    let each = |pixels: u16, cells: u16| pixels.checked_div(cells);
    CellShape::new(each(size.width, size.columns)?, each(size.height, size.rows)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kittys_part_goes_through_tmux_only_where_that_is_allowed() {
        let here =
            |tmux, tmux_passes| Surroundings { tmux, tmux_passes, term: "xterm".into(), ..Surroundings::default() };
        let asked = |here| question(&here, LIMIT).unwrap();
        assert!(asked(here(false, false)).starts_with("\x1b_Gi=31"));
        assert!(asked(here(true, true)).starts_with("\x1bPtmux;\x1b\x1b_Gi=31"));
        assert!(!asked(here(true, false)).contains("_G"));
        assert!(asked(here(true, false)).ends_with("\x1b[c"));
    }

    #[test]
    fn some_are_not_asked() {
        let dumb = Surroundings { term: "linux".into(), ..Surroundings::default() };
        assert_eq!(question(&dumb, LIMIT), Err(Silence::Dumb));
        assert_eq!(question(&Surroundings::default(), Duration::ZERO), Err(Silence::NoTime));
    }
}
