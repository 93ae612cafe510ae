//! The thread that owns the network, and saving what it made.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, Sender},
    },
    time::Duration,
};

use saltty::{
    explain::Method,
    heatmap::ColorMap,
    scene::Scene,
    studio::{Choices, Studio},
    survey::Finding,
    tui::{
        Ask, Catalogue, Job, Opening, Order, Reply, Stage, Supply,
        pane::Paint,
        save::{Part, Take, Which, save},
        worker::{self, Desk, Watch, Workshop},
    },
    weights::Weights,
};

use crate::canned;

const PATIENCE: Duration = Duration::from_secs(120);

fn ask(photo: &str, class: Option<usize>) -> Ask {
    let (photo, layer) = (photo.into(), "fire9".into());
    let (method, colors) = (Method::GradCam, ColorMap::Jet);
    Ask { pane: 0, network: 0, photo, reread: false, class, against: None, method, layer, colors }
}

fn job(number: u64, photo: &str, class: Option<usize>) -> Order {
    Order::Job(Job { number, asks: vec![ask(photo, class)] })
}

/// Panics at the photo `panic`, fails at `fail`, waits for a word at `wait`.
struct Bench {
    word: Receiver<()>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Workshop for Bench {
    fn catalogue(&self) -> Catalogue {
        canned::catalogue()
    }

    fn explain(&mut self, ask: &Ask, watch: &mut dyn Watch) -> Result<Option<Scene>, String> {
        self.seen.lock().unwrap().push(ask.photo.display().to_string());
        watch.go_on(Stage::Open);
        match ask.photo.to_str().unwrap() {
            "panic" => panic!("the sky falls"),
            "fail" => return Err("no such photo".to_owned()),
            "wait" => self.word.recv().unwrap(),
            _ => {}
        }
        Ok(watch.go_on(Stage::Explain).then(|| canned::scene(ask.method, canned::class(ask.class.unwrap_or(285), 0.5))))
    }

    fn survey(&mut self, _: usize, photo: &Path) -> Result<Finding, String> {
        Err(format!("no survey of {}", photo.display()))
    }

    fn record(&mut self, _: &Ask, _: &Path) -> Result<Vec<PathBuf>, String> {
        Err("no records here".to_owned())
    }

    fn forget(&mut self) {}
}

/// The other end of a bench.
struct Beside {
    /// Says the word it waits for.
    word: Sender<()>,
    /// The jobs it began.
    seen: Arc<Mutex<Vec<String>>>,
}

/// A worker with a bench: where its jobs go and its replies come from.
fn bench() -> (Sender<Order>, Receiver<Reply>, Beside) {
    let (tell, replies) = mpsc::channel();
    let (say, word) = mpsc::channel();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let began = seen.clone();
    let jobs = worker::spawn(move || Ok(Bench { word, seen: began }), move |reply| drop(tell.send(reply))).unwrap();
    assert!(matches!(replies.recv_timeout(PATIENCE), Ok(Reply::Ready(_))));
    (jobs, replies, Beside { word: say, seen })
}

/// The next reply that ends a job: its number, and why it failed.
fn ended(replies: &Receiver<Reply>) -> (u64, Option<String>) {
    loop {
        match replies.recv_timeout(PATIENCE).unwrap() {
            Reply::Done { number, .. } => return (number, None),
            Reply::Failed { number, reason, .. } => return (number, Some(reason)),
            _ => {}
        }
    }
}

#[test]
fn the_newest_job_wins_and_those_between_are_never_begun() {
    let (jobs, replies, beside) = bench();
    jobs.send(job(1, "wait", None)).unwrap();
    while !matches!(replies.recv_timeout(PATIENCE).unwrap(), Reply::Reached { number: 1, .. }) {}
    for number in 2..=9 {
        jobs.send(job(number, &number.to_string(), None)).unwrap();
    }
    beside.word.send(()).unwrap();
    assert_eq!(ended(&replies), (9, None), "the first stopped between its stages");
    assert_eq!(*beside.seen.lock().unwrap(), ["wait", "9"]);
}

#[test]
fn failures_and_panics_are_told_and_the_next_job_is_done() {
    let (jobs, replies, _beside) = bench();
    for (number, photo, reason) in [(1, "fail", "no such photo"), (2, "panic", "the sky falls")] {
        jobs.send(job(number, photo, None)).unwrap();
        let (of, told) = ended(&replies);
        assert_eq!(of, number);
        assert!(told.as_ref().is_some_and(|told| told.contains(reason)), "{told:?}");
    }
    jobs.send(job(3, "any", None)).unwrap();
    assert_eq!(ended(&replies), (3, None));
}

#[test]
fn a_network_that_cannot_be_opened_is_told() {
    let (tell, replies) = mpsc::channel();
    let open = || Err::<Bench, _>("no weights".to_owned());
    let _jobs = worker::spawn(open, move |reply| drop(tell.send(reply))).unwrap();
    assert!(matches!(replies.recv_timeout(PATIENCE), Ok(Reply::Unusable(reason)) if reason == "no weights"));
}

fn supply() -> Result<Supply, String> {
    let studio = Studio::load(Weights::embedded(), &Choices::default(), None).map_err(|error| error.to_string())?;
    Ok(Supply { studio, weights: None, identity: "embedded".to_owned() })
}

fn opening(class: Option<&str>) -> Opening {
    Opening { class: class.map(str::to_owned), ..Opening::new(Method::GradCam) }
}

const PHOTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/cat_and_dog.jpg");

#[test]
fn another_class_method_or_layer_of_a_photo_runs_the_network_no_second_time() {
    let (tell, replies) = mpsc::channel();
    let open =
        || Desk::new(vec![supply()?], &[opening(Some("golden retriever"))], None).map_err(|error| error.to_string());
    let jobs = worker::spawn(open, move |reply| drop(tell.send(reply))).unwrap();
    let run = |order: Order| {
        let mut stages = Vec::new();
        jobs.send(order).unwrap();
        loop {
            match replies.recv_timeout(PATIENCE).unwrap() {
                Reply::Ready(catalogue) => assert_eq!(catalogue.opened[0].0, Some(207)),
                Reply::Reached { stage, .. } => stages.push(stage),
                Reply::Done { scene, .. } => return (stages, scene),
                Reply::Opened { photo, .. } => assert_eq!((photo.width, photo.height), (227, 227)),
                other => panic!("{other:?}"),
            }
        }
    };
    let one = |number, ask| Order::Job(Job { number, asks: vec![ask] });
    let (stages, first) = run(job(1, PHOTO, None));
    assert_eq!(stages, [Stage::Open, Stage::Forward, Stage::Explain]);
    assert_eq!(first.class.index, 285, "the likeliest");
    let (stages, second) = run(one(2, Ask { layer: "fire8".into(), ..ask(PHOTO, Some(207)) }));
    assert_eq!(stages, [Stage::Explain]);
    assert_eq!(second.layer, "fire8 (after its ReLU)");
    assert!(second.map != first.map);
    let (stages, contrast) = run(one(3, Ask { against: Some(207), ..ask(PHOTO, Some(285)) }));
    assert_eq!(stages, [Stage::Explain]);
    let (_, dog) = run(job(4, PHOTO, Some(207)));
    let less: Vec<f64> = first.raw.values.iter().zip(&dog.raw.values).map(|(a, b)| a - b).collect();
    assert_eq!(contrast.raw.values, less, "a contrast is the difference of the maps");
    let (stages, _) = run(one(5, Ask { reread: true, ..ask(PHOTO, None) }));
    assert_eq!(stages, [Stage::Open, Stage::Forward, Stage::Explain], "read again when asked to");
}

#[test]
fn what_was_computed_ahead_is_at_hand_and_a_changed_photo_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let photo = folder.path().join("p.jpg");
    std::fs::copy(PHOTO, &photo).unwrap();
    let name = photo.to_str().unwrap();
    let (tell, replies) = mpsc::channel();
    let open = || Desk::new(vec![supply()?], &[opening(None)], None).map_err(|error| error.to_string());
    let jobs = worker::spawn(open, move |reply| drop(tell.send(reply))).unwrap();
    let run = |number: u64| {
        let mut stages = Vec::new();
        jobs.send(job(number, name, None)).unwrap();
        loop {
            match replies.recv_timeout(PATIENCE).unwrap() {
                Reply::Reached { stage, .. } => stages.push(stage),
                Reply::Done { scene, .. } => return (stages, scene),
                _ => {}
            }
        }
    };
    assert!(matches!(replies.recv_timeout(PATIENCE), Ok(Reply::Ready(_))));
    jobs.send(Order::Ahead(vec![ask(name, None)])).unwrap();
    // A survey is done after what was to be computed ahead, so its reply says that that is done.
    let photos = Arc::new(vec![photo.clone()]);
    jobs.send(Order::Survey(saltty::tui::message::Survey { photos, wanted: vec![0], rest: false })).unwrap();
    let found = loop {
        if let Reply::Surveyed { found, .. } = replies.recv_timeout(PATIENCE).unwrap() {
            break found.unwrap();
        }
    };
    let (stages, scene) = run(1);
    assert_eq!(stages, [Stage::Explain]);
    assert_eq!(found.likeliest().map(|(class, _)| class), Some(scene.class.index));
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/cat.png"), &photo).unwrap();
    let (stages, other) = run(2);
    assert_eq!(stages, [Stage::Open, Stage::Forward, Stage::Explain]);
    assert!(other.photo != scene.photo);
}

