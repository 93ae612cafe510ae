//! The layers by saltty's own kernels on an NVIDIA GPU.
//!
//! dfdx opens the device; its tensors there keep their memory to themselves, so values on the GPU are the driver's own
//! slices. Products are cuBLAS's, in full precision: its default mode never rounds factors to TF32. Everything else is in
//! `kernels.cu`.
#![expect(unsafe_code, reason = "kernels are launched with pointers, on memory that they are the first to write")]

mod convolution;
pub(crate) mod driver;

use std::{marker::PhantomData, rc::Rc, sync::Arc};

use cudarc::{
    cublas::{CudaBlas, Gemm, GemmConfig, StridedBatchedConfig, sys::cublasOperation_t},
    driver::{
        CudaDevice, CudaFunction, CudaSlice, DevicePtr, DevicePtrMut, DeviceRepr, DeviceSlice, LaunchAsync,
        LaunchConfig,
    },
};
use dfdx::prelude::{Cuda, CudaError, Storage};

use super::{
    Real, Rule,
    kernel::{Kernels, conv},
    placed::{self, Extent, Place},
};
use convolution::Filters;

/// Number types that are computed with on GPUs.
pub trait Number: DeviceRepr + Copy + 'static {
    /// The kernels compiled for it.
    const CODE: &'static str;

    /// `Gemm::gemm_strided_batched`.
    ///
    /// # Errors
    /// What cuBLAS says.
    ///
    /// # Safety
    /// The sizes must be those of the memory.
    unsafe fn multiply<A: DevicePtr<Self>, B: DevicePtr<Self>, C: DevicePtrMut<Self>>(
        blas: &CudaBlas,
        sizes: StridedBatchedConfig<Self>,
        a: &A,
        b: &B,
        c: &mut C,
    ) -> Result<(), CudaError>;
}

macro_rules! number {
    ($real:ty, $name:literal) => {
        impl Number for $real {
            const CODE: &'static str = include_str!(concat!(env!("OUT_DIR"), "/kernels.", $name, ".ptx"));

            unsafe fn multiply<A: DevicePtr<Self>, B: DevicePtr<Self>, C: DevicePtrMut<Self>>(
                blas: &CudaBlas,
                sizes: StridedBatchedConfig<Self>,
                a: &A,
                b: &B,
                c: &mut C,
            ) -> Result<(), CudaError> {
                // SAFETY: the caller vouches for the sizes.
                unsafe { blas.gemm_strided_batched(sizes, a, b, c) }.map_err(CudaError::from)
            }
        }
    };
}
number!(f32, "F32");
number!(f64, "F64");

