//! What else reads and shows what saltty prints: pipes that close, terminals, colours, progress.

use std::{
    io::Read,
    path::PathBuf,
    process::{Command as Process, Stdio},
};

use crate::common::{
    program::{folder, objects, run, saltty, words},
    repository,
};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

#[test]
fn timings_are_told_beside_the_output() {
    let folder = folder();
    let (out, told) = run(saltty(folder.path()).args(words("explain p.jpg --json --timings -m grad-cam")), 0);
    assert_eq!(objects(&out).len(), 1);
    for stage in ["p.jpg", "load", "decode", "prepare", "forward", "grad-cam", "ms"] {
        assert!(told.contains(stage), "no `{stage}` in:\n{told}");
    }
    assert!(!told.contains("paint"), "nothing is painted for nobody:\n{told}");
    let (_, told) = run(saltty(folder.path()).args(words("explain p.jpg --json --png out --timings")), 0);
    assert!(told.contains("paint") && told.contains("write"), "{told}");
}

#[test]
fn colours_come_when_asked_for_and_never_otherwise() {
    let folder = folder();
    let page = |line: &str, variables: &[(&str, &str)]| {
        let mut command = saltty(folder.path());
        command.args(words(line)).env_remove("NO_COLOR").envs(variables.iter().copied());
        run(&mut command, 0).0
    };
    assert!(page("p.jpg --color always --width 40", &[]).contains("\x1b[38;2;"), "as asked");
    assert!(page("p.jpg --color always --width 40", &[("NO_COLOR", "1")]).contains("\x1b[38;2;"), "an option wins");
    assert!(page("p.jpg --width 40", &[("CLICOLOR_FORCE", "1")]).contains("\x1b[38;2;"), "forced");
    for (line, variables) in [
        ("p.jpg --width 40", &[][..]),
        ("p.jpg --width 40", &[("CLICOLOR_FORCE", "0")]),
        ("p.jpg --width 40", &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]),
        ("p.jpg --width 40 --color never", &[("CLICOLOR_FORCE", "1")]),
    ] {
        assert!(!page(line, variables).contains('\x1b'), "{line} {variables:?}");
    }
}

/// A reader that leaves is no reason to panic, nor to say that all went well.
#[test]
fn a_closed_pipe_is_told_in_one_sentence() {
    let photo = repository("fixtures/cat_and_dog.jpg");
    for arguments in [&["explain", "--json"][..], &["--plain"]] {
        let mut process = Process::new(env!("CARGO_BIN_EXE_saltty"));
        process.args(arguments).arg(&photo).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = process.spawn().unwrap();
        drop(process.stdout.take());
        let output = process.wait_with_output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(told, "error: standard output was closed before all was written; read it to its end\n");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn nobody_reading_the_errors_is_no_reason_to_panic() {
    let mut process = Process::new(env!("CARGO_BIN_EXE_saltty"));
    process.arg("explain").arg("gone.jpg").stderr(Stdio::piped());
    let mut process = process.spawn().unwrap();
    drop(process.stderr.take());
    assert_eq!(process.wait().unwrap().code(), Some(1));
}

/// All that a terminal of 100 columns gets from a run.
fn in_a_terminal(arguments: &[&str], folder: PathBuf) -> String {
    let size = PtySize { rows: 30, cols: 100, ..PtySize::default() };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_saltty"));
    command.args(arguments);
    command.cwd(folder);
    command.env("TERM", "xterm-256color");
    let mut process = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = reader.read(&mut piece) {
        bytes.extend_from_slice(&piece[..count]);
    }
    assert!(process.wait().unwrap().success());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn a_progress_bar_is_for_terminals_and_more_than_one_photo() {
    let folder = folder();
    let explain = |photos: &[&'static str]| {
        let options = ["explain", "--json", "--method", "grad-cam"];
        in_a_terminal(&[&options[..], photos].concat(), folder.path().to_owned())
    };
    let many = explain(&["p.jpg", "p.jpg", "p.jpg"]);
    assert!(many.contains("/3 ") && many.contains(" left "), "{many:?}");
    assert_eq!(many.matches("\"weights_sha256\"").count(), 3, "the bar leaves the output whole");
    let one = explain(&["p.jpg"]);
    assert!(!one.contains("/1 ") && !one.contains(" left "), "{one:?}");
    let (_, told) = run(saltty(folder.path()).args(words("explain --json -m grad-cam p.jpg p.jpg")), 0);
    assert_eq!(told, "", "no bar in a pipe");
}
