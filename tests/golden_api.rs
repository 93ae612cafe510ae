//! The example project's own tests, run from here: `saltty::assert_golden!` as its users meet it, and saltty's own golden
//! explanations of the cat and the dog.

#[path = "../examples/own_golden/tests/explanations.rs"]
mod explanations;

use std::{path::Path, process::Command};

use saltty::{assert_golden, planes::Planes};

/// A map that the environment can nudge, in a folder that the environment names.
#[test]
#[ignore = "run by the test below, in a process of its own"]
fn nudged() {
    let nudge: f64 = std::env::var("NUDGE").unwrap().parse().unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(std::env::var("SNAPSHOTS").unwrap());
    settings.bind(|| assert_golden!("map", &Planes::new(1, 1, 3, vec![-1.0, 2.0 + nudge, 0.5])));
}

#[test]
fn a_change_fails_until_it_is_accepted_and_insta_update_accepts_it() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("golden_api");
    let _ = std::fs::remove_dir_all(&folder);
    let run = |nudge: f64, update: &str| {
        let mut test = Command::new(std::env::current_exe().unwrap());
        test.args(["--exact", "--ignored", "nudged"]).env("NUDGE", nudge.to_string()).env("SNAPSHOTS", &folder);
        test.env("INSTA_UPDATE", update).env_remove("INSTA_FORCE_PASS");
        test.output().unwrap().status.success()
    };
    let pending = || {
        std::fs::read_dir(&folder).map_or(0, |files| {
            files.filter(|file| file.as_ref().unwrap().path().to_string_lossy().contains(".snap.new")).count()
        })
    };
    assert!(!run(0.0, "no"), "nothing is accepted yet");
    assert_eq!(pending(), 0, "`no` writes nothing");
    assert!(!run(0.0, "new") && pending() > 0, "`new` leaves it to be reviewed");
    assert!(run(0.0, "always"), "`always` accepts it");
    assert!(run(0.0, "no"), "the same map passes");
    assert!(run(1e-6, "no"), "a map within its tolerance passes");
    assert!(!run(1e-2, "no"), "a map beyond its tolerance fails");
    assert!(run(1e-2, "always") && run(1e-2, "no"), "until it is accepted");
}
