//! Named arrays from safetensors files.

use std::{collections::HashMap, path::Path};

use safetensors::SafeTensors;

/// float32 arrays of one file as f64, with their shapes and the file's metadata.
pub struct Arrays {
    pub values: HashMap<String, (Vec<usize>, Vec<f64>)>,
    pub metadata: HashMap<String, String>,
}

impl Arrays {
    pub fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let decode = |data: &[u8]| data.as_chunks::<4>().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect();
        let values = tensors.iter().map(|(name, view)| (name.to_owned(), (view.shape().to_vec(), decode(view.data()))));
        Self { values: values.collect(), metadata: header.metadata().clone().unwrap_or_default() }
    }

    pub fn get(&self, name: &str) -> &[f64] {
        &self.values.get(name).unwrap_or_else(|| panic!("no array {name}")).1
    }

    pub fn shape(&self, name: &str) -> &[usize] {
        &self.values[name].0
    }
}
