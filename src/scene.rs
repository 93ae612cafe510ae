//! A photo explained and coloured: everything a screen or a page of text needs, and nothing of the network.

use crate::{
    classes::ClassNames,
    explain::{Attribution, Method, Session},
    heatmap::{self, Blend, ColorMap, Shown},
    model::Layer,
    photo::Resize,
    planes::Planes,
    raster::Raster,
};

/// One class with what the network thinks of it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ClassScore {
    /// Index in the network's output.
    pub index: usize,
    /// Name, or `class N` where the weights' classes are not known.
    pub name: String,
    /// Score before softmax.
    pub logit: f64,
    /// Softmax probability, 0 to 1.
    pub probability: f64,
}

impl ClassScore {
    /// What `session` says of class `index`.
    pub fn of(session: &Session, names: &ClassNames, index: usize) -> Self {
        let logit = session.pass().logits()[index];
        Self { index, name: names.name(index).to_owned(), logit, probability: session.probabilities()[index] }
    }

    /// The `count` likeliest classes, likeliest first.
    pub fn top(session: &Session, names: &ClassNames, count: usize) -> Vec<Self> {
        let probabilities = session.probabilities();
        let score = |index: usize| Self {
            index,
            name: names.name(index).to_owned(),
            logit: session.pass().logits()[index],
            probability: probabilities[index],
        };
        session.top(count).into_iter().map(score).collect()
    }
}

/// One photo, one class, one method: pictures and words for a screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// The photo as the network saw it.
    pub photo: Raster,
    /// The map alone, in colours, as large as `photo`.
    pub map: Raster,
    /// The map over the photo.
    pub overlay: Raster,
    /// The likeliest classes, likeliest first.
    pub top: Vec<ClassScore>,
    /// The class explained.
    pub class: ClassScore,
    /// The class whose map was taken away, in a contrast.
    pub against: Option<ClassScore>,
    /// The method used.
    pub method: Method,
    /// Colours of the map.
    pub colors: ColorMap,
    /// The signed values as computed: 1 x h x w at the target layer's size, or 3 x side x side.
    pub raw: Planes,
    /// The numbers behind the colours.
    pub shown: Shown,
    /// Name of the target layer, with which side of its ReLU it is.
    pub layer: String,
    /// Name of the network.
    pub model: String,
    /// How the pixels were turned into numbers, in words.
    pub preprocess: String,
    /// How the photo was made square.
    pub resize: Resize,
    /// Anything the person should know about this map (for example that it is blank and why).
    pub note: Option<String>,
    /// Seconds the explanation took.
    pub seconds: f64,
}

/// A map in colours, alone and over its photo.
#[derive(Clone, Debug, PartialEq)]
pub struct Painting {
    /// The map alone, as large as the photo.
    pub map: Raster,
    /// The map over the photo.
    pub overlay: Raster,
    /// The numbers behind the colours.
    pub shown: Shown,
    /// Why there is nothing to see, if there is not.
    pub note: Option<String>,
}

impl Scene {
    /// The layer's name without the side of its ReLU.
    pub fn layer_name(&self) -> &str {
        self.layer.split(' ').next().unwrap_or_default()
    }

    /// What its files are called, by [`file_name`].
    pub fn file_name(&self) -> String {
        file_name(self.class.index, self.against.as_ref().map(|class| class.index), self.method)
    }
}

/// What an explanation of `class`, less `against`, is called in the names of files: `285.grad-cam`, or
/// `285-minus-207.grad-cam`.
pub fn file_name(class: usize, against: Option<usize>, method: Method) -> String {
    let less = against.map_or_else(String::new, |class| format!("-minus-{class}"));
    format!("{class}{less}.{method}")
}

/// The overlay of a contrast. The article's, half the photo under all of the map, is white where diverging colours are, so
/// that nothing would be seen of either.
pub const CONTRAST: Blend = Blend { photo: 0.4, map: 0.6 };

impl Painting {
    /// The same over `photo` as contrasts are shown.
    #[must_use]
    pub fn of_contrast(self, photo: &Raster) -> Self {
        Self { overlay: CONTRAST.overlay(photo, &self.map), ..self }
    }
}

/// Colours `attribution` over `photo`, the network's own square of it. `rgb` says which planes of a pixel map are red,
/// green and blue.
pub fn paint(attribution: &Attribution, photo: &Raster, colors: ColorMap, rgb: [usize; 3]) -> Painting {
    if attribution.method.is_fine() {
        paint_fine(&attribution.map, photo, colors, rgb)
    } else {
        paint_coarse(&attribution.map, attribution.layer.as_ref(), photo, colors)
    }
}

/// A coarse map: its positive part over its maximum (or, in diverging colours, all of it over its largest size),
/// half-pixel bilinear to the photo's size.
pub fn paint_coarse(map: &Planes, layer: Option<&Layer>, photo: &Raster, colors: ColorMap) -> Painting {
    let shown = heatmap::shown(map, false, colors);
    let map_colors = shown.paint(photo, colors);
    let overlay = heatmap::overlay(photo, &map_colors);
    let note = heatmap::blank_reason(map).map(|reason| match layer {
        Some(layer) => format!("the map at {} is blank: {reason}", layer.name),
        None => format!("the map is blank: {reason}"),
    });
    Painting { map: map_colors, overlay, shown, note }
}

/// A pixel map: alone as pytorch-grad-cam shows it, over the photo by its size (largest channel over the 99th percentile).
pub fn paint_fine(map: &Planes, photo: &Raster, colors: ColorMap, rgb: [usize; 3]) -> Painting {
    let colors = colors.of_sizes(true);
    let shown = heatmap::shown(map, true, colors);
    let overlay = heatmap::overlay(photo, &shown.paint(photo, colors));
    let blank = map.values.iter().all(|&v| v == 0.0);
    let note = blank.then(|| "the map is blank: no gradient reaches the pixels".to_owned());
    Painting { map: heatmap::deprocess(map, rgb), overlay, shown, note }
}
