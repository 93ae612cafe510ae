//! Any sequence of messages: never a panic, never a screen that contradicts the model, always a way out.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use saltty::{
    compare::Likeness,
    explain::Method,
    raster::{Depth, Raster},
    survey::Finding,
    tui::{
        Effect, KeyMap, Message, Model, Order, Reply, Stage,
        keys::{BINDINGS, Key},
        model::{Mode, Page},
        update,
    },
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
    Mouse(MouseEvent),
    Size(u16, u16),
    Tick(u32),
    Ready,
    /// A reply to the job this many before the newest, for this pane.
    Reply(u64, usize, Kind),
    /// Of this photo (there may be none such) by this network.
    Surveyed(usize, usize, bool),
    /// An answer to the question this many before the newest.
    Measured(u64, usize),
    Saved(bool),
    Recorded(bool),
}

#[derive(Clone, Debug)]
enum Kind {
    Reached,
    Opened,
    Done { method: usize, class: usize, note: bool },
    Failed(String),
}

fn key() -> impl Strategy<Value = KeyEvent> {
    let map = KeyMap::default();
    let bound: Vec<Key> = (0..BINDINGS.len()).flat_map(|at| map.keys(at).to_vec()).collect();
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

fn mouse() -> impl Strategy<Value = MouseEvent> {
    let kinds = vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Down(MouseButton::Right),
        MouseEventKind::Drag(MouseButton::Left),
        MouseEventKind::Up(MouseButton::Left),
        MouseEventKind::ScrollUp,
        MouseEventKind::ScrollDown,
    ];
    (proptest::sample::select(kinds), 0..130_u16, 0..70_u16).prop_map(|(kind, column, row)| MouseEvent {
        kind,
        column,
        row,
        modifiers: KeyModifiers::NONE,
    })
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
        9 => (prop_oneof![4 => Just(0), 1 => 0..9_u64], prop_oneof![3 => Just(0), 2 => 0..7_usize], kind)
            .prop_map(|(behind, pane, kind)| Step::Reply(behind, pane, kind)),
        3 => mouse().prop_map(Step::Mouse),
        2 => (0..5_usize, 0..3_usize, any::<bool>()).prop_map(|(photo, by, found)| Step::Surveyed(photo, by, found)),
        1 => (0..3_u64, 0..8_usize).prop_map(|(behind, count)| Step::Measured(behind, count)),
        1 => any::<bool>().prop_map(Step::Saved),
        1 => any::<bool>().prop_map(Step::Recorded),
    ]
}

fn reply(number: u64, pane: usize, kind: Kind) -> Reply {
    match kind {
        Kind::Reached => Reply::Reached { number, stage: Stage::Explain },
        Kind::Opened => Reply::Opened { number, pane, photo: Arc::new(Raster::filled(3, 3, [9; 3])) },
        Kind::Failed(reason) => Reply::Failed { number, pane, reason },
        Kind::Done { method, class: index, note } => {
            let mut scene = scene(Method::ALL[method], class(index, 0.01));
            scene.note = note.then(|| "the map is blank: all of it is negative".to_owned());
            Reply::Done { number, pane, scene: Arc::new(scene) }
        }
    }
}

fn surveyed(photo: usize, network: usize, found: bool) -> Reply {
    let finding = Finding { top: vec![(285, 0.5), (photo, 0.1)], thumbnail: Raster::filled(9, 5, [7; 3]) };
    let found = if found { Ok(Arc::new(finding)) } else { Err("it cannot be read".to_owned()) };
    Reply::Surveyed { photo, network, found }
}

fn saved(saved: bool) -> Result<Vec<std::path::PathBuf>, String> {
    if saved { Ok(vec!["a.png".into()]) } else { Err("cannot write a.png: no room".to_owned()) }
}

