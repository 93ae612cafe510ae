//! What is done all the same, but not in silence; and what is not done to files that are there.

use std::fs;

use crate::common::program::{folder, prints, run, saltty, words};

#[test]
fn input_made_otherwise_than_the_weights_say_is_warned_of() {
    let folder = folder();
    let (out, told) = run(saltty(folder.path()).args(words("explain p.jpg -m grad-cam --preprocess torchvision")), 0);
    assert!(out.contains("torchvision input"), "{out}");
    assert!(told.starts_with("warning: the embedded network says that it reads caffe input"), "{told}");
    assert_eq!(told.lines().count(), 1);
    prints(folder.path(), "explain p.jpg -m grad-cam --preprocess caffe");
}

#[test]
fn cam_has_a_layer_of_its_own_and_says_so() {
    let folder = folder();
    for line in ["explain p.jpg -m cam -m grad-cam --layer fire7", "p.jpg --plain -m cam --layer fire7"] {
        let (_, told) = run(saltty(folder.path()).args(words(line)), 0);
        assert_eq!(told, "note: cam is always computed at relu10; --layer fire7 does not apply to it\n");
    }
    prints(folder.path(), "explain p.jpg -m grad-cam --layer fire7");
}

#[test]
fn a_misspelt_class_is_answered_by_the_nearest_words() {
    let folder = folder();
    let (_, told) = run(saltty(folder.path()).args(words("classes terrrier")), 1);
    assert!(told.starts_with("error: no class contains `terrrier` (did you mean terrier or "), "{told}");
    let (_, told) = run(saltty(folder.path()).args(words("explain p.jpg -c terrier")), 1);
    assert!(
        told.contains("it fits 19 classes, such as ") && told.contains("name one whole or by its number"),
        "{told}"
    );
}

#[test]
fn arrays_overwrite_arrays_and_nothing_else() {
    let folder = folder();
    prints(folder.path(), "explain p.jpg -m grad-cam --arrays a.st");
    prints(folder.path(), "explain p.jpg -m grad-cam --arrays a.st");
    let photo = fs::read(folder.path().join("p.jpg")).unwrap();
    let (_, told) = run(saltty(folder.path()).args(words("explain p.jpg -m grad-cam --arrays p.jpg")), 1);
    assert_eq!(
        told,
        "error: p.jpg is there and holds no arrays, so it is not overwritten; give --arrays another name\n"
    );
    assert_eq!(fs::read(folder.path().join("p.jpg")).unwrap(), photo);
}
