//! A pass of a placed network: what each layer made, and the way back.

use super::{Extent, Place, Windows, network::Layer};
use crate::nn::{Name, Real, Rule, window::slid};

/// From the gradient of a layer's output to that of each of its inputs.
type Back<E, P> = Box<dyn Fn(&P, Rule, Values<E, P>) -> Result<Vec<Values<E, P>>, <P as Place<E>>::Failure>>;

type Values<E, P> = <P as Place<E>>::Values;

/// Is shown a layer's name and the gradient of its output.
pub type Visit<'v, E> = &'v mut dyn FnMut(&Name, Vec<E>);

/// What a layer did.
struct Print<E: Real, P: Place<E>> {
    name: Name,
    output: P::Values,
    extent: Extent,
    /// Who made its inputs: positions on the track.
    reads: Vec<usize>,
    back: Back<E, P>,
}

/// One pass of a batch of images: every layer's output by name, and gradients from any layer back to any before it.
///
/// What [`Trail`](crate::nn::Trail) is on the CPU.
pub struct Track<E: Real, P: Place<E>> {
    prints: Vec<Print<E, P>>,
}

impl<E: Real, P: Place<E>> Track<E, P> {
    /// A pass of images of these sizes through `layers`.
    pub(super) fn new(place: &P, layers: &[Layer<E, P>], values: &[E], extent: Extent) -> Result<Self, P::Failure> {
        let output = place.upload(values, extent)?;
        let source: Back<E, P> = Box::new(|_, _, _| Ok(Vec::new()));
        let input = Print { name: "input".into(), output, extent, reads: Vec::new(), back: source };
        let mut track = Self { prints: vec![input] };
        track.through(place, layers, 0)?;
        Ok(track)
    }

    /// See [`Placed::sweep`](super::Placed::sweep).
    pub(super) fn sweep(
        &self,
        place: &P,
        layers: [&str; 2],
        seed: &[E],
        rule: Rule,
        visit: Option<Visit<E>>,
    ) -> Result<Vec<E>, P::Failure> {
        let extent = self.prints[self.find(layers[1])].extent;
        let found = self.gradient(place, layers, seed, rule, visit)?;
        found.map_or_else(|| Ok(vec![E::ZERO; extent.count()]), |found| place.download(&found, extent))
    }

    /// See [`Placed::weighted`](super::Placed::weighted).
    pub(super) fn weighted(&self, place: &P, layers: [&str; 2], seed: &[E]) -> Result<[Vec<E>; 2], P::Failure> {
        let Print { output, extent, .. } = &self.prints[self.find(layers[1])];
        match self.gradient(place, layers, seed, Rule::Gradient, None)? {
            Some(gradient) => place.weighted(output, gradient, *extent),
            None => Ok([extent.channels, extent.area()].map(|each| vec![E::ZERO; extent.batch * each])),
        }
    }

    /// The gradient of `seed` at a layer, if the seed's layer depends on it.
    fn gradient(
        &self,
        place: &P,
        [from, to]: [&str; 2],
        seed: &[E],
        rule: Rule,
        mut visit: Option<Visit<E>>,
    ) -> Result<Option<P::Values>, P::Failure> {
        let (last, first) = (self.find(from), self.find(to));
        let extent = self.prints[last].extent;
        let mut gradients: Vec<Option<P::Values>> = vec![None; last + 1];
        gradients[last] = Some(place.upload(seed, extent)?);
        for at in (first + 1..=last).rev() {
            let Some(up) = gradients[at].take() else { continue };
            let print = &self.prints[at];
            if let Some(visit) = &mut visit {
                visit(&print.name, place.download(&up, print.extent)?);
            }
            let downs = (print.back)(place, rule, up)?;
            for (&by, down) in print.reads.iter().zip(downs) {
                gradients[by] = Some(match gradients[by].take() {
                    Some(sum) => place.add(sum, down, self.prints[by].extent)?,
                    None => down,
                });
            }
        }
        Ok(gradients[first].take())
    }

    /// Names of the layers with the sizes of their outputs, the input first, in the order of computation.
    pub fn layers(&self) -> impl Iterator<Item = (&Name, Extent)> {
        self.prints.iter().map(|print| (&print.name, print.extent))
    }

