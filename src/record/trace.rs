//! What was computed at every stage of one explanation: the same for a record being made and one being verified.

use super::{
    Manifest, Map, Signature, Stage, maps,
    signature::{put, take},
};
use crate::{
    Result,
    arrays::{Array, Arrays},
    explain::Method,
    files,
    heatmap::ColorMap,
    model::{Model, Score},
    nn::Rule,
    photo::{self, Photo, Preprocess, Resize},
    planes::Planes,
    raster::Raster,
    scene,
    studio::Studio,
    weights::Fingerprint,
};

/// What is to be explained and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Index of the class.
    pub class: usize,
    /// Index of the class whose map is taken away, for a contrast.
    pub against: Option<usize>,
    /// The method.
    pub method: Method,
    /// The target layer's name. CAM does not ask for one: a record of it names the layer that it looks at.
    pub layer: String,
    /// The colours.
    pub colors: ColorMap,
}

impl Request {
    /// The same, with the layer that the method looks at.
    pub(super) fn settled(&self, model: Model) -> Self {
        let own = model.class_planes().filter(|_| self.method == Method::Cam);
        Self { layer: own.unwrap_or(&self.layer).to_owned(), ..self.clone() }
    }

    /// What is explained: the logit of the class, or how far it is above the other's.
    fn score(&self, classes: usize) -> Score {
        let Some(against) = self.against else { return Score::Logit(self.class) };
        let weight = |index| f64::from(u8::from(index == self.class)) - f64::from(u8::from(index == against));
        Score::Logits((0..classes).map(weight).collect())
    }

    /// What its files are called, by [`scene::file_name`].
    pub fn name(&self) -> String {
        scene::file_name(self.class, self.against, self.method)
    }

    /// The colours of the map: a contrast is shown in diverging ones.
    pub(super) fn colors(&self) -> ColorMap {
        if self.against.is_some() { ColorMap::Diverging } else { self.colors }
    }
}

/// The stages before the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Front {
    /// Hash of the photo's file.
    pub photo_sha256: String,
    /// Columns and rows of the decoded photo.
    pub size: [usize; 2],
    /// Hash of its pixels.
    pub pixels_sha256: String,
    /// The square that the network sees.
    pub square: Raster,
    /// The network's input in brief.
    pub input: Signature,
    /// And whole, in float32.
    pub input_planes: Planes,
}

/// One backward sweep in brief.
#[derive(Clone, Debug, PartialEq)]
pub struct Swept {
    /// The rule of its ReLUs.
    pub rule: Rule,
    /// Where it ended.
    pub to: String,
    /// The gradient at each layer, in the order of the sweep.
    pub layers: Vec<(String, Signature)>,
}

/// The stages in the network and after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Back {
    /// Each layer's output in brief, in order of computation.
    pub activations: Vec<(String, Signature)>,
    /// The class scores.
    pub logits: Vec<f64>,
    /// Gradients, for each rule the method needs.
    pub sweeps: Vec<Swept>,
    /// Maps, in order.
    pub maps: Vec<Map>,
    /// The map in colours, and over its photo.
    pub colours: [Raster; 2],
}

/// All of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Before the network.
    pub front: Front,
    /// The weights.
    pub weights: Fingerprint,
    /// After that.
    pub back: Back,
}

impl Front {
    /// Decodes the photo whose file holds `bytes` and makes it the input of a network of `side` pixels.
    ///
    /// # Errors
    /// What [`Photo::decode`] says.
    pub fn of(
        bytes: &[u8],
        path: &std::path::Path,
        side: usize,
        (preprocess, resize): (Preprocess, Resize),
    ) -> Result<Self> {
        let photo = Photo::decode(bytes, path)?.raster;
        let square = photo::fit(&photo, side, resize);
        let input = preprocess.planes(&square);
        Ok(Self {
            photo_sha256: files::sha256(bytes),
            size: [photo.width, photo.height],
            pixels_sha256: files::sha256(photo.pixels.as_flattened()),
            input: Signature::of(&input),
            input_planes: input.map(|v| f64::from(v as f32)),
            square,
        })
    }
}

impl Back {
    /// Runs the network of `studio` on `square` and explains it.
    ///
    /// # Errors
    /// What the network or the method says.
    pub fn of(studio: &Studio, square: &Raster, request: &Request) -> Result<Self> {
        let session = studio.session(square)?;
        let pass = session.pass();
        let layer = studio.classifier().target(&request.layer)?.clone();
        let names = studio.classifier().layers().iter().map(|layer| layer.name.to_string());
        let signed = |name: String| Ok((name.clone(), Signature::of(&pass.activation(&name)?)));
        let activations = names.map(signed).collect::<Result<_>>()?;
        let score = request.score(studio.classifier().classes());
        let mut sweeps = Vec::new();
        for (rule, to) in needed(request.method, &layer.name) {
            let mut layers = Vec::new();
            let mut visit = |name: &str, gradient: Planes| layers.push((name.to_owned(), Signature::of(&gradient)));
            pass.gradients(&score, rule, to, &mut visit)?;
            sweeps.push(Swept { rule, to: to.to_owned(), layers });
        }
        let (maps, attribution) = maps(&session, request, &layer, square.width)?;
        let mut painting = scene::paint(&attribution, square, request.colors(), studio.preprocess().rgb_order());
        if request.against.is_some() {
            painting = painting.of_contrast(square);
        }
        let colours = [painting.map, painting.overlay];
        Ok(Self { activations, logits: pass.logits().to_vec(), sweeps, maps, colours })
    }
}

