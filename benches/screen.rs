//! Drawing the interface at 200x60: update, view and difference to the screen before, without a terminal.

use std::{path::PathBuf, sync::Arc};

use divan::{Bencher, black_box};
use ratatui::{
    buffer::Buffer,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
    layout::Rect,
};
use saltty::{
    explain::Method,
    heatmap::ColorMap,
    photo::Photo,
    raster::Depth,
    scene::Scene,
    studio::{Choices, Studio},
    tui::{Catalogue, KeyMap, Message, Model, Network, Opening, Reply, Start, Words, model::Pictures, update, view},
    weights::Weights,
};

fn main() {
    divan::main();
}

const SIZE: (u16, u16) = (200, 60);

fn model() -> Model {
    let studio = Studio::load(Weights::embedded(), &Choices::default(), None).unwrap();
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/cat_and_dog.jpg"));
    let square = studio.fit(&Photo::open(&path).unwrap());
    let session = studio.session(&square).unwrap();
    let choice = (Method::GradCam, session.top(1)[0], ColorMap::Jet);
    let scene: Scene = studio.scene(&square, &session, choice, std::time::Instant::now()).unwrap();
    let mut model = Model::new(Start {
        photos: vec![path],
        openings: vec![Opening::new(Method::GradCam)],
        colors: ColorMap::Jet,
        depth: Depth::True,
        keys: KeyMap::default(),
        words: vec![Words::default()],
        opacity: None,
        shared: false,
        marks: Vec::new(),
    });
    let layers = vec![studio.layer().clone()];
    let (name, names) = ("squeezenet1_1".to_owned(), Arc::new(studio.names().clone()));
    let networks = vec![Network { name, names, layers, layer: 0, methods: Method::ALL.to_vec() }];
    let opened = vec![(None, None, 0)];
    update(&mut model, Message::Resized(SIZE.0, SIZE.1));
    update(&mut model, Message::Reply(Reply::Ready(Box::new(Catalogue { networks, opened }))));
    update(&mut model, Message::Reply(Reply::Done { number: 1, pane: 0, scene: Arc::new(scene) }));
    model
}

fn press(model: &mut Model, c: char) {
    update(model, Message::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
}

/// A key that changes what is visible, then the screen, then what of it is to be sent.
fn frames(bencher: Bencher, mut model: Model, keys: [char; 2]) {
    let area = Rect::new(0, 0, SIZE.0, SIZE.1);
    let mut before = Buffer::empty(area);
    let mut turn = 0;
    bencher.bench_local(|| {
        press(&mut model, keys[turn % 2]);
        turn += 1;
        let mut after = Buffer::empty(area);
        view::render(&model, area, &mut after);
        black_box(before.diff(&after).len());
        before = after;
    });
}

#[divan::bench]
fn three_pictures_another_blend(bencher: Bencher) {
    frames(bencher, model(), ['[', ']']);
}

#[divan::bench]
fn three_pictures_zoomed(bencher: Bencher) {
    frames(bencher, model(), ['+', '-']);
}

#[divan::bench]
fn two_panes_and_their_difference(bencher: Bencher) {
    let mut model = model();
    let scene = model.panes[0].shown.as_ref().unwrap().scene.clone();
    press(&mut model, 'a');
    let number = model.jobs;
    update(&mut model, Message::Reply(Reply::Done { number, pane: 1, scene }));
    press(&mut model, 'D');
    model.pictures = Pictures::Overlay;
    frames(bencher, model, ['.', ',']);
}

#[divan::bench]
fn nothing_changed(bencher: Bencher) {
    frames(bencher, model(), ['~', '~']);
}

#[divan::bench]
fn three_pictures_in_256_colours(bencher: Bencher) {
    let mut model = model();
    model.depth = Depth::Palette256;
    frames(bencher, model, ['[', ']']);
}
