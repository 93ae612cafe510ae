//! Every view of the interface, each as a model that shows it.

use std::time::Duration;

use saltty::{
    compare::Likeness,
    explain::Method,
    raster::Depth,
    tui::{Message, Model, Reply, Stage, update},
};

use crate::canned::{self, class, press, ready, scene, shown};

/// Columns and rows.
pub type Size = (u16, u16);

/// A view: its name, and a model that shows it.
pub type View = (&'static str, fn(Depth, Size) -> Model);

/// Every view. Each has a folder of this name in `golden/screen`.
pub const VIEWS: &[View] = &[
    ("look", looking),
    ("overlay", |depth, size| after(looking(depth, size), "v")),
    ("map", |depth, size| after(looking(depth, size), "vv")),
    ("photo", |depth, size| after(looking(depth, size), "vvv")),
    ("closer", |depth, size| after(looking(depth, size), "]]x++")),
    ("cursor", |depth, size| after(looking(depth, size), "x")),
    ("caveat", caveat),
    ("contrast", contrast),
    ("minus", |depth, size| after(looking(depth, size), "bdog")),
    ("details", |depth, size| after(looking(depth, size), "i")),
    ("help", |depth, size| after(looking(depth, size), "?")),
    ("search", |depth, size| after(looking(depth, size), "/retriever")),
    ("search_nothing", |depth, size| after(looking(depth, size), "/xyzzy")),
    ("layers", |depth, size| after(looking(depth, size), "t")),
    ("layers_narrowed", |depth, size| after(looking(depth, size), "tfire8")),
    ("methods", |depth, size| after(looking(depth, size), "e")),
    ("take", |depth, size| after(looking(depth, size), "S")),
    ("jump", |depth, size| after(looking(depth, size), "g2")),
    ("compare", compare),
    ("compare_six", compare_six),
    ("compare_waiting", |depth, size| after(sized(canned::comparing(depth), size), "a")),
    ("list", |depth, size| after(sized(canned::listing(depth), size), " ")),
    ("list_filter", |depth, size| after(sized(canned::listing(depth), size), "/tab")),
    ("loading", loading),
    ("computing", computing),
    ("failure", failure),
    ("saved", saved),
];

fn sized(mut model: Model, (columns, rows): Size) -> Model {
    update(&mut model, Message::Resized(columns, rows));
    model
}

fn after(mut model: Model, keys: &str) -> Model {
    press(&mut model, keys);
    model
}

fn looking(depth: Depth, size: Size) -> Model {
    sized(canned::looking(depth), size)
}

/// A class beyond the likeliest, with a caveat and a note.
fn caveat(depth: Depth, size: Size) -> Model {
    let mut scene = scene(Method::GuidedGradCam, class(207, 0.0012));
    scene.note = Some("the map is blank: no gradient reaches the pixels".to_owned());
    sized(shown(depth, scene), size)
}

fn contrast(depth: Depth, size: Size) -> Model {
    sized(shown(depth, canned::contrast(class(285, 0.613), class(207, 0.001))), size)
}

/// Two panes, their difference, one scale, numbers and a cursor.
fn compare(depth: Depth, size: Size) -> Model {
    let mut model = after(sized(canned::comparing(depth), size), "Du");
    let likeness = Likeness { cosine: Some(0.973), rank_correlation: Some(0.81), top_tenth: 0.5 };
    let number = model.measures;
    update(&mut model, Message::Measured(number, vec![None, Some(likeness)]));
    after(model, "x")
}

/// Six panes, all done, the last focused.
fn compare_six(depth: Depth, size: Size) -> Model {
    let mut model = after(sized(canned::comparing(depth), size), "aaaa");
    for (pane, index) in (2..).zip([282, 171, 263, 300]) {
        canned::answer(&mut model, pane, scene(Method::GradCam, class(index, 0.01 * pane as f64)));
    }
    let likeness = |pane: i32| Likeness {
        cosine: (pane != 3).then(|| 1.0 - 0.1 * f64::from(pane)),
        rank_correlation: Some(0.9 - 0.2 * f64::from(pane)),
        top_tenth: 1.0 / f64::from(pane),
    };
    let number = model.measures;
    let all = [None].into_iter().chain((1..6).map(|pane| Some(likeness(pane)))).collect();
    update(&mut model, Message::Measured(number, all));
    model
}

/// The network is being loaded.
fn loading(depth: Depth, size: Size) -> Model {
    let mut model = sized(Model::new(canned::start(depth)), size);
    update(&mut model, Message::Tick(Duration::from_millis(2340)));
    model
}

/// Another method is being computed, over the pictures of the last.
fn computing(depth: Depth, size: Size) -> Model {
    let mut model = after(looking(depth, size), "m2");
    let number = model.jobs;
    update(&mut model, Message::Reply(Reply::Reached { number, stage: Stage::Explain }));
    update(&mut model, Message::Tick(Duration::from_secs(3)));
    model
}

/// A photo that cannot be read.
fn failure(depth: Depth, size: Size) -> Model {
    let reason = "cannot decode cat_and_dog.jpg: the format could not be determined; saltty reads JPEG, PNG, WebP, BMP \
                  and GIF, so convert or re-download the photo";
    let mut model = sized(ready(depth), size);
    update(&mut model, Message::Reply(Reply::Failed { number: 1, pane: 0, reason: reason.to_owned() }));
    model
}

fn saved(depth: Depth, size: Size) -> Model {
    let names = ["cat_and_dog.285.grad-cam.map.png", "cat_and_dog.285.grad-cam.overlay.png"];
    let mut model = looking(depth, size);
    update(&mut model, Message::Saved(Ok(names.map(Into::into).into())));
    model
}
