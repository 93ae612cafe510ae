//! A typed network placed on a device, behind the trait that hides its type.
//!
//! Everything on the device belongs to one thread, which does what it is asked in turn: a GPU's context belongs to a
//! thread, and tensors on it are not to be dropped by others.

mod line;

use std::sync::Arc;

use dfdx::prelude::{Cpu, CpuError, Module};
use rayon::prelude::*;

use super::{
    Classifier, Model, Pass,
    batch::{Batch, Together},
    network::{Facts, Input, Output, assembled},
};
use crate::{
    Result,
    device::{self, Device, Gpu},
    nn::{
        Assemble, Name, Real, Rule,
        composed::Composed,
        fused::Links,
        kernel::Kernels,
        placed::{Extent, Place},
    },
    planes::Planes,
    weights::Weights,
};
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
    weights.lender(model, false);
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
            passes.extend(OnDevice::run(&self.line, values, extent, self.facts.output())?);
        }
        Ok(passes)
    }
}

/// What one pass left on the device.
struct OnDevice<E: Real, P: Place<E> + 'static> {
    line: Arc<Line<E, P>>,
    number: u64,
}

impl<E: Real, P: Place<E> + 'static> OnDevice<E, P> {
    /// Runs the network on photos of these sizes.
    ///
    /// # Errors
    /// What the device says, or numbers that are not finite.
    fn run(line: &Arc<Line<E, P>>, values: Vec<E>, extent: Extent, output: &Name) -> Result<Vec<Box<dyn Pass>>> {
        let (number, last) = (line.number(), output.clone());
        let (layers, logits) = line.ask(move |desk| {
            let track = desk.network.forward(&values, extent)?;
            let layers = track.layers().map(|(name, extent)| (name.clone(), Extent { batch: 1, ..extent })).collect();
            let logits = desk.network.values(&track, &last)?;
            desk.tracks.insert(number, track);
            Ok((layers, logits))
        })?;
        let there = Self { line: line.clone(), number };
        Batch::passes(there, layers, output, (extent.batch, &logits))
    }
}

impl<E: Real, P: Place<E> + 'static> Drop for OnDevice<E, P> {
    fn drop(&mut self) {
        let number = self.number;
        self.line.tell(move |desk| drop(desk.tracks.remove(&number)));
    }
}

impl<E: Real, P: Place<E> + 'static> Together<E> for OnDevice<E, P> {
    const WEIGHS: bool = P::WEIGHS;

    fn values_of(&self, photo: usize, layer: &str) -> Result<Vec<E>> {
        let (number, name) = (self.number, layer.to_owned());
        self.line.ask(move |desk| desk.network.values_of(&desk.tracks[&number], photo, &name))
    }

    fn first_not_finite(&self) -> Result<Option<Name>> {
        let number = self.number;
        self.line.ask(move |desk| {
            let track = &desk.tracks[&number];
            for (name, _) in track.layers() {
                if desk.network.values(track, name)?.into_iter().any(|value| !value.into().is_finite()) {
                    return Ok(Some(name.clone()));
                }
            }
            Ok(None)
        })
    }

    fn sweep(&self, ends: [&str; 2], seed: Vec<E>, rule: Rule) -> Result<Vec<E>> {
        let (number, [from, to]) = (self.number, ends.map(str::to_owned));
        self.line.ask(move |desk| desk.network.sweep(&desk.tracks[&number], [&from, &to], &seed, rule, None))
    }

    fn sweep_each(&self, ends: [&str; 2], seed: Vec<E>, rule: Rule, visit: &mut dyn FnMut(&Name, &[E])) -> Result<()> {
        let (number, [from, to]) = (self.number, ends.map(str::to_owned));
        let seen = self.line.ask(move |desk| {
            let mut seen = Vec::new();
            let mut note = |name: &Name, gradient: Vec<E>| seen.push((name.clone(), gradient));
            let track = &desk.tracks[&number];
            let gradient = desk.network.sweep(track, [&from, &to], &seed, rule, Some(&mut note))?;
            seen.push((to.as_str().into(), gradient));
            Ok(seen)
        })?;
        for (name, gradient) in &seen {
            visit(name, gradient);
        }
        Ok(())
    }

    fn weighted(&self, ends: [&str; 2], seed: Vec<E>) -> Result<[Vec<E>; 2]> {
        let (number, [from, at]) = (self.number, ends.map(str::to_owned));
        self.line.ask(move |desk| desk.network.weighted(&desk.tracks[&number], [&from, &at], &seed))
    }
}
