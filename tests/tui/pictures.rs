//! Pictures in the terminal's own protocol, without a terminal: what is encoded, what is drawn until then, what lies over it.

use std::time::Duration;

use ratatui::buffer::Buffer;
use saltty::{
    raster::{CellShape, Depth},
    terminal::{Choice, Facts, Protocol, Surroundings, Wished, Wishes},
    tui::{
        Effect, Message, Model,
        graphics::{Batch, encode},
        meter::Drawn,
        update,
    },
};

use crate::{
    canned::{self, answer, class, looking, press, scene},
    dump::draw,
};

const SIZE: (u16, u16) = (100, 30);

fn choice(protocol: Protocol, cell: (u16, u16), here: &Surroundings) -> Message {
    let wished = |value| Some(Wished { value, by: "--graphics".to_owned() });
    let wishes = Wishes { graphics: wished(protocol), ..Wishes::default() };
    let facts = Facts { cell: CellShape::new(cell.0, cell.1), true_color: true, ..Facts::default() };
    Message::Terminal(Box::new(Choice::new(&wishes, here, &facts, None)))
}

fn batch(effects: Vec<Effect>) -> Option<Batch> {
    effects.into_iter().find_map(|effect| match effect {
        Effect::Encode(batch) => Some(*batch),
        _ => None,
    })
}

/// A model that is told of such a terminal, and what it has encoded for that.
fn told(protocol: Protocol) -> (Model, Batch) {
    let mut model = looking(Depth::True);
    update(&mut model, Message::Resized(SIZE.0, SIZE.1));
    let effects = update(&mut model, choice(protocol, (9, 20), &Surroundings::default()));
    let batch = batch(effects).expect("pictures are wanted");
    (model, batch)
}

/// How many cells hold a whole picture, a part of kitty's, a half block.
fn counts(buffer: &Buffer) -> [usize; 3] {
    let symbols = || buffer.content.iter().map(ratatui::buffer::Cell::symbol);
    [
        symbols().filter(|symbol| symbol.contains("\x1bP") || symbol.contains("\x1b]1337")).count(),
        symbols().filter(|symbol| symbol.starts_with('\u{10EEEE}')).count(),
        symbols().filter(|symbol| *symbol == "▀").count(),
    ]
}

#[test]
fn pictures_are_half_blocks_until_they_are_encoded_and_while_something_lies_over_them() {
    for protocol in [Protocol::Sixel, Protocol::Iterm2] {
        let (mut model, batch) = told(protocol);
        assert_eq!(batch.wanted.len(), 3, "photo, map, overlay");
        let [pictures, _, blocks] = counts(&draw(&model, SIZE));
        assert!(pictures == 0 && blocks > 1000);
        let effects = update(&mut model, Message::Made(encode(&batch)));
        assert!(effects.is_empty(), "nothing to send before, nothing more to encode");
        let [pictures, _, bar] = counts(&draw(&model, SIZE));
        assert!(pictures == 3 && bar < 100, "the colour bar is text");
        for (open, close) in [("?", "q"), ("i", "q"), ("e", "\u{1b}"), ("x", "x")] {
            press(&mut model, open);
            let [pictures, _, blocks] = counts(&draw(&model, SIZE));
            assert!(pictures == 0 && blocks > 100, "{open} lies over text");
            if close == "\u{1b}" {
                let escape = ratatui::crossterm::event::KeyCode::Esc;
                update(&mut model, Message::Key(escape.into()));
            } else {
                press(&mut model, close);
            }
            assert_eq!(counts(&draw(&model, SIZE))[0], 3, "after {open}");
        }
    }
}

/// A terminal with 24-bit colours that calls itself so, used as is best.
fn found(name: &str, here: &Surroundings, facts: &Facts) -> Message {
    let facts = Facts { name: Some(name.to_owned()), true_color: true, cell: CellShape::new(9, 20), ..facts.clone() };
    Message::Terminal(Box::new(Choice::new(&Wishes::default(), here, &facts, None)))
}

/// Konsole draws text over pictures, not in place of them.
#[test]
fn the_screen_is_cleared_where_pictures_would_stay_under_what_comes_over_them() {
    for (name, underlays) in [("Konsole 22.12.3", true), ("XTerm(379)", false)] {
        let (mut model, _) = told(Protocol::Sixel);
        let choice = found(name, &Surroundings::default(), &Facts { sixel: true, ..Facts::default() });
        let batch = batch(update(&mut model, choice)).unwrap_or_else(|| told(Protocol::Sixel).1);
        update(&mut model, Message::Made(encode(&batch)));
        let mut redraws = |keys: &str| press(&mut model, keys).iter().any(|effect| matches!(effect, Effect::Redraw));
        assert_eq!(redraws("?"), underlays, "help comes");
        assert!(!redraws("q"), "help goes: what it was over was cleared when it came");
        assert!(!redraws("2"), "another class has pictures at the same places");
        assert_eq!(redraws("f"), underlays, "the list comes");
    }
}

#[test]
fn pictures_given_up_for_a_slow_link_do_not_stay_under_the_letters() {
    for (name, underlays) in [("Konsole 22.12.3", true), ("XTerm(379)", false)] {
        let (mut model, _) = told(Protocol::Sixel);
        let here = Surroundings { ssh: true, ..Surroundings::default() };
        update(&mut model, found(name, &here, &Facts { sixel: true, ..Facts::default() }));
        assert!(model.graphics.is_some());
        let effects = update(&mut model, Message::Passed(110_000, Duration::from_millis(900)));
        assert!(model.graphics.is_none() && model.is_slow());
        assert_eq!(effects.iter().any(|effect| matches!(effect, Effect::Redraw)), underlays);
    }
}

