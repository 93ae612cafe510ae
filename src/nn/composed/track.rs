//! A network placed on a device, and its passes: what each layer made, and the way back.

use std::rc::Rc;

use dfdx::prelude::{Device, TryAdd};

use super::{
    Bench, Extent, Failure, Rows,
    convolution::Convolution,
    pool, rectifier,
    table::Windows,
    vector::{self, Dense},
};
use crate::nn::{
    Name, Real, Rule,
    fused::{Link, Links},
    window::slid,
};

/// A network on a device, with weights copied there once.
pub struct Composed<E: Real, D: Device<E>> {
    bench: Bench<E, D>,
    layers: Vec<Layer<E, D>>,
}

enum Layer<E: Real, D: Device<E>> {
    Convolution(Name, Rc<Convolution<E, D>>),
    Relu(Name),
    Pool { name: Name, kernel: usize, stride: usize, ceil: bool },
    Beside { branches: [Vec<Self>; 2], join: Name },
    Dense(Name, Rc<Dense<E, D>>),
    Average(Name),
}

/// From the gradient of a layer's output to that of each of its inputs.
type Back<E, D> = Box<dyn Fn(&Bench<E, D>, Rule, Rows<E, D>) -> Result<Vec<Rows<E, D>>, Failure<D>>>;

/// Is shown a layer's name and the gradient of its output.
type Visit<'v, E> = &'v mut dyn FnMut(&Name, Vec<E>);

/// What a layer did.
struct Print<E: Real, D: Device<E>> {
    name: Name,
    output: Rows<E, D>,
    extent: Extent,
    /// Who made its inputs: positions on the track.
    reads: Vec<usize>,
    back: Back<E, D>,
}

/// One pass of a batch of images: every layer's output by name, and gradients from any layer back to any before it.
///
/// What [`Trail`](crate::nn::Trail) is on the CPU.
pub struct Track<E: Real, D: Device<E>> {
    prints: Vec<Print<E, D>>,
}

impl<E: Real, D: Device<E>> Composed<E, D> {
    /// Copies the weights of `network` to `device`. The network must not have computed anything yet.
    ///
    /// # Errors
    /// No memory on the device.
    pub fn new(device: D, network: &impl Links<E>) -> Result<Self, Failure<D>> {
        let bench = Bench::new(device);
        let mut chain = Vec::new();
        network.links(&mut chain);
        let layers = Layer::place_all(&bench, chain)?;
        Ok(Self { bench, layers })
    }

    /// Runs the network on images of these sizes, whose values are in C order, image after image.
    ///
    /// # Errors
    /// No memory on the device.
    ///
    /// # Panics
    /// If there are not as many values as the sizes say, or the network reads other sizes.
    pub fn forward(&self, values: &[E], extent: Extent) -> Result<Track<E, D>, Failure<D>> {
        self.bench.prepare(extent.batch);
        let rows = self.bench.upload(by_rows(values, extent), extent.rows())?;
        let source: Back<E, D> = Box::new(|_, _, _| Ok(Vec::new()));
        let input = Print { name: "input".into(), output: rows, extent, reads: Vec::new(), back: source };
        let mut track = Track { prints: vec![input] };
        track.through(&self.bench, &self.layers, 0)?;
        Ok(track)
    }

