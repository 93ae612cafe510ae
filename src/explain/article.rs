//! The recipe of the article "How to visually explain any CNN-based model", step for step, so that its published
//! pictures can be reproduced and compared with the paper's method.
//!
//! It differs from the papers in three ways: what it differentiates is the *sum* of the target layer's output, no class
//! score; its weights are the means of the three channels of the guided gradient *at the pixels*, so they weigh only
//! the layer's first three channels; and its map starts at one instead of zero.

use super::{Session, cam};
use crate::{
    Result,
    heatmap::{Edge, positive_over_max, upsample},
    model::{Layer, Score},
    nn::Rule,
    planes::Planes,
};

/// The article's three maps.
#[derive(Clone, Debug, PartialEq)]
pub struct Article {
    /// Guided gradient of the sum of the target layer's output; 3 x side x side in the input's channel order.
    pub guided_backprop: Planes,
    /// One plus the first three channels of the target layer, each times a mean of the above; 1 x h x w.
    pub grad_cam: Planes,
    /// The positive part of `grad_cam` over its maximum, resized as scikit-image does, times `guided_backprop`.
    pub guided_grad_cam: Planes,
}

impl Session {
    /// The article's maps at `layer` (there: `block5_conv4`, which is `relu5_4`).
    ///
    /// # Errors
    /// No memory.
    pub fn article(&self, layer: &Layer) -> Result<Article> {
        let objective = Score::Sum(layer.name.to_string());
        let guided_backprop = self.pass.gradient(&objective, Rule::Guided, "input")?;
        let weights = cam::means(&guided_backprop);
        let grad_cam = cam::weighted_sum(&self.pass.activation(&layer.name)?, &weights).map(|v| 1.0 + v);
        let fine = upsample(&positive_over_max(&grad_cam), self.side, self.side, Edge::Mirror);
        let guided_grad_cam = cam::times(&fine, &guided_backprop);
        Ok(Article { guided_backprop, grad_cam, guided_grad_cam })
    }
}
