//! What a network computes, layer by layer, for those who compute it by other means than its own modules.
//!
//! The steps come out of a network's type, so whoever follows them computes a network whose shapes were checked when
//! saltty was compiled.

use std::sync::Arc;

use super::{
    Name,
    fused::{Fused, Link, Links},
    kernel::dense::Weight,
};

/// One layer, or a run of parallel ones.
pub enum Step<E> {
    /// A layer that reads and writes maps.
    Link(Link<E>),
    /// A dense layer.
    Dense {
        /// Its name.
        name: Name,
        /// `O x I`, or `O x C x H x W`.
        weight: Weight<E>,
        /// One number an output.
        bias: Arc<Vec<E>>,
        /// What it reads, without the batch: features, or channels, height and width.
        reads: &'static [usize],
    },
    /// The mean of each plane.
    Average {
        /// Its name.
        name: Name,
    },
}

/// Networks and layers that can say what they compute.
pub trait Recipe<E> {
    /// Appends the steps in order.
    fn steps(&self, steps: &mut Vec<Step<E>>);
}

impl<E, L: Links<E>> Recipe<E> for Fused<L> {
    fn steps(&self, steps: &mut Vec<Step<E>>) {
        linked(&self.0, steps);
    }
}

/// Appends what `layers` are as links.
pub fn linked<E>(layers: &impl Links<E>, steps: &mut Vec<Step<E>>) {
    let mut chain = Vec::new();
    layers.links(&mut chain);
    steps.extend(chain.into_iter().map(Step::Link));
}

macro_rules! steps_tuple {
    ($($layer:ident $index:tt),+) => {
        impl<Real_, $($layer: Recipe<Real_>),+> Recipe<Real_> for ($($layer,)+) {
            fn steps(&self, steps: &mut Vec<Step<Real_>>) {
                $(self.$index.steps(steps);)+
            }
        }
    };
}
steps_tuple!(L1 0, L2 1);
steps_tuple!(L1 0, L2 1, L3 2);
steps_tuple!(L1 0, L2 1, L3 2, L4 3);
steps_tuple!(L1 0, L2 1, L3 2, L4 3, L5 4);
steps_tuple!(L1 0, L2 1, L3 2, L4 3, L5 4, L6 5);