    /// Goes back on `track` from layer `from`, whose output gradient is `seed` in C order, to layer `to`, and returns the
    /// gradient there. Every ReLU passed follows `rule`; `visit` is shown the gradient of every layer on the way but `to`.
    ///
    /// # Errors
    /// No memory on the device.
    ///
    /// # Panics
    /// If no layer is called `from` or `to`, or `seed` has another length than the output of `from`.
    pub fn sweep(
        &self,
        track: &Track<E, D>,
        [from, to]: [&str; 2],
        seed: &[E],
        rule: Rule,
        visit: Option<Visit<E>>,
    ) -> Result<Vec<E>, Failure<D>> {
        let (last, first) = (track.find(from), track.find(to));
        let extent = track.prints[last].extent;
        let mut gradients: Vec<Option<Rows<E, D>>> = vec![None; last + 1];
        gradients[last] = Some(self.bench.upload(by_rows(seed, extent), extent.rows())?);
        let mut visit = visit;
        for at in (first + 1..=last).rev() {
            let Some(up) = gradients[at].take() else { continue };
            let print = &track.prints[at];
            if let Some(visit) = &mut visit {
                visit(&print.name, by_planes(&up.as_vec(), print.extent));
            }
            let downs = (print.back)(&self.bench, rule, up)?;
            for (&by, down) in print.reads.iter().zip(downs) {
                gradients[by] = Some(match gradients[by].take() {
                    Some(sum) => sum.try_add(down)?,
                    None => down,
                });
            }
        }
        let extent = track.prints[first].extent;
        let found = gradients[first].take();
        Ok(found
            .map_or_else(|| vec![E::ZERO; extent.rows().0 * extent.channels], |rows| by_planes(&rows.as_vec(), extent)))
    }
}

impl<E: Real, D: Device<E>> Layer<E, D> {
    fn place_all(bench: &Bench<E, D>, chain: Vec<Link<E>>) -> Result<Vec<Self>, Failure<D>> {
        chain.into_iter().map(|link| Self::place(bench, link)).collect()
    }

    fn place(bench: &Bench<E, D>, link: Link<E>) -> Result<Self, Failure<D>> {
        Ok(match link {
            Link::Convolution { name, filter, bias, size } => {
                Self::Convolution(name, Rc::new(Convolution::new(bench, &filter.original(), &bias, size)?))
            }
            Link::Dense { name, weight, bias, reads } => {
                Self::Dense(name, Rc::new(Dense::new(bench, &weight.widened(), &bias, reads)?))
            }
            Link::Average { name } => Self::Average(name),
            Link::Relu { name, .. } => Self::Relu(name),
            Link::Pool { name, kernel, stride, ceil } => Self::Pool { name, kernel, stride, ceil },
            Link::Beside { branches: [a, b], join } => {
                let branches = [Self::place_all(bench, a)?, Self::place_all(bench, b)?];
                Self::Beside { branches, join }
            }
        })
    }
}

impl<E: Real, D: Device<E>> Track<E, D> {
    /// Names of the layers with the sizes of their outputs, the input first, in the order of computation.
    pub fn layers(&self) -> impl Iterator<Item = (&Name, Extent)> {
        self.prints.iter().map(|print| (&print.name, print.extent))
    }

    /// The output of layer `name`, in C order, image after image.
    ///
    /// # Panics
    /// If no layer is called so.
    pub fn values(&self, name: &str) -> Vec<E> {
        let print = &self.prints[self.find(name)];
        by_planes(&print.output.as_vec(), print.extent)
    }

    /// The same of one image.
    ///
    /// # Errors
    /// No memory on the device.
    ///
    /// # Panics
    /// If no layer is called so.
    pub fn values_of(&self, image: usize, name: &str) -> Result<Vec<E>, Failure<D>> {
        let Print { output, extent, .. } = &self.prints[self.find(name)];
        let area = extent.area();
        let rows = output.clone().try_slice((image * area..(image + 1) * area, 0..extent.channels))?;
        Ok(by_planes(&rows.as_vec(), Extent { batch: 1, ..*extent }))
    }

    fn find(&self, name: &str) -> usize {
        self.prints.iter().rposition(|print| &*print.name == name).expect("a layer of this network")
    }

    /// Runs `layers` on what was made at `by`; returns where their output is.
    fn through(&mut self, bench: &Bench<E, D>, layers: &[Layer<E, D>], by: usize) -> Result<usize, Failure<D>> {
        layers.iter().try_fold(by, |by, layer| self.step(bench, layer, by))
    }

