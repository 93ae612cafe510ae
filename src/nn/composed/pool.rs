//! Max pooling by comparing what lies under the taps of the windows, and its gradient.

use dfdx::prelude::{
    Axis, BroadcastTo, ChooseFrom, Device, GatherTo, HasShape, ReshapeTo, Tensor, TryAdd, TryEq, TryGt, TryNe,
};

use super::{Composed, Failure, Pooled, Rows, table::Table, with_row};
use crate::nn::{Real, placed::Windows};

/// The maximum of each window and the tap under which it lies: the first of equal ones, but the last NaN, as in PyTorch.
pub fn forward<E: Real, D: Device<E>>(
    composed: &Composed<E, D>,
    x: &Rows<E, D>,
    windows: Windows,
) -> Result<Pooled<E, D>, Failure<D>> {
    let x = if windows.reach_beyond() { with_row(x.clone(), E::of(f64::NEG_INFINITY))? } else { x.clone() };
    let under = |tap| composed.picked(x.clone(), Table::Tap(windows, tap));
    let mut best = under(0)?;
    let mut winner = composed.device.try_zeros_like(best.shape())?;
    for tap in 1..windows.kernel * windows.kernel {
        let value = under(tap)?;
        let number = composed.device.try_zeros_like(best.shape())?.try_add(E::of(tap as f64))?;
        for wins in [value.try_gt(&best)?, value.try_ne(&value)?] {
            winner = wins.clone().try_choose(number.clone(), winner)?;
            best = wins.try_choose(value.clone(), best)?;
        }
    }
    Ok((best, winner))
}

/// The gradient of the input, given that of the output and the taps that won.
pub fn input_gradient<E: Real, D: Device<E>>(
    composed: &Composed<E, D>,
    up: Rows<E, D>,
    winner: Rows<E, D>,
    windows: Windows,
) -> Result<Rows<E, D>, Failure<D>> {
    let (up, winner) = (with_row(up, E::ZERO)?, with_row(winner, E::ZERO)?);
    let mut down: Option<Rows<E, D>> = None;
    for at in 0..windows.overlap() * windows.overlap() {
        let back = [at / windows.overlap(), at % windows.overlap()];
        let table = Table::Covering(windows, back);
        let won = composed.picked(winner.clone(), table)?;
        let part = composed.picked(up.clone(), table)?;
        let own = composed.taps(windows, back, won.shape().1)?;
        let zeros = composed.device.try_zeros_like(won.shape())?;
        let part = won.try_eq(&own)?.try_choose(part, zeros)?;
        down = Some(match down {
            Some(sum) => sum.try_add(part)?,
            None => part,
        });
    }
    Ok(down.expect("a window covers something"))
}

impl<E: Real, D: Device<E>> Composed<E, D> {
    /// The one row for each place that `table` names.
    fn picked(&self, rows: Rows<E, D>, table: Table) -> Result<Rows<E, D>, Failure<D>> {
        let (index, channels) = (self.table(table)?, rows.shape().1);
        let places = index.shape().0;
        let picked: Tensor<(usize, usize, usize), E, D> = rows.try_gather(index)?;
        picked.try_reshape_like(&(places, channels))
    }

    /// See [`Windows::covering_taps`], for every image and channel.
    fn taps(&self, windows: Windows, back: [usize; 2], channels: usize) -> Result<Rows<E, D>, Failure<D>> {
        let key = Table::Covering(windows, back);
        let kept = self.taps.borrow().get(&key).cloned();
        let taps = if let Some(taps) = kept {
            taps
        } else {
            let one: Vec<E> = windows.covering_taps(back).into_iter().map(E::of).collect();
            let places = windows.batch * one.len();
            let taps = self.device.try_tensor_from_vec(one.repeat(windows.batch), (places,))?;
            self.taps.borrow_mut().insert(key, taps.clone());
            taps
        };
        let places = taps.shape().0;
        taps.try_broadcast_like::<_, Axis<1>>(&(places, channels))
    }
}
