//! Every map between the network and the screen, by stage.

use super::{Request, Stage};
use crate::{
    Result,
    explain::{Attribution, Method, Session},
    heatmap::{Edge, magnitude, positive_over_max, signed_over_max_abs, upsample},
    model::Layer,
    planes::Planes,
};

/// One stage's numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// The stage.
    pub stage: Stage,
    /// Its numbers; channel weights are C x 1 x 1.
    pub planes: Planes,
}

/// The maps of `request` in the order in which one follows from the other, and the explanation as methods return it.
///
/// # Errors
/// What [`Session::explain`] says.
pub fn maps(session: &Session, request: &Request, layer: &Layer, side: usize) -> Result<(Vec<Map>, Attribution)> {
    let attribution = match request.against {
        Some(against) => session.contrast(request.method, [request.class, against], layer)?,
        None => session.explain(request.method, request.class, layer)?,
    };
    let mut maps = Vec::new();
    let mut add = |stage, planes| maps.push(Map { stage, planes });
    let coarse = match request.method {
        Method::GradCam | Method::GuidedGradCam => {
            let cam = session.grad_cam(request.class, layer)?;
            let mut alpha = cam.alpha.clone();
            if let Some(against) = request.against {
                let less = session.grad_cam(against, layer)?;
                alpha.iter_mut().zip(&less.alpha).for_each(|(alpha, less)| *alpha -= less);
            }
            add(Stage::ChannelWeights, Planes::new(alpha.len(), 1, 1, alpha));
            Some(if request.method.is_fine() { cam.map.clone() } else { (*attribution.map).clone() })
        }
        Method::Cam => Some((*attribution.map).clone()),
        Method::GuidedBackprop | Method::Gradient | Method::Deconvnet => None,
    };
    if let Some(coarse) = coarse {
        let diverging = request.colors().is_signed() && !request.method.is_fine();
        let normalised = if diverging { signed_over_max_abs(&coarse) } else { positive_over_max(&coarse) };
        let resized = upsample(&normalised, side, side, Edge::Clamp);
        add(Stage::RawMap, coarse);
        add(Stage::NormalisedMap, normalised);
        add(Stage::ResizedMap, resized);
    }
    if request.method.is_fine() {
        let stage = if request.method == Method::GuidedGradCam { Stage::GuidedProduct } else { Stage::RawMap };
        add(stage, (*attribution.map).clone());
        add(Stage::Magnitude, magnitude(&attribution.map));
    }
    Ok((maps, attribution))
}
