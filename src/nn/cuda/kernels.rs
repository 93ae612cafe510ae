//! How kernels are launched, and those of `kernels.cu` on numbers and layouts as functions, each with the sizes that it
//! trusts asserted.

use cudarc::driver::{CudaFunction, CudaSlice, DevicePtr, DeviceSlice, LaunchAsync, LaunchConfig, sys::CUdeviceptr};
use dfdx::prelude::CudaError;

use super::{Gpu, Memory};
use crate::nn::{Real, Rule};

/// The kernels by name.
pub const NAMES: [&str; 21] = [
    "rectify",
    "gate",
    "add",
    "add_bias",
    "turn",
    "beside",
    "apart",
    "average",
    "average_gradient",
    "weighted",
    "pool",
    "pool_gradient",
    "pool_gradient_apart",
    "columns",
    "columns_gradient",
    "winograd2_filters",
    "winograd2_input",
    "winograd2_output",
    "winograd4_filters",
    "winograd4_input",
    "winograd4_output",
];

/// Threads of a block.
const BLOCK: u32 = 256;

/// Where numbers lie, as a parameter.
pub(super) fn at<E>(memory: &CudaSlice<E>) -> CUdeviceptr {
    *memory.device_ptr()
}

impl<E: Real> Gpu<E> {
    /// Memory for `len` numbers, which nobody has written.
    ///
    /// # Safety
    /// Whoever asks has all of it written before any of it is read.
    pub(super) unsafe fn memory(&self, len: usize) -> Result<Memory<E>, CudaError> {
        // SAFETY: the caller's.
        Ok(unsafe { self.driver.alloc(len) }?.into())
    }

