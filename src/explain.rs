//! The explanation methods: from a network's pass over a photo to signed maps.

/// A way of explaining a class score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// Grad-CAM: target-layer activations weighted by their mean gradient (arXiv 1610.02391, eq. 1 and 2).
    GradCam,
    /// Guided backpropagation (arXiv 1412.6806): each ReLU passes only positive gradients where its input was positive.
    GuidedBackprop,
    /// Grad-CAM upsampled to the input, times guided backpropagation (arXiv 1610.02391, section 3.2).
    GuidedGradCam,
    /// The plain gradient of the score at the input (arXiv 1312.6034).
    Gradient,
    /// Deconvnet (arXiv 1311.2901): each ReLU passes positive gradients, whatever its input was.
    Deconvnet,
    /// CAM (arXiv 1512.04150): the class's own plane before global average pooling.
    Cam,
}
