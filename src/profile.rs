//! Other tools' rules, step for step: what they make of the same network's activations and gradients.
//!
//! Every tool calls its output Grad-CAM, but rectifies, normalises and enlarges in another order. A profile applies one
//! tool's steps to saltty's raw map, so that an array published with that tool can be checked. All three explain the
//! class's score as the network puts it out, which for saltty's networks is the logit; arrays made from a softmax output
//! are of another function, and will not agree.

mod resize;

use std::fmt;

pub use resize::{corner_aligned, nearest};

use crate::{
    Error, Result,
    explain::{Method, Session, cam},
    heatmap::{Edge, upsample},
    model::Layer,
    nn::Rule,
    planes::Planes,
};

/// A tool whose rules are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Profile {
    /// jacobgil's pytorch-grad-cam: rectified, min-max with 1e-7, enlarged as OpenCV does, min-max again.
    PytorchGradCam,
    /// Captum: the signed map as large as the layer; guided Grad-CAM by nearest pixels of the rectified map.
    Captum,
    /// tf-keras-vis: rectified, enlarged with aligned corners, min-max with 1e-7.
    TfKerasVis,
}

/// What pytorch-grad-cam and Keras add to a divisor.
const EPSILON: f64 = 1e-7;

impl Profile {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::PytorchGradCam, Self::Captum, Self::TfKerasVis];

    /// Its name, as options spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PytorchGradCam => "pytorch-grad-cam",
            Self::Captum => "captum",
            Self::TfKerasVis => "tf-keras-vis",
        }
    }

    /// The name of the array of `method` in a file that holds arrays of several tools: the tool's first, so that no other
    /// array is taken for it. None where the tool has no such method.
    pub fn array_name(self, method: Method) -> Option<&'static str> {
        Some(match (self, method) {
            (Self::PytorchGradCam, Method::GradCam) => "pgc_gradcam",
            (Self::PytorchGradCam, Method::GuidedBackprop) => "pgc_guided_backprop",
            (Self::PytorchGradCam, Method::GuidedGradCam) => "pgc_guided_gradcam",
            (Self::Captum, Method::GradCam) => "captum_layer_gradcam",
            (Self::Captum, Method::GuidedBackprop) => "captum_guided_backprop",
            (Self::Captum, Method::GuidedGradCam) => "captum_guided_gradcam_nearest",
            (Self::Captum, Method::Gradient) => "captum_saliency",
            (Self::Captum, Method::Deconvnet) => "captum_deconvolution",
            (Self::TfKerasVis, Method::GradCam) => "tf_keras_vis_gradcam",
            (Self::TfKerasVis, Method::Gradient) => "tf_keras_vis_saliency",
            _ => return None,
        })
    }

    /// The map of `method` as this tool returns it by default: one plane, or the input's three in their order.
    ///
    /// # Errors
    /// [`Error::NoProfile`] where the tool has no such method, and what [`Session::explain`] says.
    pub fn map(self, session: &Session, method: Method, class: usize, layer: &Layer, side: usize) -> Result<Planes> {
        let coarse = || Ok::<_, Error>(session.grad_cam(class, layer)?.map.clone());
        let fine = |rule| Ok::<_, Error>((*session.pixel_gradient(rule, class)?).clone());
        Ok(match (self, method) {
            (Self::PytorchGradCam, Method::GradCam) => pytorch_grad_cam(&coarse()?, side),
            (Self::Captum, Method::GradCam) => coarse()?,
            (Self::TfKerasVis, Method::GradCam) => {
                keras_normalized(&corner_aligned(&rectified(&coarse()?), side, side))
            }
            (Self::PytorchGradCam, Method::GuidedGradCam) => {
                cam::times(&pytorch_grad_cam(&coarse()?, side), &fine(Rule::Guided)?)
            }
            (Self::Captum, Method::GuidedGradCam) => {
                cam::times(&nearest(&rectified(&coarse()?), side, side), &fine(Rule::Guided)?)
            }
            (Self::PytorchGradCam | Self::Captum, Method::GuidedBackprop) => fine(Rule::Guided)?,
            (Self::Captum, Method::Deconvnet) => fine(Rule::Deconvnet)?,
            (Self::Captum, Method::Gradient) => fine(Rule::Gradient)?.map(f64::abs),
            (Self::TfKerasVis, Method::Gradient) => keras_normalized(&largest_size(&fine(Rule::Gradient)?)),
            (profile, method) => return Err(Error::NoProfile { profile, method }),
        })
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

fn rectified(map: &Planes) -> Planes {
    map.map(|v| if v.is_nan() { v } else { v.max(0.0) })
}

/// `BaseCAM.forward`: rectified and scaled at the layer's size, enlarged, rectified and scaled again.
fn pytorch_grad_cam(map: &Planes, side: usize) -> Planes {
    let large = upsample(&pytorch_scaled(&rectified(map)), side, side, Edge::Clamp);
    pytorch_scaled(&rectified(&large))
}

/// `scale_cam_image`: less the minimum, then over the maximum of that plus 1e-7.
fn pytorch_scaled(map: &Planes) -> Planes {
    let min = map.values.iter().copied().fold(f64::INFINITY, f64::min);
    let above = map.map(|v| v - min);
    let max = above.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    above.map(|v| v / (EPSILON + max))
}

/// `tf_keras_vis.utils.normalize`: less the minimum, over the range plus 1e-7.
fn keras_normalized(map: &Planes) -> Planes {
    let min = map.values.iter().copied().fold(f64::INFINITY, f64::min);
    let max = map.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    map.map(|v| (v - min) / (max - min + EPSILON))
}

/// The largest absolute value of the channels at each position.
fn largest_size(map: &Planes) -> Planes {
    let area = map.height * map.width;
    let largest = |at: usize| (0..map.channels).fold(0.0, |max: f64, c| max.max(map.plane(c)[at].abs()));
    Planes::new(1, map.height, map.width, (0..area).map(largest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_as_each_tool_does() {
        let map = Planes::new(1, 1, 3, vec![-1.0, 0.0, 3.0]);
        assert_eq!(pytorch_scaled(&map).values, [0.0, 1.0 / (4.0 + 1e-7), 4.0 / (4.0 + 1e-7)]);
        assert_eq!(keras_normalized(&map).values, [0.0, 1.0 / (4.0 + 1e-7), 4.0 / (4.0 + 1e-7)]);
        let flat = Planes::new(1, 1, 2, vec![0.0; 2]);
        assert_eq!(pytorch_scaled(&flat).values, [0.0; 2], "no NaN from a blank map");
    }
}
