//! Writing what is shown into files.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{lens::Lens, model::Pictures, pane::Paint};
use crate::{
    Error, Result,
    arrays::{Array, Arrays},
    compare, files,
    heatmap::ColorMap,
    photo::{self, Photo, Resize},
    raster::{Raster, resample},
    scene::Scene,
};

/// Pixels a side beyond which pictures are not enlarged to their photo.
const LARGEST: usize = 2048;

/// One pane to be saved.
#[derive(Clone, Debug)]
pub struct Part {
    /// The photo's file.
    pub photo: PathBuf,
    /// What is shown.
    pub scene: Arc<Scene>,
    /// How it is painted.
    pub paint: Paint,
}

/// What is saved.
#[derive(Clone, Debug)]
pub enum Which {
    /// Map and overlay of the first part, each its own PNG.
    Maps,
    /// Everything visible in one PNG, over the photos at their full resolution.
    Picture {
        /// Which pictures of each part.
        pictures: Pictures,
        /// What is visible of them.
        lens: Lens,
        /// The part whose difference from the first is shown as well.
        difference: Option<usize>,
    },
    /// The numbers.
    Arrays,
    /// This text.
    Text(String),
}

/// Something to be saved.
#[derive(Clone, Debug)]
pub struct Take {
    /// The panes, at least one.
    pub parts: Vec<Part>,
    /// What of them.
    pub which: Which,
    /// What files are called instead of class and method.
    pub stem: Option<&'static str>,
}

/// Writes files into `folder`, called `PHOTO.CLASS.METHOD` and numbered where one of them is already there; says which.
///
/// # Errors
/// [`Error::Write`].
pub fn save(folder: &Path, take: &Take) -> Result<Vec<PathBuf>> {
    let Some(first) = take.parts.first() else { return Ok(Vec::new()) };
    let stem = first.photo.file_stem().unwrap_or_default().to_string_lossy();
    let plain = match take.stem {
        Some(stem_of_several) => format!("{stem}.{stem_of_several}"),
        None => format!("{stem}.{}", first.scene.file_name()),
    };
    let endings: &[&str] = match take.which {
        Which::Maps => &["map.png", "overlay.png"],
        Which::Picture { .. } => &["png"],
        Which::Arrays => &["safetensors"],
        Which::Text(_) => &["ansi"],
    };
    let files = free(folder, &plain, endings);
    let write = |path: &PathBuf, bytes: &[u8]| {
        files::write_atomically(path, bytes).map_err(|source| Error::Write { path: path.clone(), source })
    };
    match &take.which {
        Which::Maps => {
            let painted = first.paint.of(&first.scene);
            let (map, overlay) = match &painted {
                Some(painted) => (&painted.map, &painted.overlay),
                None => (&first.scene.map, &first.scene.overlay),
            };
            map.write_png(&files[0])?;
            overlay.write_png(&files[1])?;
        }
        Which::Picture { pictures, lens, difference } => {
            compose(&take.parts, *pictures, lens, *difference).write_png(&files[0])?;
        }
        Which::Arrays => write(&files[0], &arrays(&take.parts).to_safetensors())?,
        Which::Text(text) => write(&files[0], text.as_bytes())?,
    }
    Ok(files)
}

/// The first names of which none is taken.
pub fn free(folder: &Path, plain: &str, endings: &[&str]) -> Vec<PathBuf> {
    let names = std::iter::once(plain.to_owned()).chain((2..).map(|n| format!("{plain}-{n}")));
    let files = |name: String| -> Vec<PathBuf> {
        endings.iter().map(|ending| folder.join(format!("{name}.{ending}"))).collect()
    };
    let untaken = |files: &Vec<PathBuf>| files.iter().all(|file| file.symlink_metadata().is_err());
    names.map(files).find(untaken).expect("there are enough numbers")
}

