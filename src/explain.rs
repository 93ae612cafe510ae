//! The explanation methods: from a network's pass over a photo to signed maps.

pub mod article;
pub mod cam;
mod diagnosis;
mod method;

use std::{cell::RefCell, collections::HashMap, sync::Arc};

pub use article::Article;
pub use method::Method;

use crate::{
    Error, Result,
    heatmap::{Edge, positive_over_max, upsample},
    model::{Classifier, Layer, Pass, Score, probabilities, ranking},
    nn::{Name, Rule},
    planes::Planes,
};

/// A map that says which parts of a photo a class score came from.
#[derive(Clone, Debug)]
pub struct Attribution {
    /// How it was computed.
    pub method: Method,
    /// The class explained.
    pub class: usize,
    /// The target layer, for methods that have one.
    pub layer: Option<Layer>,
    /// Signed values, as computed: 1 x h x w at the target layer's size for [`Method::GradCam`] and [`Method::Cam`];
    /// 3 x side x side in the input's channel order for the others.
    pub map: Arc<Planes>,
}

/// One photo in front of one network: a single forward pass that serves every method, class and layer.
pub struct Session {
    classifier: Arc<dyn Classifier>,
    pass: Box<dyn Pass>,
    side: usize,
    pixel_gradients: RefCell<HashMap<(Rule, usize), Arc<Planes>>>,
    grad_cams: RefCell<HashMap<(usize, Name), Arc<cam::GradCam>>>,
}

impl Session {
    /// Runs the network on `input` (3 x side x side numbers, as the network's input convention makes them).
    ///
    /// # Errors
    /// What [`Classifier::forward`] says.
    pub fn new(classifier: Arc<dyn Classifier>, input: &Planes) -> Result<Self> {
        let pass = classifier.forward(input)?;
        Ok(Self::of(classifier, pass, input.height))
    }

    /// Runs the network on several inputs, together.
    ///
    /// # Errors
    /// What [`Classifier::forward_all`] says.
    pub fn all(classifier: &Arc<dyn Classifier>, inputs: &[Planes]) -> Result<Vec<Self>> {
        let passes = classifier.forward_all(inputs)?;
        Ok(passes
            .into_iter()
            .zip(inputs)
            .map(|(pass, input)| Self::of(classifier.clone(), pass, input.height))
            .collect())
    }

    fn of(classifier: Arc<dyn Classifier>, pass: Box<dyn Pass>, side: usize) -> Self {
        let (pixel_gradients, grad_cams) = Default::default();
        Self { classifier, pass, side, pixel_gradients, grad_cams }
    }

    /// The pass itself: logits, activations, gradients of any score.
    pub fn pass(&self) -> &dyn Pass {
        &*self.pass
    }

    /// Softmax of the logits.
    pub fn probabilities(&self) -> Vec<f64> {
        probabilities(self.pass.logits())
    }

    /// The `count` classes of the highest logits, highest first.
    pub fn top(&self, count: usize) -> Vec<usize> {
        let mut order = ranking(self.pass.logits());
        order.truncate(count);
        order
    }

    /// The layer to map when asked for `name`, or the network's usual one.
    ///
    /// # Errors
    /// [`Error::UnknownLayer`], [`Error::NotSpatial`].
    pub fn target(&self, name: Option<&str>) -> Result<Layer> {
        self.classifier.target(name.unwrap_or_else(|| self.classifier.model().default_target())).cloned()
    }

