//! Tapes: what a layer writes down on the way forward so that gradients can find the way back.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use dfdx::prelude::{Cpu, CpuError, Gradients, Merge, NoneTape, OwnedTape, Shape, Storage, Tape, Tensor};

use super::{Real, Rule, kernel::memory};

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
    /// `output` and `input` look the two up (`|g| g.get_or_alloc_mut(&ghost)`). The output's gradient is lent, not
    /// copied; on a [`Trail`] its memory is freed afterwards.
    ///
    /// # Errors
    /// What the look-ups return.
    pub fn pull(
        &mut self,
        output: impl Fn(&mut Gradients<E, Cpu>) -> Result<&mut Store<E>, CpuError>,
        input: impl Fn(&mut Gradients<E, Cpu>) -> Result<&mut Store<E>, CpuError>,
        step: impl FnOnce(&[E], &mut [E]),
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
    /// Turns the gradient of a layer's output into that of each of its inputs by `step`, and adds it to what is there.
    /// None is copied; where no gradient came, none goes on.
    ///
    /// # Errors
    /// What the look-ups return.
    pub fn carry(
        &mut self,
        output: &Find<E>,
        inputs: &[Find<E>],
        step: impl FnOnce(Vec<E>) -> Vec<Vec<E>>,
    ) -> Result<(), CpuError> {
        let slot = output(self.gradients)?;
        let upstream = if self.keep { slot.to_vec() } else { std::mem::take::<Vec<E>>(slot) };
        if upstream.is_empty() {
            return Ok(());
        }
        for (downstream, input) in step(upstream).into_iter().zip(inputs) {
            let slot = input(self.gradients)?;
            if slot.is_empty() {
                **slot = downstream;
            } else {
                slot.iter_mut().zip(&downstream).for_each(|(sum, d)| *sum += *d);
                memory::give(downstream);
            }
        }
        Ok(())
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

/// A layer's output that is in no tensor.
pub struct Hidden<E: Real> {
    /// Its sizes, batch first.
    pub shape: Vec<usize>,
    /// Its values, computed or copied when asked for.
    pub values: Box<dyn Fn() -> Vec<E>>,
    /// Where its gradient is.
    pub gradient: Find<E>,
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

/// Finds one tensor's gradient.
pub type LookUp<'a, E> = &'a dyn Fn(&mut Gradients<E, Cpu>) -> Result<&mut Store<E>, CpuError>;

/// A layer's way back: adds to its inputs' gradients what its output's gradient implies.
type Step<E> = Box<dyn Fn(&mut Sweep<E>) -> Result<(), CpuError>>;

/// A dfdx tape that saltty's layers can write on.
pub trait Recorder<E: Real>: Tape<E, Cpu> {
    /// Writes down that the layer `name` produced `output`, and its way back.
    fn record<S: Shape>(
        &mut self,
        name: &Name,
        output: &Tensor<S, E, Cpu>,
        back: impl Fn(&mut Sweep<E>) -> Result<(), CpuError> + 'static,
    );

    /// Writes down that the layer `name` produced `output`, which is in no tensor, and its way back.
    fn record_hidden(
        &mut self,
        name: &Name,
        output: Hidden<E>,
        back: impl Fn(&mut Sweep<E>) -> Result<(), CpuError> + 'static,
    );
}

impl<E: Real> Recorder<E> for NoneTape {
    fn record<S: Shape>(
        &mut self,
        _: &Name,
        _: &Tensor<S, E, Cpu>,
        _: impl Fn(&mut Sweep<E>) -> Result<(), CpuError> + 'static,
    ) {
    }

    fn record_hidden(&mut self, _: &Name, _: Hidden<E>, _: impl Fn(&mut Sweep<E>) -> Result<(), CpuError> + 'static) {}
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

    fn record_hidden(
        &mut self,
        _: &Name,
        _: Hidden<E>,
        back: impl Fn(&mut Sweep<E>) -> Result<(), CpuError> + 'static,
    ) {
        self.add_backward_op(move |gradients| back(&mut Sweep { gradients, rule: None, keep: true }));
    }
}

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

/// The values of a contiguous tensor, by one memory copy (dfdx lends no slice of them).
pub fn copied<S: Shape, E: Real, T>(tensor: &Tensor<S, E, Cpu, T>) -> Vec<E> {
    let count = dfdx::prelude::HasShape::shape(tensor).num_elements();
    let mut values = vec![E::ZERO; count];
    tensor.copy_into(&mut values);
    values
}

type Once<E> = Box<dyn FnOnce(&mut Gradients<E, Cpu>) -> Result<(), CpuError>>;

enum Way<E: Real> {
    /// Nothing before it: the input.
    Source,
    /// One of saltty's layers, which can go back as often as asked.
    Layer(Step<E>),
    /// One of dfdx's own operations, which can go back once.
    Operation(RefCell<Option<Once<E>>>),
}

struct Footprint<E: Real> {
    name: Name,
    node: Option<Box<dyn Node<E>>>,
    way: Way<E>,
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
        Self { prints: vec![Footprint { name: "input".into(), node, way: Way::Source }] }
    }

    /// Names of the recorded outputs with their shapes, batch first, in the order of computation.
    pub fn layers(&self) -> Vec<(Name, Vec<usize>)> {
        self.nodes().map(|(print, node)| (print.name.clone(), node.shape())).collect()
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
        for print in self.prints[..=last].iter().skip(first + 1).rev() {
            if let (Some(visit), Some(node)) = (&mut visit, &print.node) {
                visit(&print.name, node.gradient(&mut gradients)?);
            }
            match &print.way {
                Way::Source => {}
                Way::Layer(back) => back(&mut Sweep { gradients: &mut gradients, rule: Some(rule), keep: false })?,
                Way::Operation(once) => {
                    once.borrow_mut().take().expect("a dfdx operation on a trail is swept once")(&mut gradients)?;
                }
            }
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
        self.prints.push(Footprint { name: "".into(), node: None, way });
    }
}

impl<E: Real> Recorder<E> for Trail<E> {
    fn record<S: Shape>(
        &mut self,
        name: &Name,
        output: &Tensor<S, E, Cpu>,
        back: impl Fn(&mut Sweep<E>) -> Result<(), CpuError> + 'static,
    ) {
        let node: Option<Box<dyn Node<E>>> = Some(Box::new(output.clone()));
        self.prints.push(Footprint { name: name.clone(), node, way: Way::Layer(Box::new(back)) });
    }

    fn record_hidden(
        &mut self,
        name: &Name,
        output: Hidden<E>,
        back: impl Fn(&mut Sweep<E>) -> Result<(), CpuError> + 'static,
    ) {
        let node: Option<Box<dyn Node<E>>> = Some(Box::new(output));
        self.prints.push(Footprint { name: name.clone(), node, way: Way::Layer(Box::new(back)) });
    }
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
        sweep.pull(|g| g.get_or_alloc_mut(&y_ghost), |g| g.get_or_alloc_mut(&x), |up, down| back(rule, up, down))
    });
    Ok(y.put_tape(tape))
}
