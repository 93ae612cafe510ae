//! Channel concatenation.

use dfdx::prelude::{Const, ConstDim, CpuError, HasShape, Merge, Module, NoneTape, PutTape, SplitTape, TensorFromVec};

use super::{Assemble, Blueprint, Map, Name, Real, Recorder, fused::Link, kernel::concat, tape};

/// A channel count and its double, known at compile time.
#[diagnostic::on_unimplemented(
    message = "the double of `{Self}` channels is not known",
    note = "add the number of channels to src/nn/concat.rs"
)]
pub trait Twice: ConstDim {
    /// Twice as many.
    type Double: ConstDim;
}

macro_rules! twice {
    ($($n:literal),+) => { $(impl Twice for Const<$n> { type Double = Const<{ 2 * $n }>; })+ };
}
twice!(1, 2, 3, 4, 8, 16, 32, 64, 128, 192, 256);

/// Joins two maps of equally many channels along the channels: first all of the first, then all of the second.
#[derive(Clone, Debug)]
pub struct Concat {
    name: Name,
}

impl Concat {
    /// A layer called `name`.
    pub fn new(name: &str) -> Self {
        Self { name: name.into() }
    }

    /// A link of a [`Fused`](super::Fused) run that joins what two branches make.
    pub fn beside<E>(&self, branches: [Vec<Link<E>>; 2]) -> Link<E> {
        Link::Beside { branches, join: self.name.clone() }
    }
}

impl<E: Real> Assemble<E> for Concat {
    fn assemble(plan: &mut Blueprint<E>) -> crate::Result<Self> {
        Ok(Self { name: plan.next_name() })
    }
}

impl<Ch, H, W, E, T> Module<(Map<Ch, H, W, E, T>, Map<Ch, H, W, E>)> for Concat
where
    Ch: Twice,
    H: ConstDim,
    W: ConstDim,
    E: Real,
    T: Recorder<E> + Merge<NoneTape>,
{
    type Output = Map<Ch::Double, H, W, E, T>;
    type Error = CpuError;

    fn try_forward(&self, (a, b): (Map<Ch, H, W, E, T>, Map<Ch, H, W, E>)) -> Result<Self::Output, CpuError> {
        let (a, mut tape) = a.split_tape();
        let batch = a.shape().0;
        let values = concat::forward(batch, &tape::copied(&a), &tape::copied(&b));
        let shape = (batch, Ch::Double::default(), H::default(), W::default());
        let y = a.device().try_tensor_from_vec(values, shape)?;
        let ghosts = (a.ghost(), b.ghost(), y.ghost());
        tape.record(&self.name, &y, move |sweep| {
            let (a, b, y) = &ghosts;
            sweep.split(
                |g| g.get_or_alloc_mut(y),
                [&|g| g.get_or_alloc_mut(a), &|g| g.get_or_alloc_mut(b)],
                |half, up, down| concat::input_gradient(batch, half, up, down),
            )
        });
        Ok(y.put_tape(tape))
    }
}
