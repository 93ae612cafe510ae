//! The interface as a person meets it: the program in a real pseudo-terminal.
#![cfg(unix)]

mod journeys;
mod review;
mod terminal;
mod tty;

use std::{fs, path::Path};

use tty::{Pixel, Setting, Tty, assert_given_back, pixels};
use vt100::{Color, Screen};

impl Default for Setting<'_> {
    fn default() -> Self {
        Self {
            columns: 100,
            rows: 30,
            variables: &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")],
            folder: Path::new(env!("CARGO_MANIFEST_DIR")),
            home: Path::new(concat!(env!("CARGO_TARGET_TMPDIR"), "/pty")),
            slow: None,
        }
    }
}

impl Tty {
    /// Starts saltty.
    fn start(arguments: &[&str], setting: &Setting) -> Self {
        Self::start_program(Path::new(env!("CARGO_BIN_EXE_saltty")), arguments, setting)
    }
}

const CAT_AND_DOG: &str = "fixtures/cat_and_dog.jpg";

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// Pixels of the middle pane, once a map is there.
fn map(screen: &Screen) -> Option<Vec<Pixel>> {
    let (_, columns) = screen.size();
    let third = columns.get() / 3;
    let middle = |((_, column), ..): &Pixel| (third + 1..2 * third - 1).contains(column);
    let found: Vec<_> = pixels(screen).into_iter().filter(middle).collect();
    (found.len() > 100).then_some(found)
}

/// Whether `class` is marked as the one explained.
fn marked(screen: &Screen, class: &str) -> bool {
    screen.contents().contains(&format!("▶ {class}"))
}

#[test]
fn a_photo_is_explained_another_class_chosen_the_window_resized_and_left() {
    let mut tty = Tty::start(&[CAT_AND_DOG], &Setting::default());
    let cat = tty.wait("the cat is explained", |screen| marked(screen, "Egyptian cat").then(|| map(screen))?);
    assert!(cat.iter().all(|(_, upper, _)| matches!(upper, Color::Rgb(..))), "24-bit colours");
    tty.press("j");
    tty.wait("another class is explained and many colours of the map changed", |screen| {
        let other = map(screen).filter(|_| marked(screen, "basenji"))?;
        (cat.iter().zip(&other).filter(|(a, b)| a != b).count() > 50).then_some(())
    });
    tty.resize(60, 20);
    tty.wait("the screen fits its new size", |screen| {
        let rows: Vec<String> = screen.rows(0, 60).collect();
        let fits = rows[0].ends_with("1 of 1") && rows[19].ends_with("q quit") && marked(screen, "basenji");
        (fits && pixels(screen).len() > 50).then_some(())
    });
    tty.press("?");
    tty.wait_for("any other key closes");
    tty.press("\x1b");
    tty.wait_without("any other key closes");
    let (screen, written) = tty.quit();
    assert_given_back(&screen);
    let first = written.find("loading the network").expect("a screen before the network is loaded");
    assert!(first < written.find("Egyptian").unwrap());
}

#[test]
fn a_class_is_found_by_a_part_of_its_name_and_the_map_moves_to_the_dog() {
    let mut tty = Tty::start(&[CAT_AND_DOG], &Setting::default());
    tty.wait("the cat is explained", |screen| marked(screen, "Egyptian cat").then_some(()));
    tty.press("/golden ret");
    tty.wait_for("golden retriever");
    tty.press("\r");
    tty.wait("the dog is explained", |screen| marked(screen, "golden retriever").then(|| map(screen))?);
    tty.press("m");
    tty.wait_for("caveat: hardly depends");
    tty.press("\x03");
    let (status, screen, _) = tty.end();
    assert_eq!(status, 0);
    assert_given_back(&screen);
}

#[test]
fn signals_end_it_with_their_number_and_the_terminal_is_given_back() {
    for (signal, status) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let tty = Tty::start(&[CAT_AND_DOG], &Setting::default());
        tty.wait_for("cat_and_dog.jpg");
        tty.signal(signal);
        let (found, screen, _) = tty.end();
        assert_eq!(found, status, "SIG{signal}");
        assert_given_back(&screen);
    }
}