#[test]
fn a_record_made_here_is_one_that_saltty_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::new(vec![supply().unwrap()], &[opening(None)], None).unwrap();
    let files = desk.record(&ask(PHOTO, Some(285)), folder.path()).unwrap();
    assert_eq!(files[0].file_name().unwrap(), "cat_and_dog.285.grad-cam.toml");
    let found = saltty::record::Record::read(&files[0]).unwrap();
    assert!(matches!(found, saltty::record::Found::Whole(_)));
    let second = desk.record(&ask(PHOTO, Some(285)), folder.path()).unwrap();
    assert_eq!(second[0].file_name().unwrap(), "cat_and_dog.285.grad-cam-2.toml", "nothing is overwritten");
    let contrast = Ask { against: Some(207), ..ask(PHOTO, Some(285)) };
    let third = desk.record(&contrast, folder.path()).unwrap();
    assert_eq!(third[0].file_name().unwrap(), "cat_and_dog.285-minus-207.grad-cam.toml");
}

/// All files under a folder.
fn files_under(folder: &Path) -> Vec<PathBuf> {
    let entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let (folders, mut files): (Vec<_>, Vec<_>) = entries.into_iter().partition(|path| path.is_dir());
    files.extend(folders.iter().flat_map(|folder| files_under(folder)));
    files
}

