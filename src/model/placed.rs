//! A typed network computed on a device by composed operations, behind the trait that hides its type.
//!
//! Everything on the device belongs to one thread, which does what it is asked in turn: a GPU's context belongs to a
//! thread, and tensors on it are not to be dropped by others.

mod batch;
mod line;

use std::sync::Arc;

use dfdx::prelude::{Cpu, CpuError, Module};

use super::{
    Classifier, Model, Pass,
    network::{Facts, Input, Output, assembled},
};
use crate::{
    Result,
    device::{self, Device, Gpu},
    nn::{Assemble, Real, composed::Extent, fused::Links, kernel::Kernels},
    planes::Planes,
    weights::Weights,
};
use batch::Batch;
use line::Line;

/// Photos computed at a time: with more, places of VGG19's first layers are too many for the 32 bits that dfdx counts
/// them with on a GPU.
const MOST: usize = 64;

/// A network on a device of type `D`.
struct Placed<E: Real, D: dfdx::prelude::Device<E>> {
    facts: Facts,
    line: Arc<Line<E, D>>,
}

/// Builds the network from weights and places it on `device`.
///
/// # Errors
/// What is wrong with the weights, or with the device.
pub fn load<N, E, const SIDE: usize>(model: Model, weights: &mut Weights, device: Device) -> Result<Arc<dyn Classifier>>
where
    N: Assemble<E> + Links<E> + Module<Input<E, SIDE>, Output = Output<E>, Error = CpuError> + Send + 'static,
    E: Real,
    Cpu: dfdx::prelude::Device<E>,
    Gpu: dfdx::prelude::Device<E>,
{
    let (facts, net) = assembled::<N, E>(model, weights, SIDE, Kernels::Composed)?;
    Ok(match device {
        Device::Cpu => {
            let line = Arc::new(Line::start(device, || Ok(Cpu::default()), net)?);
            Arc::new(Placed { facts, line })
        }
        Device::Cuda(number) => {
            let line = Arc::new(Line::start(device, move || device::open(number), net)?);
            Arc::new(Placed { facts, line })
        }
    })
}

impl<E: Real, D: dfdx::prelude::Device<E>> Classifier for Placed<E, D> {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn device(&self) -> Device {
        self.line.device()
    }

    fn forward(&self, input: &Planes) -> Result<Box<dyn Pass>> {
        let mut passes = self.forward_all(std::slice::from_ref(input))?;
        Ok(passes.pop().expect("one pass for one photo"))
    }

    fn forward_all(&self, inputs: &[Planes]) -> Result<Vec<Box<dyn Pass>>> {
        inputs.iter().try_for_each(|input| self.facts.check(input))?;
        let side = self.facts.side;
        let mut passes = Vec::with_capacity(inputs.len());
        for inputs in inputs.chunks(MOST) {
            let values = inputs.iter().flat_map(|input| input.values.iter().map(|&v| E::of(v))).collect();
            let extent = Extent { batch: inputs.len(), channels: 3, sides: [side, side] };
            passes.extend(Batch::run(&self.line, values, extent, self.facts.output())?);
        }
        Ok(passes)
    }
}