#[test]
fn suspended_it_gives_the_terminal_back_and_takes_it_again() {
    let mut tty = Tty::start(&[CAT_AND_DOG], &Setting::default());
    tty.wait_for("Egyptian cat");
    tty.press("\x1a");
    tty.wait("the alternate screen is left", |screen| (!screen.alternate_screen()).then_some(()));
    // It stops a moment after it gave the terminal back; to continue it before would be in vain.
    tty.wait("it is back", |screen| {
        tty.signal("CONT");
        (screen.alternate_screen() && map(screen).is_some()).then_some(())
    });
    tty.quit();
}

#[test]
fn a_broken_photo_and_one_that_vanishes_are_told_and_the_next_still_shown() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("1.jpg"), b"no photo at all").unwrap();
    fs::copy(fixture("cat_and_dog.jpg"), folder.path().join("2.jpg")).unwrap();
    let variables = &[("TERM", "xterm-256color")];
    let mut tty = Tty::start(&["."], &Setting { folder: folder.path(), variables, ..Setting::default() });
    tty.wait_for("cannot decode");
    tty.press("n");
    let map =
        tty.wait("the second photo is explained", |screen| marked(screen, "Egyptian cat").then(|| map(screen))?);
    assert!(map.iter().all(|(_, upper, _)| matches!(upper, Color::Idx(16..))), "256 colours without COLORTERM");
    tty.press("s");
    tty.wait_for("saved 2.285.grad-cam.map.png");
    assert!(folder.path().join("2.285.grad-cam.overlay.png").is_file());
    fs::remove_file(folder.path().join("2.jpg")).unwrap();
    tty.press("2");
    tty.wait("a vanished photo at hand has other classes", |screen| marked(screen, "basenji").then_some(()));
    tty.press("r");
    tty.wait_for("cannot read");
    tty.press("p");
    tty.wait_for("cannot decode");
    tty.quit();
}

#[test]
fn what_is_wrong_at_the_start_is_one_sentence_on_a_terminal_given_back() {
    for (arguments, words) in [
        (["--class", "egyptien cat", CAT_AND_DOG], "did you mean Egyptian cat"),
        (["--weights", "fixtures/cat.png", CAT_AND_DOG], "is not a usable safetensors file"),
        (["--layer", "fire99", CAT_AND_DOG], "has no layer `fire99`"),
    ] {
        let tty = Tty::start(&arguments, &Setting { columns: 200, ..Setting::default() });
        let (status, screen, _) = tty.end();
        assert_eq!(status, 1, "{words}");
        assert_given_back(&screen);
        let lines: Vec<String> = screen.rows(0, 200).filter(|line| !line.is_empty()).collect();
        assert!(lines[0].starts_with("error: ") && screen.contents().contains(words), "{lines:?}");
    }
}

#[test]
fn a_dumb_terminal_gets_text() {
    let variables = &[("TERM", "dumb")];
    let tty = Tty::start(&[CAT_AND_DOG], &Setting { variables, ..Setting::default() });
    let (status, screen, written) = tty.end();
    assert_eq!(status, 0);
    assert!(screen.contents().contains("Egyptian cat") || written.contains("Egyptian cat"));
    assert!(!written.contains("\x1b[?1049h"), "no alternate screen");
}

#[test]
fn insisting_on_the_interface_without_a_terminal_is_an_error() {
    let mut command = assert_cmd::Command::cargo_bin("saltty").unwrap();
    let output = command.args(["--interactive", CAT_AND_DOG]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("error: the interface needs a terminal") && told.lines().count() == 1, "{told}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_is_told() {
    let program = std::env::current_exe().unwrap();
    let arguments = ["--exact", "program_that_panics", "--ignored", "--nocapture"];
    let variables = &[("TERM", "xterm-256color"), ("SALTTY_TEST_PANIC", "1")];
    let tty = Tty::start_program(&program, &arguments, &Setting { variables, ..Setting::default() });
    let (status, screen, written) = tty.end();
    assert_eq!(status, 101);
    assert!(written.contains("\x1b[?1049h"), "it took the terminal first");
    assert_given_back(&screen);
    let (_, after) = written.split_once("\x1b[?1049l").expect("it left the alternate screen");
    assert!(after.contains("the sky falls"), "told on the screen that stays: {after}");
}

#[test]
#[ignore = "the program of the test above, which runs it in a terminal of its own"]
fn program_that_panics() {
    if std::env::var_os("SALTTY_TEST_PANIC").is_none() {
        return;
    }
    let mut screen = saltty::tui::terminal::Screen::enter().unwrap();
    screen.draw(|frame| frame.render_widget("a screen", frame.area())).unwrap();
    panic!("the sky falls");
}
