//! Tapes: what a layer writes down on the way forward so that gradients can find the way back.

mod trail;

use std::{
    ops::{DerefMut, Range},
    rc::Rc,
    sync::Arc,
};

use dfdx::prelude::{Cpu, CpuError, Gradients, NoneTape, OwnedTape, Shape, Storage, Tape, Tensor};

pub use trail::Trail;

use super::{Real, Rule, kernel::memory::Buffer};

/// A layer's name, such as `relu5_4`.
pub type Name = Arc<str>;

/// Where dfdx keeps one tensor's gradient; dereferences to `Vec<E>`.
pub type Store<E> = <Cpu as Storage<E>>::Vec;

/// One backward pass on its way: the gradients so far and the rule of its ReLUs.
pub struct Sweep<'g, E: Real> {
    gradients: &'g mut Gradients<E, Cpu>,
    rule: Option<Rule>,
    keep: bool,
}

impl<E: Real> Sweep<'_, E> {
    /// The rule that overrides each ReLU's own, if any.
    pub fn rule(&self) -> Option<Rule> {
        self.rule
    }

    /// Hands `step` the gradient of a layer's output and that of its input, to which it must *add*.
    ///
    /// `output` and `input` look the two up (`&|g| g.get_or_alloc_mut(&ghost)`). The output's gradient is lent, not
    /// copied; on a [`Trail`] its memory is freed afterwards.
    ///
    /// # Errors
    /// What the look-ups return.
    pub fn pull(
        &mut self,
        output: LookUp<'_, E>,
        input: LookUp<'_, E>,
        step: &mut dyn FnMut(&[E], &mut [E]),
    ) -> Result<(), CpuError> {
        let upstream = std::mem::take::<Vec<E>>(output(self.gradients)?);
        step(&upstream, input(self.gradients)?);
        if self.keep {
            **output(self.gradients)? = upstream;
        }
        Ok(())
    }

    /// Like [`pull`](Self::pull) for a layer of two inputs: `step` is called with 0 and 1 for the first and the second.
    ///
    /// # Errors
    /// What the look-ups return.
    pub fn split(
        &mut self,
        output: impl Fn(&mut Gradients<E, Cpu>) -> Result<&mut Store<E>, CpuError>,
        inputs: [LookUp<'_, E>; 2],
        step: impl Fn(usize, &[E], &mut [E]),
    ) -> Result<(), CpuError> {
        let upstream = std::mem::take::<Vec<E>>(output(self.gradients)?);
        for (index, input) in inputs.into_iter().enumerate() {
            step(index, &upstream, input(self.gradients)?);
        }
        if self.keep {
            **output(self.gradients)? = upstream;
        }
        Ok(())
    }
}

impl<E: Real> Sweep<'_, E> {
    /// Turns the gradients of some outputs into those of some inputs by `step`, and adds these to what is there. None is
    /// copied; an empty one stands for zeros, and where no gradient came, none goes on.
    ///
    /// # Errors
    /// What the look-ups return.
    pub fn carry(
        &mut self,
        outputs: &[Find<E>],
        inputs: &[Find<E>],
        step: impl FnOnce(Vec<Vec<E>>) -> Vec<Vec<E>>,
    ) -> Result<(), CpuError> {
        let mut upstream = Vec::with_capacity(outputs.len());
        for output in outputs {
            let slot = output(self.gradients)?;
            upstream.push(if self.keep { slot.to_vec() } else { std::mem::take::<Vec<E>>(slot) });
        }
        if upstream.iter().all(Vec::is_empty) {
            return Ok(());
        }
        for (downstream, input) in step(upstream).into_iter().zip(inputs) {
            if !downstream.is_empty() {
                add_to::<E, Vec<E>>(input(self.gradients)?, downstream);
            }
        }
        Ok(())
    }
}

/// Adds `gradient` to a sum; an empty one stands for zeros.
pub fn add_to<E: Real, M: DerefMut<Target = [E]> + Into<Buffer<E>>>(sum: &mut M, gradient: M) {
    if sum.is_empty() {
        *sum = gradient;
    } else {
        sum.iter_mut().zip(&*gradient).for_each(|(sum, d)| *sum += *d);
        drop::<Buffer<E>>(gradient.into());
    }
}

/// Finds one gradient, whose memory is empty as long as nothing was added to it.
pub type Find<E> = Rc<dyn Fn(&mut Gradients<E, Cpu>) -> Result<&mut Store<E>, CpuError>>;

/// A place for the gradient of values that are in no tensor.
pub fn nowhere<E: Real>() -> Find<E> {
    use dfdx::prelude::TensorFromVec;
    let ghost = Cpu::default().tensor_from_vec(Vec::new(), (0_usize,)).ghost();
    Rc::new(move |gradients: &mut Gradients<E, Cpu>| gradients.get_or_alloc_mut(&ghost))
}

/// A layer and its output, which is in no tensor.
pub struct Hidden<E: Real> {
    /// The layer.
    pub name: Name,
    /// Its sizes, batch first.
    pub shape: Vec<usize>,
    /// Its values, computed or copied when asked for.
    pub values: Box<dyn Fn() -> Vec<E>>,
    /// Where its gradient is.
    pub gradient: Find<E>,
    /// What the layer makes of sums of planes, if that is known.
    pub sums: Option<Sums<E>>,
}

