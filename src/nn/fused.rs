//! Runs of layers computed in one go, without a tensor between them.
//!
//! dfdx copies whenever a layer reads a tensor. Inside a [`Fused`] run, values stay in saltty's own memory, which is used
//! again for the next photo; a convolution rectifies its sums as it writes them, and its values before the rectifier
//! exist only when someone asks for them.

use std::{rc::Rc, sync::Arc};

use dfdx::prelude::{ConstDim, Cpu, CpuError, Dim, Gradients, HasShape, Module, PutTape, SplitTape, TensorFromVec};

use super::{
    Assemble, Blueprint, Map, Name, Real, Recorder, Rule,
    kernel::{conv, convolution::Convolution, memory, memory::Buffer, pool, relu},
    tape::{self, Find, Hidden},
    window::slid,
};
use crate::fault;

/// The layers `L` - convolutions, rectifiers, poolings and tuples of them - as one.
#[derive(Clone, Debug)]
pub struct Fused<L>(pub L);

impl<E: Real, L: Assemble<E>> Assemble<E> for Fused<L> {
    fn assemble(plan: &mut Blueprint<E>) -> crate::Result<Self> {
        Ok(Self(L::assemble(plan)?))
    }
}

/// A layer that can be part of a [`Fused`] run.
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
}

/// Layers that can be part of a [`Fused`] run.
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

/// Values that were computed, at hand or to be computed anew.
type Again<E> = Rc<dyn Fn() -> Arc<Buffer<E>>>;

/// Values between layers: batch, channels, height, width.
struct Flow<E: Real> {
    values: Arc<Buffer<E>>,
    again: Again<E>,
    shape: [usize; 4],
}

/// Outputs of more numbers than this are not kept for those who may ask for them, but computed anew.
const KEPT: usize = 1 << 20;

/// From the gradient of an output, under a rule for rectifiers, to that of the input.
type Back<E> = Box<dyn Fn(Option<Rule>, Vec<E>) -> Vec<E>>;

/// What a layer did, for the tape.
struct Done<E: Real> {
    name: Name,
    shape: [usize; 4],
    /// Its output, computed anew each time if it was not kept.
    values: Box<dyn Fn() -> Vec<E>>,
    /// From the gradient of the output to that of the input.
    back: Back<E>,
}

impl<E: Real> Flow<E> {
    fn new(values: Buffer<E>, shape: [usize; 4]) -> Self {
        let values = Arc::new(values);
        let kept = values.clone();
        Self { values, again: Rc::new(move || kept.clone()), shape }
    }

    /// Values that `compute` gives, now and, if they are too many to be kept, whenever asked for.
    fn computed(compute: impl Fn() -> Buffer<E> + 'static, first: Buffer<E>, shape: [usize; 4]) -> Self {
        if first.len() <= KEPT {
            return Self::new(first, shape);
        }
        Self { values: Arc::new(first), again: Rc::new(move || Arc::new(compute())), shape }
    }

    /// A closure that copies the values, to be kept on a tape.
    fn copies(&self) -> Box<dyn Fn() -> Vec<E>> {
        let again = self.again.clone();
        Box::new(move || again().to_vec())
    }

    fn convolve(self, link: &Link<E>, rectifier: Option<&Link<E>>, log: &mut Vec<Done<E>>, keep: bool) -> Self {
        let Link::Convolution { name, filter, bias, size } = link else { unreachable!("a convolution") };
        let [batch, _, height, width] = self.shape;
        let output = [height, width].map(|side| slid(side, size.kernel, size.stride, size.padding, false));
        let padding = fault::padding(name, size.padding);
        let size = conv::Size { batch, input: [height, width], output, padding, ..*size };
        let shape = [batch, size.outputs, output[0], output[1]];
        let compute = {
            let (filter, bias) = (filter.clone(), bias.clone());
            move |x: &[E], rectified| {
                let mut y = Buffer::new(size.output_len());
                filter.forward(&size, x, &bias, rectified, &mut y);
                y
            }
        };
        let rectified = rectifier.is_some();
        let first = compute(&self.values, rectified);
        if !keep {
            return Self::new(first, shape);
        }
        let (x, again) = (self.again.clone(), compute.clone());
        let flow = Self::computed(move || again(&x(), rectified), first, shape);
        let x = self.again;
        let values = if rectified { Box::new(move || compute(&x(), false).to_vec()) } else { flow.copies() };
        let filter = filter.clone();
        let back = move |_, up: Vec<E>| {
            let mut down = memory::take(size.input_len());
            filter.input_gradient(&size, &up, &mut down, true);
            memory::give(up);
            down
        };
        log.push(Done { name: name.clone(), shape, values, back: Box::new(back) });
        if let Some(Link::Relu { name, rule }) = rectifier {
            log.push(flow.rectified(name, *rule));
        }
        flow
    }

