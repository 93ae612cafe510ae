//! Memory used again, and large pages for what is large: fresh pages cost more than the arithmetic done in them.

use std::{
    ops::{Deref, DerefMut},
    sync::Mutex,
};

use super::threads;
use crate::nn::Real;

/// Vectors that nobody uses at the moment, of each number type.
pub type Spare<E> = Mutex<Vec<Vec<E>>>;

/// `len` numbers of no particular value for what is kept for long: in memory of just this size, used before if any is at hand.
pub fn take_to_keep<E: Real>(len: usize) -> Vec<E> {
    within(len, len)
}

/// How much larger the memory of a [`Buffer`] may be than what is asked for.
const LARGER: usize = 4;

/// At least `len` numbers, in memory for at most `most` if it was used before.
fn within<E: Real>(len: usize, most: usize) -> Vec<E> {
    let fits = |vec: &Vec<E>| (len..=most).contains(&vec.capacity());
    let reused = E::spare().lock().ok().and_then(|mut spare| {
        let index = (0..spare.len()).filter(|&i| fits(&spare[i])).min_by_key(|&i| spare[i].capacity())?;
        Some(spare.swap_remove(index))
    });
    let mut vec = reused.unwrap_or_default();
    if vec.capacity() < len {
        return fresh(len);
    }
    if vec.len() < len {
        vec.resize(len, E::ZERO);
    }
    vec
}

/// `len` zeros in memory of their own: on large pages, if they fill some, where the system gives these on request. One page
/// fault then stands for 512, and the processor finds its way to the numbers sooner.
pub fn fresh<T: bytemuck::Zeroable>(len: usize) -> Vec<T> {
    let mut vec = bytemuck::zeroed_vec(len);
    ask_for_large_pages(&mut vec);
    vec
}

/// Bytes of a large page on the processors that have them.
#[cfg(target_os = "linux")]
const LARGE_PAGE: usize = 1 << 21;

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "a call of the system")]
fn ask_for_large_pages<T>(values: &mut [T]) {
    use rustix::mm::{Advice, madvise};
    let range = values.as_mut_ptr_range();
    let (first, last) = (range.start.addr().next_multiple_of(LARGE_PAGE), range.end.addr() & !(LARGE_PAGE - 1));
    if first < last {
        let start = range.start.with_addr(first);
        // SAFETY: whole pages inside memory that `values` borrows; the advice changes no content. Being refused is no harm.
        let _ = unsafe { madvise(start.cast(), last - first, Advice::LinuxHugepage) };
    }
}

#[cfg(not(target_os = "linux"))]
fn ask_for_large_pages<T>(_: &mut [T]) {}

/// Numbers of a cache line.
pub(super) const LINE: usize = 16;

/// `values` from where a cache line begins: at most [`LINE`] fewer.
pub(super) fn from_a_line(values: &mut [f32]) -> &mut [f32] {
    let skipped = values.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
    &mut values[skipped..]
}

/// Keeps the memory of `vec` for later, unless enough of its size is kept: vectors that were never taken are
/// given as well, so that without a bound each photo would leave some more.
pub fn give<E: Real>(vec: Vec<E>) {
    if vec.capacity() >= LEAST
        && let Ok(mut spare) = E::spare().lock()
        && spare.iter().filter(|kept| kept.capacity() == vec.capacity()).count() < SAME + threads::count()
    {
        spare.push(vec);
    }
}

/// Vectors of one size that are kept, besides one a thread.
const SAME: usize = 8;

/// Numbers below which it is not worth keeping them.
const LEAST: usize = 1 << 8;

/// Memory that is kept whole for later when dropped: what is cut off a vector would have to be filled again.
#[derive(Debug, Default)]
pub struct Buffer<E: Real> {
    /// May be longer.
    memory: Vec<E>,
    len: usize,
}

impl<E: Real> Buffer<E> {
    /// `len` numbers of no particular value.
    pub fn new(len: usize) -> Self {
        Self { memory: within(len, LARGER * len), len }
    }

    /// The same for what is kept for long.
    pub fn to_keep(len: usize) -> Self {
        Self { memory: within(len, len), len }
    }

    /// Without what is behind the first `len` numbers.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// The numbers alone.
    pub fn into_vec(mut self) -> Vec<E> {
        let mut vec = std::mem::take(&mut self.memory);
        vec.truncate(self.len);
        vec
    }
}

impl<E: Real> From<Vec<E>> for Buffer<E> {
    fn from(memory: Vec<E>) -> Self {
        Self { len: memory.len(), memory }
    }
}

impl<E: Real> Deref for Buffer<E> {
    type Target = [E];

    fn deref(&self) -> &[E] {
        &self.memory[..self.len]
    }
}

impl<E: Real> DerefMut for Buffer<E> {
    fn deref_mut(&mut self) -> &mut [E] {
        &mut self.memory[..self.len]
    }
}

impl<E: Real> Drop for Buffer<E> {
    fn drop(&mut self) {
        give(std::mem::take(&mut self.memory));
    }
}