    /// See [`Placed::values`](super::Placed::values).
    pub(super) fn values(&self, place: &P, name: &str) -> Result<Vec<E>, P::Failure> {
        let print = &self.prints[self.find(name)];
        place.download(&print.output, print.extent)
    }

    /// See [`Placed::values_of`](super::Placed::values_of).
    pub(super) fn values_of(&self, place: &P, image: usize, name: &str) -> Result<Vec<E>, P::Failure> {
        let Print { output, extent, .. } = &self.prints[self.find(name)];
        let one = place.one(output, *extent, image)?;
        place.download(&one, Extent { batch: 1, ..*extent })
    }

    fn find(&self, name: &str) -> usize {
        self.prints.iter().rposition(|print| &*print.name == name).expect("a layer of this network")
    }

    /// Runs `layers` on what was made at `by`; returns where their output is.
    fn through(&mut self, place: &P, layers: &[Layer<E, P>], by: usize) -> Result<usize, P::Failure> {
        layers.iter().try_fold(by, |by, layer| self.step(place, layer, by))
    }

    fn step(&mut self, place: &P, layer: &Layer<E, P>, by: usize) -> Result<usize, P::Failure> {
        let (x, extent) = (self.prints[by].output.clone(), self.prints[by].extent);
        let flat = |channels| Extent { batch: extent.batch, channels, sides: [1, 1] };
        let (name, output, made, back): (_, _, _, Back<E, P>) = match layer {
            Layer::Convolution(name, filters, size) => {
                let (windows, filters) = (Windows::of(size, extent), filters.clone());
                let y = place.convolution(&filters, x, windows)?;
                let back = move |place: &P, _, up| Ok(vec![place.convolution_gradient(&filters, up, windows)?]);
                (name, y, windows.output(size.outputs), Box::new(back))
            }
            Layer::Relu(name) => {
                let y = place.rectified(x, extent)?;
                let kept = y.clone();
                let back = move |place: &P, rule, up| Ok(vec![place.gated(rule, &kept, up, extent)?]);
                (name, y, extent, Box::new(back))
            }
            Layer::Pool { name, kernel, stride, ceil } => {
                let (output, channels) =
                    (extent.sides.map(|side| slid(side, *kernel, *stride, 0, *ceil)), extent.channels);
                let (batch, input, [kernel, stride]) = (extent.batch, extent.sides, [*kernel, *stride]);
                let windows = Windows { batch, input, output, kernel, stride, padding: 0 };
                let (y, winners) = place.pooled(x, windows, channels)?;
                let back = move |place: &P, _, up| Ok(vec![place.pooled_gradient(&winners, up, windows, channels)?]);
                (name, y, windows.output(channels), Box::new(back))
            }
            Layer::Dense(name, matrix, outputs) => {
                let (y, matrix) = (place.dense(matrix, x, extent)?, matrix.clone());
                let back = move |place: &P, _, up| Ok(vec![place.dense_gradient(&matrix, up, extent)?]);
                (name, y, flat(*outputs), Box::new(back))
            }
            Layer::Average(name) => {
                let back = move |place: &P, _, up| Ok(vec![place.average_gradient(up, extent)?]);
                (name, place.average(x, extent)?, flat(extent.channels), Box::new(back))
            }
            Layer::Beside { branches: [a, b], join } => return self.part(place, [a, b], join, by),
        };
        self.prints.push(Print { name: name.clone(), output, extent: made, reads: vec![by], back });
        Ok(self.prints.len() - 1)
    }

    /// Through each of two branches; what they make, side by side.
    fn part(&mut self, place: &P, branches: [&[Layer<E, P>]; 2], join: &Name, by: usize) -> Result<usize, P::Failure> {
        let first = self.through(place, branches[0], by)?;
        let second = self.through(place, branches[1], by)?;
        let [a, b] = [first, second].map(|at| self.prints[at].output.clone());
        let half = self.prints[first].extent;
        assert_eq!(half, self.prints[second].extent, "two maps of one size");
        let back: Back<E, P> = Box::new(move |place, _, up| Ok(place.apart(up, half)?.into()));
        let (output, extent) = (place.beside(a, b, half)?, Extent { channels: 2 * half.channels, ..half });
        self.prints.push(Print { name: join.clone(), output, extent, reads: vec![first, second], back });
        Ok(self.prints.len() - 1)
    }
}
