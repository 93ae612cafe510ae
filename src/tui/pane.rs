//! One pane: what it is wished to show, and what it shows.

use std::sync::Arc;

use super::graphics::Source;
use crate::{
    explain::Method,
    heatmap::{Blend, ColorMap},
    raster::Raster,
    scene::{CONTRAST, Scene},
};

/// Most panes side by side.
pub const MOST_PANES: usize = 6;

/// One of the pictures of a pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The photo as the network saw it.
    Photo,
    /// The map alone.
    Map,
    /// The map over the photo.
    Overlay,
}

/// What a pane is wished to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Which of the networks.
    pub network: usize,
    /// Which of the photos.
    pub photo: usize,
    /// A class for this photo alone.
    pub here: Option<usize>,
    /// A class for all photos.
    pub kept: Option<usize>,
    /// The class whose map is taken away.
    pub against: Option<usize>,
    /// The method.
    pub method: Method,
    /// Which of the network's layers.
    pub layer: usize,
    /// The colours of the map.
    pub colors: ColorMap,
}

impl Wish {
    /// The class wished for; the likeliest if none.
    pub fn class(&self) -> Option<usize> {
        self.here.or(self.kept)
    }

    /// Whether both ask for the same picture; the target layer counts only for methods that have one.
    pub fn asks_like(&self, other: &Self) -> bool {
        let layer = |wish: &Self| if wish.method.has_target_layer() { wish.layer } else { 0 };
        let plain = |wish: &Self| Self { here: wish.class(), kept: None, layer: layer(wish), ..wish.clone() };
        plain(self) == plain(other)
    }
}

/// A picture, and the wish that it was made for.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The wish.
    pub wish: Wish,
    /// What came of it.
    pub scene: Arc<Scene>,
}

/// A scene in other colours than its own: on a shared scale, blended otherwise, or for a screen without colours.
#[derive(Clone, Debug, PartialEq)]
pub struct Repainted {
    /// The map alone.
    pub map: Raster,
    /// The map over the photo.
    pub overlay: Raster,
}

/// How the panes are painted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paint {
    /// Tenths of the map in the blend; the article's overlay if none.
    pub opacity: Option<u8>,
    /// The bound of a shared scale.
    pub bound: Option<f64>,
    /// For a terminal without colours, where more must be brighter.
    pub plain: bool,
}

impl Paint {
    /// As the scene itself is.
    pub const OWN: Self = Self { opacity: None, bound: None, plain: false };

    /// How photo and map are added up.
    pub fn blend(self) -> Blend {
        self.opacity.map_or_else(Blend::default, |tenths| {
            let map = f64::from(tenths) / 10.0;
            Blend { photo: 1.0 - map, map }
        })
    }

    /// How photo and map of `scene` are added up: a contrast in its own way, unless an opacity is asked for.
    pub fn blend_of(self, scene: &Scene) -> Blend {
        if self.opacity.is_none() && scene.against.is_some() { CONTRAST } else { self.blend() }
    }

    /// What is shown in `colors` elsewhere.
    pub fn colors(self, colors: ColorMap) -> ColorMap {
        if self.plain { colors.without_colors() } else { colors }
    }

    /// The colours that values of `scene` have.
    pub fn colors_of(self, scene: &Scene) -> ColorMap {
        self.colors(scene.colors.of_sizes(scene.method.is_fine()))
    }

    /// `scene` so; nothing where it is so already.
    pub fn of(self, scene: &Scene) -> Option<Repainted> {
        let bound = self.bound.filter(|&bound| bound > 0.0 && bound != scene.shown.bound);
        let fine = scene.method.is_fine();
        let (colors, own) = (self.colors_of(scene), Self::OWN.colors_of(scene));
        if self.opacity.is_none() && bound.is_none() && colors == own {
            return None;
        }
        let shown = bound.map_or_else(|| scene.shown.clone(), |bound| scene.shown.on_scale(bound));
        // A coarse map on its own scale has its colours already.
        let has = bound.is_none() && !fine && colors == own;
        let painted = if has { scene.map.clone() } else { shown.paint(&scene.photo, colors) };
        let overlay = self.blend_of(scene).overlay(&scene.photo, &painted);
        Some(Repainted { map: if fine { scene.map.clone() } else { painted }, overlay })
    }
}

/// One of the panes.
#[derive(Clone, Debug)]
pub struct Pane {
    /// What is wanted.
    pub wish: Wish,
    /// The photo at hand, from when it is decoded until there is a picture.
    pub photo: Option<Arc<Raster>>,
    /// The latest picture.
    pub shown: Option<Shown>,
    /// The latest picture in the colours of the moment, where they are not its own.
    pub repainted: Option<Arc<Repainted>>,
    /// Why there is no picture of the photo at hand, or not the one wanted.
    pub failure: Option<String>,
}

impl Pane {
    /// Nothing to see yet.
    pub fn new(wish: Wish) -> Self {
        Self { wish, photo: None, shown: None, repainted: None, failure: None }
    }

    /// The picture of the wished photo by the wished network, if there is one.
    pub fn scene(&self) -> Option<&Arc<Scene>> {
        let (photo, network) = (self.wish.photo, self.wish.network);
        let current = |shown: &&Shown| (shown.wish.photo, shown.wish.network) == (photo, network);
        self.shown.as_ref().filter(current).map(|shown| &shown.scene)
    }

    /// Whether the picture is the one wished for.
    pub fn is_current(&self) -> bool {
        self.shown.as_ref().is_some_and(|shown| shown.wish.asks_like(&self.wish))
    }

    /// The picture of this kind as it is shown now, if there is one.
    pub fn source(&self, kind: Kind) -> Option<Source> {
        let Some(scene) = self.scene() else {
            return self.photo.clone().filter(|_| kind == Kind::Photo).map(Source::Photo);
        };
        Some(match &self.repainted {
            Some(painted) if kind != Kind::Photo => Source::Painted(painted.clone(), kind),
            _ => Source::Scene(scene.clone(), kind),
        })
    }

    /// Paints the picture as asked.
    pub fn repaint(&mut self, paint: Paint) {
        self.repainted = self.shown.as_ref().and_then(|shown| paint.of(&shown.scene)).map(Arc::new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_kept_for_all_photos_is_the_same_wish_as_one_chosen_here() {
        let method = Method::GradCam;
        let (network, photo, layer, colors) = (0, 0, 0, ColorMap::Jet);
        let here = Wish { network, photo, here: Some(3), kept: None, against: None, method, layer, colors };
        let kept = Wish { here: None, kept: Some(3), ..here.clone() };
        assert!(here.asks_like(&kept));
        assert!(!here.asks_like(&Wish { layer: 1, ..kept }));
    }

    #[test]
    fn no_opacity_is_the_articles_overlay() {
        assert_eq!(Paint::OWN.blend(), Blend::default());
        assert_eq!(Paint { opacity: Some(3), ..Paint::OWN }.blend(), Blend { photo: 0.7, map: 0.3 });
    }
}