#[test]
fn findings_are_remembered_by_content_and_damage_is_as_if_nothing_were_there() {
    use saltty::survey::Cache;
    let folder = tempfile::tempdir().unwrap();
    let (photo, moved) = (folder.path().join("p.jpg"), folder.path().join("moved.jpg"));
    std::fs::copy(PHOTO, &photo).unwrap();
    let cache = Cache::new(folder.path().join("cache"));
    let studio = supply().unwrap().studio;
    let first = cache.finding(&studio, "one", &photo).unwrap();
    assert_eq!(first.likeliest().unwrap().0, 285);
    let stored = files_under(&folder.path().join("cache"));
    assert_eq!(stored.len(), 2, "the finding, and the hash of the file seen");
    // A finding of another photo in its place is what comes back: the network does not run again.
    let finding = stored.iter().find(|file| !file.to_string_lossy().contains("/seen/")).unwrap();
    let cat = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/cat.png");
    let other = Cache::new(folder.path().join("other"));
    let expected = other.finding(&studio, "one", Path::new(cat)).unwrap();
    let theirs = files_under(&folder.path().join("other"));
    std::fs::copy(theirs.iter().find(|file| !file.to_string_lossy().contains("/seen/")).unwrap(), finding).unwrap();
    assert_eq!(cache.finding(&studio, "one", &photo).unwrap(), expected);
    std::fs::rename(&photo, &moved).unwrap();
    assert_eq!(cache.finding(&studio, "one", &moved).unwrap(), expected, "by content, not by name");
    assert_eq!(cache.finding(&studio, "two", &moved).unwrap(), first, "but not of another network");
    for file in files_under(&folder.path().join("cache")) {
        std::fs::write(file, b"damaged").unwrap();
    }
    assert_eq!(cache.finding(&studio, "one", &moved).unwrap(), first);
    std::fs::remove_file(&moved).unwrap();
    assert!(cache.finding(&studio, "one", &moved).unwrap_err().to_string().contains("cannot read"));
}

