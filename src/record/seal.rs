//! Whether a manifest is as it was written: its seal.
//!
//! A seal tells accidents and edits from recorded facts. It is no signature: who edits a manifest can seal it anew.

use serde::{Deserialize, Serialize};

use super::Manifest;
use crate::files;

/// Hashes of the manifest's meaning, so that an accidental change is told from a recorded fact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// Of all but the tolerances and this, and of `tolerances_sha256`.
    pub sha256: String,
    /// Of the tolerances, as first written; they may be edited since.
    pub tolerances_sha256: String,
}

/// What a manifest's seal says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealState {
    /// All is as it was written.
    Whole,
    /// All but the tolerances is.
    OwnTolerances,
    /// Only the seal itself was changed: all it stands for is as it was written.
    Changed,
    /// Something else was changed, or the seal was.
    Broken,
}

fn hash(facts: &impl Serialize) -> String {
    files::sha256(&serde_json::to_vec(facts).expect("a manifest has a form in JSON"))
}

impl Manifest {
    /// Writes the hashes of the rest into `seal`. Tolerances that were edited since they were first sealed stay marked as
    /// edited.
    pub(super) fn seal(&mut self) {
        if self.seal.tolerances_sha256.is_empty() {
            self.seal.tolerances_sha256 = hash(&self.tolerances);
        }
        self.seal.sha256 = self.sealed_with(&self.seal.tolerances_sha256);
    }

    /// Whether the manifest is as it was written, and if not, what of it.
    pub fn seal_state(&self) -> SealState {
        let Seal { sha256, tolerances_sha256 } = &self.seal;
        let tolerances = hash(&self.tolerances);
        match (self.sealed_with(tolerances_sha256) == *sha256, tolerances == *tolerances_sha256) {
            (true, true) => SealState::Whole,
            (true, false) => SealState::OwnTolerances,
            (false, false) if self.sealed_with(&tolerances) == *sha256 => SealState::Changed,
            (false, _) => SealState::Broken,
        }
    }

    /// The hash of all facts and of this hash of the tolerances.
    fn sealed_with(&self, tolerances_sha256: &str) -> String {
        let Self { schema, photo, input, explanation, scores, environment, network, sweeps, arrays, weights, .. } =
            self;
        let facts = (schema, photo, input, explanation, scores, environment, network, sweeps, arrays, weights);
        hash(&(facts, tolerances_sha256))
    }
}