    /// Explains the logit of `class` by `method`; `layer` is the target layer of the CAM methods.
    ///
    /// # Errors
    /// [`Error::UnknownClass`] beyond the network's classes, [`Error::NoCam`] where CAM is not defined.
    pub fn explain(&self, method: Method, class: usize, layer: &Layer) -> Result<Attribution> {
        let classes = self.classifier.classes();
        if class >= classes {
            return Err(Error::UnknownClass { query: class.to_string(), hint: format!("there are {classes}, from 0") });
        }
        let (map, layer) = match method {
            Method::GradCam => (self.grad_cam(class, layer)?.map.clone().into(), Some(layer.clone())),
            Method::Cam => {
                let planes = self.class_planes()?;
                (cam::cam(&self.pass.activation(&planes.name)?, class).into(), Some(planes))
            }
            Method::GuidedGradCam => (self.guided_grad_cam(class, layer)?.into(), Some(layer.clone())),
            Method::Gradient => (self.pixel_gradient(Rule::Gradient, class)?, None),
            Method::GuidedBackprop => (self.pixel_gradient(Rule::Guided, class)?, None),
            Method::Deconvnet => (self.pixel_gradient(Rule::Deconvnet, class)?, None),
        };
        Ok(Attribution { method, class, layer, map })
    }

    /// What speaks for class `a` rather than `b`: the map of `a` less the map of `b`, which is the map of the score
    /// difference, since both methods that can do this are linear in the score. No sweep beyond those of the two classes.
    ///
    /// # Errors
    /// [`Error::NoContrast`] but for Grad-CAM and CAM, [`Error::OneClass`] if it is twice the same, and what
    /// [`explain`](Self::explain) says.
    pub fn contrast(&self, method: Method, [a, b]: [usize; 2], layer: &Layer) -> Result<Attribution> {
        if method.is_fine() {
            return Err(Error::NoContrast { method });
        }
        if a == b {
            return Err(Error::OneClass);
        }
        let mut attribution = self.explain(method, a, layer)?;
        let other = self.explain(method, b, layer)?;
        for (value, less) in Arc::make_mut(&mut attribution.map).values.iter_mut().zip(&other.map.values) {
            *value -= less;
        }
        Ok(attribution)
    }

    /// Grad-CAM with its channel weights. Runs only the layers after `layer`, once for each class and layer.
    ///
    /// # Errors
    /// No memory.
    pub fn grad_cam(&self, class: usize, layer: &Layer) -> Result<Arc<cam::GradCam>> {
        remembered(&self.grad_cams, (class, layer.name.clone()), || {
            let score = Score::Logit(class);
            if let Some((alpha, map)) = self.pass.weighted(&score, &layer.name)? {
                return Ok(cam::GradCam { alpha, map });
            }
            let sums = self.pass.plane_sums(&score, Rule::Gradient, &layer.name)?;
            Ok(cam::from_sums(&self.pass.activation(&layer.name)?, sums))
        })
    }

    /// The gradient of `class`'s logit at the pixels under a ReLU rule, computed once for each.
    ///
    /// # Errors
    /// No memory.
    pub fn pixel_gradient(&self, rule: Rule, class: usize) -> Result<Arc<Planes>> {
        remembered(&self.pixel_gradients, (rule, class), || self.pass.gradient(&Score::Logit(class), rule, "input"))
    }

    /// Grad-CAM, rectified, over its maximum, half-pixel bilinear to the input's size, times guided backpropagation
    /// (arXiv 1610.02391, section 3.2).
    fn guided_grad_cam(&self, class: usize, layer: &Layer) -> Result<Planes> {
        let coarse = positive_over_max(&self.grad_cam(class, layer)?.map);
        let guided = self.pixel_gradient(Rule::Guided, class)?;
        Ok(cam::times(&upsample(&coarse, self.side, self.side, Edge::Clamp), &guided))
    }

    fn class_planes(&self) -> Result<Layer> {
        let model = self.classifier.model();
        let name = model.class_planes().ok_or(Error::NoCam { model })?;
        self.classifier.layer(name).cloned()
    }
}

/// The value kept under `key`, computed if there is none.
fn remembered<K: std::hash::Hash + Eq, V>(
    kept: &RefCell<HashMap<K, Arc<V>>>,
    key: K,
    compute: impl FnOnce() -> Result<V>,
) -> Result<Arc<V>> {
    if let Some(value) = kept.borrow().get(&key) {
        return Ok(value.clone());
    }
    let value = Arc::new(compute()?);
    kept.borrow_mut().insert(key, value.clone());
    Ok(value)
}
