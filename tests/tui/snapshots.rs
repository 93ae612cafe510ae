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
        update(&mut model, Message::Reply(Reply::Failed { number: 1, pane: 0, reason: reason.to_owned() }));
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

#[test]
fn a_closer_look_with_a_cursor_and_another_blend() {
    for size in SIZES {
        let mut model = looking(Depth::True);
        (model.size.0, model.size.1) = size;
        press(&mut model, "]]x++");
        check("closer", &model, size);
    }
    let mut model = looking(Depth::Ascii);
    press(&mut model, "x");
    check("cursor_ascii", &model, (80, 24));
}

#[test]
fn lists_to_choose_from() {
    for size in SIZES {
        for (name, key) in [("layers", "t"), ("methods", "e"), ("take", "S")] {
            let mut model = looking(Depth::True);
            press(&mut model, key);
            check(name, &model, size);
        }
    }
    let mut model = looking(Depth::True);
    press(&mut model, "tfire8");
    check("layers_narrowed", &model, (80, 24));
}

#[test]
fn two_panes_compared_with_their_difference() {
    for size in SIZES {
        let mut model = canned::comparing(Depth::True);
        press(&mut model, "Du");
        let likeness = saltty::compare::Likeness { cosine: Some(0.973), rank_correlation: Some(0.81), top_tenth: 0.5 };
        let number = model.measures;
        update(&mut model, Message::Measured(number, vec![None, Some(likeness)]));
        press(&mut model, "x");
        check("compare", &model, size);
    }
    let mut model = canned::comparing(Depth::Palette256);
    check("compare_256", &model, (80, 24));
    for _ in 2..6 {
        press(&mut model, "a");
    }
    check("compare_six_256", &model, (80, 24));
    assert!(text(&draw(&model, (40, 12))).contains(" 6 "));
}

#[test]
fn a_contrast_says_what_it_is() {
    let mut scene = scene(Method::GradCam, class(285, 0.613));
    scene.against = Some(class(207, 0.001));
    check("contrast", &shown(Depth::True, scene), (80, 24));
}

#[test]
fn the_list_of_photos() {
    for size in SIZES {
        let mut model = canned::listing(Depth::True);
        press(&mut model, " ");
        check("list", &model, size);
    }
    check("list_ascii", &canned::listing(Depth::Ascii), (80, 24));
    let mut model = canned::listing(Depth::True);
    press(&mut model, "/tab");
    check("list_filter", &model, (80, 24));
}

#[test]
fn names_of_saved_files_are_whole_or_cut_in_the_middle() {
    let names = ["cat_and_dog.285.grad-cam.map.png", "cat_and_dog.285.grad-cam.overlay.png"];
    let mut model = looking(Depth::True);
    update(&mut model, Message::Saved(Ok(names.map(Into::into).into())));
    assert!(text(&draw(&model, (80, 24))).contains(&format!("saved {} and {}", names[0], names[1])));
    let narrow = text(&draw(&model, (60, 20)));
    assert!(narrow.contains("….png") || (narrow.contains('…') && narrow.contains("map.png")), "{narrow}");
}

#[test]
fn a_caveat_that_has_no_room_is_hinted_at_and_reachable() {
    let mut model = shown(Depth::True, scene(Method::GuidedGradCam, class(207, 0.0012)));
    let screen = text(&draw(&model, (40, 12)));
    assert!(screen.contains("caveat: i"), "{screen}");
    press(&mut model, "i");
    press(&mut model, "jjjjjjjj");
    let details = text(&draw(&model, (40, 12)));
    assert!(details.contains("Adebayo"), "{details}");
}

#[test]
fn a_tall_wide_screen_has_no_empty_lower_part() {
    let screen = text(&draw(&looking(Depth::True), (200, 60)));
    let empty = screen.lines().filter(|line| line.trim().is_empty()).count();
    assert!(empty < 4, "{empty} empty rows:\n{screen}");
}
