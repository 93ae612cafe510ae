//! Max pooling.

use dfdx::prelude::{ConstDim, CpuError, Dim, HasShape, Module};

use super::{
    Assemble, Blueprint, Map, Name, Real, Recorder, Slide,
    fused::{Link, Links},
    kernel::{
        lanes::Level,
        pool::{self, Size},
    },
    tape::{self, Sums},
};

/// Maximum over windows of `K`x`K` in steps of `S`; a last partial window is dropped.
///
/// The gradient goes to the *first* maximum of each window in reading order, as in PyTorch; a NaN is larger than
/// anything.
#[derive(Clone, Debug)]
pub struct MaxPool<const K: usize, const S: usize> {
    name: Name,
}

/// Like [`MaxPool`], but a last partial window counts (`ceil_mode`).
#[derive(Clone, Debug)]
pub struct MaxPoolCeil<const K: usize, const S: usize> {
    name: Name,
}

macro_rules! pool {
    ($pool:ident, $ceil:literal) => {
        impl<const K: usize, const S: usize> $pool<K, S> {
            /// A pool called `name`.
            pub fn new(name: &str) -> Self {
                Self { name: name.into() }
            }
        }

        impl<const K: usize, const S: usize, E: Real> Assemble<E> for $pool<K, S> {
            fn assemble(plan: &mut Blueprint<E>) -> crate::Result<Self> {
                Ok(Self { name: plan.next_name() })
            }
        }

        impl<const K: usize, const S: usize, E> Links<E> for $pool<K, S> {
            fn links(&self, chain: &mut Vec<Link<E>>) {
                chain.push(Link::Pool { name: self.name.clone(), kernel: K, stride: S, ceil: $ceil });
            }
        }

        impl<const K: usize, const S: usize, Ch, H, W, E, T> Module<Map<Ch, H, W, E, T>> for $pool<K, S>
        where
            Ch: Dim,
            H: Slide<K, S, 0, $ceil>,
            W: Slide<K, S, 0, $ceil>,
            E: Real,
            T: Recorder<E>,
        {
            type Output = Map<Ch, H::Out, W::Out, E, T>;
            type Error = CpuError;

            fn try_forward(&self, x: Map<Ch, H, W, E, T>) -> Result<Self::Output, CpuError> {
                let (batch, channels, ..) = *x.shape();
                let size = Size {
                    planes: batch * channels.size(),
                    input: [H::SIZE, W::SIZE],
                    output: [H::Out::SIZE, W::Out::SIZE],
                    kernel: K,
                    stride: S,
                };
                let (y, winners) = pool::forward(Level::best(), &size, &tape::copied(&x));
                let winners = if T::OWNS_TAPE { winners } else { Vec::new() };
                let shape = (batch, channels, H::Out::default(), W::Out::default());
                let y = tape::emit(&self.name, x, y, shape, move |_, up, down| {
                    pool::input_gradient(&size, &winners, up, down);
                })?;
                Ok(tape::with_sums(y, Sums::Kept))
            }
        }
    };
}

pool!(MaxPool, false);
pool!(MaxPoolCeil, true);
