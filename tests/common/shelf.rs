//! Weights that are read whenever they are used, from memory.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use saltty::nn::kernel::weight::Stored;

#[derive(Debug)]
pub struct Shelf {
    values: Vec<f32>,
    doubted: AtomicBool,
}

impl Shelf {
    pub fn new(values: Vec<f32>) -> Arc<Self> {
        Arc::new(Self { values, doubted: AtomicBool::new(false) })
    }

    /// Whether somebody found numbers that are not finite.
    pub fn is_doubted(&self) -> bool {
        self.doubted.load(Ordering::Relaxed)
    }
}

impl Stored for Shelf {
    fn count(&self) -> usize {
        self.values.len()
    }

    fn read(&self, first: usize, values: &mut [f32]) {
        values.copy_from_slice(&self.values[first..][..values.len()]);
    }

    fn doubt(&self) {
        self.doubted.store(true, Ordering::Relaxed);
    }
}
