//! A typed network behind the trait that hides its type.

use std::{cell::Cell, marker::PhantomData, sync::Arc};

use dfdx::prelude::{Const, Cpu, CpuError, Module, PutTape, SplitTape, TensorFromVec};

use super::{Classifier, Layer, Model, Outline, Pass, Precision, Score};
use crate::{
    Error, Result,
    nn::{Assemble, Blueprint, C, Map, Name, Real, Rule, Trail, Vector, kernel::Kernels},
    planes::Planes,
    weights::{Lender, Weights},
};

/// A network of type `N` computing in `E` on inputs of `SIDE` x `SIDE` pixels.
pub struct Network<N, E, const SIDE: usize> {
    facts: Facts,
    net: N,
    /// Of weights that stay in their file.
    lender: Option<Arc<Lender>>,
    number: PhantomData<E>,
}

/// What is known of a network, wherever it computes.
pub struct Facts {
    pub(super) model: Model,
    pub(super) layers: Vec<Layer>,
    pub(super) classes: usize,
    pub(super) side: usize,
    pub(super) precision: Precision,
    pub(super) kernels: Kernels,
}

impl Facts {
    /// The layer that makes the logits.
    pub(super) fn output(&self) -> &Name {
        &self.layers.last().expect("a network has layers").name
    }

    /// Refuses inputs of another size.
    pub(super) fn check(&self, input: &Planes) -> Result<()> {
        let (model, side, found) = (self.model, self.side, [input.channels, input.height, input.width]);
        if found == [3, side, side] { Ok(()) } else { Err(Error::InputSize { model, side, found }) }
    }
}

/// A network made of `weights` for inputs of `side` x `side`, and what is known of it.
///
/// # Errors
/// What is wrong with the weights.
pub(super) fn assembled<N: Assemble<E>, E: Real>(
    model: Model,
    weights: &mut Weights,
    side: usize,
    kernels: Kernels,
) -> Result<(Facts, N)> {
    let classes = weights.fit(model)?;
    let layers = model.outline(weights.preprocess(), classes).layers;
    let names: Vec<Name> = layers.iter().map(|layer| layer.name.clone()).collect();
    let mut supply = |param: &_| weights.read(param);
    let net = N::assemble(&mut Blueprint::new(&names, classes, &mut supply).with_kernels(kernels))?;
    weights.finish()?;
    Ok((Facts { model, layers, classes, side, precision: precision::<E>(), kernels }, net))
}

/// The number type `E` as a choice.
fn precision<E: Real>() -> Precision {
    if size_of::<E>() == 4 { Precision::Single } else { Precision::Double }
}

/// What a network reads on the way forward: one photo, with saltty's tape.
pub(super) type Input<E, const SIDE: usize> = Map<C<3>, C<SIDE>, C<SIDE>, E, Trail<E>>;
pub(super) type Output<E> = Vector<usize, E, Trail<E>>;

impl<N, E, const SIDE: usize> Network<N, E, SIDE>
where
    N: Assemble<E> + Module<Input<E, SIDE>, Output = Output<E>, Error = CpuError> + Send + Sync + 'static,
    E: Real,
{
    /// Builds the network from weights. In f64 all kernels are the direct ones.
    ///
    /// # Errors
    /// What is wrong with the weights.
    pub fn load(model: Model, weights: &mut Weights, kernels: Kernels) -> Result<Self> {
        let kernels = precision::<E>().kernels(kernels);
        let lends = precision::<E>() == Precision::Single && kernels == Kernels::Winograd;
        let lender = lends.then(|| weights.lender(model)).flatten();
        let (facts, net) = assembled(model, weights, SIDE, kernels)?;
        Ok(Self { facts, net, lender, number: PhantomData })
    }

    /// Forgets the type.
    pub fn shared(self) -> Arc<dyn Classifier> {
        Arc::new(self)
    }
}

impl<N, E, const SIDE: usize> Classifier for Network<N, E, SIDE>
where
    N: Module<Input<E, SIDE>, Output = Output<E>, Error = CpuError> + Send + Sync,
    E: Real,
{
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn forward(&self, input: &Planes) -> Result<Box<dyn Pass>> {
        self.facts.check(input)?;
        let values = input.values.iter().map(|&v| E::of(v)).collect();
        let x = Cpu::default().try_tensor_from_vec(values, (1, Const, Const, Const))?;
        let trail = Trail::from_input(&x);
        let (y, trail) = self.net.try_forward(x.put_tape(trail))?.split_tape();
        check(self.lender.as_ref())?;
        let logits: Vec<f64> = crate::nn::tape::copied(&y).into_iter().map(Into::into).collect();
        let (output, lender) = (self.facts.output().clone(), self.lender.clone());
        let pass = TrailPass { logits, trail, sweeps: Cell::new(0), output, lender };
        pass.check_finite()?;
        Ok(Box::new(pass))
    }
}