/// Finds one tensor's gradient.
pub type LookUp<'a, E> = &'a dyn Fn(&mut Gradients<E, Cpu>) -> Result<&mut Store<E>, CpuError>;

/// What a layer makes of the sums of a gradient's planes, for those who want no more of it, as Grad-CAM does.
pub enum Sums<E> {
    /// The input's are the output's, as each output hands its gradient to one input of its plane.
    Kept,
    /// From the gradient of the output, the sums of the planes of the input's.
    Of(OfGradient<E>),
}

/// From a gradient the sums of planes of another.
type OfGradient<E> = Box<dyn Fn(&[E]) -> Vec<E>>;

/// A dfdx tape that saltty's layers can write on.
pub trait Recorder<E: Real>: Tape<E, Cpu> {
    /// Writes down that the layer `name` produced `output`, and its way back.
    fn record<S: Shape>(
        &mut self,
        name: &Name,
        output: &Tensor<S, E, Cpu>,
        back: impl Fn(&mut Sweep<E>) -> Result<(), CpuError> + 'static,
    );

    /// Writes down a run of layers whose outputs are in no tensor, and the way back through some of them, which `back` is
    /// told by their numbers in the run. What the run remembers lives as long as the tape.
    fn record_run(
        &mut self,
        layers: Vec<Hidden<E>>,
        back: impl Fn(&mut Sweep<E>, Range<usize>) -> Result<(), CpuError> + 'static,
    );

    /// Writes down of the layer that was written down last what it makes of sums of planes; else nothing is known of it.
    fn record_sums(&mut self, _: Sums<E>) {}
}

impl<E: Real> Recorder<E> for NoneTape {
    fn record<S: Shape>(
        &mut self,
        _: &Name,
        _: &Tensor<S, E, Cpu>,
        _: impl Fn(&mut Sweep<E>) -> Result<(), CpuError> + 'static,
    ) {
    }

    fn record_run(
        &mut self,
        _: Vec<Hidden<E>>,
        _: impl Fn(&mut Sweep<E>, Range<usize>) -> Result<(), CpuError> + 'static,
    ) {
    }
}

impl<E: Real> Recorder<E> for OwnedTape<E, Cpu> {
    fn record<S: Shape>(
        &mut self,
        _: &Name,
        _: &Tensor<S, E, Cpu>,
        back: impl Fn(&mut Sweep<E>) -> Result<(), CpuError> + 'static,
    ) {
        self.add_backward_op(move |gradients| back(&mut Sweep { gradients, rule: None, keep: true }));
    }

    fn record_run(
        &mut self,
        layers: Vec<Hidden<E>>,
        back: impl Fn(&mut Sweep<E>, Range<usize>) -> Result<(), CpuError> + 'static,
    ) {
        let back = Rc::new(back);
        for at in 0..layers.len() {
            let back = back.clone();
            self.add_backward_op(move |gradients| back(&mut Sweep { gradients, rule: None, keep: true }, at..at + 1));
        }
    }
}

/// The values of a contiguous tensor, by one memory copy (dfdx lends no slice of them).
pub fn copied<S: Shape, E: Real, T>(tensor: &Tensor<S, E, Cpu, T>) -> Vec<E> {
    let count = dfdx::prelude::HasShape::shape(tensor).num_elements();
    let mut values = vec![E::ZERO; count];
    tensor.copy_into(&mut values);
    values
}

/// Turns a layer's output values into the tensor it returns, recording the way back: `back(rule, upstream, downstream)`
/// must *add* to the gradient `downstream` of the input `x` what the gradient `upstream` of the output implies.
pub(super) fn emit<X: Shape, Y: Shape, E: Real, T: Recorder<E>>(
    name: &Name,
    x: Tensor<X, E, Cpu, T>,
    values: Vec<E>,
    shape: Y,
    back: impl Fn(Option<Rule>, &[E], &mut [E]) + 'static,
) -> Result<Tensor<Y, E, Cpu, T>, CpuError> {
    use dfdx::prelude::{PutTape, SplitTape, TensorFromVec};
    let (x, mut tape) = x.split_tape();
    let y = x.device().try_tensor_from_vec(values, shape)?;
    let (x, y_ghost) = (x.ghost(), y.ghost());
    tape.record(name, &y, move |sweep| {
        let rule = sweep.rule();
        sweep.pull(&|g| g.get_or_alloc_mut(&y_ghost), &|g| g.get_or_alloc_mut(&x), &mut |up, down| back(rule, up, down))
    });
    Ok(y.put_tape(tape))
}

/// `y`, with what its layer makes of sums of planes on its tape.
pub(super) fn with_sums<Y: Shape, E: Real, T: Recorder<E>>(
    y: Tensor<Y, E, Cpu, T>,
    sums: Sums<E>,
) -> Tensor<Y, E, Cpu, T> {
    use dfdx::prelude::{PutTape, SplitTape};
    let (y, mut tape) = y.split_tape();
    tape.record_sums(sums);
    y.put_tape(tape)
}
