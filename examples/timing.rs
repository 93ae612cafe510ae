//! Times a network on one photo: forward alone, and forward with the three maps.
//!
//! `timing NETWORK [WEIGHTS.safetensors|-] [ROUNDS] [winograd|direct|composed]`; without weights, made-up ones (for
//! SqueezeNet those in the binary).
//!
//! `timing serve WEIGHTS.safetensors|- PHOTO CLASS [DEVICE [KERNELS]]` answers each line of standard input (`forward`, `maps`,
//! `maps N` of N photos together, `file` for the maps from the photo's file on, `another-class`, `peak`, `instructions`) with
//! a line: milliseconds of work done once before it is timed, or what was asked. For `benches/rivals.sh` and
//! `benches/cuda.sh`, which ask saltty and its rivals in turn.

#[path = "../tests/common/made_up.rs"]
mod made_up;

use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
    time::Instant,
};

use saltty::{
    device::{Device, Wanted},
    explain::{Method, Session},
    model::{Classifier, Model, Precision},
    nn::kernel::{Kernels, lanes::Level, threads},
    photo::Photo,
    planes::Planes,
    studio::{Choices, Studio},
    weights::Weights,
};

fn main() {
    let mut args = std::env::args().skip(1).peekable();
    if args.next_if_eq("serve").is_some() {
        let [weights, photo, class] = std::array::from_fn(|_| args.next().expect("serve WEIGHTS PHOTO CLASS"));
        let device = args.next().map_or(Wanted::Only(Device::Cpu), |device| device.parse().expect("a device's name"));
        let choices = Choices { device: Device::meant(device).0, kernels: named(args.next()), ..Choices::default() };
        return serve(&weights, Path::new(&photo), class.parse().expect("a class's number"), &choices);
    }
    let model: Model = args.next().expect("timing NETWORK [WEIGHTS] [ROUNDS]").parse().expect("a network's name");
    let file = args.next().filter(|file| file != "-");
    let rounds = args.next().map_or(11, |rounds| rounds.parse().expect("a number of rounds"));
    let kernels = named(args.next());
    println!("{model}, {kernels} kernels, {} instructions", Level::best());
    let start = Instant::now();
    let network = load(model, file.as_deref(), kernels);
    println!("load     {:8.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let side = network.input_side();
    let values = (0..3 * side * side).map(|i| f64::from(made_up::splitmix(7, 0, i as u64)) * 100.0);
    let input = Planes::new(3, side, side, values.collect());
    let forward = || drop(network.logits(&input).expect("a forward pass"));
    let maps = || three_maps(&network, std::slice::from_ref(&input), None);
    forward();
    maps();
    println!("forward  {}", median(rounds, &forward));
    println!("maps     {}", median(rounds, &maps));
    println!("peak     {} kB", peak());
}

/// Most resident memory so far in kB, where the system tells (Linux).
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    peak.unwrap_or("unknown").to_owned()
}

/// The kernels of this name, or the usual ones.
fn named(name: Option<String>) -> Kernels {
    name.map_or_else(Kernels::default, |name| clap::ValueEnum::from_str(&name, false).expect("a name of kernels"))
}

/// See the module's documentation.
fn serve(weights: &str, photo: &Path, class: usize, choices: &Choices) {
    let weights = if weights == "-" { Weights::embedded() } else { Weights::open(weights.as_ref()).expect("weights") };
    let studio = Studio::load(weights, choices, None).expect("weights that fit");
    let network = studio.classifier();
    threads::enlist(threads::count());
    let prepared = || studio.preprocess().planes(&studio.fit(&Photo::open(photo).expect("a photo")));
    let input = prepared();
    for line in io::stdin().lines() {
        let line = line.expect("a line of text");
        let answer = match &*line {
            "forward" => timed(|| drop(network.logits(&input).expect("a forward pass"))),
            _ if line.starts_with("maps") => {
                let photos = line[4..].split_whitespace().next().map_or(1, |n| n.parse().expect("a number of photos"));
                let inputs = vec![input.clone(); photos];
                timed(|| three_maps(network, &inputs, Some(class)))
            }
            "file" => timed(|| three_maps(network, &[prepared()], Some(class))),
            "another-class" => {
                let session = Session::new(network.clone(), &input).expect("a forward pass");
                let mut classes = class + 1..;
                timed(|| drop(session.grad_cam(classes.next().expect("a class") % network.classes(), studio.layer())))
            }
            "peak" => peak(),
            "instructions" => Level::best().to_string(),
            other => panic!("nothing is called {other}"),
        };
        println!("{answer}");
        io::stdout().flush().expect("a reader");
    }
}

/// Milliseconds of the second of two runs.
fn timed(mut work: impl FnMut()) -> String {
    work();
    let start = Instant::now();
    work();
    (start.elapsed().as_secs_f64() * 1e3).to_string()
}

fn load(model: Model, file: Option<&str>, kernels: Kernels) -> Arc<dyn Classifier> {
    let mut weights = match file {
        Some(file) => Weights::open(Path::new(file)).expect("readable weights"),
        None if model == Model::SqueezeNet11 => Weights::embedded(),
        None => Weights::from_source(Path::new("made-up weights"), Box::new(made_up::MadeUp::of(model))),
    };
    model.load_with(&mut weights, Precision::Single, kernels).expect("weights that fit")
}

/// The maps of `class`, or of each photo's likeliest.
fn three_maps(network: &Arc<dyn Classifier>, inputs: &[Planes], class: Option<usize>) {
    for session in Session::all(network, inputs).expect("a forward pass") {
        let layer = session.target(None).expect("the usual target layer");
        let class = class.unwrap_or_else(|| session.top(1)[0]);
        for method in [Method::GradCam, Method::GuidedBackprop, Method::GuidedGradCam] {
            session.explain(method, class, &layer).expect("a map");
        }
    }
}

/// Medians over `rounds` runs: milliseconds that passed, and that all threads together computed.
fn median(rounds: usize, work: &dyn Fn()) -> String {
    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..rounds {
        let (start, computed) = (Instant::now(), processor_seconds());
        work();
        times[0].push(start.elapsed().as_secs_f64() * 1e3);
        times[1].push((processor_seconds() - computed) * 1e3);
    }
    let [passed, computed] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[rounds / 2]
    });
    format!("{passed:8.1} ms, {computed:8.1} ms of processor time")
}

/// Processor time of all threads so far, where the system tells (Linux); it does not grow while others compute.
fn processor_seconds() -> f64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0.0 };
    let nanoseconds = |task: std::io::Result<std::fs::DirEntry>| {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    };
    tasks.filter_map(nanoseconds).sum::<f64>() * 1e-9
}
