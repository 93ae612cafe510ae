//! A tape that can be swept many times.

use std::{cell::RefCell, ops::Range, rc::Rc};

use dfdx::prelude::{Cpu, CpuError, Gradients, Merge, NoneTape, Shape, Tape, Tensor};

use super::{Hidden, Name, Recorder, Store, Sums, Sweep, copied};
use crate::nn::{Real, Rule};

/// A tensor of any shape, for its values and its gradient.
trait Node<E: Real> {
    fn shape(&self) -> Vec<usize>;
    fn values(&self) -> Vec<E>;
    fn gradient<'g>(&self, gradients: &'g mut Gradients<E, Cpu>) -> Result<&'g mut Store<E>, CpuError>;
}

impl<S: Shape, E: Real> Node<E> for Tensor<S, E, Cpu> {
    fn shape(&self) -> Vec<usize> {
        dfdx::prelude::HasShape::shape(self).concrete().into_iter().collect()
    }

    fn values(&self) -> Vec<E> {
        copied(self)
    }

    fn gradient<'g>(&self, gradients: &'g mut Gradients<E, Cpu>) -> Result<&'g mut Store<E>, CpuError> {
        gradients.get_or_alloc_mut(self)
    }
}

impl<E: Real> Node<E> for Hidden<E> {
    fn shape(&self) -> Vec<usize> {
        self.shape.clone()
    }

    fn values(&self) -> Vec<E> {
        (self.values)()
    }

    fn gradient<'g>(&self, gradients: &'g mut Gradients<E, Cpu>) -> Result<&'g mut Store<E>, CpuError> {
        let slot = (self.gradient)(gradients)?;
        if slot.is_empty() {
            **slot = vec![E::ZERO; self.shape.iter().product()];
        }
        Ok(slot)
    }
}

/// A layer's way back: adds to its inputs' gradients what its output's gradient implies.
type Step<E> = Box<dyn Fn(&mut Sweep<E>) -> Result<(), CpuError>>;

/// The way back through some layers of a run.
type Steps<E> = Rc<dyn Fn(&mut Sweep<E>, Range<usize>) -> Result<(), CpuError>>;

type Once<E> = Box<dyn FnOnce(&mut Gradients<E, Cpu>) -> Result<(), CpuError>>;

enum Way<E: Real> {
    /// Nothing before it: the input.
    Source,
    /// One of saltty's layers, which can go back as often as asked.
    Layer(Step<E>),
    /// A layer of a run, and its number there.
    Run(Steps<E>, usize),
    /// One of dfdx's own operations, which can go back once.
    Operation(RefCell<Option<Once<E>>>),
}

struct Footprint<E: Real> {
    name: Name,
    node: Option<Box<dyn Node<E>>>,
    way: Way<E>,
    sums: Option<Sums<E>>,
}

/// Is shown a layer's name and the gradient of its output.
type Visit<'v, E> = &'v mut dyn FnMut(&Name, &[E]);

/// A tape that remembers every layer's output by name and can be swept backward any number of times, each time from
/// another score, under another ReLU rule, and only as deep as asked.
///
/// This is what lets one forward pass serve all methods of a photo.
pub struct Trail<E: Real> {
    prints: Vec<Footprint<E>>,
}

impl<E: Real> Default for Trail<E> {
    fn default() -> Self {
        Self { prints: Vec::new() }
    }
}

impl<E: Real> Trail<E> {
    /// A trail that begins at `input`, under the name `input`.
    pub fn from_input<S: Shape>(input: &Tensor<S, E, Cpu>) -> Self {
        let node: Option<Box<dyn Node<E>>> = Some(Box::new(input.clone()));
        Self { prints: vec![Footprint { name: "input".into(), node, way: Way::Source, sums: None }] }
    }

    /// Names of the recorded outputs with their shapes, batch first, in the order of computation.
    pub fn layers(&self) -> Vec<(Name, Vec<usize>)> {
        self.nodes().map(|(print, node)| (print.name.clone(), node.shape())).collect()
    }

    /// Writes down one of saltty's layers.
    fn leave(&mut self, name: &Name, node: Box<dyn Node<E>>, back: Step<E>) {
        self.prints.push(Footprint { name: name.clone(), node: Some(node), way: Way::Layer(back), sums: None });
    }

    fn nodes(&self) -> impl Iterator<Item = (&Footprint<E>, &dyn Node<E>)> {
        self.prints.iter().filter_map(|print| Some((print, print.node.as_deref()?)))
    }

    fn find(&self, name: &str) -> Option<(usize, &dyn Node<E>)> {
        let at = self.prints.iter().rposition(|print| &*print.name == name)?;
        Some((at, self.prints[at].node.as_deref()?))
    }

    /// The recorded output of layer `name`, in C order, batch first; `None` where no layer is called so.
    pub fn values(&self, name: &str) -> Option<Vec<E>> {
        Some(self.find(name)?.1.values())
    }

    /// Goes back from layer `from`, whose output gradient is `seed` (as many values as its output has), to layer `to`,
    /// and returns the gradient there. Every ReLU passed follows `rule`.
    ///
    /// Only the layers after `to` are run; memory of gradients in between is freed on the way.
    ///
    /// # Errors
    /// Out of memory, or a `seed` of another length ([`CpuError::WrongNumElements`]).
    ///
    /// # Panics
    /// If no layer is called `from` or `to`, or a one-shot dfdx operation between them ran in an earlier sweep.
    pub fn sweep(&self, from: &str, seed: Vec<E>, rule: Rule, to: &str) -> Result<Vec<E>, CpuError> {
        self.walk(from, seed, rule, to, None)
    }

