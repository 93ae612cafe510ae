//! Doing a recorded explanation again.

use std::path::{Path, PathBuf};

use super::{Report, StageReport, Verdict, compare};
use crate::{
    Error, Result,
    device::Device,
    files,
    model::{Model, Precision},
    nn::kernel::Kernels,
    photo::Preprocess,
    record::{
        Back, Change, Damage, Environment, Found, Front, Manifest, Record, SealState, Stage, Subject, Trace,
        architecture,
    },
    studio::{Choices, Studio},
    weights::{Fingerprint, Weights},
};

/// Where things are, if not where the record says.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Another weights file.
    pub weights: Option<PathBuf>,
    /// The folder to look for photos in.
    pub photos: Option<PathBuf>,
    /// Another number type than the recorded.
    pub precision: Option<Precision>,
    /// Another family of kernels than the recorded.
    pub kernels: Option<Kernels>,
    /// Another device than the recorded.
    pub device: Option<Device>,
}

/// A record compared.
#[derive(Debug)]
pub struct Checked {
    /// What came of it.
    pub report: Report,
    /// The record as it was, and as it would be now, if everything could be computed.
    pub versions: Option<Box<[Record; 2]>>,
}

/// A network kept from one record to the next.
struct Loaded {
    key: (Option<PathBuf>, Model, Preprocess, Precision, Kernels, Device),
    studio: Studio,
    fingerprint: Fingerprint,
}

/// Verifies records one after another; a network that several of them need is loaded once.
#[derive(Default)]
pub struct Verifier {
    source: Source,
    loaded: Option<Loaded>,
}

/// The stages so far, and whether to go on.
type Step<T> = std::result::Result<T, Stop>;

/// Why a record is not compared to its end.
enum Stop {
    /// Something that the record itself explains.
    Broken(Box<StageReport>),
    /// Something else is wrong.
    Failed(Error),
}

