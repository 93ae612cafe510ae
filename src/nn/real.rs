//! The number types a network can run in.

use std::sync::Mutex;

use dfdx::prelude::Dtype;

#[cfg(feature = "cuda")]
use super::cuda::Number;
use super::kernel::memory::Spare;

/// Number types that are computed with on GPUs; without code for GPUs nothing is asked of them.
#[cfg(not(feature = "cuda"))]
pub trait Number {}
#[cfg(not(feature = "cuda"))]
impl<T> Number for T {}

/// f32 or f64: what layers, kernels and weights are generic over.
pub trait Real: Dtype + bytemuck::Pod + Into<f64> + Number {
    /// Zero.
    const ZERO: Self;
    /// The type's name as safetensors files spell it.
    const NAME: &'static str;

    /// The nearest value of this type.
    fn of(value: f64) -> Self;

    /// Exact for f64 and f32 alike.
    fn of_f32(value: f32) -> Self;

    /// Memory for such numbers that nobody uses at the moment.
    fn spare() -> &'static Spare<Self>;
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const NAME: &'static str = "F32";

    fn of(value: f64) -> Self {
        value as Self
    }

    fn of_f32(value: f32) -> Self {
        value
    }

    fn spare() -> &'static Spare<Self> {
        static SPARE: Spare<f32> = Mutex::new(Vec::new());
        &SPARE
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const NAME: &'static str = "F64";

    fn of(value: f64) -> Self {
        value
    }

    fn of_f32(value: f32) -> Self {
        Self::from(value)
    }

    fn spare() -> &'static Spare<Self> {
        static SPARE: Spare<f64> = Mutex::new(Vec::new());
        &SPARE
    }
}
