//! The arithmetic under the layers: functions of slices and sizes that know neither tensors nor tapes.
//!
//! Work is cut into pieces whose sizes depend on the shapes alone, never on the number of threads, and each piece is
//! computed by one thread: the same bits for any number of threads. All `input_gradient` functions add to what their
//! last argument holds.

pub mod average;
pub mod concat;
pub mod conv;
pub mod dense;
pub mod gemm;
pub mod pool;
pub mod relu;
