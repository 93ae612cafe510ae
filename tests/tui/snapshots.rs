//! What the screen looks like: every view at every size in every depth of colour, of record in `golden/screen`.

use std::{collections::BTreeSet, fs, path::Path};

use saltty::{
    explain::Method,
    raster::Depth,
    tui::{Message, Model, update},
};

use crate::{
    canned::{class, looking, press, scene, shown},
    dump::{draw, styled, text},
    views::{Size, VIEWS, View},
};

const SIZES: [Size; 3] = [(40, 12), (80, 24), (200, 60)];
const DEPTHS: [(&str, Depth); 4] =
    [("24bit", Depth::True), ("256", Depth::Palette256), ("16", Depth::Palette16), ("ascii", Depth::Ascii)];
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/screen");

fn check(view: &str, depth: &str, model: &Model, size: Size) {
    let (columns, rows) = size;
    let settings = {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(Path::new(FOLDER).join(view));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.set_description(format!("{view}, {depth}, {columns}x{rows}"));
        settings
    };
    let screen = styled(&draw(model, size));
    settings.bind(|| insta::assert_snapshot!(format!("{depth}_{columns}x{rows}"), screen));
}

/// All sizes of all views in one depth; every one is looked at before the first that differs is told.
fn check_all(depth: &str, colors: Depth) {
    let wrong: Vec<String> = VIEWS
        .iter()
        .flat_map(|view| SIZES.map(|size| (view, size)))
        .filter_map(|(&(name, make), size): (&View, Size)| {
            let checked = std::panic::catch_unwind(|| check(name, depth, &make(colors, size), size));
            checked.is_err().then(|| format!("{name} at {}x{}", size.0, size.1))
        })
        .collect();
    assert!(wrong.is_empty(), "{depth}: {}", wrong.join(", "));
}

#[test]
fn every_view_at_every_size_in_24_bit_colours() {
    check_all("24bit", Depth::True);
}

#[test]
fn every_view_at_every_size_in_256_colours() {
    check_all("256", Depth::Palette256);
}

#[test]
fn every_view_at_every_size_in_16_colours() {
    check_all("16", Depth::Palette16);
}

#[test]
fn every_view_at_every_size_without_colours() {
    check_all("ascii", Depth::Ascii);
}

/// The names in `pub enum NAME` of a source file.
fn variants(source: &str, name: &str) -> Vec<String> {
    let start = source.find(&format!("pub enum {name} {{")).unwrap_or_else(|| panic!("no enum {name}"));
    let body = source[start..].split("\n}").next().unwrap();
    let lines = body.lines().skip(1).filter_map(|line| line.strip_prefix("    "));
    let names = lines.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    names.map(|line| line.chars().take_while(|c| c.is_alphanumeric()).collect()).collect()
}

/// A page, a mode, a list to choose from, a line to type or a choice of pictures that no view shows has no snapshot.
#[test]
fn all_that_can_be_on_the_screen_is_in_the_table() {
    let modes = include_str!("../../src/tui/mode.rs");
    let pickers = include_str!("../../src/tui/picker.rs");
    let models: Vec<Model> = VIEWS.iter().map(|(_, make)| make(Depth::True, (80, 24))).collect();
    let states: Vec<String> =
        models.iter().map(|model| format!("{:?} {:?} {:?}", model.page, model.mode, model.pictures)).collect();
    for (source, name) in
        [(modes, "Page"), (modes, "Mode"), (modes, "Pictures"), (pickers, "Choice"), (pickers, "Line")]
    {
        for variant in variants(source, name) {
            let word = |state: &String| state.split(|c: char| !c.is_alphanumeric()).any(|word| word == variant);
            assert!(states.iter().any(word), "no view of tests/tui/views.rs shows {name}::{variant}");
        }
    }
    assert!(models.iter().any(Model::compares));
}

/// A view without one of its snapshots, or a snapshot without its view.
#[test]
fn the_folder_has_every_view_at_every_size_in_every_depth_and_nothing_else() {
    let mut wanted: BTreeSet<String> = VIEWS
        .iter()
        .flat_map(|(view, _)| DEPTHS.map(|(depth, _)| (view, depth)))
        .flat_map(|(view, depth)| SIZES.map(|(columns, rows)| format!("{view}/{depth}_{columns}x{rows}.snap")))
        .collect();
    wanted.extend(["look/24bit_50x60.snap", "small/24bit_39x11.snap"].map(str::to_owned));
    let folders = fs::read_dir(FOLDER).unwrap().map(|folder| folder.unwrap().path());
    let there: BTreeSet<String> = folders
        .flat_map(|folder| fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()))
        .filter(|file| file.extension().is_none_or(|extension| extension != "new"))
        .map(|file| file.strip_prefix(FOLDER).unwrap().to_str().unwrap().to_owned())
        .collect();
    let missing: Vec<_> = wanted.difference(&there).collect();
    let stray: Vec<_> = there.difference(&wanted).collect();
    assert!(missing.is_empty() && stray.is_empty(), "missing: {missing:?}; of no view: {stray:?}");
}

#[test]
fn a_tall_screen() {
    let mut model = looking(Depth::True);
    update(&mut model, Message::Resized(50, 60));
    check("look", "24bit", &model, (50, 60));
}

#[test]
fn a_terminal_too_small_is_told_what_is_needed() {
    check("small", "24bit", &looking(Depth::True), (39, 11));
    assert!(text(&draw(&looking(Depth::True), (20, 6))).contains("40x12"));
}

#[test]
fn the_help_scrolls_to_its_end_and_no_further() {
    let mut model = looking(Depth::True);
    press(&mut model, "?");
    press(&mut model, &" ".repeat(20));
    assert!(text(&draw(&model, (40, 12))).contains("suspend"));
}

#[test]
fn six_panes_have_their_numbers_on_the_smallest_screen() {
    let make = VIEWS.iter().find(|(name, _)| *name == "compare_six").unwrap().1;
    let screen = text(&draw(&make(Depth::Palette256, (40, 12)), (40, 12)));
    assert!((1..=6).all(|pane| screen.contains(&format!(" {pane} "))), "{screen}");
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
