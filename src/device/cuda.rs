//! GPUs that answer, asked without waking one up.

use cudarc::driver::{result, sys::CUresult};
use dfdx::prelude::{Cuda, OnesTensor, Tensor, TryAdd};

use crate::nn::{Real, cuda::Gpu, kernel::Kernels};

/// Whether GPU `number` can be used, or why not in words.
pub fn answers(number: usize) -> Result<(), String> {
    result::init().map_err(|error| no_gpu(error.0))?;
    let count = result::device::get_count().map_err(|error| no_gpu(error.0))? as usize;
    match count {
        0 => Err("no NVIDIA GPU answers".to_owned()),
        1 if number > 0 => Err("there is one GPU, cuda:0".to_owned()),
        _ if number >= count => Err(format!("there are {count} GPUs, from cuda:0 to cuda:{}", count - 1)),
        _ => Ok(()),
    }
}

/// GPU `number`, ready to compute in this thread. It has computed something: what is wrong with its driver or with the code
/// that was built for it shows only then.
pub fn open(number: usize) -> Result<Cuda, String> {
    answers(number)?;
    let device = Cuda::try_build(number, 0).map_err(|error| error.to_string())?;
    let two: Tensor<(usize, usize), f32, _> =
        device.try_ones_like(&(1, 1)).and_then(|one| one.try_add(1.0)).map_err(|error| error.to_string())?;
    if two.as_vec() == [2.0] { Ok(device) } else { Err("it cannot add one and one".to_owned()) }
}

/// saltty's kernels on an open GPU.
pub fn kernels<E: Real>(device: &Cuda, family: Kernels) -> Result<Gpu<E>, String> {
    Gpu::new(device, family).map_err(|error| error.to_string())
}

fn no_gpu(code: CUresult) -> String {
    match code {
        CUresult::CUDA_ERROR_NO_DEVICE => "no NVIDIA GPU answers".to_owned(),
        CUresult::CUDA_ERROR_STUB_LIBRARY => "no NVIDIA driver is installed".to_owned(),
        CUresult::CUDA_ERROR_SYSTEM_DRIVER_MISMATCH | CUresult::CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE => {
            format!("the NVIDIA driver does not fit its library ({code:?}); install one driver, then restart")
        }
        other => format!("the NVIDIA driver says {other:?}"),
    }
}