    /// Like [`sweep`](Self::sweep), and shows `visit` the name and the whole gradient of every layer's output on the
    /// way, `from` first and `to` last.
    ///
    /// # Errors
    /// As [`sweep`](Self::sweep).
    ///
    /// # Panics
    /// As [`sweep`](Self::sweep).
    pub fn sweep_each(
        &self,
        from: &str,
        seed: Vec<E>,
        rule: Rule,
        to: &str,
        mut visit: impl FnMut(&Name, &[E]),
    ) -> Result<(), CpuError> {
        let gradient = self.walk(from, seed, rule, to, Some(&mut visit))?;
        visit(&self.prints[self.find(to).expect("swept to it").0].name, &gradient);
        Ok(())
    }

    /// The sums of the planes of the gradient that [`sweep`](Self::sweep) returns, where the layers after `to` know these
    /// without it: some that keep them as they are, then one that tells.
    ///
    /// # Errors
    /// As [`sweep`](Self::sweep).
    ///
    /// # Panics
    /// As [`sweep`](Self::sweep).
    pub fn plane_sums(&self, from: &str, seed: &[E], rule: Rule, to: &str) -> Result<Option<Vec<E>>, CpuError> {
        let [first, last] = [to, from].map(|name| self.find(name).expect("a recorded layer").0);
        // Where ways part and join again, one of these layers is a join, which says nothing.
        let after = self.prints[..=last].iter().skip(first + 1);
        let Some(Footprint { name, sums: Some(Sums::Of(sums)), .. }) =
            after.into_iter().find(|print| !matches!(print.sums, Some(Sums::Kept)))
        else {
            return Ok(None);
        };
        Ok(Some(sums(&self.sweep(from, seed.to_vec(), rule, name)?)))
    }

    fn walk(
        &self,
        from: &str,
        seed: Vec<E>,
        rule: Rule,
        to: &str,
        mut visit: Option<Visit<E>>,
    ) -> Result<Vec<E>, CpuError> {
        let (last, output) = self.find(from).expect("the sweep starts at a recorded layer");
        let (first, input) = self.find(to).expect("the sweep ends at a recorded layer");
        let mut gradients = Gradients::leaky();
        let slot = output.gradient(&mut gradients)?;
        if slot.len() != seed.len() {
            return Err(CpuError::WrongNumElements);
        }
        **slot = seed;
        let mut at = last;
        while at > first {
            let print = &self.prints[at];
            if let (Some(visit), Some(node)) = (&mut visit, &print.node) {
                visit(&print.name, node.gradient(&mut gradients)?);
            }
            let mut sweep = Sweep { gradients: &mut gradients, rule: Some(rule), keep: false };
            let mut steps = 1;
            match &print.way {
                Way::Source => {}
                Way::Layer(back) => back(&mut sweep)?,
                Way::Run(back, layer) => {
                    // Who wants to see gradients gets one after the other; else the run goes its own way.
                    steps = if visit.is_some() { 1 } else { (layer + 1).min(at - first) };
                    back(&mut sweep, layer + 1 - steps..layer + 1)?;
                }
                Way::Operation(once) => {
                    once.borrow_mut().take().expect("a dfdx operation on a trail is swept once")(&mut gradients)?;
                }
            }
            at -= steps;
        }
        Ok(std::mem::take::<Vec<E>>(input.gradient(&mut gradients)?))
    }
}

impl<E: Real> Merge<NoneTape> for Trail<E> {
    fn merge(self, _: NoneTape) -> Self {
        self
    }
}

impl<E: Real> Merge<Self> for Trail<E> {
    fn merge(mut self, mut other: Self) -> Self {
        self.prints.append(&mut other.prints);
        self
    }
}

impl<E: Real> Tape<E, Cpu> for Trail<E> {
    const OWNS_TAPE: bool = true;

    fn add_backward_op<F>(&mut self, operation: F)
    where
        F: 'static + FnOnce(&mut Gradients<E, Cpu>) -> Result<(), CpuError>,
    {
        let way = Way::Operation(RefCell::new(Some(Box::new(operation))));
        self.prints.push(Footprint { name: "".into(), node: None, way, sums: None });
    }
}

impl<E: Real> Recorder<E> for Trail<E> {
    fn record<S: Shape>(
        &mut self,
        name: &Name,
        output: &Tensor<S, E, Cpu>,
        back: impl Fn(&mut Sweep<E>) -> Result<(), CpuError> + 'static,
    ) {
        self.leave(name, Box::new(output.clone()), Box::new(back));
    }

    fn record_run(
        &mut self,
        layers: Vec<Hidden<E>>,
        back: impl Fn(&mut Sweep<E>, Range<usize>) -> Result<(), CpuError> + 'static,
    ) {
        let back: Steps<E> = Rc::new(back);
        for (at, mut layer) in layers.into_iter().enumerate() {
            let (name, sums) = (layer.name.clone(), layer.sums.take());
            self.prints.push(Footprint { name, node: Some(Box::new(layer)), way: Way::Run(back.clone(), at), sums });
        }
    }

    fn record_sums(&mut self, sums: Sums<E>) {
        if let Some(last) = self.prints.last_mut() {
            last.sums = Some(sums);
        }
    }
}
