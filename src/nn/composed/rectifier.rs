//! The rectifier and the three rules of its gradient, by comparing and choosing.

use dfdx::prelude::{ChooseFrom, Device, HasShape, TryGt, TryLe};

use super::{Failure, Rows};
use crate::nn::{Real, Rule};

/// `max(x, 0)`; a NaN stays.
pub fn forward<E: Real, D: Device<E>>(x: Rows<E, D>) -> Result<Rows<E, D>, Failure<D>> {
    let zeros = x.device().try_zeros_like(x.shape())?;
    x.try_le(E::ZERO)?.try_choose(zeros, x)
}

/// What `rule` lets through of the gradient `up` of the output `y`; a NaN passes where its input's sign lets it.
pub fn input_gradient<E: Real, D: Device<E>>(
    rule: Rule,
    y: &Rows<E, D>,
    up: Rows<E, D>,
) -> Result<Rows<E, D>, Failure<D>> {
    let zeros = up.device().try_zeros_like(up.shape())?;
    let open = || y.try_gt(E::ZERO);
    let blocked = || up.try_le(E::ZERO);
    match rule {
        Rule::Gradient => open()?.try_choose(up, zeros),
        Rule::Guided => blocked()?.try_choose(zeros.clone(), open()?.try_choose(up.clone(), zeros)?),
        Rule::Deconvnet => blocked()?.try_choose(zeros, up),
    }
}
