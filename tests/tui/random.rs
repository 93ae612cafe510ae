//! Any sequence of messages: never a panic, never a screen that contradicts the model, always a way out.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use saltty::{
    explain::Method,
    raster::{Depth, Raster},
    tui::{Effect, Message, Model, Reply, Stage, keys, model::Mode, update},
};

use crate::{
    canned::{self, class, scene},
    dump::{draw, text},
};

/// Something that happens to the interface.
#[derive(Clone, Debug)]
enum Step {
    Key(KeyEvent),
    Paste(String),
    Size(u16, u16),
    Tick(u32),
    Ready,
    /// A reply to the job this many before the newest.
    Reply(u64, Kind),
    Saved(bool),
}

#[derive(Clone, Debug)]
enum Kind {
    Reached,
    Opened,
    Done { method: usize, class: usize, note: bool },
    Failed(String),
}

fn key() -> impl Strategy<Value = KeyEvent> {
    let bound: Vec<_> = keys::BINDINGS.iter().flat_map(|binding| binding.keys.iter().copied()).collect();
    let other = [KeyCode::Enter, KeyCode::Backspace, KeyCode::Tab, KeyCode::Delete, KeyCode::F(5)];
    let plain = other.map(|code| (KeyModifiers::NONE, code));
    let letter = any::<char>().prop_map(|c| (KeyModifiers::NONE, KeyCode::Char(c)));
    let control = proptest::char::range('a', 'z').prop_map(|c| (KeyModifiers::CONTROL, KeyCode::Char(c)));
    prop_oneof![
        8 => proptest::sample::select(bound),
        2 => proptest::sample::select(plain.to_vec()),
        1 => letter,
        1 => control,
    ]
    .prop_map(|(modifiers, code)| KeyEvent::new(code, modifiers))
}

fn step() -> impl Strategy<Value = Step> {
    let sizes = vec![(1, 1), (0, 5), (39, 12), (40, 12), (80, 24), (100, 12), (41, 50), (120, 40)];
    let done = (0..6_usize, 0..1000_usize, any::<bool>());
    let kind = prop_oneof![
        2 => Just(Kind::Reached),
        1 => Just(Kind::Opened),
        5 => done.prop_map(|(method, class, note)| Kind::Done { method, class, note }),
        1 => ".{0,60}".prop_map(Kind::Failed),
    ];
    prop_oneof![
        12 => key().prop_map(Step::Key),
        1 => ".{0,20}".prop_map(Step::Paste),
        2 => proptest::sample::select(sizes).prop_map(|(columns, rows)| Step::Size(columns, rows)),
        2 => any::<u32>().prop_map(Step::Tick),
        2 => Just(Step::Ready),
        9 => (prop_oneof![4 => Just(0), 1 => 0..9_u64], kind).prop_map(|(behind, kind)| Step::Reply(behind, kind)),
        1 => any::<bool>().prop_map(Step::Saved),
    ]
}

fn reply(number: u64, kind: Kind) -> Reply {
    match kind {
        Kind::Reached => Reply::Reached { number, stage: Stage::Explain },
        Kind::Opened => Reply::Opened { number, photo: Arc::new(Raster::filled(3, 3, [9; 3])) },
        Kind::Failed(reason) => Reply::Failed { number, reason },
        Kind::Done { method, class: index, note } => {
            let mut scene = scene(Method::ALL[method], class(index, 0.01));
            scene.note = note.then(|| "the map is blank: all of it is negative".to_owned());
            Reply::Done { number, scene: Arc::new(scene) }
        }
    }
}

fn message(model: &Model, step: Step, size: &mut (u16, u16)) -> Message {
    match step {
        Step::Key(key) => Message::Key(key),
        Step::Paste(text) => Message::Pasted(text),
        Step::Size(columns, rows) => {
            *size = (columns, rows);
            Message::Resized
        }
        Step::Tick(millis) => Message::Tick(Duration::from_millis(millis.into())),
        Step::Ready => Message::Reply(Reply::Ready(Box::new(canned::catalogue()))),
        Step::Reply(behind, kind) => Message::Reply(reply(model.jobs.wrapping_sub(behind), kind)),
        Step::Saved(true) => Message::Saved(Ok(vec!["a.png".into()])),
        Step::Saved(false) => Message::Saved(Err("cannot write a.png: no room".to_owned())),
    }
}

