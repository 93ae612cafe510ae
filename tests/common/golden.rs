//! Golden pictures: equal within one level a channel, or a picture of the difference.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use image::{
    ExtendedColorType, ImageEncoder,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};
use saltty::{photo::Photo, raster::Raster};

use super::repository;

/// Compares `ours` with `golden/picture/NAME.png`; what differs, in words. With `SALTTY_BLESS` set, writes that file
/// and says so, which is a failure too: nobody should bless without looking.
pub fn compare(name: &str, ours: &Raster) -> Option<String> {
    let file = repository(&format!("golden/picture/{name}.png"));
    if env::var_os("SALTTY_BLESS").is_some_and(|set| !set.is_empty()) {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, small_png(ours)).unwrap();
        return Some(format!("{name} was blessed: look at it, then test again without SALTTY_BLESS"));
    }
    let Ok(theirs) = Photo::open(&file) else {
        return Some(format!("{name} has no {}: set SALTTY_BLESS=1 to write it", file.display()));
    };
    differ(name, ours, &theirs.raster)
}

/// `None` if no channel differs by more than one level.
pub fn differ(name: &str, ours: &Raster, theirs: &Raster) -> Option<String> {
    if (ours.width, ours.height) != (theirs.width, theirs.height) {
        return Some(format!("{name} is {}x{}, not {}x{}", ours.width, ours.height, theirs.width, theirs.height));
    }
    let off: Vec<u8> = ours.pixels.iter().zip(&theirs.pixels).map(|(a, b)| most(*a, *b)).collect();
    let (beyond, worst) = (off.iter().filter(|&&off| off > 1).count(), off.iter().max().copied().unwrap_or(0));
    if beyond == 0 {
        return None;
    }
    let at = off.iter().position(|&off| off == worst).unwrap();
    let (x, y) = (at % ours.width, at / ours.width);
    let shown = difference(name, ours, theirs, &off);
    Some(format!(
        "{name}: {beyond} of {} pixels differ by more than one level, by {worst} at column {x}, row {y} ({:?} is not \
         {:?}); ours, theirs and the difference side by side: {}",
        off.len(),
        ours.pixels[at],
        theirs.pixels[at],
        shown.display()
    ))
}

fn most(a: [u8; 3], b: [u8; 3]) -> u8 {
    (0..3).map(|c| a[c].abs_diff(b[c])).max().unwrap()
}

/// Ours, theirs and where they differ (white beyond one level, grey at one) in one picture.
fn difference(name: &str, ours: &Raster, theirs: &Raster, off: &[u8]) -> PathBuf {
    let marks = off.iter().map(|off| [[0; 3], [96; 3], [255; 3]][usize::from((*off).min(2))]).collect();
    let marks = Raster::new(ours.width, ours.height, marks);
    let row =
        |y: usize| [ours, theirs, &marks].into_iter().flat_map(move |r| r.pixels[y * r.width..][..r.width].iter());
    let pixels = (0..ours.height).flat_map(row).copied().collect();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.difference.png"));
    Raster::new(3 * ours.width, ours.height, pixels).write_png(&file).unwrap();
    file
}

/// The smallest PNG that the encoder can make, for the repository.
fn small_png(raster: &Raster) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive);
    let (width, height) = (raster.width as u32, raster.height as u32);
    encoder.write_image(raster.pixels.as_flattened(), width, height, ExtendedColorType::Rgb8).unwrap();
    bytes
}
