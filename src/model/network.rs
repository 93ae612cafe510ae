//! A typed network behind the trait that hides its type.

use std::{cell::RefCell, marker::PhantomData, sync::Arc};

use dfdx::prelude::{Const, Cpu, CpuError, Module, PutTape, SplitTape, TensorFromVec};

use super::{
    Classifier, Layer, Model, Outline, Pass, Precision,
    batch::{Batch, Together, summed},
};
use crate::{
    Error, Result,
    nn::{Assemble, Blueprint, C, Map, Name, Param, Part, Real, Rule, Trail, Vector, kernel::Kernels, placed::Extent},
    planes::Planes,
    weights::{Lender, Weights},
};

/// Photos that read the weights of dense layers together: with sixteen, no less time was measured.
const TOGETHER: usize = 8;

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
    /// Whether it has dense layers, whose weights are read once for photos computed together.
    pub(super) dense: bool,
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
    let mut dense = false;
    let mut supply = |param: &Param| {
        dense |= param.part == Part::Matrix;
        weights.read(param)
    };
    let net = N::assemble(&mut Blueprint::new(&names, classes, &mut supply).with_kernels(kernels))?;
    weights.finish()?;
    Ok((Facts { model, layers, classes, side, precision: precision::<E>(), kernels, dense }, net))
}

/// The number type `E` as a choice.
fn precision<E: Real>() -> Precision {
    if size_of::<E>() == 4 { Precision::Single } else { Precision::Double }
}

/// What a network reads on the way forward: some photos, with saltty's tape.
pub(super) type Input<E, const SIDE: usize> = Map<C<3>, C<SIDE>, C<SIDE>, E, Trail<E>>;
pub(super) type Output<E> = Vector<usize, E, Trail<E>>;

/// What computes logits from photos, with saltty's tape and without any.
pub trait Computes<E: Real, const SIDE: usize>:
    Module<Input<E, SIDE>, Output = Output<E>, Error = CpuError>
    + Module<Map<C<3>, C<SIDE>, C<SIDE>, E>, Output = Vector<usize, E>, Error = CpuError>
{
}

impl<N, E: Real, const SIDE: usize> Computes<E, SIDE> for N where
    N: Module<Input<E, SIDE>, Output = Output<E>, Error = CpuError>
        + Module<Map<C<3>, C<SIDE>, C<SIDE>, E>, Output = Vector<usize, E>, Error = CpuError>
{
}

