//! Runs of layers computed in one go, without a tensor between them.
//!
//! dfdx copies whenever a layer reads a tensor. Inside a [`Fused`] run, values stay in saltty's own memory, which is used
//! again for the next photo; a convolution rectifies its sums as it writes them, and its values before the rectifier
//! exist only when someone asks for them. One image goes through the whole run before the next, and so on the way back: what
//! a layer leaves is in the processor's cache when the next one reads it.

mod convolving;
mod done;
mod flow;
mod run;

use std::{rc::Rc, sync::Arc};

use dfdx::prelude::{ConstDim, Cpu, CpuError, Dim, Gradients, HasShape, Module, PutTape, SplitTape, TensorFromVec};

use super::{
    Assemble, Blueprint, Map, Name, Real, Recorder, Rule,
    kernel::{conv, convolution::Convolution, memory::Buffer, weight::Weight},
    tape::Find,
};
use run::Run;

/// The layers `L` - convolutions, rectifiers, poolings and tuples of them - as one.
#[derive(Clone, Debug)]
pub struct Fused<L>(pub L);

impl<E: Real, L: Assemble<E>> Assemble<E> for Fused<L> {
    fn assemble(plan: &mut Blueprint<E>) -> crate::Result<Self> {
        Ok(Self(L::assemble(plan)?))
    }
}

/// What a layer computes. Those that read and write maps can be part of a [`Fused`] run; whole networks are handed on as
/// links to [`Placed`](super::placed::Placed).
pub enum Link<E> {
    /// A convolution.
    Convolution {
        /// Its name.
        name: Name,
        /// Its filter.
        filter: Arc<Convolution<E>>,
        /// One number an output channel.
        bias: Arc<Vec<E>>,
        /// Its sizes; of batch and sides only what the layer knows.
        size: conv::Size,
    },
    /// A rectifier.
    Relu {
        /// Its name.
        name: Name,
        /// The rule of its gradient, unless a sweep says otherwise.
        rule: Rule,
    },
    /// A maximum over windows.
    Pool {
        /// Its name.
        name: Name,
        /// Side of the window.
        kernel: usize,
        /// Step of the window.
        stride: usize,
        /// Whether a last partial window counts.
        ceil: bool,
    },
    /// Two runs over the same map, whose outputs are laid side by side as channels.
    Beside {
        /// The layers of each.
        branches: [Vec<Self>; 2],
        /// The name of what they make together.
        join: Name,
    },
    /// A dense layer.
    Dense {
        /// Its name.
        name: Name,
        /// `O x I`, or `O x C x H x W`.
        weight: Weight<E>,
        /// One number an output.
        bias: Arc<Vec<E>>,
        /// What it reads, without the batch: features, or channels, height and width.
        reads: &'static [usize],
    },
    /// The mean of each plane.
    Average {
        /// Its name.
        name: Name,
    },
}

/// Layers and networks that can say what they compute.
pub trait Links<E> {
    /// Appends them in order.
    fn links(&self, chain: &mut Vec<Link<E>>);
}

macro_rules! links_tuple {
    ($($layer:ident $index:tt),+) => {
        impl<Real_, $($layer: Links<Real_>),+> Links<Real_> for ($($layer,)+) {
            fn links(&self, chain: &mut Vec<Link<Real_>>) {
                $(self.$index.links(chain);)+
            }
        }
    };
}
links_tuple!(L1 0, L2 1);
links_tuple!(L1 0, L2 1, L3 2);
links_tuple!(L1 0, L2 1, L3 2, L4 3);
links_tuple!(L1 0, L2 1, L3 2, L4 3, L5 4);
links_tuple!(L1 0, L2 1, L3 2, L4 3, L5 4, L6 5);

impl<E, L: Links<E>> Links<E> for Fused<L> {
    fn links(&self, chain: &mut Vec<Link<E>>) {
        self.0.links(chain);
    }
}

impl<L, Ch, H, W, E, T, Ch2, H2, W2> Module<Map<Ch, H, W, E, T>> for Fused<L>
where
    L: Module<Map<Ch, H, W, E, T>, Output = Map<Ch2, H2, W2, E, T>, Error = CpuError> + Links<E>,
    Ch: Dim,
    H: ConstDim,
    W: ConstDim,
    Ch2: Dim,
    H2: ConstDim,
    W2: ConstDim,
    E: Real,
    T: Recorder<E>,
{
    type Output = Map<Ch2, H2, W2, E, T>;
    type Error = CpuError;

    fn try_forward(&self, x: Map<Ch, H, W, E, T>) -> Result<Self::Output, CpuError> {
        let (batch, channels, ..) = *x.shape();
        let mut values = Buffer::to_keep(batch * channels.size() * H::SIZE * W::SIZE);
        x.copy_into(&mut values);
        let mut chain = Vec::new();
        self.0.links(&mut chain);
        let (values, [channels, ..], images) =
            run::through(&chain, values, [batch, channels.size(), H::SIZE, W::SIZE], T::OWNS_TAPE);
        let (x, mut tape) = x.split_tape();
        let channels = Ch2::from_size(channels).expect("the channels that the types say");
        let y = x.device().try_tensor_from_vec(values, (batch, channels, H2::default(), W2::default()))?;
        let (x, ghost) = (x.ghost(), y.ghost());
        let first: Find<E> = Rc::new(move |g: &mut Gradients<E, Cpu>| g.get_or_alloc_mut(&x));
        let last: Find<E> = Rc::new(move |g: &mut Gradients<E, Cpu>| g.get_or_alloc_mut(&ghost));
        if T::OWNS_TAPE {
            let run = Rc::new(Run::new(images, [first, last]));
            let layers = Run::layers(&run, batch);
            tape.record_run(layers, move |sweep, layers| run.back(sweep, layers));
        }
        Ok(y.put_tape(tape))
    }
}
