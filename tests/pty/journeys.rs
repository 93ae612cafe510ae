//! What a person does with it, one journey each.

use std::{fs, path::Path};

use vt100::{Color, Screen};

use crate::{
    CAT_AND_DOG, fixture, map, marked,
    tty::{Setting, Tty, pixels},
};

const ESC: &str = "\x1b";

/// Rows of the screen.
fn rows(screen: &Screen) -> Vec<String> {
    screen.rows(0, screen.size().1.get()).collect()
}

/// Where `text` begins: column and row.
fn place(screen: &Screen, text: &str) -> Option<(u16, u16)> {
    rows(screen).into_iter().enumerate().find_map(|(row, line)| {
        let at = line.find(text)?;
        Some((line[..at].chars().count() as u16, row as u16))
    })
}

fn wait_for_cat(tty: &Tty) {
    tty.wait("the cat is explained", |screen| marked(screen, "Egyptian cat").then(|| map(screen))?);
}

/// A folder of three photos, one in a folder inside it that names a class.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("golden_retriever")).unwrap();
    fs::copy(fixture("cat_and_dog.jpg"), folder.path().join("a.jpg")).unwrap();
    fs::copy(fixture("cat.png"), folder.path().join("b.png")).unwrap();
    fs::copy(fixture("cat.png"), folder.path().join("golden_retriever/c.png")).unwrap();
    folder
}

#[test]
fn look_closer_choose_a_layer_and_a_method_and_read_a_value() {
    let mut tty = Tty::start(&[CAT_AND_DOG], &Setting::default());
    wait_for_cat(&tty);
    tty.press("tfire5");
    tty.wait_for("128x28x28");
    tty.press("\r");
    tty.wait_for("at fire5");
    tty.press("x");
    tty.wait_for("of 28x28");
    tty.press("+++++");
    tty.wait("zoomed with a cell around the cursor", |screen| {
        (rows(screen)[0].contains("6x") && screen.contents().contains('┐')).then_some(())
    });
    let before = tty.wait("a value is read", |screen| place(screen, "cell 14,14"));
    assert!(before.1 > 5);
    tty.press("\x1b[C");
    tty.wait_for("cell 14,15");
    tty.press(ESC);
    tty.wait_without("cell 14,15");
    tty.press("z]");
    tty.wait_for("blend, 60 % map");
    tty.press("eguided Grad");
    tty.wait_for("fails the sanity checks");
    tty.press("\r");
    tty.wait_for("caveat: hardly depends");
    tty.quit();
}

#[test]
fn compare_two_networks_with_a_difference_and_numbers_between_them() {
    let arguments = ["compare", CAT_AND_DOG, "--model", "squeezenet1_1", "--model"];
    let other = format!("squeezenet1_1={}", fixture("squeezenet1_1.f16.safetensors").display());
    let arguments: Vec<&str> = arguments.into_iter().chain([other.as_str()]).collect();
    let mut tty = Tty::start(&arguments, &Setting::default());
    tty.wait_for("cosine 1.00, ranks 1.00, top tenth 100 %");
    tty.press("D");
    tty.wait("a network less itself is white", |screen| {
        screen.contents().contains("signed difference").then_some(())?;
        let right = |&&((_, column), ..): &&crate::tty::Pixel| column > 68;
        let all = pixels(screen);
        let last: Vec<_> = all.iter().filter(right).collect();
        let white = |color: &Color| matches!(color, Color::Rgb(r, g, b) if *r > 230 && *g > 230 && *b > 230);
        let picture = last.iter().filter(|(_, upper, _)| white(upper)).count();
        (picture > 50).then_some(())
    });
    tty.press("2");
    tty.wait_for("basenji");
    tty.wait("the numbers follow", |screen| (!screen.contents().contains("cosine 1.00")).then_some(()));
    tty.press("u");
    tty.wait_for("one scale for all panes");
    tty.quit();
}

#[test]
fn contrast_of_two_classes() {
    let folder = folder();
    let mut tty = Tty::start(&["a.jpg"], &Setting { folder: folder.path(), ..Setting::default() });
    wait_for_cat(&tty);
    tty.press("bgolden ret");
    tty.wait_for("minus which class?");
    tty.press("\r");
    tty.wait_for("minus golden");
    tty.press("s");
    tty.wait_for("saved a.285-minus");
    for kind in ["map", "overlay"] {
        assert!(folder.path().join(format!("a.285-minus-207.grad-cam.{kind}.png")).is_file());
    }
    tty.press(ESC);
    tty.wait_without("minus golden");
    tty.quit();
}