const NAMES: [&str; 21] = [
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

/// A GPU with saltty's kernels loaded.
pub struct Gpu<E> {
    driver: Arc<CudaDevice>,
    blas: CudaBlas,
    family: Kernels,
    number: PhantomData<E>,
}

/// Numbers on the GPU.
type Values<E> = Rc<CudaSlice<E>>;

/// As `Windows` in `kernels.cu`, with the channels of what they slide over.
#[derive(Clone, Copy)]
#[repr(C)]
struct Windows {
    batch: u32,
    channels: u32,
    height: u32,
    width: u32,
    rows: u32,
    columns: u32,
    kernel: u32,
    stride: u32,
    padding: u32,
}

// SAFETY: plain numbers in the order of the kernels' structure.
unsafe impl DeviceRepr for Windows {}

impl Windows {
    fn new(windows: placed::Windows, channels: usize) -> Self {
        let [batch, channels, kernel, stride, padding] =
            [windows.batch, channels, windows.kernel, windows.stride, windows.padding].map(|n| n as u32);
        let ([height, width], [rows, columns]) = (windows.input.map(|n| n as u32), windows.output.map(|n| n as u32));
        Self { batch, channels, height, width, rows, columns, kernel, stride, padding }
    }
}

/// Sizes of a product of row-major matrices: `rows x inner` by `inner x columns`.
#[derive(Clone, Copy)]
struct Product {
    batch: usize,
    rows: usize,
    inner: usize,
    columns: usize,
    /// Whether the second factor lies transposed.
    turned: bool,
}

/// The weights of a dense layer.
pub struct Matrix<E> {
    /// `O x (H x W x C)`.
    weight: CudaSlice<E>,
    bias: CudaSlice<E>,
}

impl<E: Real> Gpu<E> {
    /// Loads the kernels on `device`, of which those of `family` compute convolutions.
    ///
    /// # Errors
    /// What the driver says.
    pub fn new(device: &Cuda, family: Kernels) -> Result<Self, CudaError> {
        let one = Storage::<E>::try_alloc_len(device, 1)?;
        let driver = one.device();
        driver.load_ptx(E::CODE.into(), E::NAME, &NAMES)?;
        let blas = CudaBlas::new(driver.clone())?;
        driver::keep_memory(&driver)?;
        Ok(Self { driver, blas, family, number: PhantomData })
    }

    /// Memory for `count` numbers, which whoever asks writes before anything reads them.
    fn memory(&self, count: usize) -> Result<CudaSlice<E>, CudaError> {
        // SAFETY: every kernel writes all of its result.
        Ok(unsafe { self.driver.alloc(count) }?)
    }

    /// `values` on the GPU.
    fn copied(&self, values: &[E]) -> Result<CudaSlice<E>, CudaError> {
        Ok(self.driver.htod_sync_copy(values)?)
    }

    /// Runs a kernel that computes `count` numbers. What `parameters` holds must be what the kernel takes.
    fn launch<P>(&self, kernel: &'static str, count: usize, parameters: P) -> Result<(), CudaError>
    where
        CudaFunction: LaunchAsync<P>,
    {
        let count = i32::try_from(count).expect("a result that 31 bits count") as u32;
        let function = self.driver.get_func(E::NAME, kernel).expect("a kernel of NAMES");
        let sizes = LaunchConfig {
            grid_dim: (count.div_ceil(BLOCK).max(1), 1, 1),
            block_dim: (BLOCK, 1, 1),
            shared_mem_bytes: 0,
        };
        // SAFETY: the callers, all in this module, give each kernel its parameters, and memory of the sizes in them. Memory
        // is freed in the order of the stream, so after the kernels that were launched on it.
        Ok(unsafe { function.launch(sizes, parameters) }?)
    }

    /// `c = a b`.
    fn product(
        &self,
        sizes: Product,
        a: &impl DevicePtr<E>,
        b: &impl DevicePtr<E>,
        c: &mut impl DevicePtrMut<E>,
    ) -> Result<(), CudaError> {
        let Product { batch, rows, inner, columns, turned } = sizes;
        let (left, right, result) = (batch * rows * inner, batch * inner * columns, batch * rows * columns);
        assert!(a.len() >= left && b.len() >= right && c.len() >= result, "memory of a product's sizes");
        let (plain, turn) = (cublasOperation_t::CUBLAS_OP_N, cublasOperation_t::CUBLAS_OP_T);
        // cuBLAS counts down columns: it is told of the transposed product of transposed matrices.
        let gemm = GemmConfig {
            transa: if turned { turn } else { plain },
            transb: plain,
            m: columns as i32,
            n: rows as i32,
            k: inner as i32,
            alpha: E::of(1.0),
            lda: if turned { inner } else { columns } as i32,
            ldb: inner as i32,
            beta: E::ZERO,
            ldc: columns as i32,
        };
        let stride = |rows: usize, columns: usize| (rows * columns) as i64;
        let sizes = StridedBatchedConfig {
            gemm,
            batch_size: batch as i32,
            stride_a: stride(inner, columns),
            stride_b: stride(rows, inner),
            stride_c: stride(rows, columns),
        };
        // SAFETY: the assertion above.
        unsafe { E::multiply(&self.blas, sizes, b, a, c) }
    }

    /// Each matrix of `high` rows transposed.
    fn turned(&self, values: &CudaSlice<E>, batch: usize, high: usize, wide: usize) -> Result<CudaSlice<E>, CudaError> {
        let mut turned = self.memory(batch * high * wide)?;
        self.launch("turn", turned.len(), (batch as u32, high as u32, wide as u32, values, &mut turned))?;
        Ok(turned)
    }

    fn add_bias(&self, bias: &CudaSlice<E>, y: &mut CudaSlice<E>) -> Result<(), CudaError> {
        self.launch("add_bias", y.len(), (y.len() as u32, bias.len() as u32, bias, y))
    }
}

impl<E: Real> Place<E> for Gpu<E> {
    type Values = Values<E>;
    type Filters = Filters<E>;
    type Matrix = Matrix<E>;
    /// What was pooled: its winners are found again.
    type Winners = Values<E>;
    type Failure = CudaError;

    const WEIGHS: bool = true;

    fn prepare(&self, _: usize) -> Result<(), CudaError> {
        Ok(())
    }

    fn upload(&self, values: &[E], extent: Extent) -> Result<Values<E>, CudaError> {
        assert_eq!(values.len(), extent.count(), "values of these sizes");
        let values = self.copied(values)?;
        if extent.area() == 1 {
            return Ok(values.into());
        }
        Ok(self.turned(&values, extent.batch, extent.channels, extent.area())?.into())
    }

    fn download(&self, values: &Values<E>, extent: Extent) -> Result<Vec<E>, CudaError> {
        if extent.area() == 1 {
            return Ok(self.driver.dtoh_sync_copy(&**values)?);
        }
        let turned = self.turned(values, extent.batch, extent.area(), extent.channels)?;
        Ok(self.driver.dtoh_sync_copy(&turned)?)
    }

    fn one(&self, values: &Values<E>, extent: Extent, image: usize) -> Result<Values<E>, CudaError> {
        let each = extent.area() * extent.channels;
        let mut one = self.memory(each)?;
        self.driver.dtod_copy(&values.slice(image * each..(image + 1) * each), &mut one)?;
        Ok(one.into())
    }

    fn add(&self, a: Values<E>, b: Values<E>, extent: Extent) -> Result<Values<E>, CudaError> {
        let mut sum = Rc::try_unwrap(a).or_else(|a| a.try_clone())?;
        self.launch("add", extent.count(), (extent.count() as u32, &*b, &mut sum))?;
        Ok(sum.into())
    }

    fn filters(&self, filter: &[E], bias: &[E], size: &conv::Size) -> Result<Filters<E>, CudaError> {
        Filters::new(self, filter, bias, size)
    }

    fn convolution(
        &self,
        filters: &Filters<E>,
        x: Values<E>,
        windows: placed::Windows,
    ) -> Result<Values<E>, CudaError> {
        Ok(filters.forward(self, &x, windows)?.into())
    }

    fn convolution_gradient(
        &self,
        filters: &Filters<E>,
        up: Values<E>,
        windows: placed::Windows,
    ) -> Result<Values<E>, CudaError> {
        Ok(filters.input_gradient(self, &up, windows)?.into())
    }

    fn rectified(&self, x: Values<E>, extent: Extent) -> Result<Values<E>, CudaError> {
        let mut y = self.memory(extent.count())?;
        self.launch("rectify", extent.count(), (extent.count() as u32, &*x, &mut y))?;
        Ok(y.into())
    }

    fn gated(&self, rule: Rule, y: &Values<E>, up: Values<E>, extent: Extent) -> Result<Values<E>, CudaError> {
        let mut down = self.memory(extent.count())?;
        let rule: u32 = match rule {
            Rule::Gradient => 0,
            Rule::Guided => 1,
            Rule::Deconvnet => 2,
        };
        self.launch("gate", extent.count(), (extent.count() as u32, rule, &**y, &*up, &mut down))?;
        Ok(down.into())
    }

    fn pooled(
        &self,
        x: Values<E>,
        windows: placed::Windows,
        channels: usize,
    ) -> Result<(Values<E>, Values<E>), CudaError> {
        let mut y = self.memory(windows.output(channels).count())?;
        self.launch("pool", y.len(), (Windows::new(windows, channels), &*x, &mut y))?;
        Ok((y.into(), x))
    }

    fn pooled_gradient(
        &self,
        x: &Values<E>,
        up: Values<E>,
        windows: placed::Windows,
        channels: usize,
    ) -> Result<Values<E>, CudaError> {
        let mut down = self.memory(windows.input(channels).count())?;
        let parameters = (Windows::new(windows, channels), &**x, &*up, &mut down);
        if windows.kernel <= windows.stride {
            let blocks: usize = windows.input.map(|side| side.div_ceil(windows.stride)).iter().product();
            self.launch("pool_gradient_apart", windows.batch * blocks * channels, parameters)?;
        } else {
            self.launch("pool_gradient", windows.input(channels).count(), parameters)?;
        }
        Ok(down.into())
    }

    fn matrix(&self, weight: &[E], bias: &[E], reads: &[usize]) -> Result<Matrix<E>, CudaError> {
        Ok(Matrix { weight: self.copied(&placed::channels_last(weight, reads))?, bias: self.copied(bias)? })
    }

    fn dense(&self, matrix: &Matrix<E>, x: Values<E>, extent: Extent) -> Result<Values<E>, CudaError> {
        let (outputs, inner) = (matrix.bias.len(), extent.area() * extent.channels);
        let mut y = self.memory(extent.batch * outputs)?;
        let sizes = Product { batch: 1, rows: extent.batch, inner, columns: outputs, turned: true };
        self.product(sizes, &*x, &matrix.weight, &mut y)?;
        self.add_bias(&matrix.bias, &mut y)?;
        Ok(y.into())
    }

    fn dense_gradient(&self, matrix: &Matrix<E>, up: Values<E>, extent: Extent) -> Result<Values<E>, CudaError> {
        let (outputs, columns) = (matrix.bias.len(), extent.area() * extent.channels);
        let mut down = self.memory(extent.count())?;
        let sizes = Product { batch: 1, rows: extent.batch, inner: outputs, columns, turned: false };
        self.product(sizes, &*up, &matrix.weight, &mut down)?;
        Ok(down.into())
    }

    fn average(&self, x: Values<E>, extent: Extent) -> Result<Values<E>, CudaError> {
        let mut y = self.memory(extent.batch * extent.channels)?;
        let [batch, area, channels] = [extent.batch, extent.area(), extent.channels].map(|n| n as u32);
        self.launch("average", y.len(), (batch, area, channels, &*x, &mut y))?;
        Ok(y.into())
    }

    fn average_gradient(&self, up: Values<E>, extent: Extent) -> Result<Values<E>, CudaError> {
        let mut down = self.memory(extent.count())?;
        let [batch, area, channels] = [extent.batch, extent.area(), extent.channels].map(|n| n as u32);
        self.launch("average_gradient", down.len(), (batch, area, channels, &*up, &mut down))?;
        Ok(down.into())
    }

    fn weighted(
        &self,
        values: &Values<E>,
        gradient: Values<E>,
        extent: Extent,
    ) -> Result<Option<[Vec<E>; 2]>, CudaError> {
        let means = self.average(gradient, extent)?;
        let mut sums = self.memory(extent.places())?;
        let [area, channels] = [extent.area(), extent.channels].map(|n| n as u32);
        self.launch("weighted", sums.len(), (sums.len() as u32, area, channels, &**values, &*means, &mut sums))?;
        Ok(Some([self.driver.dtoh_sync_copy(&*means)?, self.driver.dtoh_sync_copy(&sums)?]))
    }

    fn beside(&self, a: Values<E>, b: Values<E>, extent: Extent) -> Result<Values<E>, CudaError> {
        let mut both = self.memory(2 * extent.count())?;
        let (places, channels) = (extent.places() as u32, extent.channels as u32);
        self.launch("beside", both.len(), (places, channels, &*a, &*b, &mut both))?;
        Ok(both.into())
    }

    fn apart(&self, both: Values<E>, extent: Extent) -> Result<[Values<E>; 2], CudaError> {
        let half = |second: u32| {
            let mut half = self.memory(extent.count())?;
            let (places, channels) = (extent.places() as u32, extent.channels as u32);
            self.launch("apart", half.len(), (places, channels, second, &*both, &mut half))?;
            Ok::<Values<E>, CudaError>(half.into())
        };
        Ok([half(0)?, half(1)?])
    }
}
