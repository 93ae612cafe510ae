//! Where a network computes: on the processor, or on a GPU.

use std::{fmt, str::FromStr};

#[cfg(not(feature = "cuda"))]
use crate::nn::{Real, composed::Composed, kernel::Kernels};

#[cfg(feature = "cuda")]
mod cuda;

#[cfg(feature = "cuda")]
use cuda::answers;
#[cfg(feature = "cuda")]
pub(crate) use cuda::{kernels, open};

/// The GPUs' type; where this saltty has no code for them, the processor's.
#[cfg(feature = "cuda")]
pub(crate) type Gpu = dfdx::prelude::Cuda;
#[cfg(not(feature = "cuda"))]
pub(crate) type Gpu = dfdx::prelude::Cpu;

/// Fails: there is nothing to open a GPU with.
#[cfg(not(feature = "cuda"))]
pub(crate) fn open(number: usize) -> Result<Gpu, String> {
    answers(number).map(|()| Gpu::default())
}

/// Not reached: no GPU was opened.
#[cfg(not(feature = "cuda"))]
pub(crate) fn kernels<E: Real>(gpu: &Gpu, _: Kernels) -> Result<Composed<E, Gpu>, String>
where
    Gpu: dfdx::prelude::Device<E>,
{
    answers(0).map(|()| Composed::new(gpu.clone()))
}

/// A processor or a GPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Device {
    /// The processor, with saltty's own kernels.
    #[default]
    Cpu,
    /// An NVIDIA GPU by its number, from 0.
    Cuda(usize),
}

/// A device asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The first GPU if one answers, else the processor.
    Auto,
    /// This one and no other.
    Only(Device),
}

impl Device {
    /// The device meant by `wanted`, and what to tell a person if it is not the one that they may expect.
    pub fn meant(wanted: Wanted) -> (Self, Option<String>) {
        match wanted {
            Wanted::Only(device) => (device, None),
            Wanted::Auto => first_gpu(),
        }
    }

    /// This device, or the processor where it does not answer.
    #[must_use]
    pub fn or_cpu(self) -> Self {
        match self {
            Self::Cuda(number) if answers(number).is_err() => Self::Cpu,
            device => device,
        }
    }

    /// What a GPU is called and the newest CUDA that its driver knows, such as `NVIDIA H100 80GB HBM3, CUDA 13.0`.
    pub fn described(self) -> Option<String> {
        match self {
            #[cfg(feature = "cuda")]
            Self::Cuda(number) => crate::nn::cuda::driver::described(number).ok(),
            _ => None,
        }
    }

    /// Photos that are best explained at a time.
    pub fn batch(self) -> usize {
        match self {
            Self::Cpu => 1,
            Self::Cuda(_) => 16,
        }
    }
}

fn first_gpu() -> (Device, Option<String>) {
    match answers(0) {
        Ok(()) => (Device::Cuda(0), None),
        Err(_) if !cfg!(feature = "cuda") => (Device::Cpu, None),
        Err(reason) => (Device::Cpu, Some(reason)),
    }
}

/// Without code for GPUs none answers.
#[cfg(not(feature = "cuda"))]
fn answers(_: usize) -> Result<(), String> {
    Err("this saltty was built without it; build one with `cargo build --release --features cuda`".to_owned())
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.pad("cpu"),
            Self::Cuda(number) => f.pad(&format!("cuda:{number}")),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.pad("auto"),
            Self::Only(device) => device.fmt(f),
        }
    }
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Only(Device::Cpu)),
            "cuda" => Ok(Self::Only(Device::Cuda(0))),
            _ => {
                let number = text.strip_prefix("cuda:").and_then(|number| number.parse().ok());
                let device = number.map(|number| Self::Only(Device::Cuda(number)));
                device.ok_or_else(|| format!("no device is called `{text}`: use auto, cpu, cuda or cuda:1"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_names() {
        assert_eq!("cuda".parse(), Ok(Wanted::Only(Device::Cuda(0))));
        assert_eq!("cuda:3".parse(), Ok(Wanted::Only(Device::Cuda(3))));
        assert_eq!("cpu".parse(), Ok(Wanted::Only(Device::Cpu)));
        assert_eq!("auto".parse(), Ok(Wanted::Auto));
        for wrong in ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "CPU:0"] {
            assert!(wrong.parse::<Wanted>().unwrap_err().contains("use auto, cpu, cuda or cuda:1"), "{wrong}");
        }
        assert_eq!(Device::Cuda(2).to_string(), "cuda:2");
        assert_eq!(Device::meant(Wanted::Only(Device::Cuda(7))).0, Device::Cuda(7));
    }
}