/// All pictures side by side, over the photos at their full resolution, as high as the largest.
///
/// # Panics
/// Without parts.
pub fn compose(parts: &[Part], pictures: Pictures, lens: &Lens, difference: Option<usize>) -> Raster {
    let mut all: Vec<Raster> = Vec::new();
    for part in parts {
        all.extend(pictures_of(part, pictures));
    }
    if let Some(other) = difference.and_then(|at| parts.get(at)) {
        let shared = parts[0].paint.bound.is_some();
        let shown = compare::difference(&parts[0].scene.shown, &other.scene.shown, shared);
        all.push(shown.paint(&full(&parts[0]), ColorMap::Diverging));
    }
    let cut: Vec<Raster> = all.iter().map(|raster| lens.cut(raster).into_owned()).collect();
    beside(&cut)
}

fn pictures_of(part: &Part, pictures: Pictures) -> Vec<Raster> {
    let photo = full(part);
    let Part { scene, paint, .. } = part;
    let shown = paint.bound.map_or_else(|| scene.shown.clone(), |bound| scene.shown.on_scale(bound));
    let fine = scene.method.is_fine();
    let painted = shown.paint(&photo, Paint::OWN.colors_of(scene));
    let overlay = paint.blend_of(scene).overlay(&photo, &painted);
    // A pixel map alone is shown in its own way, by the pixels of the network.
    let map = if fine { resample::bilinear(&scene.map, photo.width, photo.height) } else { painted };
    match pictures {
        Pictures::All => vec![photo, map, overlay],
        Pictures::Overlay => vec![overlay],
        Pictures::Map => vec![map],
        Pictures::Photo => vec![photo],
    }
}

/// The photo's square in its own pixels; as the network saw it, where the file is gone.
fn full(part: &Part) -> Raster {
    let least = part.scene.photo.width;
    let Ok(photo) = Photo::open(&part.photo) else { return part.scene.photo.clone() };
    let (width, height) = (photo.raster.width, photo.raster.height);
    let side = match part.scene.resize {
        Resize::Crop => width.min(height),
        Resize::Stretch => width.max(height),
    };
    photo::fit(&photo.raster, side.clamp(least, LARGEST.max(least)), part.scene.resize)
}

fn beside(pictures: &[Raster]) -> Raster {
    const GAP: usize = 4;
    let height = pictures.iter().map(|picture| picture.height).max().unwrap_or(1);
    let scaled: Vec<Raster> = pictures
        .iter()
        .map(|picture| {
            let width = (picture.width * height).div_ceil(picture.height.max(1));
            resample::bilinear(picture, width, height)
        })
        .collect();
    let width = scaled.iter().map(|picture| picture.width + GAP).sum::<usize>() - GAP;
    let mut pixels = Vec::with_capacity(width * height);
    for row in 0..height {
        for (at, picture) in scaled.iter().enumerate() {
            pixels.extend(std::iter::repeat_n([255; 3], if at > 0 { GAP } else { 0 }));
            pixels.extend_from_slice(&picture.pixels[row * picture.width..][..picture.width]);
        }
    }
    Raster::new(width, height, pixels)
}

/// Of each pane the signed map, what is shown of it, and the photo as the network saw it.
fn arrays(parts: &[Part]) -> Arrays {
    let mut arrays = Arrays::default();
    for (number, Part { photo, scene, .. }) in (1..).zip(parts) {
        let name = |what: &str| if parts.len() == 1 { what.to_owned() } else { format!("pane{number}.{what}") };
        for (what, planes) in [("map", &scene.raw), ("shown", &scene.shown.values)] {
            let shape = [planes.channels, planes.height, planes.width];
            arrays.insert(&name(what), Array::f32(&shape, &planes.values));
        }
        let Raster { width, height, pixels } = &scene.photo;
        arrays.insert(&name("photo"), Array::u8(&[*height, *width, 3], pixels.as_flattened().to_vec()));
        let against = scene.against.as_ref().map_or_else(String::new, |class| format!(" minus {}", class.index));
        let words = format!("{} of class {}{against} at {}", scene.method, scene.class.index, scene.layer);
        arrays.metadata.insert(name("explained"), words);
        arrays.metadata.insert(name("network"), format!("{}, {}", scene.model, scene.preprocess));
        arrays.metadata.insert(name("file"), photo.display().to_string());
        arrays.metadata.insert(name("bound"), format!("{:e}", scene.shown.bound));
    }
    arrays
}
