//! What came of comparing.

use std::path::PathBuf;

use serde::Serialize;

use super::Metrics;
use crate::record::{Change, Limits, Stage};

/// How one stage, or a whole record, compares with what was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The same bits.
    Identical,
    /// Different, but no more than its tolerance.
    Within,
    /// Further than its tolerance, but recognisably the same.
    Drifted,
    /// Something else.
    Broken,
}

impl Verdict {
    /// What `distance` means under `limits`.
    pub fn of(identical: bool, distance: f64, limits: Limits) -> Self {
        match distance {
            _ if identical => Self::Identical,
            d if d <= limits.within => Self::Within,
            d if d <= limits.broken => Self::Drifted,
            _ => Self::Broken,
        }
    }

    /// Whether the record holds there.
    pub fn holds(self) -> bool {
        self <= Self::Within
    }

    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::Within => "within tolerance",
            Self::Drifted => "drifted",
            Self::Broken => "broken",
        }
    }
}

/// One stage, or one layer of a stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageReport {
    /// The stage's name in files.
    #[serde(rename = "stage", serialize_with = "stage_id")]
    pub stage: Stage,
    /// Which part of it: a layer, or a rule and a layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// How it compares.
    pub verdict: Verdict,
    /// The limits it was held to, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// How far apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Metrics>,
    /// Anything else worth knowing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn stage_id<S: serde::Serializer>(stage: &Stage, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(stage.id())
}

impl StageReport {
    /// A stage that a hash decides.
    pub(super) fn hash(stage: Stage, verdict: Verdict, note: Option<String>) -> Self {
        Self { stage, part: None, verdict, limits: None, metrics: None, note }
    }

    /// A stage that could not be computed at all.
    pub(super) fn impossible(stage: Stage, why: &impl ToString) -> Self {
        Self::hash(stage, Verdict::Broken, Some(why.to_string()))
    }

    /// Its name with its part, for people: `activations at conv1`.
    pub fn title(&self) -> String {
        match &self.part {
            Some(part) => format!("{} at {part}", self.stage),
            None => self.stage.to_string(),
        }
    }

    /// How far it is from what was recorded, in the measure of its limits.
    pub fn distance(&self) -> Option<f64> {
        let metrics = self.metrics.as_ref()?;
        if self.stage.is_levels() { metrics.max_abs } else { Some(metrics.relative_l2) }
    }
}

/// The first stage that does not hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Divergence {
    /// The stage's name in files.
    pub stage: String,
    /// Which part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
}

/// One record compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The manifest.
    #[serde(serialize_with = "in_words")]
    pub record: PathBuf,
    /// What was explained, in words.
    pub what: String,
    /// The worst of its stages.
    pub verdict: Verdict,
    /// The first stage that drifted or broke.
    pub first_divergence: Option<Divergence>,
    /// What is not as it was when it was recorded; absent where nothing was computed again, so that nobody knows.
    pub changes: Option<Vec<Change>>,
    /// Whether a person looked at it and accepted it into the record.
    pub accepted: bool,
    /// Whether tolerances were edited since.
    pub edited_tolerances: bool,
    /// All stages in order, layers one by one. Ends where nothing could be computed any more.
    pub stages: Vec<StageReport>,
}

impl Report {
    pub(super) fn new(record: PathBuf, what: String, changes: Option<Vec<Change>>, stages: Vec<StageReport>) -> Self {
        let verdict = stages.iter().map(|stage| stage.verdict).max().unwrap_or(Verdict::Broken);
        let mut report = Self {
            record,
            what,
            verdict,
            first_divergence: None,
            changes,
            accepted: false,
            edited_tolerances: false,
            stages,
        };
        let first = report.first();
        report.first_divergence =
            first.map(|first| Divergence { stage: first.stage.id().to_owned(), part: first.part.clone() });
        report
    }

    /// The first stage that drifted or broke.
    pub fn first(&self) -> Option<&StageReport> {
        self.stages.iter().find(|stage| !stage.verdict.holds())
    }

    /// Stages one after another, each with all its parts.
    pub(super) fn by_stage(&self) -> impl Iterator<Item = &[StageReport]> {
        self.stages.chunk_by(|a, b| a.stage == b.stage)
    }
}

/// All records of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// saltty's version.
    pub saltty: &'static str,
    /// The worst of the records that were not accepted; absent if none could be compared.
    pub verdict: Option<Verdict>,
    /// Records that were compared.
    pub records: Vec<Report>,
    /// Records that could not be.
    pub failures: Vec<Failure>,
}

/// A record that could not be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The manifest.
    #[serde(serialize_with = "in_words")]
    pub record: PathBuf,
    /// Why.
    pub reason: String,
}

impl Summary {
    /// Of these records and failures.
    pub fn new(records: Vec<Report>, failures: Vec<Failure>) -> Self {
        let counted = |report: &Report| if report.accepted { Verdict::Identical } else { report.verdict };
        let verdict = records.iter().map(counted).max();
        Self { saltty: env!("CARGO_PKG_VERSION"), verdict, records, failures }
    }

    /// 0 if all holds, 1 if something drifted or broke, 2 if something could not be compared.
    pub fn exit_status(&self) -> u8 {
        match self.verdict {
            _ if !self.failures.is_empty() => 2,
            Some(verdict) => u8::from(!verdict.holds()),
            None => 2,
        }
    }

    /// As JSON.
    ///
    /// # Panics
    /// Never: all it holds has a form in JSON (numbers that are not finite become null).
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report has a form in JSON") + "\n"
    }
}

/// A path as text; what is no text in it is marked.
fn in_words<S: serde::Serializer>(path: &std::path::Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}
