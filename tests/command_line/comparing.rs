//! `saltty compare` and `saltty keys` without a terminal; folders inside folders.

use std::fs;

use crate::common::program::{folder, prints, run, saltty, words};

#[test]
fn two_classes_are_printed_with_how_alike_their_maps_are() {
    let folder = folder();
    let out = prints(folder.path(), "compare p.jpg --class 285 --class 207 --width 60");
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("1  p.jpg: squeezenet1_1, Grad-CAM of Egyptian cat (285)"), "{out}");
    assert!(lines[1].starts_with("2  p.jpg: squeezenet1_1, Grad-CAM of golden retriever (207)"), "{out}");
    assert!(lines[2].starts_with("   to 1: cosine 0."), "{out}");
    assert!(lines.len() > 10, "pictures as text");
}

#[test]
fn a_contrast_is_written_as_one_picture_of_three_and_its_own_map() {
    let folder = folder();
    let out = prints(folder.path(), "compare p.jpg --contrast 285 207 --png three.png");
    assert!(out.contains("Egyptian cat (285) minus golden retriever (207)"), "{out}");
    assert_eq!(out.lines().count(), 5, "no pictures as text where a file takes them");
    let picture = image::open(folder.path().join("three.png")).unwrap().into_rgb8();
    assert_eq!(picture.dimensions(), (3 * 480 + 2 * 4, 480), "squares of the photo's own height");
}

#[test]
fn a_map_is_wholly_like_itself_and_the_same_pane_can_be_asked_for_by_its_parts() {
    let folder = folder();
    let panes =
        ["compare", "p.jpg", "--png", "x.png", "--pane", "class=285 layer=fire8", "--pane", "class=285 layer=fire8"];
    let (out, _) = run(saltty(folder.path()).args(panes), 0);
    assert!(out.contains("to 1: cosine 1.00, ranks 1.00, top tenth 100 %"), "{out}");
    let (out, _) = run(saltty(folder.path()).args(&panes[..6]), 0);
    assert!(out.contains("at fire8"), "one pane alone, as commands copied from the interface have");
}

#[test]
fn what_cannot_be_compared_is_told() {
    let folder = folder();
    for (line, told) in [
        ("compare p.jpg", "these options make 1 pane, but 2 to 6 can be compared"),
        ("compare p.jpg --contrast 285 207 --method guided-backprop", "is not linear in the score"),
        ("compare p.jpg --class 285 --class nosuchclass", "no class is `nosuchclass`"),
        ("compare p.jpg --pane clas=285", "`clas=285` is not understood"),
        ("compare p.jpg --pane photo=2", "`photo=2` is not understood"),
        ("compare p.jpg gone.jpg --class 285", "cannot read gone.jpg"),
        ("compare p.jpg --model vgg19 --model squeezenet1_1", "vgg19 is not embedded"),
    ] {
        let (_, error) = run(saltty(folder.path()).args(words(line)), 1);
        assert!(error.contains(told) && error.lines().count() == 1, "{line}: {error}");
    }
}

#[test]
fn keys_are_printed_as_a_file_that_is_read_back() {
    let folder = folder();
    let text = prints(folder.path(), "keys --print");
    assert!(text.contains("save              = s\n"), "{text}");
    fs::write(folder.path().join("k.conf"), text.replace("= s\n", "= w\n")).unwrap();
    assert!(prints(folder.path(), "keys --print --keys k.conf").contains("save              = w\n"));
    fs::write(folder.path().join("k.conf"), "\n\nsave : w\n").unwrap();
    let (_, told) = run(saltty(folder.path()).args(words("keys --print --keys k.conf")), 1);
    assert!(told.starts_with("error: k.conf, line 3: "), "{told}");
}

#[test]
fn photos_are_found_in_folders_inside_folders_but_not_in_hidden_ones() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for path in ["2.jpg", "10.jpg", "b/1.png", "a/c/3.webp", ".thumbnails/x.jpg", "notes.txt"] {
        let file = root.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, b"x").unwrap();
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(root, root.join("a/loop")).unwrap();
    let found = saltty::photo::photos_under(root).unwrap();
    let names: Vec<String> =
        found.iter().map(|photo| photo.strip_prefix(root).unwrap().display().to_string()).collect();
    assert_eq!(names, ["2.jpg", "10.jpg", "a/c/3.webp", "b/1.png"]);
}
