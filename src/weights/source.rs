//! Where tensors come from: a list of what there is, and their values row by row.

use std::{collections::HashMap, fmt, io};

/// Number types that safetensors files hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// IEEE 754 single.
    F32,
    /// IEEE 754 half.
    F16,
    /// bfloat16.
    Bf16,
    /// One that saltty does not read, by name.
    Other(String),
}

impl Dtype {
    /// Whether saltty reads it.
    pub fn is_readable(&self) -> bool {
        !matches!(self, Self::Other(_))
    }

    /// Bytes of one number.
    pub fn size(&self) -> usize {
        if *self == Self::F32 { 4 } else { 2 }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "float32",
            Self::F16 => "float16",
            Self::Bf16 => "bfloat16",
            Self::Other(name) => name,
        })
    }
}

/// What a source says of one tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name, as written.
    pub name: String,
    /// Its number type.
    pub dtype: Dtype,
    /// Its sizes, slowest first.
    pub shape: Vec<usize>,
}

/// Named tensors that can be read one after another.
pub trait Source: Send + Sync {
    /// What there is.
    fn tensors(&self) -> &[TensorInfo];

    /// Words that travel with the tensors.
    fn metadata(&self) -> &HashMap<String, String>;

    /// Hands tensor `index` to `sink` in C order, in pieces of whole rows of `row` values.
    ///
    /// # Errors
    /// If the tensors cannot be read any more.
    fn read(&self, index: usize, row: usize, sink: &mut dyn FnMut(&[f32])) -> io::Result<()>;

    /// Fills `values` with the numbers of tensor `index` from number `first` on. Several threads may ask at once. `None`
    /// where the source can only be read in order.
    fn read_at(&self, index: usize, first: usize, values: &mut [f32]) -> Option<io::Result<()>> {
        let _ = (index, first, values);
        None
    }

    /// SHA-256 of the whole source, in hexadecimal.
    ///
    /// # Errors
    /// If it cannot be read any more.
    fn sha256(&self) -> io::Result<String>;
}