#[test]
fn kitty_is_told_to_forget_pictures_given_up_for_a_slow_link() {
    let (mut model, batch) = told(Protocol::Kitty);
    update(&mut model, Message::Made(encode(&batch)));
    let here = Surroundings { ssh: true, ..Surroundings::default() };
    update(&mut model, found("kitty(0.35.2)", &here, &Facts { kitty: true, ..Facts::default() }));
    assert!(model.graphics.is_some_and(|graphics| graphics.protocol == Protocol::Kitty));
    let effects = update(&mut model, Message::Passed(110_000, Duration::from_millis(900)));
    let sent = effects.iter().find_map(|effect| if let Effect::Send(text) = effect { Some(text) } else { None });
    assert!(model.graphics.is_none() && sent.is_some_and(|text| text.contains("a=d")), "{effects:?}");
}

#[test]
fn kittys_pictures_are_sent_before_their_cells_are_drawn_and_again_when_they_were_forgotten() {
    let (mut model, batch) = told(Protocol::Kitty);
    let made = encode(&batch);
    let effects = update(&mut model, Message::Made(made.clone()));
    let sent = |effects: &[Effect]| match effects {
        [Effect::Send(text)] => text.matches("a=T,U=1").count(),
        _ => 0,
    };
    assert_eq!(sent(&effects), 3);
    let [_, cells, _] = counts(&draw(&model, SIZE));
    assert!(cells > 1000);
    assert!(update(&mut model, Message::Made(made)).is_empty(), "a batch twice is nothing new");
    let again = self::batch(update(&mut model, Message::Forgotten)).expect("all anew");
    assert_eq!(again.wanted.len(), 3);
    assert_eq!(counts(&draw(&model, SIZE))[1], 0, "nothing is there that the terminal has forgotten");
}

#[test]
fn another_class_is_encoded_next_and_the_picture_before_stays_until_then() {
    let (mut model, batch) = told(Protocol::Sixel);
    update(&mut model, Message::Made(encode(&batch)));
    press(&mut model, "2");
    let effects = answer(&mut model, 0, scene(saltty::explain::Method::GradCam, class(253, 0.202)));
    let next = self::batch(effects).expect("the new pictures");
    assert_eq!(counts(&draw(&model, SIZE))[0], 3, "no flicker");
    press(&mut model, "+");
    assert!(self::batch(press(&mut model, "+")).is_none(), "one batch at a time");
    let effects = update(&mut model, Message::Made(encode(&next)));
    let newest = self::batch(effects).expect("the newest wish is next");
    assert!(newest.wanted.iter().all(|wanted| wanted.window[2] < 64), "zoomed");
}

#[test]
fn a_comparison_has_a_picture_for_each_pane_and_the_difference() {
    let mut model = canned::comparing(Depth::True);
    update(&mut model, Message::Resized(SIZE.0, SIZE.1));
    press(&mut model, "D");
    let effects = update(&mut model, choice(Protocol::Sixel, (9, 20), &Surroundings::default()));
    let batch = batch(effects).unwrap();
    assert_eq!(batch.wanted.len(), 3);
    update(&mut model, Message::Made(encode(&batch)));
    assert_eq!(counts(&draw(&model, SIZE))[0], 3);
    press(&mut model, "f");
    assert_eq!(counts(&draw(&model, SIZE))[0], 0, "the list is text");
}

#[test]
fn pictures_keep_their_shape_on_cells_of_any_shape() {
    for (cell, aspect) in [((10, 20), 2.0), ((10, 15), 1.5), ((10, 26), 2.6)] {
        let (mut model, _) = told(Protocol::Sixel);
        update(&mut model, choice(Protocol::Sixel, cell, &Surroundings::default()));
        let wanted = saltty::tui::view::wanted(&model);
        for wanted in &wanted {
            let (columns, rows) = wanted.cells;
            let error = f64::from(rows) * aspect - f64::from(columns);
            assert!(error.abs() <= aspect, "{columns}x{rows} cells of {cell:?} are no square");
        }
    }
}

#[test]
fn a_slow_link_takes_pictures_away_unless_they_were_asked_for() {
    let ssh = Surroundings { ssh: true, ..Surroundings::default() };
    let drawn = Drawn { bytes: 100_000, took: std::time::Duration::from_secs(1), key: None };
    let mut model = looking(Depth::True);
    let facts = Facts { sixel: true, true_color: true, cell: CellShape::new(9, 20), ..Facts::default() };
    let auto = Choice::new(&Wishes::default(), &ssh, &facts, None);
    update(&mut model, Message::Terminal(Box::new(auto)));
    assert!(model.graphics.is_some());
    update(&mut model, Message::Drawn(drawn));
    assert!(model.graphics.is_none() && model.depth == Depth::Palette256);
    let mut model = looking(Depth::True);
    update(&mut model, choice(Protocol::Sixel, (9, 20), &ssh));
    update(&mut model, Message::Drawn(drawn));
    assert!(model.graphics.is_some() && model.is_slow());
    let mut model = looking(Depth::True);
    update(&mut model, choice(Protocol::HalfBlocks, (9, 20), &Surroundings::default()));
    update(&mut model, Message::Drawn(drawn));
    assert!(!model.is_slow(), "a busy machine is no slow link");
}
