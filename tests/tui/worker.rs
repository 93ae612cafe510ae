//! The thread that owns the network, and saving what it made.

use std::{
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
    tui::{
        Catalogue, Job, Reply, Stage, save,
        worker::{self, Desk, Watch, Workshop},
    },
    weights::Weights,
};

use crate::canned;

const PATIENCE: Duration = Duration::from_secs(120);

fn job(number: u64, photo: &str, class: Option<usize>) -> Job {
    let (photo, layer) = (photo.into(), "fire9".into());
    Job { number, photo, reread: false, class, method: Method::GradCam, layer, colors: ColorMap::Jet }
}

/// Panics at the photo `panic`, fails at `fail`, waits for a word at `wait`.
struct Bench {
    word: Receiver<()>,
    seen: Arc<Mutex<Vec<u64>>>,
}

impl Workshop for Bench {
    fn catalogue(&self) -> Catalogue {
        canned::catalogue()
    }

    fn explain(&mut self, job: &Job, watch: &mut dyn Watch) -> Result<Option<Scene>, String> {
        self.seen.lock().unwrap().push(job.number);
        watch.go_on(Stage::Open);
        match job.photo.to_str().unwrap() {
            "panic" => panic!("the sky falls"),
            "fail" => return Err("no such photo".to_owned()),
            "wait" => self.word.recv().unwrap(),
            _ => {}
        }
        Ok(watch.go_on(Stage::Explain).then(|| canned::scene(job.method, canned::class(job.class.unwrap_or(285), 0.5))))
    }

    fn forget(&mut self) {}
}

/// The other end of a bench.
struct Beside {
    /// Says the word it waits for.
    word: Sender<()>,
    /// The jobs it began.
    seen: Arc<Mutex<Vec<u64>>>,
}

/// A worker with a bench: where its jobs go and its replies come from.
fn bench() -> (Sender<Job>, Receiver<Reply>, Beside) {
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
            Reply::Failed { number, reason } => return (number, Some(reason)),
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
        jobs.send(job(number, "any", None)).unwrap();
    }
    beside.word.send(()).unwrap();
    assert_eq!(ended(&replies), (9, None), "the first stopped between its stages");
    assert_eq!(*beside.seen.lock().unwrap(), [1, 9]);
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

#[test]
fn another_class_method_or_layer_of_a_photo_runs_the_network_no_second_time() {
    let photo = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/cat_and_dog.jpg");
    let (tell, replies) = mpsc::channel();
    let open = || {
        let studio = Studio::load(Weights::embedded(), &Choices::default(), None).map_err(|error| error.to_string())?;
        Desk::new(studio, Some("golden retriever")).map_err(|error| error.to_string())
    };
    let jobs = worker::spawn(open, move |reply| drop(tell.send(reply))).unwrap();
    let run = |job: Job| {
        let mut stages = Vec::new();
        jobs.send(job).unwrap();
        loop {
            match replies.recv_timeout(PATIENCE).unwrap() {
                Reply::Ready(catalogue) => assert_eq!(catalogue.class, Some(207)),
                Reply::Reached { stage, .. } => stages.push(stage),
                Reply::Done { scene, .. } => return (stages, scene),
                Reply::Opened { photo, .. } => assert_eq!((photo.width, photo.height), (227, 227)),
                other => panic!("{other:?}"),
            }
        }
    };
    let (stages, first) = run(job(1, photo, None));
    assert_eq!(stages, [Stage::Open, Stage::Forward, Stage::Explain]);
    assert_eq!(first.class.index, 285, "the likeliest");
    let (stages, second) = run(Job { layer: "fire8".into(), ..job(2, photo, Some(207)) });
    assert_eq!(stages, [Stage::Explain]);
    assert_eq!(second.layer, "fire8 (after its ReLU)");
    assert!(second.map != first.map);
    let (stages, _) = run(Job { reread: true, ..job(3, photo, None) });
    assert_eq!(stages, [Stage::Open, Stage::Forward, Stage::Explain], "read again when asked to");
}

#[test]
fn saving_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    let scene = canned::scene(Method::GradCam, canned::class(285, 0.5));
    let names = |files: Vec<std::path::PathBuf>| {
        files.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect::<Vec<_>>()
    };
    let photo = std::path::Path::new("photos/cat.jpg");
    let first = names(save(folder.path(), photo, &scene).unwrap());
    assert_eq!(first, ["cat.285.grad-cam.map.png", "cat.285.grad-cam.overlay.png"]);
    std::fs::remove_file(folder.path().join(&first[0])).unwrap();
    let second = names(save(folder.path(), photo, &scene).unwrap());
    assert_eq!(second, ["cat.285.grad-cam-2.map.png", "cat.285.grad-cam-2.overlay.png"]);
    let map = image::open(folder.path().join(&second[0])).unwrap().into_rgb8();
    assert_eq!(map.as_raw().as_slice(), scene.map.pixels.as_flattened());
    let missing = save(&folder.path().join("none"), photo, &scene).unwrap_err().to_string();
    assert!(missing.contains("cannot write"), "{missing}");
}
