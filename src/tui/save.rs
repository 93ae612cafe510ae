//! Writing what is shown into files.

use std::path::{Path, PathBuf};

use crate::{Result, scene::Scene};

/// Writes the map and the overlay of `scene` into `folder` as `PHOTO.CLASS.METHOD.map.png` and `.overlay.png`, numbered
/// where one of the two is already there.
///
/// # Errors
/// [`Error::Write`](crate::Error::Write).
pub fn save(folder: &Path, photo: &Path, scene: &Scene) -> Result<Vec<PathBuf>> {
    let stem = photo.file_stem().unwrap_or_default().to_string_lossy();
    let plain = format!("{stem}.{}.{}", scene.class.index, scene.method);
    let names = std::iter::once(plain.clone()).chain((2..).map(|n| format!("{plain}-{n}")));
    let files = |name: String| ["map", "overlay"].map(|kind| folder.join(format!("{name}.{kind}.png")));
    let free = |files: &[PathBuf; 2]| files.iter().all(|file| file.symlink_metadata().is_err());
    let files = names.map(files).find(free).expect("there are enough numbers");
    for (file, raster) in files.iter().zip([&scene.map, &scene.overlay]) {
        raster.write_png(file)?;
    }
    Ok(files.into())
}
