//! A network with all that belongs to it - input convention, class names, target layer - ready to explain photos.

use std::{path::Path, sync::Arc, time::Instant};

use crate::{
    Result,
    classes::ClassNames,
    device::Device,
    explain::{Attribution, Method, Session},
    heatmap::ColorMap,
    model::{Classifier, Layer, Model, Precision},
    nn::kernel::Kernels,
    photo::{self, Photo, Preprocess, Resize},
    raster::Raster,
    scene::{self, ClassScore, Scene},
    weights::{Origin, Weights},
};

/// What a person chose; everything else follows from the weights.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// The network; guessed from the weights if absent.
    pub model: Option<Model>,
    /// The weights' input convention, if not as the weights say.
    pub preprocess: Option<Preprocess>,
    /// How photos are made square, if not as the convention has it.
    pub resize: Option<Resize>,
    /// The target layer, if not the network's usual one.
    pub layer: Option<String>,
    /// The number type to compute in.
    pub precision: Precision,
    /// The kernels to compute with.
    pub kernels: Kernels,
    /// Where to compute.
    pub device: Device,
}

/// Classes that a scene lists: as many as a tall screen has rows for.
const LISTED: usize = 24;

/// One way to look at a photo.
#[derive(Clone, Copy, Debug)]
pub struct View<'l> {
    /// The method.
    pub method: Method,
    /// The class explained.
    pub class: usize,
    /// The class whose map is taken away, for a contrast.
    pub against: Option<usize>,
    /// Colours of the map.
    pub colors: ColorMap,
    /// The target layer.
    pub layer: &'l Layer,
}

/// A loaded network with its conventions.
pub struct Studio {
    classifier: Arc<dyn Classifier>,
    names: ClassNames,
    layer: Layer,
    preprocess: Preprocess,
    origin: Origin,
    resize: Resize,
    no_gpu: Option<String>,
}

/// A photo's map and scores, from which a [`Scene`] is painted. Unlike a [`Session`] it can go to another thread.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The map.
    pub attribution: Attribution,
    /// The likeliest classes, likeliest first.
    pub top: Vec<ClassScore>,
    /// The class explained.
    pub class: ClassScore,
    /// The class whose map was taken away, in a contrast.
    pub against: Option<ClassScore>,
    /// Why the map is blank or strange, if it is.
    pub note: Option<String>,
}

impl Explanation {
    /// Where the map was made: the target layer with the side of its ReLU, or the input.
    pub fn layer_in_words(&self) -> String {
        self.attribution.layer.as_ref().map_or_else(|| "the input's pixels".to_owned(), ToString::to_string)
    }
}

impl Studio {
    /// Loads the network from `weights`; `labels` are names for its classes, one a line.
    ///
    /// # Errors
    /// What is wrong with the weights, the labels or the layer's name.
    pub fn load(weights: Weights, choices: &Choices, labels: Option<&Path>) -> Result<Self> {
        let mut weights = weights.with_preprocess(choices.preprocess);
        let model = choices.model.or_else(|| weights.guess_model()).unwrap_or(Model::Vgg19);
        let classifier = model.load_on(&mut weights, choices.precision, choices.kernels, choices.device)?;
        let names = match labels {
            Some(path) => ClassNames::read(path, classifier.classes())?,
            None => ClassNames::for_count(classifier.classes()),
        };
        let wanted = choices.layer.as_deref().unwrap_or_else(|| model.default_target());
        let layer = classifier.target(wanted)?.clone();
        let preprocess = weights.preprocess();
        let resize = choices.resize.unwrap_or_else(|| preprocess.default_resize());
        Ok(Self { classifier, names, layer, preprocess, origin: weights.origin(), resize, no_gpu: None })
    }

    /// The same, which says in words that it is not on a GPU because of `reason`.
    #[must_use]
    pub fn without_gpu(self, reason: Option<String>) -> Self {
        Self { no_gpu: reason, ..self }
    }

    /// Why it is not on a GPU, if it could be expected to be.
    pub fn no_gpu(&self) -> Option<&str> {
        self.no_gpu.as_deref()
    }

    /// The network.
    pub fn classifier(&self) -> &Arc<dyn Classifier> {
        &self.classifier
    }

    /// Names of its classes.
    pub fn names(&self) -> &ClassNames {
        &self.names
    }

    /// The target layer of the CAM methods.
    pub fn layer(&self) -> &Layer {
        &self.layer
    }

    /// The input convention.
    pub fn preprocess(&self) -> Preprocess {
        self.preprocess
    }

    /// How photos are made square.
    pub fn resize(&self) -> Resize {
        self.resize
    }

