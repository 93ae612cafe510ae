//! Safetensors files, read tensor by tensor with a small buffer: no copy of the file in memory.

use std::{collections::HashMap, fs::File, io, path::Path};

use half::{
    bf16, f16,
    slice::{HalfBitsSliceExt, HalfFloatSliceExt},
};
use safetensors::tensor::{Dtype as Stored, Metadata};
use sha2::{Digest, Sha256};

use super::{Dtype, Source, TensorInfo, bytes::Bytes};
use crate::{Error, Result, files};

/// Bytes read at a time.
const PIECE: usize = 1 << 20;
/// Longest header the format allows.
const LONGEST_HEADER: u64 = 100_000_000;

/// An open safetensors file (or anything that reads like one).
pub struct SafetensorsFile<B> {
    bytes: B,
    tensors: Vec<TensorInfo>,
    starts: Vec<u64>,
    metadata: HashMap<String, String>,
}

impl SafetensorsFile<File> {
    /// Opens the file at `path` and reads its header.
    ///
    /// # Errors
    /// If it cannot be read or is not a whole safetensors file.
    pub fn open(path: &Path) -> Result<Self> {
        let unreadable = |source| Error::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.is_dir() {
            return Err(unreadable(io::Error::other("it is a folder, not a weights file")));
        }
        Self::read(path, file)
    }
}

impl<B: Bytes> SafetensorsFile<B> {
    /// Reads the header from `bytes`; `path` is what messages call them.
    ///
    /// # Errors
    /// If it cannot be read or is not a whole safetensors file.
    pub fn read(path: &Path, bytes: B) -> Result<Self> {
        let unreadable = |source| Error::Read { path: path.to_owned(), source };
        let broken = |reason: String| Error::WeightsFormat { path: path.to_owned(), reason };
        let len = bytes.count().map_err(unreadable)?;
        let mut first = [0; 8];
        if len < 8 {
            return Err(broken(format!("it has only {len} bytes, so download it again")));
        }
        bytes.read_exact_at(&mut first, 0).map_err(unreadable)?;
        let header = u64::from_le_bytes(first);
        if header > LONGEST_HEADER || header > len - 8 {
            return Err(broken(foreign(first)));
        }
        let mut json = vec![0; header as usize];
        bytes.read_exact_at(&mut json, 8).map_err(unreadable)?;
        let parsed: Metadata = serde_json::from_slice(&json)
            .map_err(|e| broken(format!("its header is damaged ({e}), so download it again")))?;
        let needed = 8 + header + parsed.data_len() as u64;
        if len < needed {
            return Err(broken(format!("it is cut short at {len} of {needed} bytes, so download it again")));
        }
        if len > needed {
            return Err(broken(format!("it has {} bytes after its last tensor, so download it again", len - needed)));
        }
        let names = parsed.offset_keys();
        let infos: Vec<_> = names.iter().filter_map(|name| parsed.info(name)).collect();
        let tensors = names.iter().zip(&infos).map(|(name, info)| TensorInfo {
            name: name.clone(),
            dtype: dtype(info.dtype),
            shape: info.shape.clone(),
        });
        Ok(Self {
            tensors: tensors.collect(),
            starts: infos.iter().map(|info| 8 + header + info.data_offsets.0 as u64).collect(),
            metadata: parsed.metadata().clone().unwrap_or_default(),
            bytes,
        })
    }
}

fn dtype(stored: Stored) -> Dtype {
    match stored {
        Stored::F32 => Dtype::F32,
        Stored::F16 => Dtype::F16,
        Stored::BF16 => Dtype::Bf16,
        other => Dtype::Other(format!("{other:?}")),
    }
}

/// What a file that is no safetensors file seems to be, by its first bytes.
fn foreign(first: [u8; 8]) -> String {
    let save = "safetensors.torch.save_file(torch.load(FILE, map_location='cpu'), 'weights.safetensors')";
    match first {
        [b'P', b'K', ..] | [0x80, 2..=5, ..] => format!("it looks like a PyTorch checkpoint; convert it with {save}"),
        [0x89, b'H', b'D', b'F', ..] => {
            "it looks like an HDF5 file of Keras; write its weights with safetensors.numpy.save_file first".to_owned()
        }
        _ => "it does not begin like one; convert the weights to safetensors, or download them again".to_owned(),
    }
}

impl<B: Bytes> SafetensorsFile<B> {
    /// Numbers `first..` of a tensor. float32 is read to where it is wanted, other types through `halves`.
    fn numbers(&self, index: usize, first: usize, values: &mut [f32], halves: &mut Vec<u16>) -> io::Result<()> {
        let dtype = &self.tensors[index].dtype;
        let at = self.starts[index] + (first * dtype.size()) as u64;
        if *dtype == Dtype::F32 {
            self.bytes.read_exact_at(bytemuck::cast_slice_mut(values), at)?;
            for value in values {
                *value = f32::from_bits(u32::from_le(value.to_bits()));
            }
            return Ok(());
        }
        halves.resize(values.len(), 0);
        self.bytes.read_exact_at(bytemuck::cast_slice_mut(halves), at)?;
        for half in halves.iter_mut() {
            *half = u16::from_le(*half);
        }
        match dtype {
            Dtype::F16 => halves.reinterpret_cast::<f16>().convert_to_f32_slice(values),
            Dtype::Bf16 => halves.reinterpret_cast::<bf16>().convert_to_f32_slice(values),
            other => return Err(io::Error::other(format!("numbers of type {other}"))),
        }
        Ok(())
    }
}

impl<B: Bytes> Source for SafetensorsFile<B> {
    fn tensors(&self) -> &[TensorInfo] {
        &self.tensors
    }

    fn metadata(&self) -> &HashMap<String, String> {
        &self.metadata
    }

    fn read(&self, index: usize, row: usize, sink: &mut dyn FnMut(&[f32])) -> io::Result<()> {
        let info = &self.tensors[index];
        let rows_at_once = (PIECE / (row.max(1) * info.dtype.size())).max(1);
        let count = info.shape.iter().product::<usize>();
        let mut values = vec![0.0; count.min(rows_at_once * row)];
        let mut halves = Vec::new();
        let mut first = 0;
        while first < count {
            let values = &mut values[..(count - first).min(rows_at_once * row)];
            self.numbers(index, first, values, &mut halves)?;
            sink(values);
            first += values.len();
        }
        Ok(())
    }

    fn read_at(&self, index: usize, first: usize, values: &mut [f32]) -> Option<io::Result<()>> {
        Some(self.numbers(index, first, values, &mut Vec::new()))
    }

    fn sha256(&self) -> io::Result<String> {
        let (mut hash, mut piece) = (Sha256::new(), vec![0; PIECE]);
        let count = self.bytes.count()?;
        for at in (0..count).step_by(PIECE) {
            let piece = &mut piece[..(count - at).min(PIECE as u64) as usize];
            self.bytes.read_exact_at(piece, at)?;
            hash.update(piece);
        }
        Ok(files::hex(hash))
    }
}
