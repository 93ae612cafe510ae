//! What only the driver itself can be asked.

use std::{ffi::CStr, ptr};

use cudarc::driver::{CudaDevice, DriverError, result, sys};

/// Tells the driver, where it can pool memory, to keep what is freed for the next batch rather than to give it back whenever
/// the GPU is waited for. It is kept until the program ends.
pub fn keep_memory(driver: &CudaDevice) -> Result<(), DriverError> {
    if driver.attribute(sys::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED)? == 0 {
        return Ok(());
    }
    let (mut pool, mut all) = (ptr::null_mut(), u64::MAX);
    // SAFETY: both calls are given places to write to or read from that outlive them, of the types that they document.
    unsafe {
        sys::cuDeviceGetDefaultMemPool(&raw mut pool, *driver.cu_device()).result()?;
        let threshold = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
        sys::cuMemPoolSetAttribute(pool, threshold, (&raw mut all).cast()).result()
    }
}

/// What GPU `number` is called and the newest CUDA that its driver knows: `NVIDIA H100 80GB HBM3, CUDA 13.0`.
///
/// # Errors
/// There is no such GPU.
pub fn described(number: usize) -> Result<String, DriverError> {
    result::init()?;
    // A number beyond all GPUs is none.
    let device = result::device::get(i32::try_from(number).unwrap_or(-1))?;
    let (mut name, mut version) = ([0; 128], 0);
    // SAFETY: the name is cut to the length given, with a zero at its end; the version is one number.
    unsafe {
        sys::cuDeviceGetName(name.as_mut_ptr(), name.len() as i32, device).result()?;
        sys::cuDriverGetVersion(&raw mut version).result()?;
    }
    // SAFETY: the driver ended it with a zero, and nobody writes to it any more.
    let name = unsafe { CStr::from_ptr(name.as_ptr()) }.to_string_lossy();
    Ok(format!("{name}, CUDA {}.{}", version / 1000, version % 1000 / 10))
}
