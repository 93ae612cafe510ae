//! Safetensors files, read tensor by tensor with a small buffer: no copy of the file in memory.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use half::{bf16, f16};
use safetensors::tensor::{Dtype as Stored, Metadata};
use sha2::{Digest, Sha256};

use super::{Dtype, Source, TensorInfo};
use crate::{Error, Result, files};

/// Bytes read at a time.
const PIECE: usize = 1 << 20;
/// Longest header the format allows.
const LONGEST_HEADER: u64 = 100_000_000;

/// An open safetensors file (or anything that reads like one).
pub struct SafetensorsFile<R> {
    reader: R,
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

impl<R: Read + Seek> SafetensorsFile<R> {
    /// Reads the header from `reader`; `path` is what messages call it.
    ///
    /// # Errors
    /// If it cannot be read or is not a whole safetensors file.
    pub fn read(path: &Path, mut reader: R) -> Result<Self> {
        let unreadable = |source| Error::Read { path: path.to_owned(), source };
        let broken = |reason: String| Error::WeightsFormat { path: path.to_owned(), reason };
        let len = reader.seek(SeekFrom::End(0)).map_err(unreadable)?;
        reader.rewind().map_err(unreadable)?;
        let mut first = [0; 8];
        if len < 8 {
            return Err(broken(format!("it has only {len} bytes, so download it again")));
        }
        reader.read_exact(&mut first).map_err(unreadable)?;
        let header = u64::from_le_bytes(first);
        if header > LONGEST_HEADER || header > len - 8 {
            return Err(broken(foreign(first)));
        }
        let mut json = vec![0; header as usize];
        reader.read_exact(&mut json).map_err(unreadable)?;
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
            reader,
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

impl<R: Read + Seek + Send> Source for SafetensorsFile<R> {
    fn tensors(&self) -> &[TensorInfo] {
        &self.tensors
    }

    fn metadata(&self) -> &HashMap<String, String> {
        &self.metadata
    }

    fn read(&mut self, index: usize, row: usize, sink: &mut dyn FnMut(&[f32])) -> io::Result<()> {
        let info = &self.tensors[index];
        let size = info.dtype.size();
        let rows_at_once = (PIECE / (row.max(1) * size)).max(1);
        let mut left = info.shape.iter().product::<usize>();
        let mut bytes = vec![0; left.min(rows_at_once * row) * size];
        let mut values = vec![0.0; bytes.len() / size];
        self.reader.seek(SeekFrom::Start(self.starts[index]))?;
        while left > 0 {
            let count = left.min(values.len());
            let (bytes, values) = (&mut bytes[..count * size], &mut values[..count]);
            self.reader.read_exact(bytes)?;
            decode(&info.dtype, bytes, values)?;
            sink(values);
            left -= count;
        }
        Ok(())
    }

    fn sha256(&mut self) -> io::Result<String> {
        self.reader.rewind()?;
        let (mut hash, mut piece) = (Sha256::new(), vec![0; PIECE]);
        loop {
            match self.reader.read(&mut piece)? {
                0 => break,
                count => hash.update(&piece[..count]),
            }
        }
        Ok(files::hex(hash))
    }
}

fn decode(dtype: &Dtype, bytes: &[u8], values: &mut [f32]) -> io::Result<()> {
    let pairs = bytes.as_chunks::<2>().0.iter();
    match dtype {
        Dtype::F32 => values.iter_mut().zip(bytes.as_chunks::<4>().0).for_each(|(v, b)| *v = f32::from_le_bytes(*b)),
        Dtype::F16 => values.iter_mut().zip(pairs).for_each(|(v, b)| *v = f16::from_le_bytes(*b).to_f32()),
        Dtype::Bf16 => values.iter_mut().zip(pairs).for_each(|(v, b)| *v = bf16::from_le_bytes(*b).to_f32()),
        Dtype::Other(name) => return Err(io::Error::other(format!("numbers of type {name}"))),
    }
    Ok(())
}
