//! A typed network computed on a device by composed operations, behind the trait that hides its type.
//!
//! Everything on the device belongs to one thread, which does what it is asked in turn: a GPU's context belongs to a
//! thread, and tensors on it are not to be dropped by others.

mod batch;
mod line;

use std::sync::Arc;

use dfdx::prelude::{Cpu, CpuError, Module};

use super::{
    Classifier, Layer, Model, Pass, Precision,
    network::{Input, Output, assembled, precision},
};
use crate::{
    Error, Result,
    device::{self, Device, Gpu},
    nn::{Assemble, Real, Recipe, composed::Extent, kernel::Kernels},
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
    model: Model,
    layers: Vec<Layer>,
    classes: usize,
    side: usize,
    line: Arc<Line<E, D>>,
}

/// Builds the network from weights and places it on `device`.
///
/// # Errors
/// What is wrong with the weights, or with the device.
pub fn load<N, E, const SIDE: usize>(model: Model, weights: &mut Weights, device: Device) -> Result<Arc<dyn Classifier>>
where
    N: Assemble<E> + Recipe<E> + Module<Input<E, SIDE>, Output = Output<E>, Error = CpuError> + Send + 'static,
    E: Real,
    Cpu: dfdx::prelude::Device<E>,
    Gpu: dfdx::prelude::Device<E>,
{
    let (layers, classes, net) = assembled::<N, E>(model, weights, Kernels::Composed)?;
    Ok(match device {
        Device::Cpu => {
            let line = Arc::new(Line::start(device, || Ok(Cpu::default()), net)?);
            Arc::new(Placed { model, layers, classes, side: SIDE, line })
        }
        Device::Cuda(number) => {
            let line = Arc::new(Line::start(device, move || device::open(number), net)?);
            Arc::new(Placed { model, layers, classes, side: SIDE, line })
        }
    })
}

impl<E: Real, D: dfdx::prelude::Device<E>> Classifier for Placed<E, D> {
    fn model(&self) -> Model {
        self.model
    }

    fn layers(&self) -> &[Layer] {
        &self.layers
    }

    fn classes(&self) -> usize {
        self.classes
    }

    fn input_side(&self) -> usize {
        self.side
    }

    fn precision(&self) -> Precision {
        precision::<E>()
    }

    fn kernels(&self) -> Kernels {
        Kernels::Composed
    }

    fn device(&self) -> Device {
        self.line.device()
    }

    fn forward(&self, input: &Planes) -> Result<Box<dyn Pass>> {
        let mut passes = self.forward_all(std::slice::from_ref(input))?;
        Ok(passes.pop().expect("one pass for one photo"))
    }

    fn forward_all(&self, inputs: &[Planes]) -> Result<Vec<Box<dyn Pass>>> {
        let side = self.side;
        for input in inputs {
            let found = [input.channels, input.height, input.width];
            if found != [3, side, side] {
                return Err(Error::InputSize { model: self.model, side, found });
            }
        }
        let output = &self.layers.last().expect("a network has layers").name;
        let mut passes = Vec::with_capacity(inputs.len());
        for inputs in inputs.chunks(MOST) {
            let values = inputs.iter().flat_map(|input| input.values.iter().map(|&v| E::of(v))).collect();
            let extent = Extent { batch: inputs.len(), channels: 3, sides: [side, side] };
            passes.extend(Batch::run(&self.line, values, extent, output)?);
        }
        Ok(passes)
    }
}