/// The sweeps that `method` needs, and how deep each goes.
fn needed(method: Method, layer: &str) -> Vec<(Rule, &str)> {
    match method {
        Method::GradCam => vec![(Rule::Gradient, layer)],
        Method::GuidedGradCam => vec![(Rule::Gradient, layer), (Rule::Guided, "input")],
        Method::GuidedBackprop => vec![(Rule::Guided, "input")],
        Method::Gradient => vec![(Rule::Gradient, "input")],
        Method::Deconvnet => vec![(Rule::Deconvnet, "input")],
        Method::Cam => Vec::new(),
    }
}

impl Trace {
    /// What of it goes into the arrays' file.
    pub fn arrays(&self) -> Arrays {
        let Self { front, back, .. } = self;
        let mut arrays = Arrays::default();
        arrays.insert("square", levels(&front.square));
        arrays.insert("input", whole(&front.input_planes));
        put(&mut arrays, "input", &[("input".to_owned(), front.input.clone())]);
        put(&mut arrays, "activations", &back.activations);
        arrays.insert("logits", Array::f64(&[back.logits.len()], back.logits.clone()));
        for swept in &back.sweeps {
            put(&mut arrays, &format!("gradients.{}", swept.rule), &swept.layers);
        }
        for Map { stage, planes } in &back.maps {
            arrays.insert(stage.id(), whole(planes));
        }
        for (name, colours) in ["colours.map", "colours.overlay"].into_iter().zip(&back.colours) {
            arrays.insert(name, levels(colours));
        }
        arrays
    }

    /// From a record's two files.
    ///
    /// # Errors
    /// The name of an array that is not there or has another size.
    pub fn from_record(manifest: &Manifest, arrays: &Arrays) -> Result<Self, String> {
        let array = |name: &str| arrays.get(name).ok_or_else(|| format!("array `{name}`"));
        let planes = |name: &str| array(name)?.to_planes().ok_or_else(|| format!("planes `{name}`"));
        let inputs = take(arrays, "input", &["input".to_owned()])?;
        let sweeps = manifest.sweeps.iter().map(|sweep| {
            let rule: Rule = sweep.rule.parse()?;
            let layers = take(arrays, &format!("gradients.{rule}"), &sweep.layers)?;
            Ok(Swept { rule, to: sweep.to.clone(), layers })
        });
        let maps = manifest.arrays.maps.iter().map(|id| {
            let stage = Stage::find(id).ok_or_else(|| format!("stage `{id}` that saltty knows"))?;
            Ok(Map { stage, planes: planes(id)? })
        });
        let (photo, weights) = (&manifest.photo, &manifest.weights);
        Ok(Self {
            front: Front {
                photo_sha256: photo.sha256.clone(),
                size: [photo.width, photo.height],
                pixels_sha256: photo.pixels_sha256.clone(),
                square: raster(array("square")?).ok_or("picture `square`")?,
                input: inputs[0].1.clone(),
                input_planes: planes("input")?,
            },
            weights: Fingerprint { sha256: weights.sha256.clone(), tensors: weights.tensors.clone() },
            back: Back {
                activations: take(arrays, "activations", &manifest.network.layers)?,
                logits: array("logits")?.to_f64(),
                sweeps: sweeps.collect::<Result<_, String>>()?,
                maps: maps.collect::<Result<_, String>>()?,
                colours: [
                    raster(array("colours.map")?).ok_or("picture `colours.map`")?,
                    raster(array("colours.overlay")?).ok_or("picture `colours.overlay`")?,
                ],
            },
        })
    }

    /// The stages that have tolerances.
    pub(super) fn stages(&self) -> Vec<Stage> {
        let always = [Stage::Square, Stage::Input, Stage::Activations, Stage::Logits, Stage::Gradients, Stage::Colours];
        always.into_iter().chain(self.back.maps.iter().map(|map| map.stage)).collect()
    }
}

fn whole(planes: &Planes) -> Array {
    Array::f32(&[planes.channels, planes.height, planes.width], &planes.values)
}

fn levels(raster: &Raster) -> Array {
    Array::u8(&[raster.height, raster.width, 3], raster.pixels.as_flattened().to_vec())
}

fn raster(array: &Array) -> Option<Raster> {
    match (&array.shape[..], &array.values) {
        (&[height, width, 3], crate::arrays::Values::U8(levels)) => {
            Some(Raster::new(width, height, levels.as_chunks().0.to_vec()))
        }
        _ => None,
    }
}
