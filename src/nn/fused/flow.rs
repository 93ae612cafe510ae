//! Values on their way through a run of layers, and what each layer leaves behind for the way back.

use std::{rc::Rc, sync::Arc};

use super::Link;
use crate::{
    fault,
    nn::{
        Name, Real, Rule,
        kernel::{concat, conv, memory, memory::Buffer, pool, relu},
        window::slid,
    },
};

/// Values that were computed, at hand or to be computed anew.
type Again<E> = Rc<dyn Fn() -> Arc<Buffer<E>>>;

/// Values between layers: batch, channels, height, width.
#[derive(Clone)]
pub struct Flow<E: Real> {
    values: Arc<Buffer<E>>,
    again: Again<E>,
    pub shape: [usize; 4],
    /// Who computed them: 0 for the run's input, then the entries of the log, counted from 1.
    by: usize,
}

/// Outputs of more numbers than this are not kept for those who may ask for them, but computed anew.
const KEPT: usize = 1 << 20;

/// From the gradient of an output, under a rule for rectifiers, to that of each input.
type Back<E> = Box<dyn Fn(Option<Rule>, Vec<E>) -> Vec<Vec<E>>>;

/// What a layer did, for the tape.
pub struct Done<E: Real> {
    pub name: Name,
    pub shape: [usize; 4],
    /// Its output, computed anew each time if it was not kept.
    pub values: Box<dyn Fn() -> Vec<E>>,
    /// Who computed its inputs, as in [`Flow::by`].
    pub reads: Vec<usize>,
    pub back: Back<E>,
}

/// The entries of a run of layers in the order in which they computed, or nothing if nobody will go back.
pub struct Log<E: Real> {
    pub entries: Vec<Done<E>>,
    keep: bool,
}

impl<E: Real> Log<E> {
    pub fn new(keep: bool) -> Self {
        Self { entries: Vec::new(), keep }
    }

    /// Writes down an entry made by `done` and returns its number.
    fn push(&mut self, done: impl FnOnce() -> Done<E>) -> usize {
        if self.keep {
            self.entries.push(done());
        }
        self.entries.len()
    }
}

impl<E: Real> Flow<E> {
    /// The input of a run.
    pub fn new(values: Buffer<E>, shape: [usize; 4]) -> Self {
        let values = Arc::new(values);
        let kept = values.clone();
        Self { values, again: Rc::new(move || kept.clone()), shape, by: 0 }
    }

    /// Values that `compute` gives, now and, if they are too many to be kept, whenever asked for.
    fn computed(compute: impl Fn() -> Buffer<E> + 'static, first: Buffer<E>, shape: [usize; 4]) -> Self {
        if first.len() <= KEPT {
            return Self::new(first, shape);
        }
        Self { values: Arc::new(first), again: Rc::new(move || Arc::new(compute())), shape, by: 0 }
    }

    /// The values, copied.
    pub fn to_vec(&self) -> Vec<E> {
        self.values.to_vec()
    }

    /// A closure that copies the values, to be kept on a tape.
    fn copies(&self) -> Box<dyn Fn() -> Vec<E>> {
        let again = self.again.clone();
        Box::new(move || again().to_vec())
    }

    fn convolve(self, link: &Link<E>, rectifier: Option<&Link<E>>, log: &mut Log<E>) -> Self {
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
        if !log.keep {
            return Self::new(first, shape);
        }
        let (x, again) = (self.again.clone(), compute.clone());
        let mut flow = Self::computed(move || again(&x(), rectified), first, shape);
        let (x, by) = (self.again, self.by);
        flow.by = log.push(|| {
            let values = if rectified { Box::new(move || compute(&x(), false).to_vec()) } else { flow.copies() };
            let filter = filter.clone();
            let back = move |_, up: Vec<E>| {
                let mut down = memory::take(size.input_len());
                filter.input_gradient(&size, &up, &mut down, true);
                memory::give(up);
                vec![down]
            };
            Done { name: name.clone(), shape, values, reads: vec![by], back: Box::new(back) }
        });
        if let Some(Link::Relu { name, rule }) = rectifier {
            flow.by = log.push(|| flow.rectified(name, *rule, flow.by));
        }
        flow
    }

