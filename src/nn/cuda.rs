//! The layers by saltty's own kernels on an NVIDIA GPU.
//!
//! dfdx opens the device; its tensors there keep their memory to themselves, so values on the GPU are the driver's own
//! slices. Products are cuBLAS's, in full precision: its default mode never rounds factors to TF32. Everything else is in
//! `kernels.cu`.
#![expect(unsafe_code, reason = "the driver, cuBLAS and kernels are called with pointers")]

mod convolution;
pub(crate) mod driver;
mod kernels;
mod memory;
mod sliding;

use std::{marker::PhantomData, rc::Rc, sync::Arc};

use cudarc::{
    cublas::{CudaBlas, Gemm, GemmConfig, StridedBatchedConfig, sys::cublasOperation_t},
    driver::{CudaDevice, DevicePtr, DevicePtrMut, DeviceRepr, DeviceSlice},
};
use dfdx::prelude::{Cuda, CudaError, Storage};

use super::{
    Real, Rule,
    kernel::{Kernels, conv},
    placed::{self, Extent, Place},
};
use convolution::Filters;
use kernels::NAMES;
use memory::Memory;

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

/// A GPU with saltty's kernels loaded.
pub struct Gpu<E> {
    driver: Arc<CudaDevice>,
    blas: CudaBlas,
    family: Kernels,
    number: PhantomData<E>,
}

/// Numbers on the GPU.
type Values<E> = Rc<Memory<E>>;

/// Sizes of a product of row-major matrices: `rows x inner` by `inner x columns`.
#[derive(Clone, Copy)]
struct Product {
    batch: usize,
    rows: usize,
    inner: usize,
    columns: usize,
    /// Whether the second factor lies transposed.
    transposed: bool,
}

/// The weights of a dense layer.
pub struct Matrix<E> {
    /// `O x (H x W x C)`.
    weight: Memory<E>,
    bias: Memory<E>,
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

    /// `values` on the GPU.
    fn copied(&self, values: &[E]) -> Result<Memory<E>, CudaError> {
        Ok(self.driver.htod_sync_copy(values)?.into())
    }

