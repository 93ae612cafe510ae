//! Values on their way through a run of layers, and what each layer leaves behind for the way back.

use std::{
    ops::{Deref, Range},
    rc::Rc,
    sync::Arc,
};

use super::{
    Link,
    convolving::{Convolving, of_layer},
    done::{Done, Kind},
};
use crate::nn::{
    Name, Real, Rule,
    kernel::{
        concat,
        lanes::Level,
        memory::Buffer,
        pool,
        relu::{self, Open},
    },
    window::slid,
};

/// A part of some memory.
#[derive(Clone)]
struct View<E: Real> {
    memory: Arc<Buffer<E>>,
    part: Range<usize>,
}

impl<E: Real> From<Buffer<E>> for View<E> {
    fn from(memory: Buffer<E>) -> Self {
        Self { part: 0..memory.len(), memory: Arc::new(memory) }
    }
}

impl<E: Real> Deref for View<E> {
    type Target = [E];

    fn deref(&self) -> &[E] {
        &self.memory[self.part.clone()]
    }
}

/// Values that were computed, at hand or to be computed anew.
type Again<E> = Rc<dyn Fn() -> View<E>>;

/// Values of one image, or of none, between layers: how many images, channels, height, width.
#[derive(Clone)]
pub struct Flow<E: Real> {
    values: View<E>,
    again: Again<E>,
    pub shape: [usize; 4],
    /// Who computed them: 0 for the run's input, then the entries of the log, counted from 1.
    by: usize,
}