impl Stop {
    fn broken(stage: Stage, why: &impl ToString) -> Self {
        Self::Broken(Box::new(StageReport::impossible(stage, why)))
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Verifier {
    /// A verifier that finds things in `source`.
    pub fn new(source: Source) -> Self {
        Self { source, loaded: None }
    }

    /// Does the explanation recorded in the manifest `path` again and compares.
    ///
    /// # Errors
    /// If the record, its photo or its weights cannot be read, or cannot be used although they are those recorded.
    pub fn verify(&mut self, path: &Path) -> Result<Checked> {
        let record = match Record::read(path)? {
            Found::Whole(record) => *record,
            Found::Damaged(manifest, damage) => return Ok(damaged(path, &manifest, damage)),
        };
        let mut stages = vec![StageReport::hash(Stage::Record, Verdict::Identical, None)];
        let (mut now, mut changes) = (None, None);
        match self.compare(&record, &mut stages, &mut changes) {
            Ok(fresh) => now = Some(fresh),
            Err(Stop::Broken(stage)) => stages.push(*stage),
            Err(Stop::Failed(error)) => return Err(error),
        }
        let what = what(&record.manifest);
        let mut report = Report::new(path.to_owned(), what, changes, stages);
        report.edited_tolerances = record.manifest.seal_state() == SealState::OwnTolerances;
        Ok(Checked { report, versions: now.map(|now| Box::new([record, now])) })
    }

    /// Compares all stages that can be computed. `changes` are known once something was computed.
    fn compare(
        &mut self,
        record: &Record,
        stages: &mut Vec<StageReport>,
        changes: &mut Option<Vec<Change>>,
    ) -> Step<Record> {
        let Record { path, manifest, trace } = record;
        let odd = |reason| Error::Record { path: path.clone(), reason };
        let request = manifest.request().map_err(odd)?;
        let photo = manifest.photo_path(path, self.source.photos.as_deref());
        let bytes = photo_bytes(path, &photo)?;
        let front = front(manifest, path, &photo, &bytes)?;
        stages.extend(compare::front(&trace.front, &front, &manifest.tolerances));
        let weights = self.source.weights.clone().or_else(|| manifest.weights_path(path));
        let (precision, kernels) = self.arithmetic(manifest).map_err(odd)?;
        let changes =
            changes.insert(manifest.environment.changes(&Environment::now(precision, kernels, self.device(manifest))));
        let Loaded { studio, fingerprint, .. } = self.load(record, weights.as_deref(), stages)?;
        changes.extend(network_change(manifest, studio));
        let back = match Back::of(studio, &front.square, &request) {
            Ok(back) => back,
            Err(error) if stages.iter().all(|stage| stage.verdict.holds()) => return Err(error.into()),
            Err(error) => return Err(Stop::broken(Stage::Activations, &error)),
        };
        stages.extend(compare::back(&trace.back, &back, &manifest.tolerances));
        let subject = Subject { photo: &photo, bytes: &bytes, weights: weights.as_deref(), fingerprint };
        let fresh = Trace { front, weights: fingerprint.clone(), back };
        let mut manifest = crate::record::describe(path, studio, &subject, &request, &fresh);
        manifest.tolerances.clone_from(&record.manifest.tolerances);
        manifest.seal.clone_from(&record.manifest.seal);
        let (told, as_told) = (&mut manifest.explanation, &record.manifest.explanation);
        told.class_name.clone_from(&as_told.class_name);
        told.against_name.clone_from(&as_told.against_name);
        Ok(Record { path: path.clone(), manifest, trace: fresh })
    }

    /// The number type and the kernels to compute with: as recorded, unless others are asked for.
    fn arithmetic(&self, manifest: &Manifest) -> Result<(Precision, Kernels), String> {
        let precision = self.source.precision.map_or_else(|| manifest.environment.precision(), Ok)?;
        let kernels = self.source.kernels.unwrap_or_else(|| manifest.environment.family());
        Ok((precision, precision.kernels(kernels)))
    }

    /// The device to compute on: as recorded, where that answers, unless another is asked for.
    fn device(&self, manifest: &Manifest) -> Device {
        self.source.device.unwrap_or_else(|| manifest.environment.device().or_cpu())
    }

    /// The network of `record`, and its weights compared.
    fn load(&mut self, record: &Record, file: Option<&Path>, stages: &mut Vec<StageReport>) -> Step<&Loaded> {
        let Record { path, manifest, trace } = record;
        let odd = |reason| Error::Record { path: path.clone(), reason };
        let (model, (preprocess, _)) = (manifest.model().map_err(odd)?, manifest.input_rules().map_err(odd)?);
        let (precision, kernels) = self.arithmetic(manifest).map_err(odd)?;
        let device = self.device(manifest);
        let key = (file.map(Path::to_owned), model, preprocess, precision, kernels, device);
        if self.loaded.as_ref().is_none_or(|loaded| loaded.key != key) {
            self.loaded = None;
            let mut weights = open(path, file, &manifest.weights.sha256)?;
            weights = weights.with_preprocess(Some(preprocess));
            let fingerprint = weights.fingerprint(model)?;
            let (model, preprocess) = (Some(model), Some(preprocess));
            let choices = Choices { model, preprocess, precision, kernels, device, ..Choices::default() };
            let studio = match Studio::load(weights, &choices, None) {
                Ok(studio) => studio,
                Err(error) if fingerprint.sha256 == trace.weights.sha256 => return Err(error.into()),
                Err(error) => return Err(Stop::broken(Stage::Weights, &error)),
            };
            self.loaded = Some(Loaded { key, studio, fingerprint });
        }
        let loaded = self.loaded.as_ref().expect("just loaded");
        stages.push(compare::weights(&trace.weights, &loaded.fingerprint));
        Ok(loaded)
    }
}

fn photo_bytes(record: &Path, photo: &Path) -> Result<Vec<u8>> {
    match std::fs::read(photo) {
        Ok(bytes) => Ok(bytes),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(Error::Moved {
            path: photo.to_owned(),
            record: record.to_owned(),
            remedy: "say in which folder it is with --photos DIR",
        }),
        Err(source) => Err(Error::Read { path: photo.to_owned(), source }),
    }
}

/// The stages before the network; a photo that cannot be decoded is broken if it is not the one recorded.
fn front(manifest: &Manifest, record: &Path, photo: &Path, bytes: &[u8]) -> Step<Front> {
    let rules = manifest.input_rules().map_err(|reason| Error::Record { path: record.to_owned(), reason })?;
    Front::of(bytes, photo, manifest.input.side, rules).map_err(|error| {
        if files::sha256(bytes) == manifest.photo.sha256 {
            return Stop::Failed(error);
        }
        Stop::broken(Stage::Photo, &format!("the file is not the one that was recorded: {error}"))
    })
}

/// The weights file, or the embedded network; a file that is no weights file any more is broken if it changed.
fn open(record: &Path, file: Option<&Path>, recorded: &str) -> Step<Weights> {
    let Some(file) = file else { return Ok(Weights::embedded()) };
    if !file.exists() {
        let remedy = "say where it is with --weights FILE";
        return Err(Error::Moved { path: file.to_owned(), record: record.to_owned(), remedy }.into());
    }
    Weights::open(file).map_err(|error| match std::fs::read(file) {
        Ok(bytes) if files::sha256(&bytes) != recorded => Stop::broken(Stage::Weights, &error),
        _ => Stop::Failed(error),
    })
}

/// Whether saltty's network of that name is not what it was.
fn network_change(manifest: &Manifest, studio: &Studio) -> Option<Change> {
    let classifier = studio.classifier();
    let now = architecture(classifier.model(), studio.preprocess(), classifier.classes());
    let short = |hash: &str| hash.chars().take(12).collect();
    let recorded = &manifest.network.architecture_sha256;
    (*recorded != now).then(|| Change { what: "architecture".to_owned(), recorded: short(recorded), now: short(&now) })
}

/// What was explained, in words.
fn what(manifest: &Manifest) -> String {
    let explained = &manifest.explanation;
    let photo = manifest.photo.path.file_name().unwrap_or_default().to_string_lossy();
    let less = explained.against.map_or_else(String::new, |class| {
        let name = explained.against_name.as_deref().unwrap_or("class");
        format!(" minus {name} ({class})")
    });
    format!("{} of {} ({}){less} in {photo}", explained.method, explained.class_name, explained.class)
}

fn damaged(path: &Path, manifest: &Manifest, damage: Damage) -> Checked {
    let (part, note) = match damage {
        Damage::Manifest(note) => ("manifest", note),
        Damage::Arrays(note) => ("arrays", note),
    };
    let stage = StageReport { part: Some(part.to_owned()), ..StageReport::impossible(Stage::Record, &note) };
    let report = Report::new(path.to_owned(), what(manifest), None, vec![stage]);
    Checked { report, versions: None }
}
