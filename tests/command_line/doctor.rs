//! `saltty doctor` without a terminal, and what variables say; with one it is in `tests/pty`.

use crate::common::program::{folder, prints, run, saltty, words};

#[test]
fn the_doctor_works_without_a_terminal_and_says_so() {
    let folder = folder();
    let page = prints(folder.path(), "doctor");
    let line = |about: &str| page.lines().find(|line| line.starts_with(about)).unwrap_or_else(|| panic!("{page}"));
    assert!(line("terminal").contains("none: standard input or output is a file or a pipe"));
    assert!(line("text").contains("no colours") && line("text").contains("NO_COLOR is set"), "{page}");
    for (about, otherwise) in [
        ("key map", "--keys FILE"),
        ("findings", "--no-cache"),
        ("hashes", "XDG_CACHE_HOME"),
        ("session", "XDG_STATE_HOME"),
    ] {
        line(about);
        assert!(page.contains(otherwise), "{page}");
    }
    assert!(page.contains(" --depth ascii") && !page.contains('\x1b'), "{page}");
    let ramp = page.lines().find_map(|line| line.strip_suffix("  --depth ascii")).unwrap();
    let brightness = |sign: char| " .:-=+*#%@".find(sign).unwrap_or_else(|| panic!("{sign} in {ramp}"));
    assert!(
        ramp.starts_with(' ') && ramp.ends_with('@') && ramp.chars().is_sorted_by_key(brightness),
        "more is brighter"
    );
}

#[test]
fn swatches_are_in_every_depth_where_colours_are_wanted() {
    let folder = folder();
    let page = prints(folder.path(), "doctor --color always");
    for colors in ["\x1b[38;2;", "\x1b[38;5;", "\x1b[3"] {
        assert!(page.contains(colors), "{page}");
    }
    for depth in ["24bit", "256", "16", "ascii"] {
        assert!(page.lines().any(|line| line.ends_with(&format!("--depth {depth}"))), "{page}");
    }
}

#[test]
fn text_is_in_the_colours_that_are_asked_for() {
    let folder = folder();
    let text = |line: &str, variable: (&str, &str)| {
        let arguments = words(line);
        run(saltty(folder.path()).env_remove("NO_COLOR").env(variable.0, variable.1).args(arguments), 0).0
    };
    let page = "p.jpg --width 30 --color always";
    assert!(text(page, ("A", "")).contains("\x1b[38;2;"));
    assert!(text(&format!("{page} --depth 256"), ("A", "")).contains("\x1b[38;5;"));
    assert!(text(page, ("SALTTY_DEPTH", "256")).contains("\x1b[38;5;"));
    assert!(text(&format!("{page} --depth 24bit"), ("SALTTY_DEPTH", "16")).contains("\x1b[38;2;"), "an option wins");
    assert!(!text("p.jpg --width 30", ("SALTTY_DEPTH", "256")).contains('\x1b'), "a pipe has no colours unless forced");
    let (_, told) = run(saltty(folder.path()).env("SALTTY_GRAPHICS", "svga").arg("doctor"), 1);
    assert!(told.contains("SALTTY_GRAPHICS: `svga` is none of auto, halfblocks, kitty, sixel, iterm2"), "{told}");
    let (_, told) = run(saltty(folder.path()).args(["doctor", "--cell", "9"]), 2);
    assert!(told.contains("no size of a cell in pixels"), "{told}");
}

#[test]
fn the_same_is_there_for_programs() {
    let folder = folder();
    let report: serde_json::Value = serde_json::from_str(&prints(folder.path(), "doctor --json")).unwrap();
    assert!(report["terminal"].is_null() && report["interface"].is_null(), "there is no terminal: {report}");
    assert_eq!([&report["text"]["value"], &report["text"]["because"]], ["ascii", "NO_COLOR is set"]);
    assert_eq!((&report["no_color"], &report["version"]), (&true.into(), &env!("CARGO_PKG_VERSION").into()));
    assert!(report["key_map"]["exists"].is_boolean() && report["findings"]["path"].is_string(), "{report}");
    assert!(report["hashes"]["path"].as_str().unwrap().ends_with("hashes"), "{report}");
}
