//! A typed network placed on a device, behind the trait that hides its type.
//!
//! Everything on the device belongs to one thread, which does what it is asked in turn: a GPU's context belongs to a
//! thread, and tensors on it are not to be dropped by others.

mod batch;
mod line;

use std::sync::Arc;

use dfdx::prelude::{Cpu, CpuError, Module};
use rayon::prelude::*;

use super::{
    Classifier, Model, Pass,
    network::{Facts, Input, Output, assembled},
};
use crate::{
    Result,
    device::{self, Device, Gpu},
    nn::{
        Assemble, Real,
        composed::Composed,
        fused::Links,
        kernel::Kernels,
        placed::{Extent, Place},
    },
    planes::Planes,
    weights::Weights,
};
use batch::Batch;
use line::Line;

/// Photos computed at a time: with more, numbers of VGG19's first layers, gathered, are too many for the 32 bits that dfdx
/// counts them with on a GPU, and saltty's kernels count with 31.
const MOST: usize = 64;

/// Sizes of `batch` square images.
fn images(batch: usize, side: usize) -> Extent {
    Extent { batch, channels: 3, sides: [side, side] }
}

/// A network at a place of type `P`.
struct Placed<E: Real, P: Place<E>> {
    facts: Facts,
    line: Arc<Line<E, P>>,
}

/// Builds the network from weights and places it on `device`, to be computed by `kernels`; on the processor these can only
/// be [`Kernels::Composed`].
///
/// # Errors
/// What is wrong with the weights, or with the device.
pub fn load<N, E, const SIDE: usize>(
    model: Model,
    weights: &mut Weights,
    (kernels, device): (Kernels, Device),
) -> Result<Arc<dyn Classifier>>
where
    N: Assemble<E> + Links<E> + Module<Input<E, SIDE>, Output = Output<E>, Error = CpuError> + Send + 'static,
    E: Real,
    Cpu: dfdx::prelude::Device<E>,
    Gpu: dfdx::prelude::Device<E>,
{
    let (facts, net) = assembled::<N, E>(model, weights, SIDE, kernels)?;
    let image = images(1, SIDE);
    Ok(match (device, kernels) {
        (Device::Cpu, _) => shared(facts, Line::start(device, || Ok(Composed::new(Cpu::default())), net, image)?),
        (Device::Cuda(number), Kernels::Composed) => {
            let open = move || Ok(Composed::new(device::open(number)?));
            shared(facts, Line::start(device, open, net, image)?)
        }
        (Device::Cuda(number), _) => {
            let open = move || device::kernels(&device::open(number)?, kernels);
            shared(facts, Line::start(device, open, net, image)?)
        }
    })
}

fn shared<E: Real, P: Place<E> + 'static>(facts: Facts, line: Line<E, P>) -> Arc<dyn Classifier> {
    Arc::new(Placed { facts, line: Arc::new(line) })
}

impl<E: Real, P: Place<E> + 'static> Classifier for Placed<E, P> {
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
            let extent = images(inputs.len(), side);
            let mut values = vec![E::ZERO; extent.count()];
            let photos = values.par_chunks_exact_mut(3 * side * side).zip(inputs);
            photos.for_each(|(to, input)| to.iter_mut().zip(&input.values).for_each(|(to, &value)| *to = E::of(value)));
            passes.extend(Batch::run(&self.line, values, extent, self.facts.output())?);
        }
        Ok(passes)
    }
}
