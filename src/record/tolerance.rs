//! How far a stage may be from what was recorded.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Stage;
use crate::explain::Method;

/// The limits of one stage: a relative distance ||a - b|| / ||a||, or levels of 255 for stages of colours.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Up to here, the stage is within tolerance.
    pub within: f64,
    /// Up to here, it has drifted; beyond, it is broken.
    pub broken: f64,
}

/// Limits by stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tolerances(BTreeMap<String, Limits>);

/// float32 sums in another order differ by 1e-7 to 1e-6 over a network's depth (PyTorch's own error against float64 on
/// VGG19 is 5e-7 at the logits); ten times that is no cause for alarm.
const NUMBERS: Limits = Limits { within: 1e-5, broken: 1e-2 };
/// A map is a small difference of large sums, so it loses another digit.
const MAP: Limits = Limits { within: 1e-4, broken: 1e-1 };
/// Where gradients pass many ReLUs, one gate that rounding flips moves them by 1e-4 to 1e-2 (PyTorch's float32 gradient of
/// VGG19 is 1.2e-3 from float64), as it does between processors with other vector instructions.
const DEEP: Limits = Limits { within: 1e-2, broken: 1e-1 };

impl Tolerances {
    /// What is sane for `method`.
    pub fn for_method(method: Method) -> Self {
        let deep = if method.is_fine() { DEEP } else { MAP };
        let limits = |stage| match stage {
            Stage::Square => Limits { within: 0.0, broken: 8.0 },
            Stage::Input => Limits { within: 0.0, broken: 1e-2 },
            Stage::Activations | Stage::Logits => NUMBERS,
            Stage::Gradients | Stage::GuidedProduct | Stage::Magnitude => deep,
            Stage::RawMap if method != Method::GuidedGradCam => deep,
            Stage::Colours if method.is_fine() => Limits { within: 64.0, broken: 128.0 },
            Stage::Colours => Limits { within: 2.0, broken: 64.0 },
            _ => MAP,
        };
        let stages = Stage::ALL.into_iter().filter(|stage| !stage.is_hash());
        Self(stages.map(|stage| (stage.id().to_owned(), limits(stage))).collect())
    }

    /// The limits of `stage`; none at all for stages that hashes decide or that were removed.
    pub fn limits(&self, stage: Stage) -> Limits {
        self.0.get(stage.id()).copied().unwrap_or(Limits { within: 0.0, broken: 0.0 })
    }

    /// Keeps only the limits of `stages`, and of those that are always there.
    pub(super) fn keep(&mut self, stages: &[Stage]) {
        self.0.retain(|id, _| Stage::find(id).is_some_and(|stage| stages.contains(&stage)));
    }

    /// What is wrong with them, if anything.
    pub(super) fn problem(&self) -> Option<String> {
        self.0.iter().find_map(|(id, limits)| match Stage::find(id) {
            None => Some(format!("its tolerances name a stage `{id}` that there is not")),
            Some(stage) if stage.is_hash() => Some(format!("{id} is compared by hash, so it has no tolerance")),
            Some(_) if limits.within >= 0.0 && limits.broken >= limits.within => None,
            Some(_) => Some(format!("the tolerances of {id} must be numbers with 0 <= within <= broken")),
        })
    }
}
