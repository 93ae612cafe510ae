//! Global average pooling.

use dfdx::prelude::{ConstDim, CpuError, Dim, HasShape, Module};

use super::{
    Assemble, Blueprint, Map, Name, Real, Recorder, Vector,
    fused::{Link, Links},
    kernel::average,
    tape,
};

/// The mean of each plane: a map becomes a vector of its channels.
#[derive(Clone, Debug)]
pub struct GlobalAverage {
    name: Name,
}

impl GlobalAverage {
    /// A layer called `name`.
    pub fn new(name: &str) -> Self {
        Self { name: name.into() }
    }
}

impl<E: Real> Assemble<E> for GlobalAverage {
    fn assemble(plan: &mut Blueprint<E>) -> crate::Result<Self> {
        Ok(Self { name: plan.next_name() })
    }
}

impl<E> Links<E> for GlobalAverage {
    fn links(&self, chain: &mut Vec<Link<E>>) {
        chain.push(Link::Average { name: self.name.clone() });
    }
}

impl<Ch: Dim, H: ConstDim, W: ConstDim, E: Real, T: Recorder<E>> Module<Map<Ch, H, W, E, T>> for GlobalAverage {
    type Output = Vector<Ch, E, T>;
    type Error = CpuError;

    fn try_forward(&self, x: Map<Ch, H, W, E, T>) -> Result<Self::Output, CpuError> {
        let (batch, channels, ..) = *x.shape();
        let area = H::SIZE * W::SIZE;
        let y = average::forward(area, &tape::copied(&x));
        tape::emit(&self.name, x, y, (batch, channels), move |_, up, down| average::input_gradient(area, up, down))
    }
}
