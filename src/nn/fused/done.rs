//! What layers of a run did for one image, and their ways back.

use std::ops::Range;

use super::convolving::Convolving;
use crate::nn::{
    Name, Real, Rule,
    kernel::{
        concat,
        lanes::Level,
        memory::Buffer,
        pool,
        relu::{self, Open},
    },
    tape::add_to,
};

/// What a layer did, for the tape.
pub struct Done<E: Real> {
    pub name: Name,
    pub shape: [usize; 4],
    /// Its output, computed anew each time if it was not kept.
    pub values: Box<dyn Fn() -> Vec<E>>,
    /// Who computed its inputs: 0 for the run's input, then the layers, counted from 1.
    pub reads: Vec<usize>,
    pub kind: Kind<E>,
}

/// What a layer is, with what it needs for the way back.
pub enum Kind<E: Real> {
    Convolution(Convolving<E>),
    /// Its own rule, and which of its outputs are above zero.
    Rectifier(Rule, Open),
    /// Its sizes, and where in its window each maximum was found.
    Pool(pool::Size, Vec<u8>),
    /// How many images, and the numbers of each input.
    Join(usize, [usize; 2]),
}

impl<E: Real> Done<E> {
    /// Whether the gradients of its input and output have the same sums of planes.
    pub fn keeps_sums(&self) -> bool {
        matches!(self.kind, Kind::Pool(..))
    }

    /// From the gradient of its output, under a rule for rectifiers, to that of each input; of a convolution or a pooling, to that
    /// of the input of the rectifier before it, if the gate of that is given.
    fn back(&self, rule: Option<Rule>, gate: Option<Gate>, mut up: Buffer<E>) -> Vec<Buffer<E>> {
        match &self.kind {
            Kind::Convolution(work) => {
                let mut down = Buffer::new(work.size.input_len());
                match gate {
                    Some(gate) => work.filter.gated_gradient(&work.size, &up, gate, &mut down),
                    None => work.filter.input_gradient(&work.size, &up, &mut down, true),
                }
                vec![down]
            }
            Kind::Pool(size, winners) => {
                let mut down = Buffer::new(size.input_len());
                pool::gated_gradient(Level::best(), size, winners, &up, gate, &mut down);
                vec![down]
            }
            Kind::Rectifier(own, open) => {
                relu::gate(Level::best(), rule.unwrap_or(*own), open, &mut up);
                vec![up]
            }
            Kind::Join(images, counts) => concat::parts(*images, *counts, up).into(),
        }
    }
}

/// A rectifier's rule, and which of its outputs are above zero.
type Gate<'a> = (Rule, &'a Open);

/// One image's way back through `layers` of `image`. `places` are its gradients at the run's input, then at each layer's output;
/// an empty one stands for zeros.
pub fn image_back<E: Real>(image: &[Done<E>], rule: Option<Rule>, places: &mut [Buffer<E>], layers: &Range<usize>) {
    for at in layers.clone().rev() {
        let up = std::mem::take(&mut places[at + 1]);
        if up.is_empty() {
            continue;
        }
        let rectifier = rectifier_before(image, places, at).filter(|(before, ..)| *before >= layers.start);
        let first = rectifier.map_or(at, |(before, ..)| before);
        let gate = rectifier.map(|(_, own, open)| (rule.unwrap_or(own), open));
        for (down, &by) in image[at].back(rule, gate, up).into_iter().zip(&image[first].reads) {
            add_to(&mut places[by], down);
        }
    }
}

/// The rectifier before layer `at`, its own rule and its gates, if `at` can go back through these at once: a convolution or a
/// pooling that is the only one to read it.
fn rectifier_before<'a, E: Real>(
    image: &'a [Done<E>],
    places: &[Buffer<E>],
    at: usize,
) -> Option<(usize, Rule, &'a Open)> {
    let before = at.checked_sub(1)?;
    let Kind::Rectifier(own, open) = &image[before].kind else { return None };
    let alone = image[at].reads == [at] && image[at + 1..].iter().all(|later| !later.reads.contains(&at));
    let suits = matches!(image[at].kind, Kind::Convolution(_) | Kind::Pool(..));
    (alone && suits && places[at].is_empty()).then_some((before, *own, open))
}
