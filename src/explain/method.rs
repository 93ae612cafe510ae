//! The methods by name.

use std::fmt;

/// A way of explaining a class score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, clap::ValueEnum)]
pub enum Method {
    /// Where: target-layer activations weighted by their mean gradients (arXiv 1610.02391).
    #[value(alias = "gradcam", alias = "grad_cam")]
    GradCam,
    /// Which pixels: the gradient with only positive parts passing each ReLU (arXiv 1412.6806).
    #[value(alias = "guided_backprop", alias = "guided-backpropagation", alias = "guided")]
    GuidedBackprop,
    /// Both: Grad-CAM enlarged, times guided backpropagation (arXiv 1610.02391).
    #[value(alias = "guided-gradcam", alias = "guided_gradcam", alias = "guided_grad_cam")]
    GuidedGradCam,
    /// The plain gradient of the score at the pixels (arXiv 1312.6034).
    Gradient,
    /// The gradient with positive parts passing each ReLU, whatever its input was (arXiv 1311.2901).
    Deconvnet,
    /// The class's own plane before global average pooling (arXiv 1512.04150); only networks that end so.
    Cam,
}

impl Method {
    /// All methods, the three of the article first.
    pub const ALL: [Self; 6] =
        [Self::GradCam, Self::GuidedBackprop, Self::GuidedGradCam, Self::Gradient, Self::Deconvnet, Self::Cam];

    /// Its name as people write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::GradCam => "Grad-CAM",
            Self::GuidedBackprop => "guided backpropagation",
            Self::GuidedGradCam => "guided Grad-CAM",
            Self::Gradient => "gradient",
            Self::Deconvnet => "deconvnet",
            Self::Cam => "CAM",
        }
    }

    /// Its name as options and file names spell it.
    pub fn id(self) -> &'static str {
        match self {
            Self::GradCam => "grad-cam",
            Self::GuidedBackprop => "guided-backprop",
            Self::GuidedGradCam => "guided-grad-cam",
            Self::Gradient => "gradient",
            Self::Deconvnet => "deconvnet",
            Self::Cam => "cam",
        }
    }

    /// What it shows, in one line.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::GradCam => "where the network looked for this class",
            Self::GuidedBackprop => "pixels that would raise the score along positive paths only",
            Self::GuidedGradCam => "those pixels, where the network looked for this class",
            Self::Gradient => "how the score changes with each pixel",
            Self::Deconvnet => "pixels reached by positive gradients alone",
            Self::Cam => "the score before it is averaged over the photo",
        }
    }

    /// What to keep in mind when reading it, if anything.
    pub fn caveat(self) -> Option<&'static str> {
        match self {
            Self::GuidedBackprop | Self::GuidedGradCam | Self::Deconvnet => Some(
                "hardly depends on the weights of the upper layers: fails the sanity checks of Adebayo et al. 2018",
            ),
            _ => None,
        }
    }

    /// Whether the choice of a target layer changes its map.
    pub fn has_target_layer(self) -> bool {
        matches!(self, Self::GradCam | Self::GuidedGradCam)
    }

    /// Whether its map has the pixels of the input (3 x side x side) rather than the cells of a layer.
    pub fn is_fine(self) -> bool {
        !matches!(self, Self::GradCam | Self::Cam)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}
