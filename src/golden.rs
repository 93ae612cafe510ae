//! Explanations as snapshots in your own `cargo test` (cargo feature `golden`).
//!
//! ```no_run
//! use saltty::{explain::Method, photo::Photo, studio::{Choices, Studio}, weights::Weights};
//!
//! # fn main() -> saltty::Result<()> {
//! let studio = Studio::load(Weights::embedded(), &Choices::default(), None)?;
//! let photo = Photo::open("fixtures/cat.png".as_ref())?;
//! let session = studio.session(&studio.fit(&photo))?;
//! let explanation = session.explain(Method::GradCam, 285, studio.layer())?;
//! saltty::assert_golden!("cat", &explanation);
//! # Ok(())
//! # }
//! ```
//!
//! The first run leaves the explanation to be looked at; one `cargo insta review` shows and accepts it, as any snapshot
//! of [insta](https://insta.rs), and `INSTA_UPDATE` works as always. An explanation is two snapshots, both compared before
//! the test fails: a page of text, for people, and the map itself in float32, which is what counts. They are compared with
//! a tolerance: maps by ||now - golden|| / ||golden||, numbers in the text by as much of the largest of them.
//! `examples/own_golden` is a complete project.

use std::{
    fmt::Write as _,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

#[doc(hidden)]
pub use insta;
use insta::{Comparator, Settings, Snapshot, internals::SnapshotContents};

use crate::{
    arrays::{Array, Arrays},
    explain::Attribution,
    heatmap::{Edge, positive_over_max, upsample},
    planes::Planes,
    profile::nearest,
    verify::Metrics,
};

/// Something that can be a golden explanation.
pub trait Golden {
    /// What it is, a fact a line, the same on every machine.
    fn facts(&self) -> Vec<(&'static str, String)>;

    /// Its map.
    fn map(&self) -> &Planes;

    /// The relative distance of maps that is tolerated unless the test says otherwise.
    fn tolerance(&self) -> f64 {
        1e-4
    }
}

impl Golden for Attribution {
    fn facts(&self) -> Vec<(&'static str, String)> {
        let layer = self.layer.as_ref().map_or_else(|| "the input's pixels".to_owned(), ToString::to_string);
        vec![("method", self.method.to_string()), ("class", self.class.to_string()), ("layer", layer)]
    }

    fn map(&self) -> &Planes {
        &self.map
    }

    /// 1e-4; 1e-2 for pixel maps, in which one ReLU gate that rounding flips moves more than that.
    fn tolerance(&self) -> f64 {
        if self.method.is_fine() { 1e-2 } else { 1e-4 }
    }
}

impl Golden for Planes {
    fn facts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn map(&self) -> &Planes {
        self
    }
}

/// Cells of the sketch in the page.
const SKETCH: usize = 14;

/// The page: facts, numbers that describe the map, and a sketch of its positive part from 0 to 9.
pub fn page(golden: &impl Golden) -> String {
    let map = golden.map();
    let metrics = Metrics::of_maps(map, map);
    let count = map.values.len() as f64;
    let mean = map.values.iter().sum::<f64>() / count;
    let [low, high] = [f64::min, f64::max].map(|pick| map.values.iter().copied().reduce(pick).unwrap_or(0.0));
    let norm = map.values.iter().map(|v| v * v).sum::<f64>().sqrt();
    let mut page = String::new();
    let mut line = |name: &str, value: String| writeln!(page, "{name:<8} {value}").expect("a string takes all");
    for (name, value) in golden.facts() {
        line(name, value);
    }
    line("size", format!("{}x{}x{}", map.channels, map.height, map.width));
    for (name, value) in [("lowest", low), ("highest", high), ("mean", mean), ("norm", norm)] {
        line(name, format!("{value:.5e}"));
    }
    if let Some([peak, _]) = metrics.peak {
        line("peak", format!("row {} column {}", peak.row, peak.column));
    }
    page + "\n" + &sketch(map)
}

/// Digits for the map's positive part over its maximum.
fn sketch(map: &Planes) -> String {
    let one = Planes::new(1, map.height, map.width, map.plane(0).to_vec());
    let (height, width) = (map.height.min(SKETCH), map.width.min(SKETCH));
    let positive = positive_over_max(&one);
    let small = if height < map.height {
        upsample(&positive, height, width, Edge::Clamp)
    } else {
        nearest(&positive, height, width)
    };
    let digit = |&v: &f64| if v > 0.0 { char::from(b'0' + (v * 9.0).round() as u8) } else { '.' };
    small.values.chunks(width.max(1)).map(|row| row.iter().map(digit).collect::<String>() + "\n").collect()
}

/// The map as the bytes of a safetensors file.
pub fn arrays(golden: &impl Golden) -> Vec<u8> {
    let map = golden.map();
    let mut arrays = Arrays::default();
    arrays.insert("map", Array::f32(&[map.channels, map.height, map.width], &map.values));
    arrays.to_safetensors()
}

/// The current settings of insta, comparing with a tolerance; snapshots are called as the test says, without its module.
pub fn settings(tolerance: f64) -> Settings {
    let mut settings = Settings::clone_current();
    settings.set_comparator(Box::new(Near { tolerance }));
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings
}

/// Makes both assertions and only then fails, so that one review sees all that changed.
#[doc(hidden)]
pub fn both(page: impl FnOnce(), map: impl FnOnce()) {
    let page = catch_unwind(AssertUnwindSafe(page));
    let map = catch_unwind(AssertUnwindSafe(map));
    if let Err(failure) = page.and(map) {
        resume_unwind(failure);
    }
}

/// Snapshots that are the same within a tolerance.
#[derive(Clone)]
struct Near {
    tolerance: f64,
}

impl Comparator for Near {
    fn matches(&self, reference: &Snapshot, test: &Snapshot) -> bool {
        match (reference.contents(), test.contents()) {
            (SnapshotContents::Binary(Some(golden)), SnapshotContents::Binary(Some(now))) => {
                golden == now || near_maps(golden, now, self.tolerance)
            }
            (SnapshotContents::Text(golden), SnapshotContents::Text(now)) => {
                near_texts(&golden.to_string(), &now.to_string(), self.tolerance)
            }
            _ => false,
        }
    }

    fn dyn_clone(&self) -> Box<dyn Comparator> {
        Box::new(self.clone())
    }
}

/// Whether the maps in two safetensors files are equally large and near each other.
fn near_maps(golden: &[u8], now: &[u8], tolerance: f64) -> bool {
    let [golden, now] = [golden, now].map(|bytes| Arrays::from_safetensors(bytes).ok()?.get("map").cloned());
    let (Some(golden), Some(now)) = (golden, now) else { return false };
    golden.shape == now.shape && Metrics::of(&golden.to_f64(), &now.to_f64()).relative_l2 <= tolerance
}

/// Whether two pages say the same, but for numbers (written with an exponent) that are as near as the largest of them is
/// large, and digits of the sketch, after the empty line, that are one apart.
fn near_texts(golden: &str, now: &str, tolerance: f64) -> bool {
    let number = |word: &str| word.parse::<f64>().ok().filter(|_| word.contains('e'));
    let size = golden.split_whitespace().filter_map(number).fold(0.0, |max: f64, v| max.max(v.abs()));
    let near = |a: &str, b: &str| {
        // The text itself is rounded to six digits.
        a == b || number(a).zip(number(b)).is_some_and(|(a, b)| (a - b).abs() <= (tolerance + 1e-5) * size)
    };
    let level = |c: u8| if c == b'.' { b'0' - 1 } else { c };
    let sketched = |a: &str, b: &str| {
        a.len() == b.len() && a.bytes().zip(b.bytes()).all(|(a, b)| level(a).abs_diff(level(b)) <= 1)
    };
    let [golden, now] = [golden, now].map(|page| page.split_once("\n\n").unwrap_or((page, "")));
    same_words(golden.0, now.0, near) && same_words(golden.1, now.1, sketched)
}

fn same_words(golden: &str, now: &str, same: impl Fn(&str, &str) -> bool) -> bool {
    let [golden, now] = [golden, now].map(|text| text.split_whitespace().collect::<Vec<_>>());
    golden.len() == now.len() && golden.iter().zip(now).all(|(a, b)| same(a, b))
}

/// Asserts that an explanation (any [`Golden`](crate::golden::Golden)) is still the one accepted under this name, which is
/// also the name of its files: `snapshots/NAME.snap` and `snapshots/NAME-map.snap.safetensors` beside the test.
///
/// `assert_golden!("cat", &explanation)` allows its usual tolerance, `assert_golden!("cat", &explanation, within = 1e-3)`
/// another: the relative distance ||now - golden|| / ||golden|| of the maps.
#[macro_export]
macro_rules! assert_golden {
    ($name:expr, $explanation:expr $(,)?) => {
        match $explanation {
            explanation => {
                $crate::assert_golden!($name, explanation, within = $crate::golden::Golden::tolerance(explanation))
            }
        }
    };
    ($name:expr, $explanation:expr, within = $tolerance:expr $(,)?) => {{
        let (name, explanation): (&str, _) = ($name, $explanation);
        $crate::golden::settings($tolerance).bind(|| {
            let page = || $crate::golden::insta::assert_snapshot!(name, $crate::golden::page(explanation));
            let file = format!("{}-map.safetensors", name.replace('.', "-"));
            let map = || $crate::golden::insta::assert_binary_snapshot!(&file, $crate::golden::arrays(explanation));
            $crate::golden::both(page, map);
        });
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(nudge: f64) -> Planes {
        Planes::new(1, 2, 2, vec![0.0, 1.0 + nudge, -3.0, 2.0])
    }

    #[test]
    fn small_changes_pass_and_larger_do_not() {
        for (nudge, passes) in [(0.0, true), (1e-5, true), (1e-2, false)] {
            let (golden, now) = (map(0.0), map(nudge));
            assert_eq!(near_maps(&arrays(&golden), &arrays(&now), 1e-4), passes, "map off by {nudge}");
            assert_eq!(near_texts(&page(&golden), &page(&now), 1e-4), passes, "page off by {nudge}");
        }
        assert!(!near_maps(&arrays(&map(0.0)), &arrays(&map(f64::NAN)), 1e-4));
        assert!(!near_maps(&arrays(&map(0.0)), &arrays(&Planes::new(1, 1, 4, map(0.0).values)), 1e-4));
    }

    #[test]
    fn words_and_places_must_be_the_same() {
        assert!(near_texts("norm 1.00000e0\n\n.09", "norm 1.00001e0\n\n009", 1e-4), "a digit of the sketch off by one");
        assert!(!near_texts("norm 1.0e0\n\n.09", "norm 1.0e0\n\n.29", 1e-4));
        assert!(!near_texts("layer fire9", "layer fire8", 1e-4));
        assert!(!near_texts("peak row 3 column 12", "peak row 3 column 13", 1e-4));
    }
}
