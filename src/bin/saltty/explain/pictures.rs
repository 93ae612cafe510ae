//! PNG files of explanations.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use anyhow::Result;
use saltty::{
    explain::Article,
    heatmap::{self, ColorMap},
    planes::Planes,
    raster::Raster,
    scene::{self, Painting},
    studio::Studio,
};

use crate::output;

/// A folder that takes pictures, and the names it has given.
pub struct Pictures {
    folder: Option<PathBuf>,
    stems: HashSet<(String, PathBuf)>,
}

impl Pictures {
    /// Makes the folder, if there is to be one.
    pub fn new(folder: Option<&Path>) -> Result<Self> {
        if let Some(folder) = folder {
            output::make_folder(folder, "--png")?;
        }
        Ok(Self { folder: folder.map(Path::to_owned), stems: HashSet::new() })
    }

    /// `PHOTO.NAME.map.png` and `PHOTO.NAME.overlay.png`, the files of a map and its overlay; none without a folder.
    pub fn files(&mut self, photo: &Path, name: &str) -> Vec<PathBuf> {
        let Some(folder) = self.folder.clone() else { return Vec::new() };
        let stem = self.stem(photo);
        ["map", "overlay"].map(|kind| folder.join(format!("{stem}.{name}.{kind}.png"))).into()
    }

    /// The photo's name without its ending; numbered where another folder's photo already has it.
    fn stem(&mut self, photo: &Path) -> String {
        let plain = photo.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let names = std::iter::once(plain.clone()).chain((2..).map(|n| format!("{plain}-{n}")));
        let free = |stem: &String| {
            self.stems.contains(&(stem.clone(), photo.to_owned())) || self.stems.iter().all(|(taken, _)| taken != stem)
        };
        let stem = names.into_iter().find(free).expect("there are enough numbers");
        self.stems.insert((stem.clone(), photo.to_owned()));
        stem
    }
}

/// The article's three maps, painted.
pub fn article(studio: &Studio, article: &Article, photo: &Raster, colors: ColorMap) -> [(&'static str, Painting); 3] {
    let rgb = studio.preprocess().rgb_order();
    let fine = |map: &Planes| scene::paint_fine(map, photo, colors, rgb);
    [
        ("guided_backprop", fine(&article.guided_backprop)),
        ("grad_cam", article_coarse(&article.grad_cam, photo, colors)),
        ("guided_grad_cam", fine(&article.guided_grad_cam)),
    ]
}

/// The article resizes with scikit-image, which mirrors at the edge, and paints half the photo under the whole map.
fn article_coarse(map: &Planes, photo: &Raster, colors: ColorMap) -> Painting {
    let positive = heatmap::positive_over_max(map);
    let large = heatmap::upsample(&positive, photo.height, photo.width, heatmap::Edge::Mirror);
    let painted = colors.paint(&large);
    let overlay = heatmap::overlay(photo, &painted);
    let shown = heatmap::shown(map, false, ColorMap::Jet);
    Painting { map: painted, overlay, shown, note: heatmap::blank_reason(map) }
}
