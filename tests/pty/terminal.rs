//! A terminal that answers saltty's question, and one that does not.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    thread,
    time::{Duration, Instant},
};

use vt100::Screen;

use crate::{
    CAT_AND_DOG, map, marked,
    tty::{Setting, Tty},
};

/// The end of the question.
const ASKED: &str = "\x1b[16t\x1b[c";
/// A terminal that has everything but kitty's pictures.
const XTERM: &str = "\x1bP>|XTerm(390)\x1b\\\x1bP1$r0;48:2::1:2:3m\x1b\\\x1b[?2026;2$y\x1b[6;20;9t\x1b[?64;1;4;22c";
const KITTY: &str = "\x1b_Gi=31;OK\x1b\\\x1b_Gi=32;OK\x1b\\\x1bP>|kitty(0.35.2)\x1b\\\x1bP1$r0;48:2:1:2:3m\x1b\\\
                     \x1b[?2026;2$y\x1b[6;20;9t\x1b[?62;c";
/// However busy the machine is, nobody takes it for a slow link.
const PLAIN: &[(&str, &str)] = &[("TERM", "xterm-256color"), ("SALTTY_LINK", "fast")];

fn setting() -> Setting<'static> {
    Setting { variables: PLAIN, ..Setting::default() }
}

/// Waits until this was written.
fn wait_written(tty: &Tty, text: &str) {
    let until = Instant::now() + Duration::from_secs(120);
    while !tty.written().contains(text) {
        assert!(Instant::now() < until, "waited in vain until {text:?} was written");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Answers the question as `answer`, in two pieces and with a key in between.
fn answer(tty: &mut Tty, answer: &str, key: &str) {
    wait_written(tty, ASKED);
    let at = answer.len() / 2;
    tty.press(&answer[..at]);
    thread::sleep(Duration::from_millis(20));
    tty.press(&answer[at..]);
    tty.press(key);
}

fn is_explained(screen: &Screen) -> Option<()> {
    marked(screen, "Egyptian cat").then_some(())
}

#[test]
fn the_doctor_says_what_a_terminal_answered_and_why_it_chose_so() {
    let mut tty = Tty::start(&["doctor"], &setting());
    answer(&mut tty, XTERM, "");
    let (status, _, written) = tty.end();
    assert_eq!(status, 0);
    for words in [
        "XTerm(390), 100x30 cells",
        "answered in ",
        "24-bit colours: the terminal kept a 24-bit colour when asked",
        "sixel: its device attributes (DA1) list sixels",
        "9x20 pixels, 2.22 times as high as wide; the terminal said so",
        "synchronised: the terminal said so",
        "--graphics halfblocks|kitty|sixel|iterm2, SALTTY_GRAPHICS",
    ] {
        assert!(written.contains(words), "no `{words}` in {written}");
    }
}

#[test]
fn the_doctor_tells_programs_the_same() {
    let mut tty = Tty::start(&["doctor", "--json"], &setting());
    answer(&mut tty, XTERM, "");
    let (status, _, written) = tty.end();
    assert_eq!(status, 0);
    let json = &written[written.find("{\r\n").unwrap()..=written.rfind('}').unwrap()];
    let report: serde_json::Value = serde_json::from_str(json).unwrap();
    let terminal = &report["terminal"];
    assert_eq!((&terminal["name"], &terminal["cell"]), (&"XTerm(390)".into(), &"9x20".into()), "{json}");
    assert_eq!(terminal["columns_and_rows"], serde_json::json!([100, 30]));
    assert!(terminal["answered_ms"].as_f64() > Some(0.0) && terminal["sixel"] == true && terminal["kitty"] == false);
    let used = |what: &str| &report["interface"][what]["value"];
    assert_eq!(["colours", "pictures", "cell"].map(used), ["24bit", "sixel", "9x20"]);
    assert!(terminal["asked"] == true && *used("synchronised") == true, "{json}");
}

#[test]
fn the_doctor_does_not_wait_for_a_terminal_that_says_nothing() {
    let variables = &[("TERM", "xterm-256color"), ("SALTTY_QUERY_MS", "100"), ("SALTTY_GRAPHICS", "iterm2")];
    let (status, _, written) = Tty::start(&["doctor"], &Setting { variables, ..Setting::default() }).end();
    assert_eq!(status, 0);
    for words in [
        "did not answer",
        "256 colours: neither COLORTERM nor TERM nor the terminal",
        "iterm2: SALTTY_GRAPHICS=iterm2 says so",
        "1:2, 2.00 times as high as wide; assumed",
        "not synchronised",
    ] {
        assert!(written.contains(words), "no `{words}` in {written}");
    }
}

#[test]
fn a_terminal_that_says_nothing_gets_half_blocks_and_its_keys_count_at_once() {
    let variables = &[("TERM", "xterm-256color"), ("SALTTY_QUERY_MS", "10000")];
    let mut tty = Tty::start(&[CAT_AND_DOG], &Setting { variables, ..Setting::default() });
    wait_written(&tty, ASKED);
    tty.press("?");
    tty.wait_for("any other key closes");
    tty.press("\x1b[B\x1b[Bx");
    tty.wait_without("any other key closes");
    tty.wait("the cat is explained in half blocks", |screen| map(screen).and_then(|_| is_explained(screen)));
    let (_, written) = tty.quit();
    assert!(!written.contains("\x1b[?2026h"), "nobody said that updates may be synchronised");
}

#[test]
fn colours_updates_and_cells_are_those_that_were_answered() {
    let mut tty = Tty::start(&["--graphics", "halfblocks", CAT_AND_DOG], &setting());
    answer(&mut tty, XTERM, "B");
    tty.wait("the cat is explained", |screen| map(screen).and_then(|_| is_explained(screen)));
    tty.wait_for(" frames");
    tty.wait("24-bit colours", |screen| {
        let map = map(screen)?;
        map.iter().all(|(_, upper, _)| matches!(upper, vt100::Color::Rgb(..))).then_some(())
    });
    let (_, written) = tty.quit();
    let (on, off) = (written.matches("\x1b[?2026h").count(), written.matches("\x1b[?2026l").count());
    assert!(on > 0 && off >= on, "{on} begun, {off} ended");
}

/// Half blocks in the middle of the screen.
fn blocks(screen: &Screen) -> Option<()> {
    map(screen).map(|_| ())
}

/// Whether this text is on the screen. An Escape that is followed by another key before the program has read it is one
/// key with it, so its effect is awaited by what only that changes.
fn says(screen: &Screen, text: &str) -> Option<()> {
    screen.contents().contains(text).then_some(())
}

/// No half block anywhere in the upper half of the screen.
fn no_blocks(screen: &Screen) -> Option<()> {
    let upper = |((row, _), ..): &crate::tty::Pixel| *row < 10;
    (!crate::tty::pixels(screen).iter().any(upper)).then_some(())
}

/// What tmux with sixels answers by itself.
const TMUX: &str = "\x1bP>|tmux 3.5a\x1b\\\x1b[6;20;9t\x1b[?1;2;4c";

/// The interface inside a tmux that says this of itself (see `TMUX_SAYS` in src/terminal/surroundings.rs), and the folder of
/// that tmux.
fn inside_tmux(says: &str) -> (tempfile::TempDir, Tty) {
    let programs = tempfile::tempdir().unwrap();
    let tmux = programs.path().join("tmux");
    fs::write(&tmux, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
    fs::set_permissions(&tmux, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", programs.path().display(), std::env::var("PATH").unwrap());
    let (query, tmux) = (("SALTTY_QUERY_MS", "10000"), ("TMUX", "/nowhere,1,0"));
    let variables = [("TERM", "tmux-256color"), ("SALTTY_LINK", "fast"), query, tmux, ("PATH", &path)];
    let tty = Tty::start(&[CAT_AND_DOG], &Setting { variables: &variables, ..Setting::default() });
    (programs, tty)
}

#[test]
fn the_terminal_around_tmux_answers_later_and_only_its_sixels_count() {
    let (_programs, mut tty) = inside_tmux("on|bpaste,title|kitty(0.41.1)");
    wait_written(&tty, "\x1bPtmux;\x1b\x1b_Gi=31");
    answer(&mut tty, TMUX, "");
    for piece in ["\x1b_Gi=31;O", "K\x1b\\", "\x1b_Gi=32;OK\x1b\\"] {
        thread::sleep(Duration::from_millis(100));
        tty.press(piece);
    }
    wait_written(&tty, "\u{10EEEE}");
    tty.wait("the cat is explained", is_explained);
    tty.wait("pictures in place of half blocks", no_blocks);
    let (_, written) = tty.quit();
    assert!(!written.contains("\x1bP9;"), "no sixels");
}

#[test]
fn keys_count_while_the_terminal_around_tmux_says_nothing() {
    let (_programs, mut tty) = inside_tmux("on|bpaste,title|Linux VT");
    answer(&mut tty, TMUX, "B");
    tty.wait_for(" frames");
    tty.wait("half blocks", |screen| is_explained(screen).and(blocks(screen)));
    tty.quit();
}

#[test]
fn sixels_of_a_terminal_around_tmux_are_used() {
    let (_programs, mut tty) = inside_tmux("off|sixel,title|XTerm(398)");
    answer(&mut tty, TMUX, "");
    wait_written(&tty, "\x1bP9;");
    tty.wait("the cat is explained, without half blocks", |screen| is_explained(screen).and(no_blocks(screen)));
    let (_, written) = tty.quit();
    assert!(!written.contains("\x1b_G"), "kitty is not asked through a tmux that hands nothing on");
}

#[test]
fn kittys_pictures_are_sent_and_give_way_to_the_cursor() {
    let mut tty = Tty::start(&[CAT_AND_DOG], &setting());
    answer(&mut tty, KITTY, "");
    wait_written(&tty, "\x1b_Gq=2,i=");
    wait_written(&tty, "\u{10EEEE}");
    tty.wait("the cat is explained, without half blocks", |screen| is_explained(screen).and(no_blocks(screen)));
    tty.press("x");
    tty.wait("the cursor is over half blocks", |screen| says(screen, "cell ").and(blocks(screen)));
    tty.press("\x1b");
    tty.wait_without("cell ");
    tty.wait("the pictures are back", no_blocks);
    let before = tty.written().matches("a=T,U=1").count();
    tty.press("j");
    tty.wait("another class", |screen| marked(screen, "basenji").then_some(()));
    let until = Instant::now() + Duration::from_secs(120);
    while tty.written().matches("a=T,U=1").count() < before + 2 {
        assert!(Instant::now() < until, "map and overlay of the other class are sent");
        thread::sleep(Duration::from_millis(10));
    }
    let (screen, written) = tty.quit();
    crate::tty::assert_given_back(&screen);
    assert!(
        written.contains("o=z,") && written.contains("\x1b_Ga=d,d=A,q=2\x1b\\"),
        "compressed, and forgotten at the end"
    );
}

#[test]
fn an_answer_that_comes_late_is_no_keys_and_still_counts() {
    let variables = &[("TERM", "xterm-256color"), ("SALTTY_LINK", "fast"), ("SALTTY_QUERY_MS", "100")];
    let mut tty = Tty::start(&[CAT_AND_DOG], &Setting { variables, ..Setting::default() });
    wait_written(&tty, ASKED);
    thread::sleep(Duration::from_millis(700));
    tty.press(&format!("?\x1b{KITTY}"));
    wait_written(&tty, "\x1b_Gq=2,i=");
    tty.wait("nothing lies over the pictures", |screen| is_explained(screen).and(no_blocks(screen)));
    tty.quit();
}

#[test]
fn sixels_are_sent_and_give_way_to_what_lies_over_them() {
    let mut tty = Tty::start(&[CAT_AND_DOG], &setting());
    answer(&mut tty, XTERM, "");
    wait_written(&tty, "\"1;1;");
    tty.wait("the cat is explained, without half blocks", |screen| is_explained(screen).and(no_blocks(screen)));
    tty.press("t");
    tty.wait("the list lies over half blocks", |screen| {
        says(screen, "╭ target layer").filter(|()| !crate::tty::pixels(screen).is_empty())
    });
    tty.press("\x1b");
    tty.wait_without("╭ target layer");
    tty.wait("the pictures are back", no_blocks);
    tty.quit();
}

#[test]
fn inline_images_are_sent_to_a_terminal_that_calls_itself_so() {
    let variables = &[("TERM", "xterm-256color"), ("LC_TERMINAL", "iTerm2"), ("SALTTY_LINK", "fast")];
    let mut tty = Tty::start(&[CAT_AND_DOG], &Setting { variables, ..Setting::default() });
    answer(&mut tty, "\x1b[6;17;8t\x1b[?62;c", "");
    wait_written(&tty, "\x1b]1337;File=inline=1;");
    tty.quit();
}

#[test]
fn pictures_may_be_insisted_on_or_left_out() {
    let tty = Tty::start(&["--graphics", "sixel", "--query-ms", "0", CAT_AND_DOG], &setting());
    wait_written(&tty, "\"1;1;");
    assert!(!tty.written().contains(ASKED), "nobody is asked");
    tty.quit();
    let mut tty = Tty::start(&["--graphics", "halfblocks", CAT_AND_DOG], &setting());
    answer(&mut tty, KITTY, "");
    tty.wait("half blocks", |screen| is_explained(screen).and(blocks(screen)));
    tty.press("q");
    let (_, _, written) = tty.end();
    assert!(!written.contains("a=T,U=1"));
}

#[test]
fn a_slow_link_is_noticed_where_something_before_it_takes_all_at_once() {
    let variables = &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("SSH_TTY", "/dev/pts/9")];
    let mut tty = Tty::start(&[CAT_AND_DOG], &Setting { variables, ..Setting::default() });
    answer(&mut tty, "\x1b[6;20;9t\x1b[?62;c", "");
    // Every later question is answered as late as over a link of 50 kB/s.
    let until = Instant::now() + Duration::from_secs(120);
    let mut answered = 1;
    while !tty.wait("a screen", |screen| Some(screen.contents().contains("slow link ("))) {
        assert!(Instant::now() < until, "the slow link is not noticed");
        if tty.written().matches("\x1b[c").count() > answered {
            answered += 1;
            thread::sleep(Duration::from_millis(1200));
            tty.press("\x1b[?62;c");
        }
        thread::sleep(Duration::from_millis(10));
    }
    tty.wait("256 colours", |screen| {
        let map = map(screen)?;
        map.iter().all(|(_, upper, _)| matches!(upper, vt100::Color::Idx(_))).then_some(())
    });
    tty.quit();
}

#[test]
fn a_slow_link_is_noticed_told_and_gets_fewer_colours() {
    let variables = &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("SSH_TTY", "/dev/pts/9")];
    let slow =
        Setting { columns: 200, rows: 60, slow: Some(Duration::from_millis(40)), variables, ..Setting::default() };
    let tty = Tty::start(&[CAT_AND_DOG], &slow);
    tty.wait_for("slow link (");
    let quantised = |screen: &Screen| {
        let map = map(screen)?;
        map.iter().all(|(_, upper, _)| matches!(upper, vt100::Color::Idx(_))).then_some(())
    };
    tty.wait("256 colours", quantised);
    tty.quit();
    let tty = Tty::start(&["--link", "slow", CAT_AND_DOG], &Setting::default());
    tty.wait("256 colours, as asked", |screen| is_explained(screen).and(quantised(screen)));
    tty.wait_for("slow link, as asked");
    tty.quit();
}
