//! Models and scenes of flat colours, the same on every machine.

use std::{
    path::PathBuf,
    sync::{Arc, LazyLock},
    time::Duration,
};

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use saltty::{
    classes::ClassNames,
    explain::Method,
    heatmap::ColorMap,
    model::{Layer, Model as Architecture},
    photo::{Preprocess, Resize},
    planes::Planes,
    raster::{Depth, Raster},
    scene::{ClassScore, Scene},
    survey::Finding,
    tui::{Catalogue, Effect, Job, KeyMap, Message, Model, Network, Opening, Order, Reply, Start, Words, update},
};

/// Columns and rows of flat fields.
const FIELDS: usize = 4;
/// Pixels a side of a field.
const FIELD: usize = 16;

fn fields(color: impl Fn(usize, usize) -> [u8; 3]) -> Raster {
    let side = FIELDS * FIELD;
    let pixels = (0..side * side).map(|at| color(at % side / FIELD, at / side / FIELD));
    Raster::new(side, side, pixels.collect())
}

static NAMES: LazyLock<Arc<ClassNames>> = LazyLock::new(|| Arc::new(ClassNames::imagenet()));

pub fn class(index: usize, probability: f64) -> ClassScore {
    let name = NAMES.name(index).to_owned();
    ClassScore { index, name, logit: 22.653, probability }
}

pub fn scene(method: Method, explained: ClassScore) -> Scene {
    let photo = fields(|x, y| [60 * x as u8, 60 * y as u8, 90]);
    let map = fields(|x, y| ColorMap::Jet.color((x + y) as f64 / 6.0));
    let overlay = saltty::heatmap::overlay(&photo, &map);
    let side = if method.is_fine() { FIELDS * FIELD } else { FIELDS };
    let place = |at: usize| ((at % side + at / side % side) * FIELDS / side) as f64;
    let channels = if method.is_fine() { 3 } else { 1 };
    let values = (0..channels * side * side).map(|at| (place(at) - 1.0) * 0.0025).collect();
    let raw = Planes::new(channels, side, side, values);
    let shown = saltty::heatmap::shown(&raw, method.is_fine(), ColorMap::Jet);
    let layer =
        if method.is_fine() && !method.has_target_layer() { "the input's pixels" } else { "fire9 (after its ReLU)" };
    Scene {
        photo,
        map,
        overlay,
        top: [(285, 0.613), (253, 0.202), (282, 0.066), (171, 0.03), (263, 0.004)]
            .into_iter()
            .chain((300..319).map(|i| (i, 0.001)))
            .map(|(i, p)| class(i, p))
            .collect(),
        class: explained,
        against: None,
        raw,
        shown,
        resize: Resize::Crop,
        method,
        colors: ColorMap::Jet,
        layer: layer.to_owned(),
        model: "squeezenet1_1".to_owned(),
        preprocess: "caffe input (BGR, 0..255 minus the mean), crop to 227x227; from the weights' metadata".to_owned(),
        note: None,
        seconds: 0.123,
    }
}

/// What speaks for a class but not for another: from blue at the upper left to red at the lower right.
pub fn contrast(explained: ClassScore, less: ClassScore) -> Scene {
    let scene = scene(Method::GradCam, explained);
    let colors = ColorMap::Diverging;
    let raw = scene.raw.map(|value| value - 0.005);
    let map = fields(|x, y| colors.color((x + y) as f64 / 3.0 - 1.0));
    let overlay = saltty::scene::CONTRAST.overlay(&scene.photo, &map);
    let shown = saltty::heatmap::shown(&raw, false, colors);
    Scene { map, overlay, raw, shown, colors, against: Some(less), ..scene }
}

pub fn start(depth: Depth) -> Start {
    let photos =
        ["cat_and_dog.jpg", "photos/cat.png", "a very long name of a photo, longer than the screen is wide.png"];
    Start {
        photos: photos.map(PathBuf::from).into(),
        openings: vec![Opening::new(Method::GradCam)],
        colors: ColorMap::Jet,
        depth,
        keys: KeyMap::default(),
        words: vec![Words { alone: Vec::new(), among: "squeezenet1_1".to_owned() }],
        opacity: None,
        shared: false,
        marks: Vec::new(),
    }
}

pub fn catalogue() -> Catalogue {
    static LAYERS: LazyLock<Vec<Layer>> = LazyLock::new(|| {
        let outline = Architecture::SqueezeNet11.outline(Preprocess::Caffe, 1000);
        outline.layers.into_iter().filter(Layer::is_spatial).collect()
    });
    let layer = LAYERS.iter().position(|layer| &*layer.name == "fire9").unwrap();
    let (names, layers, methods) = (NAMES.clone(), LAYERS.clone(), Method::ALL.to_vec());
    let name = "squeezenet1_1".to_owned();
    let networks = vec![Network { name, names, layers, layer, methods }];
    Catalogue { networks, opened: vec![(None, None, layer)] }
}

/// The network is loaded and the first job given.
pub fn ready(depth: Depth) -> Model {
    let mut model = Model::new(start(depth));
    update(&mut model, Message::Reply(Reply::Ready(Box::new(catalogue()))));
    model
}

/// The first job is done.
pub fn shown(depth: Depth, scene: Scene) -> Model {
    let mut model = ready(depth);
    update(&mut model, Message::Tick(Duration::from_millis(1230)));
    update(&mut model, Message::Reply(Reply::Done { number: 1, pane: 0, scene: Arc::new(scene) }));
    model
}

/// Two panes, the second of the class next in likelihood, both done.
pub fn comparing(depth: Depth) -> Model {
    let mut model = looking(depth);
    press(&mut model, "a");
    answer(&mut model, 1, scene(Method::GradCam, class(253, 0.202)));
    model
}

/// Answers the newest job for a pane.
pub fn answer(model: &mut Model, pane: usize, scene: Scene) -> Vec<Effect> {
    let number = model.jobs;
    update(model, Message::Reply(Reply::Done { number, pane, scene: Arc::new(scene) }))
}

/// The list of photos, two of three known.
pub fn listing(depth: Depth) -> Model {
    let mut model = looking(depth);
    press(&mut model, "f");
    for (photo, top) in [(0, vec![(285, 0.613), (253, 0.2)]), (1, vec![(281, 0.981), (285, 0.01)])] {
        let finding = Finding { top, thumbnail: fields(|x, y| [60 * x as u8, 90, 60 * y as u8]) };
        update(&mut model, Message::Reply(Reply::Surveyed { photo, network: 0, found: Ok(Arc::new(finding)) }));
    }
    model
}

/// The latest job among `effects`.
pub fn job(effects: Vec<Effect>) -> Option<Job> {
    effects.into_iter().rev().find_map(|effect| match effect {
        Effect::Work(Order::Job(job)) => Some(job),
        _ => None,
    })
}

pub fn looking(depth: Depth) -> Model {
    shown(depth, scene(Method::GradCam, class(285, 0.613)))
}

pub fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let key = |c| Message::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
    keys.chars().flat_map(|c| update(model, key(c))).collect()
}
