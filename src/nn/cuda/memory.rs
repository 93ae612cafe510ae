//! Numbers on a GPU.

use std::{
    ops::{Deref, DerefMut},
    panic::{AssertUnwindSafe, catch_unwind},
};

use cudarc::driver::CudaSlice;

/// The driver's slice, freed without a panic: where a GPU has broken down, freeing fails as well, and an error is on its way
/// already.
pub struct Memory<E>(Option<CudaSlice<E>>);

impl<E> From<CudaSlice<E>> for Memory<E> {
    fn from(slice: CudaSlice<E>) -> Self {
        Self(Some(slice))
    }
}

impl<E> Deref for Memory<E> {
    type Target = CudaSlice<E>;

    fn deref(&self) -> &CudaSlice<E> {
        self.0.as_ref().expect("a slice until it is dropped")
    }
}

impl<E> DerefMut for Memory<E> {
    fn deref_mut(&mut self) -> &mut CudaSlice<E> {
        self.0.as_mut().expect("a slice until it is dropped")
    }
}

impl<E> Drop for Memory<E> {
    fn drop(&mut self) {
        let slice = self.0.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(slice)));
    }
}