#[test]
fn browse_a_folder_filter_sort_mark_and_compare_what_is_marked() {
    let folder = folder();
    let cache = tempfile::tempdir().unwrap();
    let variables =
        &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("XDG_CACHE_HOME", cache.path().to_str().unwrap())];
    let setting = Setting { folder: folder.path(), variables, ..Setting::default() };
    let mut tty = Tty::start(&["."], &setting);
    wait_for_cat(&tty);
    tty.press("f");
    tty.wait("all three are known, one contradicts its folder", |screen| {
        let lines = rows(screen);
        let classes = lines.iter().filter(|line| line.contains(" % ")).count();
        (classes == 3 && lines.iter().filter(|line| line.contains("≠ golden retriever")).count() == 1).then_some(())
    });
    tty.press("/retr");
    tty.wait_for("/ retr");
    tty.wait_for("1 of 3 photos");
    tty.press("\r");
    tty.wait_for("c.png");
    tty.press(ESC);
    tty.wait_without("/ retr");
    tty.press("ooo");
    tty.wait("the contradiction is first", |screen| rows(screen)[2].contains("c.png").then_some(()));
    tty.press("\x1b[H  ");
    tty.wait_for("2 marked");
    tty.press("=");
    tty.wait("two photos side by side", |screen| {
        let text = screen.contents();
        (text.contains(" 1 ") && text.contains("c.png") && text.contains("to 1:")).then_some(())
    });
    tty.quit();
    // A second visit knows everything from the disk, damage or not.
    let damaged = fs::read_dir(cache.path().join("saltty/findings")).unwrap().flatten();
    for entry in damaged.flat_map(|entry| fs::read_dir(entry.path()).unwrap().flatten()).take(1) {
        for file in fs::read_dir(entry.path()).unwrap().flatten() {
            fs::write(file.path(), b"damaged").unwrap();
        }
    }
    let mut tty = Tty::start(&["."], &setting);
    tty.press("f");
    tty.wait("all three are known again", |screen| {
        (rows(screen).iter().filter(|line| line.contains(" % ")).count() == 3).then_some(())
    });
    let (column, row) = tty.wait("where the second photo is", |screen| place(screen, "b.png"));
    tty.click(column, row);
    tty.wait("it is chosen", |screen| rows(screen)[0].contains("2 of 3").then_some(()));
    tty.click(column, row);
    tty.wait("it is looked at", |screen| marked(screen, "Egyptian cat").then_some(()));
    tty.quit();
}

#[test]
fn take_away_a_picture_arrays_text_a_record_and_the_command() {
    let folder = folder();
    let mut tty = Tty::start(&["a.jpg"], &Setting { folder: folder.path(), ..Setting::default() });
    wait_for_cat(&tty);
    for (what, file) in [
        ("picture", "a.285.grad-cam.png"),
        ("arrays", "a.285.grad-cam.safetensors"),
        ("text", "a.285.grad-cam.ansi"),
        ("record", "a.285.grad-cam.toml"),
    ] {
        tty.press(&format!("S{what}"));
        tty.wait_for(&format!("/{what}"));
        tty.press("\r");
        tty.wait_for(&format!("saved {file}"));
        assert!(folder.path().join(file).is_file(), "{file}");
        tty.press("?");
        tty.wait_for("any other key closes");
        tty.press(ESC);
        tty.wait_without("any other key closes");
    }
    tty.press("y");
    tty.wait_for("copied: saltty explain a.jpg --class 285");
    // OSC 52 with base64 of `saltty explain a.jpg ...`.
    assert!(tty.written().contains("\x1b]52;c;c2FsdHR5IGV4cGxhaW4g"), "the clipboard is set");
    tty.quit();
    let text = fs::read_to_string(folder.path().join("a.285.grad-cam.ansi")).unwrap();
    assert!(text.contains("Egyptian cat") && text.contains("\x1b[0"));
    let mut verify = assert_cmd::Command::cargo_bin("saltty").unwrap();
    let output = verify.current_dir(folder.path()).args(["verify", "a.285.grad-cam.toml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn go_on_where_it_was_left_with_keys_of_ones_own() {
    let folder = folder();
    let state = tempfile::tempdir().unwrap();
    let home = state.path().to_str().unwrap();
    let variables = &[("TERM", "xterm-256color"), ("XDG_STATE_HOME", home), ("XDG_CONFIG_HOME", home)];
    fs::create_dir(state.path().join("saltty")).unwrap();
    fs::write(state.path().join("saltty/keys.conf"), "next-photo = w\n").unwrap();
    let setting = Setting { folder: folder.path(), variables, ..Setting::default() };
    let mut tty = Tty::start(&["."], &setting);
    wait_for_cat(&tty);
    tty.press("w");
    tty.wait("the second photo", |screen| rows(screen)[0].contains("2 of 3").then_some(()));
    tty.press("m");
    tty.wait_for("caveat: hardly depends");
    tty.quit();
    let elsewhere = Setting { folder: Path::new("/"), variables, ..Setting::default() };
    let tty = Tty::start(&["--resume"], &elsewhere);
    tty.wait("the second photo again", |screen| rows(screen)[0].contains("b.png").then_some(()));
    tty.wait_for("guided backpropagation: pixels");
    tty.quit();
    fs::write(state.path().join("saltty/keys.conf"), "next-photo w\n").unwrap();
    let (status, screen, _) = Tty::start(&["a.jpg"], &setting).end();
    assert_eq!(status, 1);
    assert!(screen.contents().replace('\n', "").contains("keys.conf, line 1: it is not"), "{}", screen.contents());
}

#[test]
fn the_mouse_points_zooms_and_chooses() {
    let mut tty = Tty::start(&[CAT_AND_DOG], &Setting::default());
    wait_for_cat(&tty);
    let (column, row) = tty.wait("the list of classes", |screen| place(screen, "basenji"));
    tty.click(column, row);
    tty.wait("another class", |screen| marked(screen, "basenji").then_some(()));
    tty.click(5, 5);
    tty.wait_for("of 14x14");
    tty.press("\x1b[<64;6;6M\x1b[<64;6;6M");
    tty.wait("zoomed by the wheel", |screen| rows(screen)[0].contains("2x").then_some(()));
    tty.quit();
}

#[test]
fn windows_resized_in_a_storm_end_right() {
    let mut tty = Tty::start(&[CAT_AND_DOG], &Setting::default());
    wait_for_cat(&tty);
    for step in 0..60_u16 {
        tty.resize(30 + step * 7 % 120, 8 + step * 5 % 40);
    }
    tty.resize(90, 28);
    tty.wait("the last size counts", |screen| {
        let rows = rows(screen);
        (rows[0].ends_with("1 of 1") && rows[27].ends_with("q quit") && marked(screen, "Egyptian cat")).then_some(())
    });
    tty.quit();
}
