//! The rectifier, and what its gradient lets through.

use std::{fmt, str::FromStr};

use dfdx::prelude::{Cpu, CpuError, HasShape, Module, Shape, Tensor};

use super::{
    Assemble, Blueprint, Name, Real, Recorder,
    fused::{Link, Links},
    kernel::{
        lanes::Level,
        relu::{self, Open},
    },
    tape,
};

/// Which part of the upstream gradient a ReLU lets back through, where `x` is its input and `g` that gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The true gradient: `g` where `x > 0` (0 at 0, as in PyTorch).
    #[default]
    Gradient,
    /// Guided backpropagation (arXiv 1412.6806): `g` where `x > 0` and `g > 0`.
    Guided,
    /// Deconvnet (arXiv 1311.2901): `g` where `g > 0`.
    Deconvnet,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Gradient => "gradient",
            Self::Guided => "guided",
            Self::Deconvnet => "deconvnet",
        })
    }
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "gradient" => Ok(Self::Gradient),
            "guided" => Ok(Self::Guided),
            "deconvnet" => Ok(Self::Deconvnet),
            _ => Err(format!("unknown ReLU rule `{text}`: use gradient, guided or deconvnet")),
        }
    }
}

/// `max(x, 0)`, except that a NaN stays a NaN.
#[derive(Clone, Debug)]
pub struct Relu {
    name: Name,
    rule: Rule,
}

impl Relu {
    /// A rectifier whose gradient follows `rule`, unless a sweep of a [`Trail`](super::Trail) says otherwise.
    pub fn new(name: &str, rule: Rule) -> Self {
        Self { name: name.into(), rule }
    }
}

impl<E: Real> Assemble<E> for Relu {
    fn assemble(plan: &mut Blueprint<E>) -> crate::Result<Self> {
        Ok(Self { name: plan.next_name(), rule: Rule::Gradient })
    }
}

impl<E> Links<E> for Relu {
    fn links(&self, chain: &mut Vec<Link<E>>) {
        chain.push(Link::Relu { name: self.name.clone(), rule: self.rule });
    }
}

impl<S: Shape, E: Real, T: Recorder<E>> Module<Tensor<S, E, Cpu, T>> for Relu {
    type Output = Tensor<S, E, Cpu, T>;
    type Error = CpuError;

    fn try_forward(&self, x: Tensor<S, E, Cpu, T>) -> Result<Self::Output, CpuError> {
        let mut y = tape::copied(&x);
        relu::forward(&mut y);
        let (shape, own) = (*x.shape(), self.rule);
        let width = shape.concrete().into_iter().last().unwrap_or(1);
        let open = if T::OWNS_TAPE { relu::open(Level::best(), &y, width) } else { Open::none(0, 1) };
        tape::emit(&self.name, x, y, shape, move |rule, up, down| {
            relu::input_gradient(rule.unwrap_or(own), &open, up, down);
        })
    }
}
