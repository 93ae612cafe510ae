//! Many photos in one run: in order, each as if it were alone, a bad one in between, and an end before the end.

use std::{
    fs,
    path::Path,
    process::{Command as Process, Stdio},
    thread,
    time::Duration,
};

use crate::common::{
    program::{objects, run, saltty, words},
    repository,
};

/// A folder of `count` photos, by turns the two of the repository, named 0.jpg, 1.png and so on.
fn photos(count: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..count {
        let (photo, ending) = [("cat_and_dog.jpg", "jpg"), ("cat.png", "png")][number % 2];
        fs::copy(repository("fixtures").join(photo), folder.path().join(format!("{number}.{ending}"))).unwrap();
    }
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Decoding, network and painting overlap, but nobody can tell from the results.
#[test]
fn photos_of_a_folder_are_explained_in_order_and_as_if_alone() {
    let folder = photos(7);
    let options = "--json --class top2 -m grad-cam -m guided-grad-cam --png";
    let (all, _) = run(saltty(folder.path()).args(words(&format!("explain . {options} all"))), 0);
    let all = objects(&all);
    assert_eq!(all.len(), 7);
    for (number, report) in all.iter().enumerate() {
        let photo = format!("{number}.{}", ["jpg", "png"][number % 2]);
        assert!(report["photo"].as_str().unwrap().ends_with(&photo), "{} is not {photo}", report["photo"]);
    }
    for batch in [1, 2, 3, 7] {
        let (again, _) =
            run(saltty(folder.path()).args(words(&format!("explain . {options} of{batch} --batch {batch}"))), 0);
        let told = |all: &[serde_json::Value]| -> Vec<_> {
            all.iter().map(|told| ["photo", "top5", "class"].map(|key| told[key].clone())).collect()
        };
        assert_eq!(told(&objects(&again)), told(&all), "{batch} together");
    }
    for (number, photo) in [(3, "3.png"), (6, "6.jpg")] {
        let (one, _) = run(saltty(folder.path()).args(words(&format!("explain {photo} {options} one"))), 0);
        let one = &objects(&one)[0];
        assert_eq!((&one["top5"], &one["class"]), (&all[number]["top5"], &all[number]["class"]), "{photo}");
    }
    let one = folder.path().join("one");
    assert_eq!(names(&one).len(), 2 * 2 * 2 * 2, "two photos, two classes, two methods, map and overlay");
    for name in names(&one) {
        for all in ["all", "of1", "of2", "of3", "of7"] {
            let same = fs::read(one.join(&name)).unwrap() == fs::read(folder.path().join(all).join(&name)).unwrap();
            assert!(same, "{name} in {all}");
        }
    }
}

#[test]
fn one_bad_photo_does_not_stop_the_others() {
    let folder = photos(6);
    fs::write(folder.path().join("2.jpg"), "no photo").unwrap();
    let (out, told) = run(saltty(folder.path()).args(words("explain . --json -m grad-cam")), 1);
    let found: Vec<_> = objects(&out).iter().map(|report| report["photo"].as_str().unwrap().to_owned()).collect();
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(found.is_sorted(), "{found:?}");
    assert!(told.lines().count() == 1 && told.contains("2.jpg"), "{told}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_nothing_half_written() {
    let folder = photos(40);
    let pictures = folder.path().join("out");
    let mut process = Process::new(env!("CARGO_BIN_EXE_saltty"));
    process.args(["explain", ".", "--json", "--png", "out"]).current_dir(folder.path()).stdout(Stdio::null());
    let mut process = process.spawn().unwrap();
    while !pictures.exists() || names(&pictures).len() < 12 {
        assert!(process.try_wait().unwrap().is_none(), "it ended before it could be interrupted");
        thread::sleep(Duration::from_millis(5));
    }
    let killed = Process::new("kill").args(["-INT", &process.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(process.wait().unwrap().code(), Some(130));
    let written = names(&pictures);
    assert!(written.len() < 40 * 6, "it was interrupted");
    assert_eq!(written.len() % 6, 0, "whole photos only: {written:?}");
    for name in written {
        assert_eq!(Path::new(&name).extension(), Some("png".as_ref()), "{name} is no finished file");
        image::open(pictures.join(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// Most resident memory of a run over `count` photos, in kB.
#[cfg(target_os = "linux")]
fn peak(count: usize) -> u64 {
    let folder = photos(count);
    let mut process = Process::new(env!("CARGO_BIN_EXE_saltty"));
    process.args(["explain", "."]).current_dir(folder.path()).stdout(Stdio::null());
    let mut process = process.spawn().unwrap();
    let mut most = 0;
    while process.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
        let peak =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        most = most.max(peak.unwrap_or(0));
        thread::sleep(Duration::from_millis(5));
    }
    most
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_photos() {
    let (few, many) = (peak(8), peak(32));
    println!("{few} kB for 8 photos, {many} kB for 32");
    assert!(few > 40_000, "the network must have been seen: {few} kB");
    assert!(many < few + 40_000, "{few} kB for 8 photos, {many} kB for 32");
}
