//! A network with its weights at a place.

use std::rc::Rc;

use super::{Extent, Place, Track, track::Visit};
use crate::nn::{
    Name, Real, Rule,
    fused::{Link, Links},
    kernel::conv,
};

/// A network, its weights copied once to where it computes.
pub struct Placed<E: Real, P: Place<E>> {
    place: P,
    layers: Vec<Layer<E, P>>,
}

/// A layer with its weights.
pub(super) enum Layer<E: Real, P: Place<E>> {
    Convolution(Name, Rc<P::Filters>, conv::Size),
    Relu(Name),
    Pool { name: Name, kernel: usize, stride: usize, ceil: bool },
    Beside { branches: [Vec<Self>; 2], join: Name },
    Dense(Name, Rc<P::Matrix>, usize),
    Average(Name),
}

impl<E: Real, P: Place<E>> Placed<E, P> {
    /// Copies the weights of `network` to `place`. The network must not have computed anything yet.
    ///
    /// # Errors
    /// No memory there.
    pub fn new(place: P, network: &impl Links<E>) -> Result<Self, P::Failure> {
        let mut chain = Vec::new();
        network.links(&mut chain);
        let layers = Layer::all(&place, chain)?;
        Ok(Self { place, layers })
    }

    /// Where it computes.
    pub fn place(&self) -> &P {
        &self.place
    }

    /// Goes forth and back once with zeros of these sizes, so that what is not there or does not work shows before anybody
    /// waits for a result.
    ///
    /// # Errors
    /// No memory at the place, or a device that breaks down.
    pub fn rehearse(&self, extent: Extent) -> Result<(), P::Failure> {
        let track = self.forward(&vec![E::ZERO; extent.count()], extent)?;
        let (last, output) = track.layers().last().expect("the input at least");
        self.sweep(&track, [&**last, "input"], &vec![E::ZERO; output.count()], Rule::Guided, None).map(drop)
    }

    /// Runs the network on images of these sizes, whose values are in C order, image after image.
    ///
    /// # Errors
    /// No memory at the place.
    ///
    /// # Panics
    /// If there are not as many values as the sizes say, or the network reads other sizes.
    pub fn forward(&self, values: &[E], extent: Extent) -> Result<Track<E, P>, P::Failure> {
        self.place.prepare(extent.batch);
        Track::new(&self.place, &self.layers, values, extent)
    }

    /// Goes back on `track` from layer `from`, whose output gradient is `seed` in C order, to layer `to`, and returns the
    /// gradient there. Every ReLU passed follows `rule`; `visit` is shown the gradient of every layer on the way but `to`.
    ///
    /// # Errors
    /// No memory at the place.
    ///
    /// # Panics
    /// If no layer is called `from` or `to`, or `seed` has another length than the output of `from`.
    pub fn sweep(
        &self,
        track: &Track<E, P>,
        layers: [&str; 2],
        seed: &[E],
        rule: Rule,
        visit: Option<Visit<E>>,
    ) -> Result<Vec<E>, P::Failure> {
        track.sweep(&self.place, layers, seed, rule, visit)
    }

    /// For each image the means of the planes of the gradient of `seed` at layer `to`, and the layer's planes added up with
    /// these as weights.
    ///
    /// # Errors
    /// No memory at the place.
    ///
    /// # Panics
    /// As for [`sweep`](Self::sweep), and where [`Place::WEIGHS`] is false.
    pub fn weighted(&self, track: &Track<E, P>, layers: [&str; 2], seed: &[E]) -> Result<[Vec<E>; 2], P::Failure> {
        track.weighted(&self.place, layers, seed)
    }

    /// The output of layer `name`, in C order, image after image.
    ///
    /// # Errors
    /// No memory at the place.
    ///
    /// # Panics
    /// If no layer is called so.
    pub fn values(&self, track: &Track<E, P>, name: &str) -> Result<Vec<E>, P::Failure> {
        track.values(&self.place, name)
    }

    /// The same of one image.
    ///
    /// # Errors
    /// No memory at the place.
    ///
    /// # Panics
    /// If no layer is called so.
    pub fn values_of(&self, track: &Track<E, P>, image: usize, name: &str) -> Result<Vec<E>, P::Failure> {
        track.values_of(&self.place, image, name)
    }
}

impl<E: Real, P: Place<E>> Layer<E, P> {
    fn all(place: &P, chain: Vec<Link<E>>) -> Result<Vec<Self>, P::Failure> {
        chain.into_iter().map(|link| Self::one(place, link)).collect()
    }

    fn one(place: &P, link: Link<E>) -> Result<Self, P::Failure> {
        Ok(match link {
            Link::Convolution { name, filter, bias, size } => {
                let filter = conv::channels_last(&filter.original(), size.outputs, size.inputs, size.kernel);
                Self::Convolution(name, Rc::new(place.filters(&filter, &bias, &size)?), size)
            }
            Link::Dense { name, weight, bias, reads } => {
                Self::Dense(name, Rc::new(place.matrix(&weight.widened(), &bias, reads)?), bias.len())
            }
            Link::Average { name } => Self::Average(name),
            Link::Relu { name, .. } => Self::Relu(name),
            Link::Pool { name, kernel, stride, ceil } => Self::Pool { name, kernel, stride, ceil },
            Link::Beside { branches: [a, b], join } => {
                Self::Beside { branches: [Self::all(place, a)?, Self::all(place, b)?], join }
            }
        })
    }
}
