//! Which numbers a network was made of, in a form that can be compared.

use sha2::{Digest, Sha256};

use super::Weights;
use crate::{Error, Result, files, model::Model};

/// One tensor's identity.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TensorHash {
    /// Its name, as the file spells it.
    pub name: String,
    /// Its sizes, as the file has them.
    pub shape: Vec<usize>,
    /// SHA-256 of its values as little-endian float32 in the file's order, whatever type the file stores.
    pub sha256: String,
}

/// The identity of a weights file and of each tensor that a network takes from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// SHA-256 of the whole file.
    pub sha256: String,
    /// The tensors used, in the order in which the network takes them.
    pub tensors: Vec<TensorHash>,
}

impl Weights {
    /// Reads the whole file, and each tensor that `model` uses, to hash them. Tensors that the file lacks are left out.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn fingerprint(&self, model: Model) -> Result<Fingerprint> {
        let sha256 = self.sha256()?;
        let plan = self.planned(model);
        let params = model.outline(self.preprocess(), plan.classes).params;
        let used: Vec<usize> = params.iter().filter_map(|param| Some(plan.find(param)?.tensor)).collect();
        let hashes = used.into_iter().map(|index| self.tensor_hash(index));
        Ok(Fingerprint { sha256, tensors: hashes.collect::<Result<_>>()? })
    }

    fn tensor_hash(&self, index: usize) -> Result<TensorHash> {
        let mut hash = Sha256::new();
        let mut sink = |values: &[f32]| files::hash_numbers(&mut hash, values.iter().map(|v| v.to_le_bytes()));
        let read = self.source.read(index, 1, &mut sink);
        read.map_err(|source| Error::Read { path: self.path.clone(), source })?;
        let info = &self.source.tensors()[index];
        Ok(TensorHash { name: info.name.clone(), shape: info.shape.clone(), sha256: files::hex(hash) })
    }
}
