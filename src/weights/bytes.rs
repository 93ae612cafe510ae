//! Bytes that several threads can read at once.

use std::{fs::File, io};

/// Something of known length that can be read anywhere.
pub trait Bytes: Send + Sync {
    /// How many bytes there are.
    ///
    /// # Errors
    /// What the system says.
    fn count(&self) -> io::Result<u64>;

    /// Fills `bytes` with those from `at` on.
    ///
    /// # Errors
    /// What the system says, or that there are not so many.
    fn read_exact_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()>;
}

impl Bytes for File {
    fn count(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    #[cfg(unix)]
    fn read_exact_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, bytes, at)
    }

    #[cfg(windows)]
    fn read_exact_at(&self, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = std::os::windows::fs::FileExt::seek_read(self, bytes, at)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            (bytes, at) = (&mut bytes[count..], at + count as u64);
        }
        Ok(())
    }
}

impl Bytes for &[u8] {
    fn count(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_exact_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        let from = usize::try_from(at).ok().and_then(|at| self.get(at..)?.get(..bytes.len()));
        bytes.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn memory_ends_where_it_ends() {
        let (memory, mut two) = (&[1_u8, 2, 3][..], [0; 2]);
        memory.read_exact_at(&mut two, 1).unwrap();
        assert_eq!(two, [2, 3]);
        assert!(memory.read_exact_at(&mut two, 2).is_err() && memory.read_exact_at(&mut two, u64::MAX).is_err());
    }
}