    /// The entry of the rectifier whose output this is, and that reads what `by` computed.
    fn rectified(&self, name: &Name, own: Rule, by: usize) -> Done<E> {
        let open = relu::open(&self.values);
        let back = move |rule: Option<Rule>, mut up: Vec<E>| {
            relu::gate(rule.unwrap_or(own), &open, &mut up);
            vec![up]
        };
        Done { name: name.clone(), shape: self.shape, values: self.copies(), reads: vec![by], back: Box::new(back) }
    }

    fn rectify(self, name: &Name, rule: Rule, log: &mut Log<E>) -> Self {
        let compute = |x: &[E]| {
            let mut y = Buffer::new(x.len());
            y.copy_from_slice(x);
            relu::forward(&mut y);
            y
        };
        let (first, x) = (compute(&self.values), self.again);
        let mut flow = Self::computed(move || compute(&x()), first, self.shape);
        flow.by = log.push(|| flow.rectified(name, rule, self.by));
        flow
    }

    fn pool(self, name: &Name, [kernel, stride]: [usize; 2], ceil: bool, log: &mut Log<E>) -> Self {
        let [batch, channels, height, width] = self.shape;
        let output = [height, width].map(|side| slid(side, kernel, stride, 0, ceil));
        let size = pool::Size { planes: batch * channels, input: [height, width], output, kernel, stride };
        let (y, argmax) = pool::forward(&size, &self.values);
        let mut flow = Self::new(y.into(), [batch, channels, output[0], output[1]]);
        flow.by = log.push(|| {
            let count = self.values.len();
            let back = move |_, up: Vec<E>| {
                let mut down = memory::zeros(count);
                pool::input_gradient(&size, &argmax, &up, &mut down);
                memory::give(up);
                vec![down]
            };
            let (values, reads) = (flow.copies(), vec![self.by]);
            Done { name: name.clone(), shape: flow.shape, values, reads, back: Box::new(back) }
        });
        flow
    }

    /// Through each of two branches; what they make, side by side.
    fn part(self, branches: &[Vec<Link<E>>; 2], name: &Name, log: &mut Log<E>) -> Self {
        let first = self.clone().through(&branches[0], log);
        let second = self.through(&branches[1], log);
        let [batch, channels, height, width] = first.shape;
        let joined = concat::forward(batch, &first.values, &second.values);
        let mut flow = Self::new(joined.into(), [batch, channels + second.shape[1], height, width]);
        flow.by = log.push(|| {
            let counts = [first.values.len(), second.values.len()];
            let back = move |_, up: Vec<E>| {
                let parts = concat::parts(batch, counts, &up);
                memory::give(up);
                parts.into()
            };
            let (values, reads) = (flow.copies(), vec![first.by, second.by]);
            Done { name: name.clone(), shape: flow.shape, values, reads, back: Box::new(back) }
        });
        flow
    }

    /// Through all layers of `chain`. What they did goes to `log`.
    pub fn through(self, chain: &[Link<E>], log: &mut Log<E>) -> Self {
        match chain {
            [] => self,
            [conv @ Link::Convolution { .. }, relu @ Link::Relu { .. }, rest @ ..] => {
                self.convolve(conv, Some(relu), log).through(rest, log)
            }
            [conv @ Link::Convolution { .. }, rest @ ..] => self.convolve(conv, None, log).through(rest, log),
            [Link::Relu { name, rule }, rest @ ..] => self.rectify(name, *rule, log).through(rest, log),
            [Link::Pool { name, kernel, stride, ceil }, rest @ ..] => {
                self.pool(name, [*kernel, *stride], *ceil, log).through(rest, log)
            }
            [Link::Beside { branches, join }, rest @ ..] => self.part(branches, join, log).through(rest, log),
        }
    }
}
