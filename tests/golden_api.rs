//! `saltty::assert_golden!` from the first run to an accepted change, and saltty's own golden explanations through it.
//! `examples/own_golden`, a member of this workspace, is tested with it.

use std::{path::Path, process::Command};

use saltty::{
    assert_golden,
    explain::Method,
    photo::Photo,
    planes::Planes,
    studio::{Choices, Studio},
    weights::Weights,
};

/// Asserts that the embedded network explains the cat as in `golden/explanation`.
fn cat(name: &str, method: Method) {
    let studio = Studio::load(Weights::embedded(), &Choices::default(), None).unwrap();
    let photo = Photo::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cat_and_dog.jpg")).unwrap();
    let session = studio.session(&studio.fit(&photo)).unwrap();
    let class = studio.names().find("Egyptian cat").unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../golden/explanation");
    settings.bind(|| assert_golden!(name, &session.explain(method, class, studio.layer()).unwrap()));
}

#[test]
fn the_cats_grad_cam_is_as_it_was_last_looked_at() {
    cat("cat.grad-cam", Method::GradCam);
}

#[test]
fn the_cats_guided_grad_cam_is_as_it_was_last_looked_at() {
    cat("cat.guided-grad-cam", Method::GuidedGradCam);
}

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
        let files = std::fs::read_dir(&folder).into_iter().flatten().map(|file| file.unwrap().file_name());
        let names = files.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".snap.new"));
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    assert!(!run(0.0, "no"), "nothing is accepted yet");
    assert!(pending().is_empty(), "`no` writes nothing");
    assert!(!run(0.0, "new"), "`new` does not accept it");
    let both = ["map-map.snap.new", "map.snap.new"];
    assert_eq!(pending(), both, "page and map are both left, so that one review sees all");
    assert!(run(0.0, "always"), "`always` accepts it");
    assert!(run(0.0, "no"), "the same map passes");
    assert!(run(1e-6, "no"), "a map within its tolerance passes");
    assert!(!run(1e-2, "no"), "a map beyond its tolerance fails");
    assert!(!run(1e-2, "new"));
    assert_eq!(pending(), both, "and a change is left whole too");
    assert!(run(1e-2, "always") && run(1e-2, "no"), "until it is accepted");
}
