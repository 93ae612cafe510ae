//! Comparing what was recorded with what is now, stage by stage.

use super::{Metrics, StageReport, Verdict, largest, metrics::relative};
use crate::{
    planes::Planes,
    raster::Raster,
    record::{Back, Front, Map, Signature, Stage, Swept, Tolerances},
    weights::Fingerprint,
};

/// The stages before the network.
pub(super) fn front(recorded: &Front, now: &Front, tolerances: &Tolerances) -> Vec<StageReport> {
    let same_pixels = recorded.pixels_sha256 == now.pixels_sha256;
    let same_square = recorded.square == now.square;
    let hash = |stage, same: bool, later_same: bool, note: &str| {
        let verdict = match (same, later_same) {
            (true, _) => Verdict::Identical,
            (false, true) => Verdict::Drifted,
            (false, false) => Verdict::Broken,
        };
        StageReport::hash(stage, verdict, (!same).then(|| note.to_owned()))
    };
    let ([w, h], [width, height]) = (recorded.size, now.size);
    let size = if (w, h) == (width, height) { String::new() } else { format!(", {w}x{h} -> {width}x{height}") };
    let photo = hash(
        Stage::Photo,
        recorded.photo_sha256 == now.photo_sha256,
        same_pixels,
        "the file is not the one that was recorded",
    );
    let pixels = hash(Stage::Pixels, same_pixels, same_square, &format!("the photo decodes to other pixels{size}"));
    let square = rasters(Stage::Square, &[(&recorded.square, &now.square)], tolerances);
    vec![photo, pixels, square, input(recorded, now, tolerances)]
}

/// The network's input, which is recorded whole.
fn input(recorded: &Front, now: &Front, tolerances: &Tolerances) -> StageReport {
    let mut report = signature(Stage::Input, None, &recorded.input, &now.input, tolerances);
    let limits = tolerances.limits(Stage::Input);
    if report.verdict == Verdict::Identical || recorded.input.sample.shape != now.input.sample.shape {
        return report;
    }
    let metrics = Metrics::of_maps(&recorded.input_planes, &now.input_planes);
    report.verdict = Verdict::of(false, metrics.relative_l2, limits);
    report.metrics = Some(metrics);
    if !report.verdict.holds() {
        report.note = Some(means(&recorded.input_planes, &now.input_planes));
    }
    report
}

/// What the means of an input's channels tell.
fn means(recorded: &Planes, now: &Planes) -> String {
    let means = |input: &Planes| -> Vec<f64> {
        let mean = |c| input.plane(c).iter().sum::<f64>() / input.plane(c).len() as f64;
        (0..input.channels).map(mean).collect()
    };
    let (recorded, now) = (means(recorded), means(now));
    let near = |a: &f64, b: &f64| (a - b).abs() <= 1e-9 * a.abs().max(1.0);
    let reversed = recorded.iter().rev().zip(&now).all(|(a, b)| near(a, b));
    let listed = |means: &[f64]| means.iter().map(|v| format!("{v:.3}")).collect::<Vec<_>>().join(", ");
    let hint = if reversed { "; the channels are in another order" } else { "" };
    format!("means of its channels [{}] -> [{}]{hint}", listed(&recorded), listed(&now))
}

/// The weights.
pub(super) fn weights(recorded: &Fingerprint, now: &Fingerprint) -> StageReport {
    if recorded.sha256 == now.sha256 {
        return StageReport::hash(Stage::Weights, Verdict::Identical, None);
    }
    let pairs = recorded.tensors.iter().zip(&now.tensors);
    let changed: Vec<&str> = pairs.filter(|(a, b)| a.sha256 != b.sha256).map(|(a, _)| a.name.as_str()).collect();
    let (count, all) = (changed.len(), recorded.tensors.len());
    if now.tensors.len() != all {
        let note = format!("it has {} of the {all} tensors recorded", now.tensors.len());
        return StageReport::impossible(Stage::Weights, &note);
    }
    match changed.first() {
        None => StageReport::hash(
            Stage::Weights,
            Verdict::Drifted,
            Some("the file is not the one that was recorded, but all its tensors are the same".to_owned()),
        ),
        Some(first) => {
            StageReport::impossible(Stage::Weights, &format!("{count} of {all} tensors changed, first {first}"))
        }
    }
}

/// The stages in the network and after it.
pub(super) fn back(recorded: &Back, now: &Back, tolerances: &Tolerances) -> Vec<StageReport> {
    let mut stages = layers(Stage::Activations, None, &recorded.activations, &now.activations, tolerances);
    stages.push(logits(&recorded.logits, &now.logits, tolerances));
    for swept in &recorded.sweeps {
        let nothing = Swept { layers: Vec::new(), ..swept.clone() };
        let found = now.sweeps.iter().find(|other| other.rule == swept.rule).unwrap_or(&nothing);
        let rule = swept.rule.to_string();
        stages.extend(layers(Stage::Gradients, Some(&rule), &swept.layers, &found.layers, tolerances));
    }
    for Map { stage, planes } in &recorded.maps {
        let found = now.maps.iter().find(|map| map.stage == *stage);
        stages.push(found.map_or_else(
            || StageReport::impossible(*stage, &"this saltty makes no such map"),
            |found| map(*stage, planes, &found.planes, tolerances),
        ));
    }
    let colours: Vec<_> = recorded.colours.iter().zip(&now.colours).collect();
    stages.push(rasters(Stage::Colours, &colours, tolerances));
    stages
}

