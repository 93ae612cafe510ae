//! Images on their way through a run of layers, one after the other, and back.

use std::{ops::Range, rc::Rc};

use dfdx::prelude::CpuError;

use super::{
    Link,
    done::{Done, image_back},
    flow::{Flow, Log},
};
use crate::nn::{
    Real,
    kernel::memory::Buffer,
    tape::{self, Find, Hidden, Sums, Sweep},
};

/// What each layer of a run did for one image.
type Image<E> = Vec<Done<E>>;

/// All images through the layers of `chain`: the outputs, the sizes of one, and, if anyone will go back, what each layer did.
pub fn through<E: Real>(
    chain: &[Link<E>],
    values: Buffer<E>,
    [batch, channels, height, width]: [usize; 4],
    keep: bool,
) -> (Vec<E>, [usize; 3], Vec<Image<E>>) {
    if batch > 1 {
        expect_several(chain);
    }
    // No images go through as one empty one, which finds out the sizes.
    let flows = if batch < 2 {
        vec![Flow::new(values, [batch, channels, height, width])]
    } else {
        let each = channels * height * width;
        (0..batch).map(|image| Flow::new(image_of(&values, image, each), [1, channels, height, width])).collect()
    };
    let (mut outputs, mut sizes, mut images) = (Vec::new(), [0; 3], Vec::new());
    for flow in flows {
        let mut log = Log::new(keep);
        let flow = flow.through(chain, &mut log);
        if outputs.is_empty() {
            outputs = flow.to_vec();
            outputs.reserve_exact(batch.saturating_sub(1) * outputs.len());
        } else {
            outputs.extend_from_slice(flow.values());
        }
        sizes.copy_from_slice(&flow.shape[1..]);
        images.push(log.entries);
    }
    (outputs, sizes, images)
}

/// Tells all convolutions that more than one image will come.
fn expect_several<E: Real>(chain: &[Link<E>]) {
    for link in chain {
        match link {
            Link::Convolution { filter, .. } => filter.expect_several(),
            Link::Beside { branches, .. } => branches.iter().for_each(|branch| expect_several(branch)),
            _ => {}
        }
    }
}

/// Image `image` of several, copied.
fn image_of<E: Real>(values: &[E], image: usize, each: usize) -> Buffer<E> {
    let mut copy = Buffer::to_keep(each);
    copy.copy_from_slice(&values[image * each..][..each]);
    copy
}

/// What a run left behind for the way back.
pub struct Run<E: Real> {
    images: Vec<Image<E>>,
    /// Where the gradients are: of the run's input, then of each layer's output.
    places: Vec<Find<E>>,
}

impl<E: Real> Run<E> {
    /// Of `images` between the places of the gradients of their input and output.
    pub fn new(images: Vec<Image<E>>, [first, last]: [Find<E>; 2]) -> Self {
        let count = images[0].len();
        let inner = (1..count).map(|_| tape::nowhere());
        Self { places: std::iter::once(first).chain(inner).chain([last]).collect(), images }
    }

    /// The layers with their outputs, for a tape.
    pub fn layers(run: &Rc<Self>, batch: usize) -> Vec<Hidden<E>> {
        let layer = |at: usize| {
            let done = &run.images[0][at];
            let (name, gradient) = (done.name.clone(), run.places[at + 1].clone());
            let sums = done.keeps_sums().then_some(Sums::Kept);
            let mut shape = done.shape.to_vec();
            shape[0] = batch;
            let run = run.clone();
            let values = Box::new(move || joined(&run.images, |image| (image[at].values)()));
            Hidden { name, shape, values, gradient, sums }
        };
        (0..run.images[0].len()).map(layer).collect()
    }

    /// Through `layers`, from the gradients of their outputs to those of what they read, one image after the other.
    ///
    /// # Errors
    /// What the look-ups of gradients return.
    pub fn back(&self, sweep: &mut Sweep<E>, layers: Range<usize>) -> Result<(), CpuError> {
        let rule = sweep.rule();
        let (outputs, inputs) = (&self.places[layers.start + 1..=layers.end], &self.places[..=layers.start]);
        sweep.carry(outputs, inputs, |mut up| {
            let mut down = vec![Vec::new(); inputs.len()];
            for (at, image) in self.images.iter().enumerate() {
                let mut places: Vec<_> = (0..=layers.end).map(|_| Buffer::default()).collect();
                for (place, up) in places[layers.start + 1..].iter_mut().zip(&mut up) {
                    *place = self.taken(at, up);
                }
                image_back(image, rule, &mut places, &layers);
                for (down, place) in down.iter_mut().zip(places) {
                    self.append(down, place);
                }
            }
            down
        })
    }

    /// The part of one image of a gradient: copied, unless there is one image.
    fn taken(&self, image: usize, gradient: &mut Vec<E>) -> Buffer<E> {
        if self.images.len() == 1 {
            return std::mem::take(gradient).into();
        }
        let each = gradient.len() / self.images.len();
        let mut part = Buffer::new(each);
        part.copy_from_slice(&gradient[image * each..][..each]);
        part
    }

    /// Appends the part of the next image.
    fn append(&self, gradient: &mut Vec<E>, part: Buffer<E>) {
        if self.images.len() == 1 {
            *gradient = part.into_vec();
            return;
        }
        if gradient.is_empty() {
            *gradient = Vec::with_capacity(self.images.len() * part.len());
        }
        gradient.extend_from_slice(&part);
    }
}

/// Images one behind the other.
fn joined<E: Real>(images: &[Image<E>], values: impl Fn(&Image<E>) -> Vec<E>) -> Vec<E> {
    let mut joined = values(&images[0]);
    joined.reserve_exact((images.len() - 1) * joined.len());
    images[1..].iter().for_each(|image| joined.append(&mut values(image)));
    joined
}