/// Outputs of more numbers than this are not kept for those who may ask for them, but computed anew: of VGG's, those
/// of the last block are kept; of SqueezeNet's, all but the first.
pub const KEPT: usize = 400_000;

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
        Self::of(values.into(), shape)
    }

    fn of(values: View<E>, shape: [usize; 4]) -> Self {
        let kept = values.clone();
        Self { values, again: Rc::new(move || kept.clone()), shape, by: 0 }
    }

    /// Values that `compute` gives, now and, if they are too many to be kept, whenever asked for.
    fn computed(compute: impl Fn() -> Buffer<E> + 'static, first: View<E>, shape: [usize; 4]) -> Self {
        if first.len() <= KEPT {
            return Self::of(first, shape);
        }
        Self { values: first, again: Rc::new(move || compute().into()), shape, by: 0 }
    }

    /// The values.
    pub fn values(&self) -> &[E] {
        &self.values
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
        let work = Convolving::new(link, self.shape);
        let mut first = of_layer(work.size.output_len());
        let open = work.compute(&self.values, rectifier.is_some(), log.keep, &mut first);
        self.convolved(work, first.into(), rectifier.zip(open), log)
    }

    /// What `work` made of this, `first`, rectified if there is a rectifier.
    fn convolved(
        self,
        work: Convolving<E>,
        first: View<E>,
        rectifier: Option<(&Link<E>, Open)>,
        log: &mut Log<E>,
    ) -> Self {
        let shape = work.shape;
        if !log.keep {
            return Self::of(first, shape);
        }
        let rectified = rectifier.is_some();
        let (x, again) = (self.again.clone(), work.clone());
        let mut flow = Self::computed(move || again.again(&x(), rectified), first, shape);
        let (x, by) = (self.again, self.by);
        flow.by = log.push(|| {
            let again = work.clone();
            let values = if rectified { Box::new(move || again.again(&x(), false).to_vec()) } else { flow.copies() };
            Done { name: work.name.clone(), shape, values, reads: vec![by], kind: Kind::Convolution(work) }
        });
        if let Some((Link::Relu { name, rule }, open)) = rectifier {
            flow.by = log.push(|| flow.rectified(name, (*rule, open), flow.by));
        }
        flow
    }

    /// The entry of the rectifier whose output this is, and that reads what `by` computed.
    fn rectified(&self, name: &Name, (own, open): (Rule, Open), by: usize) -> Done<E> {
        let (values, reads) = (self.copies(), vec![by]);
        Done { name: name.clone(), shape: self.shape, values, reads, kind: Kind::Rectifier(own, open) }
    }

    fn rectify(self, name: &Name, rule: Rule, log: &mut Log<E>) -> Self {
        let compute = move |x: &[E]| {
            let mut y = of_layer(x.len());
            y.copy_from_slice(x);
            relu::forward(&mut y);
            y
        };
        let (first, x) = (compute(&self.values), self.again);
        let mut flow = Self::computed(move || compute(&x()), first.into(), self.shape);
        flow.by = log.push(|| {
            let open = relu::open(Level::best(), &flow.values, self.shape[3]);
            flow.rectified(name, (rule, open), self.by)
        });
        flow
    }

    fn pool(self, name: &Name, [kernel, stride]: [usize; 2], ceil: bool, log: &mut Log<E>) -> Self {
        let [batch, channels, height, width] = self.shape;
        let output = [height, width].map(|side| slid(side, kernel, stride, 0, ceil));
        let size = pool::Size { planes: batch * channels, input: [height, width], output, kernel, stride };
        let (y, winners) = pool::forward(Level::best(), &size, &self.values);
        let mut flow = Self::new(y.into(), [batch, channels, output[0], output[1]]);
        flow.by = log.push(|| {
            let (values, reads, kind) = (flow.copies(), vec![self.by], Kind::Pool(size, winners));
            Done { name: name.clone(), shape: flow.shape, values, reads, kind }
        });
        flow
    }

    /// Through each of two branches; what they make, side by side.
    fn part(self, branches: &[Vec<Link<E>>; 2], name: &Name, log: &mut Log<E>) -> Self {
        let (first, second, joined) = match [&*branches[0], &*branches[1]] {
            [
                [left @ Link::Convolution { .. }, a @ Link::Relu { .. }],
                [right @ Link::Convolution { .. }, b @ Link::Relu { .. }],
            ] if self.shape[0] == 1 => {
                let work = [left, right].map(|link| Convolving::new(link, self.shape));
                let (joined, parts, opens) = side_by_side(&work, &self.values, log.keep);
                let ([left, right], [of_left, of_right], [open_left, open_right]) = (work, parts, opens);
                let first = self.clone().convolved(left, of_left, Some(a).zip(open_left), log);
                (first, self.convolved(right, of_right, Some(b).zip(open_right), log), joined)
            }
            [left, right] => {
                let first = self.clone().through(left, log);
                let second = self.through(right, log);
                let joined = Buffer::from(concat::forward(first.shape[0], &first.values, &second.values));
                (first, second, joined.into())
            }
        };
        let [batch, channels, height, width] = first.shape;
        let mut flow = Self::of(joined, [batch, channels + second.shape[1], height, width]);
        flow.by = log.push(|| {
            let kind = Kind::Join(batch, [first.values.len(), second.values.len()]);
            let (values, reads) = (flow.copies(), vec![first.by, second.by]);
            Done { name: name.clone(), shape: flow.shape, values, reads, kind }
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
            [Link::Dense { .. } | Link::Average { .. }, ..] => unreachable!("the types of a run are those of maps"),
        }
    }
}

/// Both of two.
type Pair<T> = [T; 2];

/// What two convolutions, each with a rectifier, make of one image, in one memory; each one's part of it, and, if that is to
/// be noted, which numbers there are above zero.
fn side_by_side<E: Real>(
    work: &Pair<Convolving<E>>,
    x: &[E],
    noted: bool,
) -> (View<E>, Pair<View<E>>, Pair<Option<Open>>) {
    let [first, second] = work.each_ref().map(|work| work.size.output_len());
    let mut joined = of_layer(first + second);
    let (left, right) = joined.split_at_mut(first);
    let opens = [work[0].compute(x, true, noted, left), work[1].compute(x, true, noted, right)];
    let joined = View::from(joined);
    let parts = [0..first, first..first + second].map(|part| View { memory: joined.memory.clone(), part });
    (joined, parts, opens)
}
