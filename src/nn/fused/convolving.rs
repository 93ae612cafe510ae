//! A convolution at a place in a run.

use std::sync::Arc;

use super::{Link, flow::KEPT};
use crate::{
    fault,
    nn::{
        Name, Real,
        kernel::{conv, convolution::Convolution, memory::Buffer, relu::Open},
        window::slid,
    },
};

/// A convolution at a place in a run.
#[derive(Clone)]
pub struct Convolving<E: Real> {
    pub name: Name,
    pub filter: Arc<Convolution<E>>,
    pub bias: Arc<Vec<E>>,
    pub size: conv::Size,
    pub shape: [usize; 4],
}

impl<E: Real> Convolving<E> {
    pub fn new(link: &Link<E>, [batch, _, height, width]: [usize; 4]) -> Self {
        let Link::Convolution { name, filter, bias, size } = link else { unreachable!("a convolution") };
        let output = [height, width].map(|side| slid(side, size.kernel, size.stride, size.padding, false));
        let padding = fault::padding(name, size.padding);
        let size = conv::Size { batch, input: [height, width], output, padding, ..*size };
        let shape = [batch, size.outputs, output[0], output[1]];
        Self { name: name.clone(), filter: filter.clone(), bias: bias.clone(), size, shape }
    }

    /// Into `y`; which outputs of the rectifier are above zero, if there is one and that is to be noted.
    pub fn compute(&self, x: &[E], rectified: bool, noted: bool, y: &mut [E]) -> Option<Open> {
        if rectified && noted {
            return Some(self.filter.rectified(&self.size, x, &self.bias, y));
        }
        self.filter.forward(&self.size, x, &self.bias, rectified, y);
        None
    }

    pub fn again(&self, x: &[E], rectified: bool) -> Buffer<E> {
        let mut y = of_layer(self.size.output_len());
        self.compute(x, rectified, false, &mut y);
        y
    }
}

/// Memory for a layer's output, which is kept unless it is large.
pub fn of_layer<E: Real>(len: usize) -> Buffer<E> {
    if len <= KEPT { Buffer::to_keep(len) } else { Buffer::new(len) }
}
