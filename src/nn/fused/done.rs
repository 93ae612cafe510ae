//! What layers of a run did for one image, and their ways back.

use std::ops::Range;

use super::convolving::Convolving;
use crate::nn::{
    Name, Real, Rule,
    kernel::{
        concat,
        lanes::Level,
        memory, pool,
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
    Join {
        batch: usize,
        /// Numbers of each input.
        counts: [usize; 2],
    },
}

impl<E: Real> Done<E> {
    /// Whether the gradients of its input and output have the same sums of planes.
    pub fn keeps_sums(&self) -> bool {
        matches!(self.kind, Kind::Pool(..))
    }

    /// From the gradient of its output, under a rule for rectifiers, to that of each input.
    fn back(&self, rule: Option<Rule>, mut up: Vec<E>) -> Vec<Vec<E>> {
        match &self.kind {
            Kind::Convolution(work) => {
                let mut down = memory::take(work.size.input_len());
                work.filter.input_gradient(&work.size, &up, &mut down, true);
                memory::give(up);
                vec![down]
            }
            Kind::Rectifier(own, open) => {
                relu::gate(Level::best(), rule.unwrap_or(*own), open, &mut up);
                vec![up]
            }
            Kind::Pool(size, winners) => {
                let mut down = memory::take(size.input_len());
                pool::gated_gradient(Level::best(), size, winners, &up, None, &mut down);
                memory::give(up);
                vec![down]
            }
            Kind::Join { batch, counts } => concat::parts(*batch, *counts, up).into(),
        }
    }
}

/// One image's way back through `layers` of `image`, between gradients at all its `places`: of the run's input, then of each
/// layer's output.
pub fn image_back<E: Real>(image: &[Done<E>], rule: Option<Rule>, places: &mut [Vec<E>], layers: &Range<usize>) {
    for at in layers.clone().rev() {
        let up = std::mem::take(&mut places[at + 1]);
        if up.is_empty() {
            continue;
        }
        let before = before(image, places, at).filter(|&before| before >= layers.start);
        let (first, down) = several_back(image, rule, at, before, up);
        for (down, &by) in down.into_iter().zip(&image[first].reads) {
            add_to(&mut places[by], down);
        }
    }
}

/// The layer before layer `at`, if each of the two has to do with the other alone.
fn before<E: Real>(image: &[Done<E>], places: &[Vec<E>], at: usize) -> Option<usize> {
    let alone = image[at].reads == [at] && image[at + 1..].iter().all(|later| !later.reads.contains(&at));
    if alone && places[at].is_empty() { at.checked_sub(1) } else { None }
}

/// The way back through layer `at`, and at once through the gate of a rectifier before it: the first of these layers, and the
/// gradients of its inputs.
fn several_back<E: Real>(
    image: &[Done<E>],
    rule: Option<Rule>,
    at: usize,
    before: Option<usize>,
    up: Vec<E>,
) -> (usize, Vec<Vec<E>>) {
    let rectifier = before.and_then(|before| match &image[before].kind {
        Kind::Rectifier(own, open) => Some((before, (rule.unwrap_or(*own), open))),
        _ => None,
    });
    let down = match (&image[at].kind, rectifier) {
        (Kind::Convolution(work), Some((_, gate))) => {
            let mut down = memory::take(work.size.input_len());
            work.filter.gated_gradient(&work.size, &up, gate, &mut down);
            down
        }
        (Kind::Pool(size, winners), Some((_, gate))) => {
            let mut down = memory::take(size.input_len());
            pool::gated_gradient(Level::best(), size, winners, &up, Some(gate), &mut down);
            down
        }
        _ => return (at, image[at].back(rule, up)),
    };
    memory::give(up);
    (rectifier.map_or(at, |(before, _)| before), vec![down])
}
