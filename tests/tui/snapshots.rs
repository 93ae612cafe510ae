//! What the screen looks like; the pictures of record are in `golden/screen`.

use std::time::Duration;

use saltty::{
    explain::Method,
    raster::Depth,
    tui::{Message, Model, Reply, update},
};

use crate::{
    canned::{self, class, looking, press, ready, scene, shown},
    dump::{draw, styled, text},
};

const SIZES: [(u16, u16); 3] = [(40, 12), (80, 24), (200, 60)];

fn check(name: &str, model: &Model, size: (u16, u16)) {
    let (columns, rows) = size;
    let settings = {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../../golden/screen");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings
    };
    let screen = styled(&draw(model, size));
    settings.bind(|| insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), screen));
}

#[test]
fn the_pictures_at_every_size_in_24_bit_colours() {
    for size in SIZES {
        check("look", &looking(Depth::True), size);
    }
}

#[test]
fn the_pictures_in_fewer_colours() {
    check("look_256", &looking(Depth::Palette256), (80, 24));
    check("look_16", &looking(Depth::Palette16), (80, 24));
    check("look_ascii", &looking(Depth::Ascii), (80, 24));
}

#[test]
fn a_tall_screen_and_the_overlay_alone() {
    check("look", &looking(Depth::True), (50, 60));
    let mut model = looking(Depth::True);
    press(&mut model, "v");
    check("overlay", &model, (80, 24));
}

#[test]
fn a_class_beyond_the_likeliest_with_a_caveat_and_a_note() {
    let mut scene = scene(Method::GuidedGradCam, class(207, 0.0012));
    scene.note = Some("the map is blank: no gradient reaches the pixels".to_owned());
    for size in SIZES {
        check("caveat", &shown(Depth::True, scene.clone()), size);
    }
}

#[test]
fn the_help() {
    for size in SIZES {
        let mut model = looking(Depth::True);
        press(&mut model, "?");
        check("help", &model, size);
    }
}

#[test]
fn the_help_scrolls_to_its_end_and_no_further() {
    let mut model = looking(Depth::True);
    press(&mut model, "?");
    press(&mut model, &" ".repeat(20));
    assert!(text(&draw(&model, (40, 12))).contains("suspend"));
}

#[test]
fn the_class_search() {
    for size in SIZES {
        let mut model = looking(Depth::True);
        press(&mut model, "/retriever");
        check("search", &model, size);
    }
    let mut model = looking(Depth::True);
    press(&mut model, "/xyzzy");
    check("search_nothing", &model, (80, 24));
}

#[test]
fn a_photo_that_cannot_be_read() {
    let reason = "cannot decode cat_and_dog.jpg: the format could not be determined; saltty reads JPEG, PNG, WebP, BMP \
                  and GIF, so convert or re-download the photo";
    for size in SIZES {
        let mut model = ready(Depth::True);
        update(&mut model, Message::Reply(Reply::Failed { number: 1, reason: reason.to_owned() }));
        check("failure", &model, size);
    }
}

#[test]
fn the_network_being_loaded() {
    for size in SIZES {
        let mut model = Model::new(canned::start(Depth::True));
        update(&mut model, Message::Tick(Duration::from_millis(2340)));
        check("loading", &model, size);
    }
}

#[test]
fn another_method_being_computed_over_the_pictures_of_the_last() {
    let mut model = looking(Depth::True);
    press(&mut model, "m2");
    let stage = saltty::tui::Stage::Explain;
    let number = model.jobs;
    update(&mut model, Message::Reply(Reply::Reached { number, stage }));
    update(&mut model, Message::Tick(Duration::from_secs(3)));
    check("computing", &model, (80, 24));
}

#[test]
fn all_details_of_a_picture() {
    let mut model = looking(Depth::True);
    press(&mut model, "i");
    check("details", &model, (40, 12));
}

#[test]
fn a_terminal_too_small_is_told_what_is_needed() {
    check("small", &looking(Depth::True), (39, 11));
    assert!(text(&draw(&looking(Depth::True), (20, 6))).contains("40x12"));
}