    /// Runs a kernel that counts to `count`. Memory is freed in the order of the stream, so after the kernels that were
    /// launched on it.
    ///
    /// # Safety
    /// `parameters` are what the kernel takes, and what they point to has the sizes that it reads and writes.
    pub(super) unsafe fn launch<P>(&self, kernel: &'static str, count: usize, parameters: P) -> Result<(), CudaError>
    where
        CudaFunction: LaunchAsync<P>,
    {
        let count = i32::try_from(count).expect("a result that 31 bits count") as u32;
        let function = self.driver.get_func(E::NAME, kernel).expect("a kernel of NAMES");
        let blocks = (count.div_ceil(BLOCK).max(1), 1, 1);
        let sizes = LaunchConfig { grid_dim: blocks, block_dim: (BLOCK, 1, 1), shared_mem_bytes: 0 };
        // SAFETY: the caller's.
        Ok(unsafe { function.launch(sizes, parameters) }?)
    }

    /// A result of `len` numbers by a kernel that writes each, given where they lie.
    ///
    /// # Safety
    /// As for [`launch`](Self::launch), and the kernel writes all of the result.
    pub(super) unsafe fn made<P>(
        &self,
        kernel: &'static str,
        (len, count): (usize, usize),
        parameters: impl FnOnce(CUdeviceptr) -> P,
    ) -> Result<Memory<E>, CudaError>
    where
        CudaFunction: LaunchAsync<P>,
    {
        // SAFETY: the caller's.
        unsafe {
            let made = self.memory(len)?;
            self.launch(kernel, count, parameters(at(&made)))?;
            Ok(made)
        }
    }

    pub(super) fn rectify(&self, x: &CudaSlice<E>) -> Result<Memory<E>, CudaError> {
        let len = x.len();
        // SAFETY: as many numbers are written as are read.
        unsafe { self.made("rectify", (len, len), |y| (len as u32, at(x), y)) }
    }

    pub(super) fn gate(&self, rule: Rule, y: &CudaSlice<E>, up: &CudaSlice<E>) -> Result<Memory<E>, CudaError> {
        let len = up.len();
        assert_eq!(y.len(), len, "an output for each gradient");
        let rule: u32 = match rule {
            Rule::Gradient => 0,
            Rule::Guided => 1,
            Rule::Deconvnet => 2,
        };
        // SAFETY: both have as many numbers as are written.
        unsafe { self.made("gate", (len, len), |down| (len as u32, rule, at(y), at(up), down)) }
    }

    pub(super) fn add_to(&self, other: &CudaSlice<E>, sum: &mut CudaSlice<E>) -> Result<(), CudaError> {
        assert_eq!(other.len(), sum.len(), "as many numbers");
        // SAFETY: both have as many numbers.
        unsafe { self.launch("add", sum.len(), (sum.len() as u32, at(other), at(sum))) }
    }

    pub(super) fn add_bias(&self, bias: &CudaSlice<E>, y: &mut CudaSlice<E>) -> Result<(), CudaError> {
        assert!(y.len().is_multiple_of(bias.len()), "places of as many channels");
        // SAFETY: the bias of a channel is looked up by the remainder of its length.
        unsafe { self.launch("add_bias", y.len(), (y.len() as u32, bias.len() as u32, at(bias), at(y))) }
    }

    /// Each of `batch` matrices of `high` rows transposed.
    pub(super) fn turn(&self, batch: usize, high: usize, values: &CudaSlice<E>) -> Result<Memory<E>, CudaError> {
        let (len, wide) = (values.len(), values.len() / (batch * high).max(1));
        assert_eq!(len, batch * high * wide, "whole matrices");
        let sizes = [batch, high, wide].map(|n| n as u32);
        // SAFETY: as many numbers are written as are read.
        unsafe { self.made("turn", (len, len), |turned| (sizes[0], sizes[1], sizes[2], at(values), turned)) }
    }

    /// Two maps of `channels` channels, side by side.
    pub(super) fn laid_beside(
        &self,
        channels: usize,
        a: &CudaSlice<E>,
        b: &CudaSlice<E>,
    ) -> Result<Memory<E>, CudaError> {
        let (len, places) = (2 * a.len(), a.len() / channels);
        assert!(a.len() == places * channels && a.len() == b.len(), "two maps of one size");
        // SAFETY: each number of both is read for one of the result.
        unsafe { self.made("beside", (len, len), |both| (places as u32, channels as u32, at(a), at(b), both)) }
    }

    /// The first or second `channels` channels of a map with twice as many.
    pub(super) fn half(&self, channels: usize, second: bool, both: &CudaSlice<E>) -> Result<Memory<E>, CudaError> {
        let (len, places) = (both.len() / 2, both.len() / (2 * channels));
        assert_eq!(both.len(), 2 * channels * places, "two maps of one size");
        let sizes = (places as u32, channels as u32, u32::from(second));
        // SAFETY: every other run of channels is read.
        unsafe { self.made("apart", (len, len), |half| (sizes.0, sizes.1, sizes.2, at(both), half)) }
    }

    /// The mean of each plane of `batch` maps.
    pub(super) fn means(&self, batch: usize, area: usize, x: &CudaSlice<E>) -> Result<Memory<E>, CudaError> {
        let channels = x.len() / (batch * area);
        assert_eq!(x.len(), batch * area * channels, "whole maps");
        let (len, sizes) = (batch * channels, [batch, area, channels].map(|n| n as u32));
        // SAFETY: each plane is read for one number.
        unsafe { self.made("average", (len, len), |y| (sizes[0], sizes[1], sizes[2], at(x), y)) }
    }

    /// Each gradient of a mean spread over its plane.
    pub(super) fn means_gradient(&self, batch: usize, area: usize, up: &CudaSlice<E>) -> Result<Memory<E>, CudaError> {
        let channels = up.len() / batch;
        assert_eq!(up.len(), batch * channels, "a gradient for each plane");
        let (len, sizes) = (up.len() * area, [batch, area, channels].map(|n| n as u32));
        // SAFETY: each gradient is read for the places of its plane.
        unsafe { self.made("average_gradient", (len, len), |down| (sizes[0], sizes[1], sizes[2], at(up), down)) }
    }

    /// The channels of each place of `batch` maps added up, each times its image's weight for it.
    pub(super) fn weigh(&self, batch: usize, x: &CudaSlice<E>, weights: &CudaSlice<E>) -> Result<Memory<E>, CudaError> {
        let (channels, area) = (weights.len() / batch, x.len() / weights.len());
        assert!(weights.len() == batch * channels && x.len() == weights.len() * area, "a weight for each plane");
        let (len, sizes) = (batch * area, [batch * area, area, channels].map(|n| n as u32));
        // SAFETY: each place reads its channels and its image's weights.
        unsafe { self.made("weighted", (len, len), |sums| (sizes[0], sizes[1], sizes[2], at(x), at(weights), sums)) }
    }
}
