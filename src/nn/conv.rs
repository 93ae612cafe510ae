//! Two-dimensional convolution.

use std::sync::Arc;

use dfdx::prelude::{ConstDim, Cpu, CpuError, Dim, Module};

use super::{
    Assemble, Blueprint, Map, Name, Part, Real, Recorder, Slide, Width,
    fused::{Link, Links},
    kernel::{Kernels, conv::Size, convolution::Convolution},
    tape::emit,
};
use crate::fault;

/// A `K`x`K` convolution (cross-correlation, as everywhere in the field) of `I` channels into `O`, stride `S`, zero
/// padding `P`, plus a bias.
#[derive(Clone, Debug)]
pub struct Conv2d<const I: usize, O: Dim, const K: usize, const S: usize, const P: usize, E> {
    name: Name,
    outputs: O,
    filter: Arc<Convolution<E>>,
    bias: Arc<Vec<E>>,
}

impl<const I: usize, O: Dim, const K: usize, const S: usize, const P: usize, E: Real> Conv2d<I, O, K, S, P, E> {
    /// A layer of `outputs` channels with weights of shape `O x I x K x K` (PyTorch's order) and one bias a channel.
    ///
    /// # Panics
    /// If `weight` or `bias` has another length.
    pub fn new(name: &str, outputs: O, weight: &[E], bias: &[E]) -> Self {
        assert_eq!(weight.len(), outputs.size() * I * K * K, "weights of {name}");
        assert_eq!(bias.len(), outputs.size(), "biases of {name}");
        let filter = Arc::new(Convolution::new(Kernels::default(), weight.to_vec()));
        Self { name: name.into(), outputs, filter, bias: Arc::new(bias.to_vec()) }
    }
}

impl<const I: usize, O: Width, const K: usize, const S: usize, const P: usize, E: Real> Assemble<E>
    for Conv2d<I, O, K, S, P, E>
{
    fn assemble(plan: &mut Blueprint<E>) -> crate::Result<Self> {
        let name = plan.next_name();
        let outputs = O::resolve(plan.classes());
        let filter = plan.take_kept(&name, Part::Filter, vec![outputs.size(), I, K, K])?;
        let bias = plan.take(&name, Part::Bias, vec![outputs.size()])?;
        let filter = Arc::new(Convolution::new(plan.kernels(), filter));
        Ok(Self { name, outputs, filter, bias })
    }
}

impl<const I: usize, O: Dim, const K: usize, const S: usize, const P: usize, E: Real> Links<E>
    for Conv2d<I, O, K, S, P, E>
{
    fn links(&self, chain: &mut Vec<Link<E>>) {
        let size = Size {
            batch: 0,
            inputs: I,
            outputs: self.outputs.size(),
            input: [0, 0],
            output: [0, 0],
            kernel: K,
            stride: S,
            padding: P,
        };
        let (name, filter, bias) = (self.name.clone(), self.filter.clone(), self.bias.clone());
        chain.push(Link::Convolution { name, filter, bias, size });
    }
}

impl<const I: usize, O, const K: usize, const S: usize, const P: usize, H, W, E, T> Module<Map<super::C<I>, H, W, E, T>>
    for Conv2d<I, O, K, S, P, E>
where
    O: Dim,
    H: Slide<K, S, P, false>,
    W: Slide<K, S, P, false>,
    E: Real,
    T: Recorder<E>,
{
    type Output = Map<O, H::Out, W::Out, E, T>;
    type Error = CpuError;

    fn try_forward(&self, x: Map<super::C<I>, H, W, E, T>) -> Result<Self::Output, CpuError> {
        let shape = *dfdx::prelude::HasShape::shape(&x);
        let size = Size {
            batch: shape.0,
            inputs: I,
            outputs: self.outputs.size(),
            input: [H::SIZE, W::SIZE],
            output: [H::Out::SIZE, W::Out::SIZE],
            kernel: K,
            stride: S,
            padding: fault::padding(&self.name, P),
        };
        let mut y = vec![E::ZERO; size.output_len()];
        self.filter.forward(&size, &super::tape::copied(&x), &self.bias, false, &mut y);
        let filter = self.filter.clone();
        emit(&self.name, x, y, (shape.0, self.outputs, H::Out::default(), W::Out::default()), move |_, up, down| {
            filter.input_gradient(&size, up, down, false);
        })
    }
}

#[expect(dead_code, reason = "checks at compile time that a layer can be shared between threads")]
fn crosses_threads(layer: Conv2d<3, super::C<64>, 3, 1, 1, f32>) -> impl Send + Sync {
    let _ = Cpu::default();
    layer
}
