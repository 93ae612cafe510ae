//! Named arrays in files: safetensors for writing and reading, NumPy's `.npy` and `.npz` for reading.

mod npy;

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use safetensors::{
    SafeTensors,
    tensor::{Dtype, TensorView},
};

use crate::{Error, Result, planes::Planes};

/// Largest file of arrays that is read, in bytes: more is surely not a map.
const LARGEST: u64 = 2 << 30;

/// Numbers of one type.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// 8-bit levels of colours, or bytes of hashes.
    U8(Vec<u8>),
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
}

/// Numbers in C order with their sizes, slowest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Sizes.
    pub shape: Vec<usize>,
    /// Numbers, as many as the product of the sizes.
    pub values: Values,
}

impl Array {
    /// float32 numbers nearest to `values`.
    pub fn f32(shape: &[usize], values: &[f64]) -> Self {
        Self { shape: shape.to_vec(), values: Values::F32(values.iter().map(|&v| v as f32).collect()) }
    }

    /// float64 numbers.
    pub fn f64(shape: &[usize], values: Vec<f64>) -> Self {
        Self { shape: shape.to_vec(), values: Values::F64(values) }
    }

    /// Bytes.
    pub fn u8(shape: &[usize], values: Vec<u8>) -> Self {
        Self { shape: shape.to_vec(), values: Values::U8(values) }
    }

    /// The numbers as f64, whatever they are.
    pub fn to_f64(&self) -> Vec<f64> {
        match &self.values {
            Values::U8(values) => values.iter().map(|&v| f64::from(v)).collect(),
            Values::F32(values) => values.iter().map(|&v| f64::from(v)).collect(),
            Values::F64(values) => values.clone(),
        }
    }

    /// As planes: a map `H x W`, planes `C x H x W`, or those in a batch of one; `None` for other sizes.
    pub fn to_planes(&self) -> Option<Planes> {
        let sizes = &self.shape[self.shape.len().saturating_sub(3)..];
        let batches: usize = self.shape[..self.shape.len() - sizes.len()].iter().product();
        match *sizes {
            [height, width] => Some(Planes::new(1, height, width, self.to_f64())),
            [channels, height, width] if batches == 1 => Some(Planes::new(channels, height, width, self.to_f64())),
            _ => None,
        }
    }

    fn bytes(&self) -> (Dtype, Vec<u8>) {
        match &self.values {
            Values::U8(values) => (Dtype::U8, values.clone()),
            Values::F32(values) => (Dtype::F32, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
            Values::F64(values) => (Dtype::F64, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        }
    }
}

/// Arrays by name, with words that travel with them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arrays {
    /// The arrays.
    pub arrays: BTreeMap<String, Array>,
    /// Anything else, in words.
    pub metadata: HashMap<String, String>,
}

impl Arrays {
    /// Adds or replaces an array.
    pub fn insert(&mut self, name: &str, array: Array) {
        self.arrays.insert(name.to_owned(), array);
    }

    /// The array called `name`.
    pub fn get(&self, name: &str) -> Option<&Array> {
        self.arrays.get(name)
    }

    /// Their names, in order.
    pub fn names(&self) -> Vec<&str> {
        self.arrays.keys().map(String::as_str).collect()
    }

    /// A safetensors file.
    ///
    /// # Panics
    /// If an array has not as many numbers as its sizes say.
    pub fn to_safetensors(&self) -> Vec<u8> {
        let stored: Vec<_> = self.arrays.iter().map(|(name, array)| (name, &array.shape, array.bytes())).collect();
        let views = stored.iter().map(|(name, shape, (dtype, bytes))| {
            (name, TensorView::new(*dtype, (*shape).clone(), bytes).expect("as many numbers as the sizes say"))
        });
        let metadata = (!self.metadata.is_empty()).then(|| self.metadata.clone());
        safetensors::serialize(views, metadata).expect("arrays in memory can be written")
    }

    /// Reads the bytes of a safetensors file that holds float32, float64 and u8 arrays; others are left out.
    ///
    /// # Errors
    /// If it is not a whole safetensors file, in the reader's words.
    pub fn from_safetensors(bytes: &[u8]) -> Result<Self, String> {
        let damaged = |e: safetensors::SafeTensorError| format!("it is not a whole safetensors file ({e})");
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
        let arrays = tensors.iter().filter_map(|(name, view)| {
            let data = view.data();
            let values = match view.dtype() {
                Dtype::U8 => Values::U8(data.to_vec()),
                Dtype::F32 => Values::F32(data.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect()),
                Dtype::F64 => Values::F64(data.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect()),
                _ => return None,
            };
            Some((name.to_owned(), Array { shape: view.shape().to_vec(), values }))
        });
        Ok(Self { arrays: arrays.collect(), metadata: header.metadata().clone().unwrap_or_default() })
    }

    /// Reads a `.safetensors`, `.npy` or `.npz` file by its first bytes, whatever its name ends in. The only array of a
    /// `.npy` file is called by the file's name.
    ///
    /// # Errors
    /// [`Error::Read`], or [`Error::Arrays`] with what is wrong.
    pub fn open(path: &Path) -> Result<Self> {
        let unreadable = |source| Error::Read { path: path.to_owned(), source };
        let unusable = |reason: String| Error::Arrays { path: path.to_owned(), reason };
        let size = std::fs::metadata(path).map_err(unreadable)?.len();
        if size > LARGEST {
            return Err(unusable(format!("it has {} MiB, more than any map needs", size >> 20)));
        }
        let bytes = std::fs::read(path).map_err(unreadable)?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        if bytes.starts_with(npy::MAGIC) {
            let array = npy::array(&bytes).map_err(unusable)?;
            return Ok(Self { arrays: BTreeMap::from([(stem.into_owned(), array)]), ..Self::default() });
        }
        if bytes.starts_with(b"PK") {
            return Ok(Self { arrays: npy::archive(&bytes).map_err(unusable)?, ..Self::default() });
        }
        Self::from_safetensors(&bytes).map_err(unusable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_survive_a_safetensors_file() {
        let mut arrays = Arrays::default();
        arrays.insert("map", Array::f32(&[2, 2], &[1.0, -2.5, 0.0, f64::from(f32::MIN_POSITIVE)]));
        arrays.insert("norms", Array::f64(&[1], vec![1.0 / 3.0]));
        arrays.insert("colours", Array::u8(&[3], vec![0, 127, 255]));
        arrays.metadata.insert("a".to_owned(), "b".to_owned());
        assert_eq!(Arrays::from_safetensors(&arrays.to_safetensors()).unwrap(), arrays);
        assert!(Arrays::from_safetensors(&arrays.to_safetensors()[..40]).is_err());
    }

    #[test]
    fn maps_and_planes_in_a_batch_of_one_are_planes() {
        let planes = |shape: &[usize]| Array::f32(shape, &vec![0.0; shape.iter().product()]).to_planes();
        assert_eq!(planes(&[2, 3]).map(|p| (p.channels, p.height, p.width)), Some((1, 2, 3)));
        assert_eq!(planes(&[1, 3, 2, 4]).map(|p| (p.channels, p.height, p.width)), Some((3, 2, 4)));
        assert_eq!(planes(&[2, 3, 2, 4]), None);
        assert_eq!(planes(&[7]), None);
    }
}
