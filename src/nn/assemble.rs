//! Building a network from named weights: its type says what it needs, a blueprint hands it over.

use std::sync::Arc;

use dfdx::prelude::{Const, Dim};

use super::{
    Name, Real,
    kernel::{Kernels, weight::Weight},
};
use crate::Result;

/// Which tensor of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Convolution weights, `O x I x K x K`.
    Filter,
    /// Dense weights, `O x I` or `O x C x H x W`.
    Matrix,
    /// One number an output.
    Bias,
}

/// A tensor that a network needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// The layer that needs it.
    pub layer: Name,
    /// Which of the layer's tensors.
    pub part: Part,
    /// Its sizes in PyTorch's order.
    pub shape: Vec<usize>,
}

type Supplier<'a, E> = dyn FnMut(&Param) -> Result<Weight<E>> + 'a;

/// Hands names and weights to the layers of a network in the order in which they compute.
pub struct Blueprint<'a, E> {
    names: std::slice::Iter<'a, Name>,
    classes: usize,
    kernels: Kernels,
    supply: &'a mut Supplier<'a, E>,
}

impl<'a, E: Real> Blueprint<'a, E> {
    /// `names` are the layers' names in order; `supply` returns each tensor's values when asked.
    pub fn new(names: &'a [Name], classes: usize, supply: &'a mut Supplier<'a, E>) -> Self {
        Self { names: names.iter(), classes, kernels: Kernels::default(), supply }
    }

    /// Chooses the kernels that convolutions run on.
    #[must_use]
    pub fn with_kernels(mut self, kernels: Kernels) -> Self {
        self.kernels = kernels;
        self
    }

    /// The kernels that convolutions run on.
    pub fn kernels(&self) -> Kernels {
        self.kernels
    }

    /// The name of the layer being built.
    ///
    /// # Panics
    /// If the network has more layers than names.
    pub fn next_name(&mut self) -> Name {
        self.names.next().expect("a name for every layer").clone()
    }

    /// How many classes the weights distinguish.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The values of one tensor.
    ///
    /// # Errors
    /// What the weights' source says.
    pub fn take(&mut self, layer: &Name, part: Part, shape: Vec<usize>) -> Result<Arc<Vec<E>>> {
        Ok(self.take_kept(layer, part, shape)?.widened())
    }

    /// The weights of a layer, in the number type and at the place that their source keeps them in.
    ///
    /// # Errors
    /// What the weights' source says.
    pub fn take_kept(&mut self, layer: &Name, part: Part, shape: Vec<usize>) -> Result<Weight<E>> {
        (self.supply)(&Param { layer: layer.clone(), part, shape })
    }

    /// How many names no layer has asked for.
    pub fn unused_names(&self) -> usize {
        self.names.len()
    }
}

/// A channel count that is either in the type or the number of classes.
pub trait Width: Dim {
    /// The count, given that there are `classes` classes.
    fn resolve(classes: usize) -> Self;
}

impl<const N: usize> Width for Const<N> {
    fn resolve(_: usize) -> Self {
        Self
    }
}

impl Width for usize {
    fn resolve(classes: usize) -> Self {
        classes
    }
}

/// A layer or network that can be built from a [`Blueprint`].
pub trait Assemble<E: Real>: Sized {
    /// Takes its names and weights.
    ///
    /// # Errors
    /// What the weights' source says.
    fn assemble(plan: &mut Blueprint<E>) -> Result<Self>;
}

macro_rules! assemble_tuple {
    ($($layer:ident),+) => {
        impl<Real_: Real, $($layer: Assemble<Real_>),+> Assemble<Real_> for ($($layer,)+) {
            fn assemble(plan: &mut Blueprint<Real_>) -> Result<Self> {
                Ok(($($layer::assemble(plan)?,)+))
            }
        }
    };
}
assemble_tuple!(L1);
assemble_tuple!(L1, L2);
assemble_tuple!(L1, L2, L3);
assemble_tuple!(L1, L2, L3, L4);
assemble_tuple!(L1, L2, L3, L4, L5);
assemble_tuple!(L1, L2, L3, L4, L5, L6);
