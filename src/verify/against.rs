//! Against an array that another tool made.

use std::path::Path;

use super::{Metrics, Report, StageReport, Verdict};
use crate::{
    Error, Result,
    arrays::{Array, Arrays},
    explain::Method,
    photo::Photo,
    planes::Planes,
    profile::Profile,
    record::{Limits, Stage},
    studio::Studio,
};

/// What to compare with what.
#[derive(Clone, Copy, Debug)]
pub struct Against<'a> {
    /// The file of arrays.
    pub file: &'a Path,
    /// The array in it; if absent, the only one, or the one called [`Profile::array_name`].
    pub array: Option<&'a str>,
    /// The tool that made it.
    pub profile: Profile,
    /// The method.
    pub method: Method,
    /// Limits of the relative distance; saltty's own if absent.
    pub limits: Option<Limits>,
}

/// float32 maps of the same weights agree to 1e-6 at a late layer; a flipped ReLU gate moves pixel maps by up to 1e-2.
const COARSE: Limits = Limits { within: 1e-4, broken: 1e-1 };
const FINE: Limits = Limits { within: 1e-2, broken: 1e-1 };

/// Explains `class` of the photo by the network of `studio`, applies the profile's rules, and compares with the array.
///
/// # Errors
/// What is wrong with the photo, the file or the array, or that the tool has no such method.
pub fn against(studio: &Studio, photo: &Photo, class: Option<usize>, asked: &Against) -> Result<Report> {
    let square = studio.fit(photo);
    let session = studio.session(&square)?;
    let class = class.unwrap_or_else(|| session.top(1)[0]);
    let class = studio.names().find(&class.to_string())?;
    let ours = asked.profile.map(&session, asked.method, class, studio.layer(), square.width)?;
    let arrays = Arrays::open(asked.file)?;
    let (name, array) = pick(&arrays, asked)?;
    let theirs = array.to_planes().map(|planes| oriented(planes, &ours)).filter(|planes| size(planes) == size(&ours));
    let theirs = theirs.ok_or_else(|| Error::Arrays {
        path: asked.file.to_owned(),
        reason: format!(
            "`{name}` is {:?}, but {} of {} is {:?} here; check the photo's size, the layer and --method",
            array.shape,
            asked.method,
            asked.profile,
            size(&ours)
        ),
    })?;
    let metrics = Metrics::of_maps(&theirs, &ours);
    let limits = asked.limits.unwrap_or(if asked.method.is_fine() { FINE } else { COARSE });
    let verdict = Verdict::of(theirs == ours, metrics.relative_l2, limits);
    let part = Some(format!("`{name}` by {}'s rules", asked.profile));
    let stage = if asked.method == Method::GuidedGradCam { Stage::GuidedProduct } else { Stage::RawMap };
    let stage = StageReport { stage, part, verdict, limits: Some(limits), metrics: Some(metrics), note: None };
    let what = format!("{} of {} ({class}) in {}", asked.method, studio.names().name(class), photo.path.display());
    Ok(Report::new(asked.file.to_owned(), what, None, vec![stage]))
}

/// The array asked for, the only one, or the one that bears the profile's name for the method.
fn pick<'f>(arrays: &'f Arrays, asked: &Against) -> Result<(&'f str, &'f Array)> {
    let names = arrays.names();
    let usual = || asked.profile.array_name(asked.method).filter(|usual| names.contains(usual));
    let only = || if let [only] = names[..] { Some(only) } else { None };
    let wanted = asked.array.or_else(only).or_else(usual);
    let found = wanted.and_then(|wanted| names.iter().find(|name| **name == wanted));
    let name = found.ok_or_else(|| Error::Arrays {
        path: asked.file.to_owned(),
        reason: match asked.array {
            Some(array) => format!("there is no `{array}` among {}", names.join(", ")),
            None if names.is_empty() => "it has no array of float32, float64 or 8-bit numbers".to_owned(),
            None => format!("say which one is meant with --array NAME: {}", names.join(", ")),
        },
    })?;
    Ok((name, &arrays.arrays[*name]))
}

fn size(planes: &Planes) -> [usize; 3] {
    [planes.channels, planes.height, planes.width]
}

/// `H x W x 3` as `3 x H x W`, where that is what `ours` is.
fn oriented(planes: Planes, ours: &Planes) -> Planes {
    let channels_last = planes.width == 3 && [planes.channels, planes.height] == [ours.height, ours.width];
    if !channels_last || ours.channels != 3 {
        return planes;
    }
    let area = ours.height * ours.width;
    let values = (0..3 * area).map(|at| planes.values[at % area * 3 + at / area]);
    Planes::new(3, ours.height, ours.width, values.collect())
}
