//! Class activation maps: planes of a layer, weighted and added up.

use crate::{
    fault::{self, Fault},
    planes::Planes,
};

/// A Grad-CAM with what it was made of.
#[derive(Clone, Debug, PartialEq)]
pub struct GradCam {
    /// One weight a channel: the mean of the gradient over its positions (arXiv 1610.02391, equation 1).
    pub alpha: Vec<f64>,
    /// The weighted sum of the activations, signed, before the ReLU of equation 2; 1 x h x w.
    pub map: Planes,
}

/// Grad-CAM from a layer's activations and the gradient of the score there, both C x h x w.
///
/// # Panics
/// If their sizes differ.
pub fn grad_cam(activation: &Planes, gradient: &Planes) -> GradCam {
    assert_eq!(activation.values.len(), gradient.values.len(), "a gradient for each activation");
    from_sums(activation, sums(gradient))
}

/// Grad-CAM from a layer's activations, C x h x w, and the sum of each plane of the gradient of the score there.
///
/// # Panics
/// If there is not one sum a channel.
pub fn from_sums(activation: &Planes, sums: Vec<f64>) -> GradCam {
    assert_eq!(activation.channels, sums.len(), "a sum for each channel");
    let alpha = means_of(sums, activation.height * activation.width);
    let map = weighted_sum(activation, &alpha);
    GradCam { alpha, map }
}

/// The mean of each plane.
pub fn means(planes: &Planes) -> Vec<f64> {
    means_of(sums(planes), planes.height * planes.width)
}

fn means_of(sums: Vec<f64>, area: usize) -> Vec<f64> {
    let area = fault::swapped(Fault::Alpha, area as f64, 1.0);
    sums.into_iter().map(|sum| sum / area).collect()
}

fn sums(planes: &Planes) -> Vec<f64> {
    (0..planes.channels).map(|channel| planes.plane(channel).iter().sum()).collect()
}

/// The sum of the first `weights.len()` planes, each times its weight; 1 x h x w.
pub fn weighted_sum(planes: &Planes, weights: &[f64]) -> Planes {
    let mut sum = vec![0.0; planes.height * planes.width];
    for (channel, &weight) in weights.iter().enumerate() {
        for (sum, &a) in sum.iter_mut().zip(planes.plane(channel)) {
            *sum += weight * a;
        }
    }
    Planes::new(1, planes.height, planes.width, sum)
}

/// CAM (arXiv 1512.04150) where the last layer's planes are averaged into the scores: the class's own plane, whose mean
/// is its logit. (For a convolution before the average, as in SqueezeNet, that is the definition's sum over channels.)
pub fn cam(class_planes: &Planes, class: usize) -> Planes {
    Planes::new(1, class_planes.height, class_planes.width, class_planes.plane(class).to_vec())
}

/// Every plane of `planes` times the one plane of `map`, which is as large.
pub fn times(map: &Planes, planes: &Planes) -> Planes {
    let plane = |channel| planes.plane(channel).iter().zip(&map.values).map(|(v, m)| v * m);
    let mut values = Vec::with_capacity(planes.values.len());
    (0..planes.channels).for_each(|channel| values.extend(plane(channel)));
    Planes::new(planes.channels, planes.height, planes.width, values)
}