impl<N, E, const SIDE: usize> Network<N, E, SIDE>
where
    N: Assemble<E> + Computes<E, SIDE> + Send + Sync + 'static,
    E: Real,
{
    /// Builds the network from weights. In f64 all kernels are the direct ones.
    ///
    /// # Errors
    /// What is wrong with the weights.
    pub fn load(model: Model, weights: &mut Weights, kernels: Kernels) -> Result<Self> {
        let kernels = precision::<E>().kernels(kernels);
        let lender = weights.lender(model, precision::<E>() == Precision::Single && kernels == Kernels::Winograd);
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
    N: Computes<E, SIDE> + Send + Sync,
    E: Real,
{
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn together(&self) -> usize {
        if self.facts.dense { TOGETHER } else { 1 }
    }

    fn forward(&self, input: &Planes) -> Result<Box<dyn Pass>> {
        let mut passes = self.forward_all(std::slice::from_ref(input))?;
        Ok(passes.pop().expect("one pass for one photo"))
    }

    fn logits(&self, input: &Planes) -> Result<Vec<f64>> {
        self.facts.check(input)?;
        let x: Map<C<3>, C<SIDE>, C<SIDE>, E> = tensor(std::slice::from_ref(input))?;
        let y: Vector<usize, E> = self.net.try_forward(x)?;
        check(self.lender.as_ref())?;
        let logits: Vec<f64> = crate::nn::tape::copied(&y).into_iter().map(Into::into).collect();
        if logits.iter().all(|logit| logit.is_finite()) {
            return Ok(logits);
        }
        // With all that it remembers it says where that began.
        Ok(self.forward(input)?.logits().to_vec())
    }

    fn forward_all(&self, inputs: &[Planes]) -> Result<Vec<Box<dyn Pass>>> {
        inputs.iter().try_for_each(|input| self.facts.check(input))?;
        if inputs.is_empty() {
            return Ok(Vec::new());
        }
        let x = tensor(inputs)?;
        let trail = Trail::from_input(&x);
        let (y, trail) = self.net.try_forward(x.put_tape(trail))?.split_tape();
        check(self.lender.as_ref())?;
        let (logits, layers) = (crate::nn::tape::copied(&y), extents(&trail));
        let trail = OnTrail { trail, photos: inputs.len(), lender: self.lender.clone(), values: RefCell::default() };
        Batch::passes(trail, layers, self.facts.output(), (inputs.len(), &logits))
    }
}

/// Photos as the network reads them.
fn tensor<E: Real, const SIDE: usize>(inputs: &[Planes]) -> Result<Map<C<3>, C<SIDE>, C<SIDE>, E>> {
    let values = inputs.iter().flat_map(|input| &input.values).map(|&v| E::of(v)).collect();
    Ok(Cpu::default().try_tensor_from_vec(values, (inputs.len(), Const, Const, Const))?)
}

/// The layers of a trail with the sizes of one photo's outputs.
fn extents<E: Real>(trail: &Trail<E>) -> Vec<(Name, Extent)> {
    let side = |shape: &[usize], axis: usize| shape.get(axis).copied().unwrap_or(1);
    let extent = |shape: &[usize]| Extent { batch: 1, channels: shape[1], sides: [2, 3].map(|axis| side(shape, axis)) };
    trail.layers().into_iter().map(|(name, shape)| (name, extent(&shape))).collect()
}

/// Whether weights that stay in their file could be read.
fn check(lender: Option<&Arc<Lender>>) -> Result<()> {
    lender.map_or(Ok(()), |lender| lender.check())
}

/// A forward pass remembered by a [`Trail`].
struct OnTrail<E: Real> {
    trail: Trail<E>,
    photos: usize,
    lender: Option<Arc<Lender>>,
    /// The layer whose output was asked for last, and that of all photos: what is asked of one is asked of the next.
    values: RefCell<Option<(String, Vec<E>)>>,
}

impl<E: Real> Together<E> for OnTrail<E> {
    fn values_of(&self, photo: usize, layer: &str) -> Result<Vec<E>> {
        let all = || {
            let values = self.trail.values(layer).expect("a layer of this network");
            check(self.lender.as_ref()).map(|()| values)
        };
        if self.photos == 1 {
            return all();
        }
        let mut kept = self.values.borrow_mut();
        let (_, values) = match kept.take() {
            Some(known) if known.0 == layer => kept.insert(known),
            _ => kept.insert((layer.to_owned(), all()?)),
        };
        let each = values.len() / self.photos;
        Ok(values[photo * each..][..each].to_vec())
    }

    fn first_not_finite(&self) -> Result<Option<Name>> {
        let broken =
            |name: &Name| self.trail.values(name).is_some_and(|v| v.into_iter().any(|v| !v.into().is_finite()));
        Ok(self.trail.layers().into_iter().map(|(name, _)| name).find(broken))
    }

    fn sweep(&self, [from, to]: [&str; 2], seed: Vec<E>, rule: Rule) -> Result<Vec<E>> {
        let gradient = self.trail.sweep(from, seed, rule, to)?;
        check(self.lender.as_ref())?;
        Ok(gradient)
    }

    fn plane_sums(&self, ends: [&str; 2], seed: Vec<E>, rule: Rule, area: usize) -> Result<Vec<f64>> {
        let [from, to] = ends;
        let sums = match self.trail.plane_sums(from, &seed, rule, to)? {
            Some(sums) => sums.into_iter().map(Into::into).collect(),
            None => summed(&self.trail.sweep(from, seed, rule, to)?, area),
        };
        check(self.lender.as_ref())?;
        Ok(sums)
    }

    fn sweep_each(
        &self,
        [from, to]: [&str; 2],
        seed: Vec<E>,
        rule: Rule,
        visit: &mut dyn FnMut(&Name, &[E]),
    ) -> Result<()> {
        self.trail.sweep_each(from, seed, rule, to, visit)?;
        check(self.lender.as_ref())
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