    /// `c = a b`.
    fn product(
        &self,
        sizes: Product,
        a: &impl DevicePtr<E>,
        b: &impl DevicePtr<E>,
        c: &mut impl DevicePtrMut<E>,
    ) -> Result<(), CudaError> {
        let Product { batch, rows, inner, columns, transposed } = sizes;
        let (left, right, result) = (batch * rows * inner, batch * inner * columns, batch * rows * columns);
        assert!(a.len() >= left && b.len() >= right && c.len() >= result, "memory of a product's sizes");
        let (plain, turn) = (cublasOperation_t::CUBLAS_OP_N, cublasOperation_t::CUBLAS_OP_T);
        // cuBLAS counts down columns: it is told of the transposed product of transposed matrices.
        let gemm = GemmConfig {
            transa: if transposed { turn } else { plain },
            transb: plain,
            m: columns as i32,
            n: rows as i32,
            k: inner as i32,
            alpha: E::of(1.0),
            lda: if transposed { inner } else { columns } as i32,
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
}

impl<E: Real> Place<E> for Gpu<E> {
    type Values = Values<E>;
    type Filters = Filters<E>;
    type Matrix = Matrix<E>;
    /// What was pooled: its winners are found again.
    type Winners = Values<E>;
    type Failure = CudaError;

    const WEIGHS: bool = true;

    fn upload(&self, values: &[E], extent: Extent) -> Result<Values<E>, CudaError> {
        assert_eq!(values.len(), extent.count(), "values of these sizes");
        let values = self.copied(values)?;
        if extent.area() == 1 {
            return Ok(values.into());
        }
        Ok(self.turn(extent.batch, extent.channels, &values)?.into())
    }

    fn download(&self, values: &Values<E>, extent: Extent) -> Result<Vec<E>, CudaError> {
        check(values, extent);
        if extent.area() == 1 {
            return Ok(self.driver.dtoh_sync_copy(&***values)?);
        }
        let turned = self.turn(extent.batch, extent.area(), values)?;
        Ok(self.driver.dtoh_sync_copy(&*turned)?)
    }

    fn one(&self, values: &Values<E>, extent: Extent, image: usize) -> Result<Values<E>, CudaError> {
        let each = extent.area() * extent.channels;
        // SAFETY: the copy writes all of it.
        let mut one = unsafe { self.memory(each) }?;
        self.driver.dtod_copy(&values.slice(image * each..(image + 1) * each), &mut *one)?;
        Ok(one.into())
    }

    fn add(&self, a: Values<E>, b: Values<E>, extent: Extent) -> Result<Values<E>, CudaError> {
        check(&a, extent);
        let mut sum = Rc::try_unwrap(a).or_else(|a| Ok::<_, CudaError>(a.try_clone()?.into()))?;
        self.add_to(&b, &mut sum)?;
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
        check(&x, extent);
        Ok(self.rectify(&x)?.into())
    }

    fn gated(&self, rule: Rule, y: &Values<E>, up: Values<E>, extent: Extent) -> Result<Values<E>, CudaError> {
        check(y, extent);
        Ok(self.gate(rule, y, &up)?.into())
    }

    fn pooled(
        &self,
        x: Values<E>,
        windows: placed::Windows,
        channels: usize,
    ) -> Result<(Values<E>, Values<E>), CudaError> {
        Ok((self.pool(windows, channels, &x)?.into(), x))
    }

    fn pooled_gradient(
        &self,
        x: &Values<E>,
        up: Values<E>,
        windows: placed::Windows,
        channels: usize,
    ) -> Result<Values<E>, CudaError> {
        Ok(self.pool_gradient(windows, channels, x, &up)?.into())
    }

    fn matrix(&self, weight: &[E], bias: &[E], reads: &[usize]) -> Result<Matrix<E>, CudaError> {
        Ok(Matrix { weight: self.copied(&placed::channels_last(weight, reads))?, bias: self.copied(bias)? })
    }

    fn dense(&self, matrix: &Matrix<E>, x: Values<E>, extent: Extent) -> Result<Values<E>, CudaError> {
        check(&x, extent);
        let (outputs, inner) = (matrix.bias.len(), extent.area() * extent.channels);
        // SAFETY: the product writes all of it.
        let mut y = unsafe { self.memory(extent.batch * outputs) }?;
        let sizes = Product { batch: 1, rows: extent.batch, inner, columns: outputs, transposed: true };
        self.product(sizes, &**x, &*matrix.weight, &mut *y)?;
        self.add_bias(&matrix.bias, &mut y)?;
        Ok(y.into())
    }

    fn dense_gradient(&self, matrix: &Matrix<E>, up: Values<E>, extent: Extent) -> Result<Values<E>, CudaError> {
        let (outputs, columns) = (matrix.bias.len(), extent.area() * extent.channels);
        // SAFETY: the product writes all of it.
        let mut down = unsafe { self.memory(extent.count()) }?;
        let sizes = Product { batch: 1, rows: extent.batch, inner: outputs, columns, transposed: false };
        self.product(sizes, &**up, &*matrix.weight, &mut *down)?;
        Ok(down.into())
    }

    fn average(&self, x: Values<E>, extent: Extent) -> Result<Values<E>, CudaError> {
        check(&x, extent);
        Ok(self.means(extent.batch, extent.area(), &x)?.into())
    }

    fn average_gradient(&self, up: Values<E>, extent: Extent) -> Result<Values<E>, CudaError> {
        assert_eq!(up.len(), extent.batch * extent.channels, "a gradient for each plane");
        Ok(self.means_gradient(extent.batch, extent.area(), &up)?.into())
    }

    fn weighted(&self, values: &Values<E>, gradient: Values<E>, extent: Extent) -> Result<[Vec<E>; 2], CudaError> {
        check(values, extent);
        check(&gradient, extent);
        let means = self.means(extent.batch, extent.area(), &gradient)?;
        let sums = self.weigh(extent.batch, values, &means)?;
        Ok([self.driver.dtoh_sync_copy(&*means)?, self.driver.dtoh_sync_copy(&*sums)?])
    }

    fn beside(&self, a: Values<E>, b: Values<E>, extent: Extent) -> Result<Values<E>, CudaError> {
        check(&a, extent);
        check(&b, extent);
        Ok(self.laid_beside(extent.channels, &a, &b)?.into())
    }

    fn apart(&self, both: Values<E>, extent: Extent) -> Result<[Values<E>; 2], CudaError> {
        assert_eq!(both.len(), 2 * extent.count(), "two maps");
        let half = |second| Ok::<Values<E>, CudaError>(self.half(extent.channels, second, &both)?.into());
        Ok([half(false)?, half(true)?])
    }
}

fn check<E>(values: &Memory<E>, extent: Extent) {
    assert_eq!(values.len(), extent.count(), "values of these sizes");
}