fn part(photo: &str, scene: &Scene) -> Part {
    Part { photo: photo.into(), scene: Arc::new(scene.clone()), paint: Paint::OWN }
}

fn names(files: &[PathBuf]) -> Vec<String> {
    files.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn saving_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    let scene = canned::scene(Method::GradCam, canned::class(285, 0.5));
    let maps = Take { parts: vec![part("photos/cat.jpg", &scene)], which: Which::Maps, stem: None };
    let first = names(&save(folder.path(), &maps).unwrap());
    assert_eq!(first, ["cat.285.grad-cam.map.png", "cat.285.grad-cam.overlay.png"]);
    std::fs::remove_file(folder.path().join(&first[0])).unwrap();
    let second = names(&save(folder.path(), &maps).unwrap());
    assert_eq!(second, ["cat.285.grad-cam-2.map.png", "cat.285.grad-cam-2.overlay.png"]);
    let map = image::open(folder.path().join(&second[0])).unwrap().into_rgb8();
    assert_eq!(map.as_raw().as_slice(), scene.map.pixels.as_flattened());
    let missing = save(&folder.path().join("none"), &maps).unwrap_err().to_string();
    assert!(missing.contains("cannot write"), "{missing}");
}

#[test]
fn pictures_are_as_large_as_their_photos_and_arrays_hold_the_signed_map() {
    use saltty::tui::{lens::Lens, model::Pictures};
    let folder = tempfile::tempdir().unwrap();
    let scene = canned::scene(Method::GradCam, canned::class(285, 0.5));
    let (pictures, difference) = (Pictures::Overlay, Some(1));
    let which = Which::Picture { pictures, lens: Lens::default(), difference };
    let parts = vec![part(PHOTO, &scene), part("gone.jpg", &scene)];
    let files = save(folder.path(), &Take { parts: parts.clone(), which, stem: Some("compare") }).unwrap();
    assert_eq!(names(&files), ["cat_and_dog.compare.png"]);
    let picture = image::open(&files[0]).unwrap().into_rgb8();
    // The photo is 640x480, so its square is 480; three pictures with 4 pixels between them.
    assert_eq!(picture.dimensions(), (3 * 480 + 2 * 4, 480));
    let files = save(folder.path(), &Take { parts, which: Which::Arrays, stem: Some("compare") }).unwrap();
    let arrays = saltty::arrays::Arrays::open(&files[0]).unwrap();
    let map = arrays.get("pane2.map").unwrap().to_planes().unwrap();
    assert!(map.values.iter().zip(&scene.raw.values).all(|(a, b)| (a - b).abs() < 1e-6));
}