/// Whether weights that stay in their file could be read.
fn check(lender: Option<&Arc<Lender>>) -> Result<()> {
    lender.map_or(Ok(()), |lender| lender.check())
}

/// A forward pass remembered by a [`Trail`].
struct TrailPass<E: Real> {
    logits: Vec<f64>,
    trail: Trail<E>,
    output: Name,
    sweeps: Cell<usize>,
    lender: Option<Arc<Lender>>,
}

impl<E: Real> TrailPass<E> {
    fn check_finite(&self) -> Result<()> {
        if self.logits.iter().all(|v| v.is_finite()) {
            return Ok(());
        }
        let broken =
            |name: &Name| self.trail.values(name).is_some_and(|v| v.into_iter().any(|v| !v.into().is_finite()));
        let first = self.trail.layers().into_iter().map(|(name, _)| name).find(broken);
        Err(Error::NotFinite { layer: first.unwrap_or_else(|| self.output.clone()).to_string() })
    }

    /// Where a score's gradient starts and what it is there. Counts as a sweep.
    fn seed<'s>(&'s self, score: &'s Score) -> (&'s str, Vec<E>) {
        self.sweeps.set(self.sweeps.get() + 1);
        match score {
            Score::Logit(class) => {
                let mut seed = vec![E::ZERO; self.logits.len()];
                seed[*class] = E::of(1.0);
                (&self.output, seed)
            }
            Score::Logits(weights) => (&self.output, weights.iter().map(|&w| E::of(w)).collect()),
            Score::Sum(layer) => {
                let count = self.trail.values(layer).expect("a layer of this network").len();
                (layer, vec![E::of(1.0); count])
            }
        }
    }

    fn planes(&self, name: &str, values: Vec<E>) -> Planes {
        let (_, shape) = self.trail.layers().into_iter().find(|(n, _)| **n == *name).expect("a layer of this network");
        let [height, width] = [2, 3].map(|axis| shape.get(axis).copied().unwrap_or(1));
        Planes::new(shape[1], height, width, values.into_iter().map(Into::into).collect())
    }
}

impl<E: Real> Pass for TrailPass<E> {
    fn logits(&self) -> &[f64] {
        &self.logits
    }

    fn activation(&self, layer: &str) -> Result<Planes> {
        Ok(self.planes(layer, self.trail.values(layer).expect("a layer of this network")))
    }

    fn gradient(&self, score: &Score, rule: Rule, at: &str) -> Result<Planes> {
        let (from, seed) = self.seed(score);
        let gradient = self.trail.sweep(from, seed, rule, at)?;
        check(self.lender.as_ref())?;
        Ok(self.planes(at, gradient))
    }

    fn gradients(&self, score: &Score, rule: Rule, to: &str, visit: &mut dyn FnMut(&str, Planes)) -> Result<()> {
        let (from, seed) = self.seed(score);
        let mut shown = |name: &Name, gradient: &[E]| visit(name, self.planes(name, gradient.to_vec()));
        self.trail.sweep_each(from, seed, rule, to, &mut shown)?;
        check(self.lender.as_ref())
    }

    fn sweeps(&self) -> usize {
        self.sweeps.get()
    }
}

/// See [`Model::outline`]: assembles the network without weights and runs it on no photo at all.
pub(super) fn outline<N, const SIDE: usize>(model: Model, classes: usize) -> Outline
where
    N: Assemble<f32> + Module<Input<f32, SIDE>, Output = Output<f32>, Error = CpuError>,
{
    let mut layers = model.layers();
    let names: Vec<Name> = layers.iter().map(|layer| layer.name.clone()).collect();
    let mut params = Vec::new();
    let mut list = |param: &crate::nn::Param| {
        params.push(param.clone());
        Ok(Vec::new().into())
    };
    let mut plan = Blueprint::new(&names, classes, &mut list);
    let net = N::assemble(&mut plan).expect("a list of tensors cannot fail");
    assert_eq!(plan.unused_names(), 0, "{model} has fewer layers than names");
    let nothing = Cpu::default().tensor_from_vec(Vec::new(), (0, Const, Const, Const));
    let (_, trail) = net.forward(nothing.put_tape(Trail::default())).split_tape();
    for (layer, (name, shape)) in layers.iter_mut().zip(trail.layers()) {
        assert_eq!(layer.name, name, "order of {model}'s names");
        layer.shape = shape[1..].to_vec();
    }
    Outline { layers, params }
}
