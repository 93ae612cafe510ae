//! `saltty verify --review` as a person meets it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use tempfile::TempDir;

use crate::tty::{Setting, Tty, assert_given_back};

const QUESTION: &str = "accept it into the record? [y]es, [n]o, [s]kip, [q]uit: ";

/// A folder with the records of two classes, made once a process.
fn recorded() -> TempDir {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("review");
        let _ = fs::remove_dir_all(&folder);
        let mut record = assert_cmd::Command::cargo_bin("saltty").unwrap();
        record.args(["record", super::CAT_AND_DOG, "--class", "285", "--class", "207", "--out"]).arg(&folder);
        record.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("SALTTY_FAULT").assert().success();
        folder
    });
    let copy = tempfile::tempdir().unwrap();
    for file in fs::read_dir(made).unwrap().map(|file| file.unwrap()) {
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}

/// Both manifests.
fn manifests(folder: &Path) -> [Vec<u8>; 2] {
    [207, 285].map(|class| fs::read(folder.join(format!("cat_and_dog.{class}.grad-cam.toml"))).unwrap())
}

/// Reviews a change of every record with these answers, each given when it is asked for; gives the exit status, all that
/// was written, and which of the two records changed.
fn review(answers: &[&str], ci: bool) -> (u32, String, [bool; 2]) {
    let folder = recorded();
    let before = manifests(folder.path());
    let mut variables = vec![("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("SALTTY_FAULT", "Alpha")];
    if ci {
        variables.push(("CI", "true"));
    }
    let setting = Setting { columns: 100, rows: 200, variables: &variables, ..Setting::default() };
    let mut tty =
        Tty::start(&["verify", folder.path().to_str().unwrap(), "--photos", "fixtures", "--review"], &setting);
    for (asked, answer) in answers.iter().enumerate() {
        let questions = format!("question {} is asked", asked + 1);
        tty.wait(&questions, |screen| (screen.contents().matches(QUESTION).count() > asked).then_some(()));
        tty.press(&format!("{answer}\r"));
    }
    let (status, screen, written) = tty.end();
    assert_given_back(&screen);
    let after = manifests(folder.path());
    (status, written, [0, 1].map(|at| before[at] != after[at]))
}

#[test]
fn changes_are_accepted_one_by_one_and_all_accepted_is_a_status_of_0() {
    let (status, written, changed) = review(&["y", "yes"], false);
    assert_eq!((status, changed), (0, [true, true]), "{written}");
    assert!(written.contains("before") && written.contains("difference"), "{written}");
    assert!(written.contains("\x1b[48;2;") || written.contains("\x1b[38;2;"), "the pictures are in colours");
}

#[test]
fn what_is_rejected_stays_and_the_status_says_that_something_changed() {
    let (status, written, changed) = review(&["n", "y"], false);
    assert_eq!((status, changed), (1, [false, true]), "{written}");
    assert!(written.contains("rejected: the record stays as it was"), "{written}");
}

#[test]
fn who_quits_is_asked_nothing_more() {
    let (status, written, changed) = review(&["q"], false);
    assert_eq!((status, changed), (1, [false, false]), "{written}");
    assert_eq!(written.matches(QUESTION).count(), 1);
    assert!(written.contains("cat_and_dog.285.grad-cam.toml"), "the second is still compared: {written}");
}

#[test]
fn where_ci_is_set_nothing_is_asked_and_nothing_accepted() {
    let (status, written, changed) = review(&[], true);
    assert_eq!((status, changed), (1, [false, false]), "{written}");
    assert!(written.contains("CI is set") && !written.contains(QUESTION), "{written}");
}
