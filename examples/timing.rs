//! Times a network on one photo: forward alone, and forward with the three maps. For `benches/rivals.sh`.
//!
//! `timing NETWORK [WEIGHTS.safetensors|-] [ROUNDS] [winograd|direct]`; without weights, made-up ones (for SqueezeNet
//! those in the binary).

#[path = "../tests/common/made_up.rs"]
mod made_up;

use std::{path::Path, sync::Arc, time::Instant};

use saltty::{
    explain::{Method, Session},
    model::{Classifier, Model, Precision},
    nn::kernel::{Kernels, lanes::Level},
    planes::Planes,
    weights::Weights,
};

fn main() {
    let mut args = std::env::args().skip(1);
    let model: Model = args.next().expect("timing NETWORK [WEIGHTS] [ROUNDS]").parse().expect("a network's name");
    let file = args.next().filter(|file| file != "-");
    let rounds = args.next().map_or(11, |rounds| rounds.parse().expect("a number of rounds"));
    let kernels = if args.next().as_deref() == Some("direct") { Kernels::Direct } else { Kernels::Winograd };
    println!("{model}, {kernels} kernels, {} instructions", Level::best());
    let start = Instant::now();
    let network = load(model, file.as_deref(), kernels);
    println!("load     {:8.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let side = network.input_side();
    let values = (0..3 * side * side).map(|i| f64::from(made_up::splitmix(7, 0, i as u64)) * 100.0);
    let input = Planes::new(3, side, side, values.collect());
    let forward = || drop(Session::new(network.clone(), &input).expect("a forward pass"));
    let maps = || three_maps(&network, &input);
    forward();
    maps();
    println!("forward  {}", median(rounds, &forward));
    println!("maps     {}", median(rounds, &maps));
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown");
        println!("peak     {}", peak.trim());
    }
}

fn load(model: Model, file: Option<&str>, kernels: Kernels) -> Arc<dyn Classifier> {
    let mut weights = match file {
        Some(file) => Weights::open(Path::new(file)).expect("readable weights"),
        None if model == Model::SqueezeNet11 => Weights::embedded(),
        None => Weights::from_source(Path::new("made-up weights"), Box::new(made_up::MadeUp::of(model))),
    };
    model.load_with(&mut weights, Precision::Single, kernels).expect("weights that fit")
}

fn three_maps(network: &Arc<dyn Classifier>, input: &Planes) {
    let session = Session::new(network.clone(), input).expect("a forward pass");
    let layer = session.target(None).expect("the usual target layer");
    let class = session.top(1)[0];
    for method in [Method::GradCam, Method::GuidedBackprop, Method::GuidedGradCam] {
        session.explain(method, class, &layer).expect("a map");
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