    /// The entry of the rectifier whose output this is.
    fn rectified(&self, name: &Name, own: Rule) -> Done<E> {
        let open = relu::open(&self.values);
        let back = move |rule: Option<Rule>, mut up: Vec<E>| {
            relu::gate(rule.unwrap_or(own), &open, &mut up);
            up
        };
        Done { name: name.clone(), shape: self.shape, values: self.copies(), back: Box::new(back) }
    }

    fn rectify(self, name: &Name, rule: Rule, log: &mut Vec<Done<E>>, keep: bool) -> Self {
        let compute = |x: &[E]| {
            let mut y = Buffer::new(x.len());
            y.copy_from_slice(x);
            relu::forward(&mut y);
            y
        };
        let (first, x) = (compute(&self.values), self.again);
        let flow = Self::computed(move || compute(&x()), first, self.shape);
        if keep {
            log.push(flow.rectified(name, rule));
        }
        flow
    }

    fn pool(self, name: &Name, [kernel, stride]: [usize; 2], ceil: bool, log: &mut Vec<Done<E>>, keep: bool) -> Self {
        let [batch, channels, height, width] = self.shape;
        let output = [height, width].map(|side| slid(side, kernel, stride, 0, ceil));
        let size = pool::Size { planes: batch * channels, input: [height, width], output, kernel, stride };
        let (y, argmax) = pool::forward(&size, &self.values);
        let flow = Self::new(y.into(), [batch, channels, output[0], output[1]]);
        if keep {
            let count = self.values.len();
            let back = move |_, up: Vec<E>| {
                let mut down = memory::zeros(count);
                pool::input_gradient(&size, &argmax, &up, &mut down);
                memory::give(up);
                down
            };
            log.push(Done { name: name.clone(), shape: flow.shape, values: flow.copies(), back: Box::new(back) });
        }
        flow
    }

    /// Through all layers of `chain`. What they did goes to `log` if `keep`.
    fn through(self, chain: &[Link<E>], log: &mut Vec<Done<E>>, keep: bool) -> Self {
        match chain {
            [] => self,
            [conv @ Link::Convolution { .. }, relu @ Link::Relu { .. }, rest @ ..] => {
                self.convolve(conv, Some(relu), log, keep).through(rest, log, keep)
            }
            [conv @ Link::Convolution { .. }, rest @ ..] => {
                self.convolve(conv, None, log, keep).through(rest, log, keep)
            }
            [Link::Relu { name, rule }, rest @ ..] => self.rectify(name, *rule, log, keep).through(rest, log, keep),
            [Link::Pool { name, kernel, stride, ceil }, rest @ ..] => {
                self.pool(name, [*kernel, *stride], *ceil, log, keep).through(rest, log, keep)
            }
        }
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
        let shape = [batch, channels.size(), H::SIZE, W::SIZE];
        let mut values = Buffer::new(shape.iter().product());
        x.copy_into(&mut values);
        let (mut chain, mut log) = (Vec::new(), Vec::new());
        self.0.links(&mut chain);
        let flow = Flow::new(values, shape).through(&chain, &mut log, T::OWNS_TAPE);
        let (x, tape) = x.split_tape();
        let channels = Ch2::from_size(flow.shape[1]).expect("the channels that the types say");
        let shape = (batch, channels, H2::default(), W2::default());
        let y = x.device().try_tensor_from_vec(flow.values.to_vec(), shape)?;
        let (x, ghost) = (x.ghost(), y.ghost());
        let first: Find<E> = Rc::new(move |g: &mut Gradients<E, Cpu>| g.get_or_alloc_mut(&x));
        let last: Find<E> = Rc::new(move |g: &mut Gradients<E, Cpu>| g.get_or_alloc_mut(&ghost));
        Ok(y.put_tape(written(tape, log, first, &last)))
    }
}

/// `tape` with what layers did, between the places of the gradients of their input and output.
fn written<E: Real, T: Recorder<E>>(mut tape: T, log: Vec<Done<E>>, first: Find<E>, last: &Find<E>) -> T {
    let (count, mut before) = (log.len(), first);
    for (at, done) in log.into_iter().enumerate() {
        let after = if at + 1 == count { last.clone() } else { tape::nowhere() };
        let (output, input, back) = (after.clone(), before, done.back);
        let node = Hidden { shape: done.shape.to_vec(), values: done.values, gradient: after.clone() };
        tape.record_hidden(&done.name, node, move |sweep| {
            let rule = sweep.rule();
            sweep.carry(&output, &input, |up| back(rule, up))
        });
        before = after;
    }
    tape
}