fn layers(
    stage: Stage,
    rule: Option<&str>,
    recorded: &[(String, Signature)],
    now: &[(String, Signature)],
    tolerances: &Tolerances,
) -> Vec<StageReport> {
    let one = |(name, before): &(String, Signature)| {
        let part = Some(rule.map_or_else(|| name.clone(), |rule| format!("{name} ({rule})")));
        match now.iter().find(|(other, _)| other == name) {
            Some((_, after)) => signature(stage, part, before, after, tolerances),
            None => StageReport { part, ..StageReport::impossible(stage, &"this saltty's network has no such layer") },
        }
    };
    recorded.iter().map(one).collect()
}

fn signature(
    stage: Stage,
    part: Option<String>,
    recorded: &Signature,
    now: &Signature,
    tolerances: &Tolerances,
) -> StageReport {
    let [before, after] = [recorded, now].map(|one| one.sample.shape);
    if before != after {
        let size = |[channels, height, width]: [usize; 3]| format!("{channels}x{height}x{width}");
        let note = format!("its size went from {} to {}", size(before), size(after));
        return StageReport { part, ..StageReport::impossible(stage, &note) };
    }
    let (distance, limits) = (recorded.distance(now), tolerances.limits(stage));
    let identical = recorded.sha256 == now.sha256;
    let (a, b) = (recorded.norm, now.norm);
    let relative_l2 = relative(distance, a);
    let cosine = (a * b > 0.0).then(|| ((a * a + b * b - distance * distance) / (2.0 * a * b)).clamp(-1.0, 1.0));
    let sampled = if identical { Metrics::default() } else { Metrics::of_samples(&recorded.sample, &now.sample) };
    let metrics = Metrics { estimated: !identical, relative_l2, cosine, ..sampled };
    let verdict = Verdict::of(identical, relative_l2, limits);
    StageReport { stage, part, verdict, limits: Some(limits), metrics: Some(metrics), note: None }
}

fn logits(recorded: &[f64], now: &[f64], tolerances: &Tolerances) -> StageReport {
    if recorded.len() != now.len() {
        let note = format!("{} classes -> {}", recorded.len(), now.len());
        return StageReport::impossible(Stage::Logits, &note);
    }
    let [before, after] = [recorded, now].map(|logits| largest(logits, 5));
    let row = |values: &[f64]| Planes::new(1, 1, values.len(), values.to_vec());
    let top5 = (before != after).then_some([before, after]);
    let metrics =
        Metrics { top5, peak: None, top_percent_overlap: None, ..Metrics::of_maps(&row(recorded), &row(now)) };
    numbers(Stage::Logits, recorded == now, metrics, tolerances)
}

fn map(stage: Stage, recorded: &Planes, now: &Planes, tolerances: &Tolerances) -> StageReport {
    let size = |planes: &Planes| format!("{}x{}x{}", planes.channels, planes.height, planes.width);
    if size(recorded) != size(now) {
        return StageReport::impossible(stage, &format!("its size went from {} to {}", size(recorded), size(now)));
    }
    // Maps are recorded in float32.
    let now = now.map(|v| f64::from(v as f32));
    let bits = |planes: &Planes| planes.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    let identical = bits(recorded) == bits(&now);
    let metrics = if stage == Stage::ChannelWeights {
        let row = |planes: &Planes| Planes::new(1, planes.values.len(), 1, planes.values.clone());
        Metrics::of_maps(&row(recorded), &row(&now))
    } else {
        Metrics::of_maps(recorded, &now)
    };
    numbers(stage, identical, metrics, tolerances)
}

fn numbers(stage: Stage, identical: bool, metrics: Metrics, tolerances: &Tolerances) -> StageReport {
    let limits = tolerances.limits(stage);
    let verdict = Verdict::of(identical, metrics.relative_l2, limits);
    StageReport { stage, part: None, verdict, limits: Some(limits), metrics: Some(metrics), note: None }
}

fn rasters(stage: Stage, pairs: &[(&Raster, &Raster)], tolerances: &Tolerances) -> StageReport {
    if pairs.iter().any(|(a, b)| (a.width, a.height) != (b.width, b.height)) {
        return StageReport::impossible(stage, &"its size changed");
    }
    let levels = |raster: &Raster| raster.pixels.as_flattened().iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
    let (a, b): (Vec<_>, Vec<_>) = pairs.iter().map(|(a, b)| (levels(a), levels(b))).unzip();
    let metrics = Metrics::of(&a.concat(), &b.concat());
    let limits = tolerances.limits(stage);
    let verdict = Verdict::of(pairs.iter().all(|(a, b)| a == b), metrics.max_abs.unwrap_or(f64::NAN), limits);
    StageReport { stage, part: None, verdict, limits: Some(limits), metrics: Some(metrics), note: None }
}

/// Where two pictures of one size differ: grey where they are the same, brighter or darker where the second is.
///
/// # Panics
/// If they differ in size.
pub fn difference(before: &Raster, after: &Raster) -> Raster {
    assert_eq!((before.width, before.height), (after.width, after.height), "pictures of one size");
    let level = |a: u8, b: u8| (128 + 2 * (i32::from(b) - i32::from(a))).clamp(0, 255) as u8;
    let pixels = before.pixels.iter().zip(&after.pixels).map(|(a, b)| std::array::from_fn(|i| level(a[i], b[i])));
    Raster::new(before.width, before.height, pixels.collect())
}