    /// The input convention, where it comes from, and how photos are made square, in words; and the device, if it is
    /// not the processor or could be expected not to be.
    pub fn input_in_words(&self) -> String {
        let side = self.classifier.input_side();
        let device = match self.classifier.device() {
            Device::Cpu => self.no_gpu.as_ref().map_or_else(String::new, |reason| format!("; on the CPU: {reason}")),
            gpu @ Device::Cuda(_) => match gpu.described() {
                Some(name) => format!("; on {gpu}, {name}"),
                None => format!("; on {gpu}"),
            },
        };
        format!("{}, {} to {side}x{side}; {}{device}", self.preprocess.describe(), self.resize, self.origin.describe())
    }

    /// Makes `photo` square as this network sees it.
    pub fn fit(&self, photo: &Photo) -> Raster {
        photo::fit(&photo.raster, self.classifier.input_side(), self.resize)
    }

    /// Runs the network on a square made by [`fit`](Self::fit).
    ///
    /// # Errors
    /// What [`Classifier::forward`] says.
    pub fn session(&self, square: &Raster) -> Result<Session> {
        Session::new(self.classifier.clone(), &self.preprocess.planes(square))
    }

    /// Like [`session`](Self::session) for several squares, computed together.
    ///
    /// # Errors
    /// What [`Classifier::forward_all`] says.
    pub fn sessions(&self, squares: &[&Raster]) -> Result<Vec<Session>> {
        let inputs: Vec<_> = squares.iter().map(|square| self.preprocess.planes(square)).collect();
        Session::all(&self.classifier, &inputs)
    }

    /// Explains and paints. `since` is when the work began.
    ///
    /// # Errors
    /// What [`Session::explain`] says.
    pub fn scene(
        &self,
        square: &Raster,
        session: &Session,
        choice: (Method, usize, ColorMap),
        since: Instant,
    ) -> Result<Scene> {
        self.scene_at(square, session, choice, &self.layer, since)
    }

    /// Like [`scene`](Self::scene), at a target layer chosen now.
    ///
    /// # Errors
    /// What [`Session::explain`] says.
    pub fn scene_at(
        &self,
        square: &Raster,
        session: &Session,
        (method, class, colors): (Method, usize, ColorMap),
        layer: &Layer,
        since: Instant,
    ) -> Result<Scene> {
        self.view(square, session, &View { method, class, against: None, colors, layer }, since)
    }

    /// Like [`scene`](Self::scene), with everything chosen now. A contrast is shown in diverging colours.
    ///
    /// # Errors
    /// What [`Session::explain`] and [`Session::contrast`] say.
    pub fn view(&self, square: &Raster, session: &Session, view: &View, since: Instant) -> Result<Scene> {
        let View { method, class, against, layer, .. } = *view;
        let explanation = match against {
            Some(other) => self.contrast(session, method, [class, other], layer)?,
            None => self.explanation(session, method, class, layer)?,
        };
        let colors = if against.is_some() { ColorMap::Diverging } else { view.colors };
        Ok(self.paint(square, &explanation, colors, since.elapsed().as_secs_f64()))
    }

    /// Explains without painting.
    ///
    /// # Errors
    /// What [`Session::explain`] says.
    pub fn explanation(&self, session: &Session, method: Method, class: usize, layer: &Layer) -> Result<Explanation> {
        let attribution = session.explain(method, class, layer)?;
        let note = session.diagnose(&attribution)?;
        Ok(self.told(session, attribution, note, None))
    }

    fn contrast(&self, session: &Session, method: Method, classes: [usize; 2], layer: &Layer) -> Result<Explanation> {
        Ok(self.told(session, session.contrast(method, classes, layer)?, None, Some(classes[1])))
    }

    fn told(
        &self,
        session: &Session,
        attribution: Attribution,
        note: Option<String>,
        against: Option<usize>,
    ) -> Explanation {
        let score = |index| ClassScore::of(session, &self.names, index);
        Explanation {
            top: ClassScore::top(session, &self.names, LISTED),
            class: score(attribution.class),
            against: against.map(score),
            attribution,
            note,
        }
    }

    /// Paints what was explained of `square`; `seconds` is how long that took.
    pub fn paint(&self, square: &Raster, explanation: &Explanation, colors: ColorMap, seconds: f64) -> Scene {
        let Explanation { attribution, top, class, against, note } = explanation;
        let mut painting = scene::paint(attribution, square, colors, self.preprocess.rgb_order());
        if against.is_some() {
            painting = painting.of_contrast(square);
        }
        Scene {
            photo: square.clone(),
            map: painting.map,
            overlay: painting.overlay,
            top: top.clone(),
            class: class.clone(),
            against: against.clone(),
            method: attribution.method,
            colors,
            raw: (*attribution.map).clone(),
            shown: painting.shown,
            layer: explanation.layer_in_words(),
            model: self.classifier.model().to_string(),
            preprocess: self.input_in_words(),
            resize: self.resize,
            note: if against.is_some() { painting.note } else { note.clone() },
            seconds,
        }
    }
}