    fn step(&mut self, bench: &Bench<E, D>, layer: &Layer<E, D>, by: usize) -> Result<usize, Failure<D>> {
        let (x, extent) = (self.prints[by].output.clone(), self.prints[by].extent);
        let flat = |channels| Extent { batch: extent.batch, channels, sides: [1, 1] };
        let (name, output, made, back): (_, _, _, Back<E, D>) = match layer {
            Layer::Convolution(name, layer) => {
                let (y, made, layer) = (layer.forward(bench, x, extent)?, layer.output(extent), layer.clone());
                let back = move |bench: &_, _, up| Ok(vec![layer.input_gradient(bench, up, extent)?]);
                (name, y, made, Box::new(back))
            }
            Layer::Relu(name) => {
                let y = rectifier::forward(x)?;
                let kept = y.clone();
                let back = move |_: &_, rule, up| Ok(vec![rectifier::input_gradient(rule, &kept, up)?]);
                (name, y, extent, Box::new(back))
            }
            Layer::Pool { name, kernel, stride, ceil } => {
                let sides = extent.sides.map(|side| slid(side, *kernel, *stride, 0, *ceil));
                let (batch, input, [kernel, stride]) = (extent.batch, extent.sides, [*kernel, *stride]);
                let windows = Windows { batch, input, output: sides, kernel, stride, padding: 0 };
                let [y, winner] = pool::forward(bench, &x, windows)?;
                let back = move |bench: &_, _, up| Ok(vec![pool::input_gradient(bench, up, winner.clone(), windows)?]);
                (name, y, Extent { sides, ..extent }, Box::new(back))
            }
            Layer::Dense(name, layer) => {
                let (y, layer) = (layer.forward(x, extent.batch)?, layer.clone());
                let made = flat(layer.outputs());
                let back = move |_: &_, _, up| Ok(vec![layer.input_gradient(up, extent)?]);
                (name, y, made, Box::new(back))
            }
            Layer::Average(name) => {
                let back = move |_: &_, _, up| Ok(vec![vector::average_gradient(up, extent)?]);
                (name, vector::average(bench, x, extent)?, flat(extent.channels), Box::new(back))
            }
            Layer::Beside { branches: [a, b], join } => return self.part(bench, [a, b], join, by),
        };
        self.prints.push(Print { name: name.clone(), output, extent: made, reads: vec![by], back });
        Ok(self.prints.len() - 1)
    }

    /// Through each of two branches; what they make, side by side.
    fn part(
        &mut self,
        bench: &Bench<E, D>,
        branches: [&[Layer<E, D>]; 2],
        join: &Name,
        by: usize,
    ) -> Result<usize, Failure<D>> {
        let first = self.through(bench, branches[0], by)?;
        let second = self.through(bench, branches[1], by)?;
        let [a, b] = [first, second].map(|at| self.prints[at].output.clone());
        let extent = self.prints[first].extent;
        let extent = Extent { channels: 2 * extent.channels, ..extent };
        let back: Back<E, D> = Box::new(|_, _, up| Ok(vector::apart(up)?.into()));
        let (name, output, reads) = (join.clone(), vector::beside(a, b)?, vec![first, second]);
        self.prints.push(Print { name, output, extent, reads, back });
        Ok(self.prints.len() - 1)
    }
}

/// From C order, image after image, to one row a place.
fn by_rows<E: Real>(values: &[E], extent: Extent) -> Vec<E> {
    turned(values, extent.batch, [extent.channels, extent.area()])
}

/// From one row a place to C order, image after image.
fn by_planes<E: Real>(rows: &[E], extent: Extent) -> Vec<E> {
    turned(rows, extent.batch, [extent.area(), extent.channels])
}

/// Transposes each of `count` matrices.
fn turned<E: Real>(values: &[E], count: usize, [high, wide]: [usize; 2]) -> Vec<E> {
    assert_eq!(values.len(), count * high * wide, "{count} matrices of {high} x {wide}");
    let mut turned = Vec::with_capacity(values.len());
    for matrix in values.chunks_exact((high * wide).max(1)) {
        for column in 0..wide {
            turned.extend((0..high).map(|row| matrix[row * wide + column]));
        }
    }
    turned
}
