//! Explanations that must stay as they were accepted.

use std::path::Path;

use saltty::{
    assert_golden,
    explain::{Attribution, Method},
    photo::Photo,
    studio::{Choices, Studio},
    weights::Weights,
};

/// Why the embedded network sees `class` in a photo.
fn explain(photo: &str, method: Method, class: &str) -> Attribution {
    let studio = Studio::load(Weights::embedded(), &Choices::default(), None).unwrap();
    let class = studio.names().find(class).unwrap();
    let session = studio.session(&studio.fit(&self::photo(photo))).unwrap();
    session.explain(method, class, studio.layer()).unwrap()
}

/// A photo of this project; here, the project is part of saltty's and shares its photos.
fn photo(name: &str) -> Photo {
    let mut folders =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("fixtures").join(name));
    let file = folders.find(|file| file.exists()).expect("saltty's photos");
    Photo::open(&file).unwrap()
}

#[test]
fn the_cat_is_seen_where_it_is() {
    assert_golden!("cat", &explain("cat_and_dog.jpg", Method::GradCam, "Egyptian cat"));
}

#[test]
fn the_dogs_pixels_are_the_same_within_a_tolerance_of_our_own() {
    let explanation = explain("cat_and_dog.jpg", Method::GradCam, "golden retriever");
    assert_golden!("dog", &explanation, within = 1e-3);
}
