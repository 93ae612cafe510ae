//! Fully connected layers.

use std::{marker::PhantomData, sync::Arc};

use dfdx::prelude::{Const, ConstDim, CpuError, Dim, HasShape, Module, Shape, Tensor};

use super::{
    Assemble, Blueprint, C, Map, Name, Part, Real, Recorder, Vector, Width,
    fused::{Link, Links},
    kernel::{
        dense::{self, PlaneSums},
        weight::Weight,
    },
    tape::{self, Sums},
};

/// What a dense layer reads: a vector of `Const<N>` features or a whole [`Grid`] of them.
pub trait Features: Send + Sync + 'static {
    /// Sizes without the batch.
    const SIZES: &'static [usize];
    /// How many numbers that is.
    const COUNT: usize;
    /// How many numbers are in each plane, where there are planes.
    const AREA: Option<usize> = None;
}

impl<const N: usize> Features for Const<N> {
    const SIZES: &'static [usize] = &[N];
    const COUNT: usize = N;
}

/// `CH` planes of `H` x `W`, flattened in C order (channel first) as PyTorch's `flatten` does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grid<const CH: usize, const H: usize, const W: usize>;

impl<const CH: usize, const H: usize, const W: usize> Features for Grid<CH, H, W> {
    const SIZES: &'static [usize] = &[CH, H, W];
    const COUNT: usize = CH * H * W;
    const AREA: Option<usize> = if H * W > 0 { Some(H * W) } else { None };
}

/// `y = W x + b`, with `W` stored `O x I`.
#[derive(Clone, Debug)]
pub struct Dense<I, O: Dim, E> {
    name: Name,
    outputs: O,
    weight: Weight<E>,
    bias: Arc<Vec<E>>,
    /// Each output's weights of a plane added up: from these follow the sums of the planes of an input's gradient, with a
    /// fraction of the reading. Nothing where there are no planes.
    sums: Option<Arc<PlaneSums<E>>>,
    reads: PhantomData<I>,
}

impl<I: Features, O: Dim, E: Real> Dense<I, O, E> {
    /// A layer of `outputs` features with weights of shape `O x I` and one bias an output.
    ///
    /// # Panics
    /// If `weight` or `bias` has another length.
    pub fn new(name: &str, outputs: O, weight: Vec<E>, bias: Vec<E>) -> Self {
        assert_eq!(weight.len(), outputs.size() * I::COUNT, "weights of {name}");
        assert_eq!(bias.len(), outputs.size(), "biases of {name}");
        Self::of(name.into(), outputs, weight.into(), Arc::new(bias))
    }

    fn of(name: Name, outputs: O, weight: Weight<E>, bias: Arc<Vec<E>>) -> Self {
        let sums = I::AREA.map(|area| PlaneSums::new(outputs.size(), area).into());
        Self { name, outputs, weight, bias, sums, reads: PhantomData }
    }

    fn apply<S: Shape, T: Recorder<E>>(
        &self,
        batch: usize,
        x: Tensor<S, E, dfdx::prelude::Cpu, T>,
    ) -> Result<Vector<O, E, T>, CpuError> {
        let y = self.products(batch, &tape::copied(&x), T::OWNS_TAPE);
        let weight = self.weight.clone();
        let y = tape::emit(&self.name, x, y, (batch, self.outputs), move |_, up, down| {
            dense::input_gradient(batch, up, &weight, down);
        })?;
        let Some(sums) = self.sums.clone() else { return Ok(y) };
        let weight = self.weight.clone();
        Ok(tape::with_sums(y, Sums::Of(Box::new(move |up| dense::gradient_sums(batch, up, &weight, &sums)))))
    }

    /// `W x + b`; if anyone may ask for them, sums of the weights of planes come out of the same reading.
    fn products(&self, batch: usize, x: &[E], summed: bool) -> Vec<E> {
        match &self.sums {
            Some(sums) if summed => dense::forward_and_sums(batch, x, &self.weight, &self.bias, sums),
            _ => dense::forward(batch, x, &self.weight, &self.bias),
        }
    }
}

impl<I: Features, O: Width, E: Real> Assemble<E> for Dense<I, O, E> {
    fn assemble(plan: &mut Blueprint<E>) -> crate::Result<Self> {
        let name = plan.next_name();
        let outputs = O::resolve(plan.classes());
        let shape = [&[outputs.size()], I::SIZES].concat();
        let weight = plan.take_kept(&name, Part::Matrix, shape)?;
        let bias = plan.take(&name, Part::Bias, vec![outputs.size()])?;
        Ok(Self::of(name, outputs, weight, bias))
    }
}

impl<I: Features, O: Dim, E: Real> Links<E> for Dense<I, O, E> {
    fn links(&self, chain: &mut Vec<Link<E>>) {
        let (name, weight, bias) = (self.name.clone(), self.weight.clone(), self.bias.clone());
        chain.push(Link::Dense { name, weight, bias, reads: I::SIZES });
    }
}

impl<const N: usize, O: Dim, E: Real, T: Recorder<E>> Module<Vector<C<N>, E, T>> for Dense<C<N>, O, E> {
    type Output = Vector<O, E, T>;
    type Error = CpuError;

    fn try_forward(&self, x: Vector<C<N>, E, T>) -> Result<Self::Output, CpuError> {
        self.apply(x.shape().0, x)
    }
}

impl<const CH: usize, const H: usize, const W: usize, O, E, T> Module<Map<C<CH>, C<H>, C<W>, E, T>>
    for Dense<Grid<CH, H, W>, O, E>
where
    Const<H>: ConstDim,
    O: Dim,
    E: Real,
    T: Recorder<E>,
{
    type Output = Vector<O, E, T>;
    type Error = CpuError;

    fn try_forward(&self, x: Map<C<CH>, C<H>, C<W>, E, T>) -> Result<Self::Output, CpuError> {
        self.apply(x.shape().0, x)
    }
}
