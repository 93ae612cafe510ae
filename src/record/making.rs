//! Making a record: run everything once and write down what it was.

use std::path::{Path, PathBuf};

use super::{
    Back, Environment, Front, Manifest, Record, Request, Tolerances, Trace,
    manifest::{
        ArraysFile, Computation, Explained, InputRule, NetworkRule, PhotoSource, SCHEMA, Scored, WeightsSource,
    },
    relative,
    seal::Seal,
};
use crate::{
    Error, Result, files,
    model::Model,
    photo::{Preprocess, Resize},
    studio::Studio,
    weights::Fingerprint,
};

/// What is recorded.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'s> {
    /// The photo's file.
    pub photo: &'s Path,
    /// Its bytes.
    pub bytes: &'s [u8],
    /// The weights' file; none for the embedded network.
    pub weights: Option<&'s Path>,
    /// Its identity.
    pub fingerprint: &'s Fingerprint,
}

impl Record {
    /// Explains the photo by the network of `studio`, to be written to the manifest `path`, whose folder exists.
    ///
    /// # Errors
    /// What is wrong with the photo, the network or the request.
    pub fn make(path: PathBuf, studio: &Studio, subject: &Subject, request: &Request) -> Result<Self> {
        let request = &request.settled(studio.classifier().model());
        let rules = (studio.preprocess(), studio.resize());
        let front = Front::of(subject.bytes, subject.photo, studio.classifier().input_side(), rules)?;
        let back = Back::of(studio, &front.square, request)?;
        let trace = Trace { front, weights: subject.fingerprint.clone(), back };
        let manifest = describe(&path, studio, subject, request, &trace);
        let paths = [Some(&manifest.photo.path), manifest.weights.path.as_ref()];
        if let Some(odd) = paths.into_iter().flatten().find(|path| path.to_str().is_none()) {
            let reason = format!("the path of {} is not text (UTF-8), as a manifest is; rename it", odd.display());
            return Err(Error::Record { path, reason });
        }
        Ok(Self { path, manifest, trace })
    }
}

pub(crate) fn describe(path: &Path, studio: &Studio, subject: &Subject, request: &Request, trace: &Trace) -> Manifest {
    let Trace { front, weights, back } = trace;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let classifier = studio.classifier();
    let layers = |layers: &[(String, super::Signature)]| layers.iter().map(|(name, _)| name.clone()).collect();
    let sweep = |swept: &super::Swept| Computation {
        rule: swept.rule.to_string(),
        to: swept.to.clone(),
        layers: layers(&swept.layers),
    };
    let mut tolerances = Tolerances::for_method(request.method);
    tolerances.keep(&trace.stages());
    Manifest {
        schema: SCHEMA,
        photo: PhotoSource {
            path: relative(subject.photo, folder),
            sha256: front.photo_sha256.clone(),
            width: front.size[0],
            height: front.size[1],
            pixels_sha256: front.pixels_sha256.clone(),
        },
        input: input_rule(studio, front),
        explanation: explained(studio, request),
        scores: scores(studio, back, request),
        environment: Environment::now(classifier.precision(), classifier.kernels(), classifier.device()),
        network: NetworkRule {
            model: classifier.model().to_string(),
            classes: classifier.classes(),
            architecture_sha256: architecture(classifier.model(), studio.preprocess(), classifier.classes()),
            layers: layers(&back.activations),
        },
        sweeps: back.sweeps.iter().map(sweep).collect(),
        arrays: ArraysFile {
            maps: back.maps.iter().map(|map| map.stage.id().to_owned()).collect(),
            ..ArraysFile::default()
        },
        tolerances,
        seal: Seal::default(),
        weights: WeightsSource {
            path: subject.weights.map(|file| relative(file, folder)),
            sha256: weights.sha256.clone(),
            tensors: weights.tensors.clone(),
        },
    }
}

fn input_rule(studio: &Studio, front: &Front) -> InputRule {
    InputRule {
        preprocess: studio.preprocess().to_string(),
        preprocess_rule: studio.preprocess().describe().to_owned(),
        resize: studio.resize().to_string(),
        resize_rule: match studio.resize() {
            Resize::Crop => "shorter side to the network's, antialiased bilinear as Pillow, then the middle".to_owned(),
            Resize::Stretch => "both sides to the network's, nearest pixel as Pillow".to_owned(),
        },
        side: studio.classifier().input_side(),
        sha256: front.input.sha256.clone(),
    }
}

fn explained(studio: &Studio, request: &Request) -> Explained {
    let side = studio.classifier().target(&request.layer).map(|layer| layer.side.to_string()).unwrap_or_default();
    let fine = request.method.is_fine();
    let normalisation = if fine {
        "largest size of the channels over its 99th percentile, at most 1"
    } else if request.colors().is_signed() {
        "over the largest size"
    } else {
        "positive part over its maximum"
    };
    Explained {
        class: request.class,
        class_name: studio.names().name(request.class).to_owned(),
        against: request.against,
        against_name: request.against.map(|class| studio.names().name(class).to_owned()),
        score: if request.against.is_some() { "logit less the other's" } else { "logit" }.to_owned(),
        method: request.method.id().to_owned(),
        layer: request.layer.clone(),
        layer_side: side,
        normalisation: normalisation.to_owned(),
        upsampling: "bilinear, half-pixel centres, edges clamped".to_owned(),
        colormap: request.colors().name().to_owned(),
    }
}

/// The five likeliest classes, and those explained.
fn scores(studio: &Studio, back: &Back, request: &Request) -> Vec<Scored> {
    let top = back.logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = back.logits.iter().map(|logit| (logit - top).exp()).sum();
    let mut classes = crate::verify::largest(&back.logits, 5);
    for class in [Some(request.class), request.against].into_iter().flatten() {
        if !classes.contains(&class) {
            classes.push(class);
        }
    }
    let scored = |class: usize| {
        let logit = back.logits[class];
        Scored { class, name: studio.names().name(class).to_owned(), logit, probability: (logit - top).exp() / sum }
    };
    classes.into_iter().map(scored).collect()
}

/// Hash of a network's layers and parameters: names and sizes.
pub(crate) fn architecture(model: Model, preprocess: Preprocess, classes: usize) -> String {
    let outline = model.outline(preprocess, classes);
    let layers: Vec<_> =
        outline.layers.iter().map(|layer| (&*layer.name, layer.side.to_string(), &layer.shape)).collect();
    let params: Vec<_> =
        outline.params.iter().map(|param| (&*param.layer, format!("{:?}", param.part), &param.shape)).collect();
    files::sha256(&serde_json::to_vec(&(layers, params)).expect("names and sizes have a form in JSON"))
}