/// What must hold after every message.
fn assert_consistent(model: &Model, size: (u16, u16), effects: &[Effect]) {
    for effect in effects {
        if let Effect::Work(job) = effect {
            assert_eq!(model.work.map(|work| work.number), Some(job.number), "the job given is the job awaited");
            assert_eq!(job.photo, model.photos[model.at]);
        }
    }
    let screen = text(&draw(model, size));
    if size.0 < 40 || size.1 < 12 {
        return;
    }
    let (header, rest) = screen.split_once('\n').unwrap();
    assert!(header.ends_with(&format!("{} of {}", model.at + 1, model.photos.len())), "{header}");
    if model.mode != Mode::Look {
        return;
    }
    if model.work.is_none() && !model.listed().is_empty() {
        assert!(rest.contains('▶'), "the class explained is marked:\n{rest}");
    }
    match model.scene() {
        Some(scene) => {
            let first = scene.method.title().split(' ').next().unwrap();
            assert!(rest.contains(first), "the method shown is named:\n{rest}");
        }
        None => assert!(!rest.contains('▶'), "no class is marked without a picture:\n{rest}"),
    }
}

fn quits(mut model: Model, keys: &[(KeyModifiers, KeyCode)]) -> bool {
    let presses = keys.iter().map(|&(modifiers, code)| Message::Key(KeyEvent::new(code, modifiers)));
    presses.flat_map(|key| update(&mut model, key)).any(|effect| matches!(effect, Effect::Quit))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_messages_is_survived(steps in proptest::collection::vec(step(), 0..40), ascii in any::<bool>()) {
        let mut model = Model::new(canned::start(if ascii { Depth::Ascii } else { Depth::True }));
        let mut size = (80, 24);
        for step in steps {
            let message = message(&model, step, &mut size);
            let effects = update(&mut model, message);
            assert_consistent(&model, size, &effects);
        }
        assert!(quits(model.clone(), &[(KeyModifiers::CONTROL, KeyCode::Char('c'))]));
        let plain = |code| (KeyModifiers::NONE, code);
        assert!(quits(model, &[plain(KeyCode::Esc), plain(KeyCode::Char('q'))]));
    }
}

#[test]
fn late_and_repeated_replies_change_nothing() {
    let mut model = canned::looking(Depth::True);
    canned::press(&mut model, "n");
    let late = Reply::Done { number: 1, scene: Arc::new(scene(Method::Cam, class(1, 0.5))) };
    update(&mut model, Message::Reply(late));
    assert!(model.scene().is_none(), "the picture of the first photo is not the second's");
    let done = || Reply::Done { number: 2, scene: Arc::new(scene(Method::GradCam, class(285, 0.6))) };
    update(&mut model, Message::Reply(done()));
    canned::press(&mut model, "n");
    update(&mut model, Message::Reply(done()));
    assert!(model.scene().is_none());
}

#[test]
fn keys_ask_for_what_they_say() {
    let mut model = canned::looking(Depth::True);
    let mut job = |keys: &str| match canned::press(&mut model, keys).pop() {
        Some(Effect::Work(job)) => job,
        other => panic!("{keys} asked for {other:?}"),
    };
    assert_eq!(job("j").class, Some(253));
    assert_eq!(job("5").class, Some(263));
    assert_eq!(job("m").method, Method::GuidedBackprop);
    assert_eq!(job("MM").method, Method::Cam, "methods go round");
    assert_eq!(&*job("mL").layer, "fire9/relu_expand3x3", "the layer before");
    assert_eq!(job("c").colors, saltty::heatmap::ColorMap::Viridis);
    assert_eq!(job("n").class, None, "a class chosen in the list is this photo's alone");
    assert!(job("r").reread);
}

#[test]
fn a_class_that_was_searched_stays_for_all_photos_until_given_up() {
    let mut model = canned::looking(Depth::True);
    canned::press(&mut model, "/golden");
    update(&mut model, Message::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
    let mut class = |keys: &str| match canned::press(&mut model, keys).pop() {
        Some(Effect::Work(job)) => job.class,
        other => panic!("{keys} asked for {other:?}"),
    };
    assert_eq!(class("n"), Some(207));
    assert_eq!(class("0"), None);
}