fn message(model: &Model, step: Step) -> Message {
    match step {
        Step::Key(key) => Message::Key(key),
        Step::Paste(text) => Message::Pasted(text),
        Step::Mouse(event) => Message::Mouse(event),
        Step::Size(columns, rows) => Message::Resized(columns, rows),
        Step::Tick(millis) => Message::Tick(Duration::from_millis(millis.into())),
        Step::Ready => Message::Reply(Reply::Ready(Box::new(canned::catalogue()))),
        Step::Reply(behind, pane, kind) => Message::Reply(reply(model.jobs.wrapping_sub(behind), pane, kind)),
        Step::Surveyed(photo, by, found) => Message::Reply(surveyed(photo, by, found)),
        Step::Measured(behind, count) => {
            Message::Measured(model.measures.wrapping_sub(behind), vec![Some(Likeness::default()); count])
        }
        Step::Saved(whole) => Message::Saved(saved(whole)),
        Step::Recorded(whole) => Message::Reply(Reply::Recorded(saved(whole))),
    }
}

/// What must hold after every message.
fn assert_consistent(model: &Model, effects: &[Effect]) {
    for effect in effects {
        if let Effect::Work(Order::Job(job)) = effect {
            assert_eq!(model.work.map(|work| work.number), Some(job.number), "the job given is the job awaited");
            for ask in &job.asks {
                assert_eq!(ask.photo, model.photos[model.panes[ask.pane].wish.photo]);
            }
        }
    }
    assert!((1..=6).contains(&model.panes.len()) && model.focus < model.panes.len());
    assert!(model.list.at < model.list.order.len().max(1));
    let screen = text(&draw(model, model.size));
    if model.size.0 < 40 || model.size.1 < 12 {
        return;
    }
    let (header, rest) = screen.split_once('\n').unwrap();
    let at = if model.page == Page::List { model.list.chosen().unwrap_or(model.at()) } else { model.at() };
    assert!(header.ends_with(&format!("{} of {}", at + 1, model.photos.len())), "{header}");
    if model.mode != Mode::Look || model.page == Page::List {
        return;
    }
    if model.compares() {
        for number in 1..=model.panes.len() {
            assert!(rest.contains(&format!(" {number} ")), "pane {number} is numbered:\n{rest}");
        }
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

/// Random sequences; more by `PROPTEST_CASES`.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_messages_is_survived(steps in proptest::collection::vec(step(), 0..40), ascii in any::<bool>()) {
        let mut model = Model::new(canned::start(if ascii { Depth::Ascii } else { Depth::True }));
        for step in steps {
            let message = message(&model, step);
            let effects = update(&mut model, message);
            assert_consistent(&model, &effects);
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
    let late = Reply::Done { number: 1, pane: 0, scene: Arc::new(scene(Method::Cam, class(1, 0.5))) };
    update(&mut model, Message::Reply(late));
    assert!(model.scene().is_none(), "the picture of the first photo is not the second's");
    let done = || Reply::Done { number: 2, pane: 0, scene: Arc::new(scene(Method::GradCam, class(285, 0.6))) };
    update(&mut model, Message::Reply(done()));
    canned::press(&mut model, "n");
    update(&mut model, Message::Reply(done()));
    assert!(model.scene().is_none());
}

#[test]
fn keys_ask_for_what_they_say() {
    let mut model = canned::looking(Depth::True);
    let mut ask = |keys: &str| match canned::job(canned::press(&mut model, keys)) {
        Some(mut job) => job.asks.remove(0),
        None => panic!("{keys} asked for nothing"),
    };
    assert_eq!(ask("j").class, Some(253));
    assert_eq!(ask("5").class, Some(263));
    assert_eq!(ask("m").method, Method::GuidedBackprop);
    assert_eq!(ask("MM").method, Method::Cam, "methods go round");
    assert_eq!(&*ask("mL").layer, "fire9/relu_expand3x3", "the layer before");
    assert_eq!(ask("c").colors, saltty::heatmap::ColorMap::Viridis);
    assert_eq!(ask("n").class, None, "a class chosen in the list is this photo's alone");
    assert!(ask("r").reread);
}

#[test]
fn a_class_that_was_searched_stays_for_all_photos_until_given_up() {
    let mut model = canned::looking(Depth::True);
    canned::press(&mut model, "/golden");
    update(&mut model, Message::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
    let mut class = |keys: &str| match canned::job(canned::press(&mut model, keys)) {
        Some(job) => job.asks[0].class,
        None => panic!("{keys} asked for nothing"),
    };
    assert_eq!(class("n"), Some(207));
    assert_eq!(class("0"), None);
}
