//! A photo at a glance: the likeliest classes and a thumbnail, for lists of many photos, remembered on disk.

mod cache;

use std::path::Path;

pub use cache::Cache;

use crate::{
    Result,
    arrays::{Array, Arrays, Values},
    model::{probabilities, ranking},
    photo::Photo,
    raster::{Raster, resample},
    studio::Studio,
};

/// Pixels of a thumbnail's longer side.
pub const THUMBNAIL: usize = 32;
/// Classes remembered of each photo.
const REMEMBERED: usize = 5;

/// What a network says of a photo, and what the photo looks like.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The likeliest classes, likeliest first: index and probability.
    pub top: Vec<(usize, f64)>,
    /// The photo, small.
    pub thumbnail: Raster,
}

impl Finding {
    /// Decodes the photo whose file holds `bytes` and runs the network once.
    ///
    /// # Errors
    /// What is wrong with the photo.
    pub fn of(studio: &Studio, bytes: &[u8], path: &Path) -> Result<Self> {
        let photo = Photo::decode(bytes, path)?;
        let logits = studio.classifier().logits(&studio.preprocess().planes(&studio.fit(&photo)))?;
        let probabilities = probabilities(&logits);
        let top = ranking(&logits).into_iter().take(REMEMBERED).map(|class| (class, probabilities[class])).collect();
        let (width, height) = photo.raster.fitted(THUMBNAIL, THUMBNAIL);
        Ok(Self { top, thumbnail: resample::bilinear(&photo.raster, width, height) })
    }

    /// The likeliest class and its probability.
    pub fn likeliest(&self) -> Option<(usize, f64)> {
        self.top.first().copied()
    }

    /// The probability of `class`, 0 where it is not among the likeliest.
    pub fn probability(&self, class: usize) -> f64 {
        self.top.iter().find(|&&(index, _)| index == class).map_or(0.0, |&(_, probability)| probability)
    }

    /// As a small file.
    fn to_bytes(&self) -> Vec<u8> {
        let mut arrays = Arrays::default();
        let top = self.top.iter().flat_map(|&(class, probability)| [class as f64, probability]).collect();
        arrays.insert("top", Array::f64(&[self.top.len(), 2], top));
        let Raster { width, height, pixels } = &self.thumbnail;
        arrays.insert("thumbnail", Array::u8(&[*height, *width, 3], pixels.as_flattened().to_vec()));
        arrays.to_safetensors()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote; nothing where that is damaged.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let arrays = Arrays::from_safetensors(bytes).ok()?;
        let [thumbnail, top] = [arrays.get("thumbnail")?, arrays.get("top")?];
        let (&[height, width, 3], Values::U8(levels)) = (&thumbnail.shape[..], &thumbnail.values) else { return None };
        let sound = (1..=THUMBNAIL).contains(&width) && (1..=THUMBNAIL).contains(&height);
        let pairs = top.to_f64();
        let (pairs, []) = pairs.as_chunks::<2>() else { return None };
        let whole = pairs.iter().all(|[class, p]| class.fract() == 0.0 && *class >= 0.0 && (0.0..=1.0).contains(p));
        (sound && whole && !pairs.is_empty() && levels.len() == width * height * 3).then(|| Self {
            top: pairs.iter().map(|&[class, probability]| (class as usize, probability)).collect(),
            thumbnail: Raster::new(width, height, levels.as_chunks().0.to_vec()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_survives_its_file_and_damage_is_noticed() {
        let finding = Finding { top: vec![(285, 0.6), (7, 0.1)], thumbnail: Raster::filled(3, 2, [1, 2, 3]) };
        let bytes = finding.to_bytes();
        assert_eq!(Finding::from_bytes(&bytes), Some(finding.clone()));
        assert_eq!(Finding::from_bytes(&bytes[..bytes.len() - 4]), None);
        assert_eq!(Finding::from_bytes(b"no array"), None);
        let odd = Finding { top: vec![(285, 7.0)], ..finding };
        assert_eq!(Finding::from_bytes(&odd.to_bytes()), None);
    }
}
