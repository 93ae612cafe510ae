//! Two maps side by side: how alike they are, and where they differ.
//!
//! Maps are compared as they are shown ([`Shown`]): positive parts, or signed values in diverging colours, each over its own
//! bound or over a common one. Maps of different sizes are brought to the larger one's, half-pixel bilinear.

use crate::{
    heatmap::Shown,
    planes::Planes,
    scene::Scene,
    verify::{Metrics, top_overlap},
};

/// How alike two maps are.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Likeness {
    /// Cosine of the angle between them, -1 to 1; none where one is blank.
    pub cosine: Option<f64>,
    /// Spearman's rank correlation, -1 to 1; none where one has the same value everywhere.
    pub rank_correlation: Option<f64>,
    /// Share of the highest tenth of positions that both have, 0 to 1.
    pub top_tenth: f64,
}

impl Likeness {
    /// Of two maps of any sizes.
    pub fn of(a: &Shown, b: &Shown) -> Self {
        let [a, b] = alike(a, b);
        let Metrics { cosine, rank_correlation, .. } = Metrics::of_maps(&a, &b);
        let top_tenth = top_overlap(&a.values, &b.values, a.values.len().div_ceil(10));
        Self { cosine, rank_correlation, top_tenth }
    }

    /// As `cosine 0.98, ranks 0.95, top tenth 87 %`.
    pub fn in_words(&self) -> String {
        let number = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), |v| format!("{v:.2}"));
        let (cosine, ranks) = (number(self.cosine), number(self.rank_correlation));
        format!("cosine {cosine}, ranks {ranks}, top tenth {:.0} %", self.top_tenth * 100.0)
    }
}

/// `a - b` as shown, at the larger of the two sizes: -1 to 1 for maps of positive parts, over the bounds of each, or
/// over the larger bound where they share a scale.
pub fn difference(a: &Shown, b: &Shown, shared: bool) -> Shown {
    let bound = if shared { a.bound.max(b.bound) } else { 1.0 };
    let [a, b] = if shared { [a.on_scale(bound), b.on_scale(bound)] } else { [a.clone(), b.clone()] };
    let [a, b] = alike(&a, &b);
    let values = a.values.iter().zip(&b.values).map(|(a, b)| a - b).collect();
    Shown { values: Planes::new(1, a.height, a.width, values), bound }
}

/// The bound that all of `scenes` share: the largest. Zero where all are blank.
pub fn common_bound<'s>(scenes: impl IntoIterator<Item = &'s Scene>) -> f64 {
    scenes.into_iter().fold(0.0, |bound: f64, scene| bound.max(scene.shown.bound))
}

/// Both maps at the larger one's size.
fn alike(a: &Shown, b: &Shown) -> [Planes; 2] {
    let height = a.values.height.max(b.values.height);
    let width = a.values.width.max(b.values.width);
    [a, b].map(|map| map.enlarged(height, width))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(side: usize, values: &[f64], bound: f64) -> Shown {
        Shown { values: Planes::new(1, side, side, values.to_vec()), bound }
    }

    #[test]
    fn a_map_is_wholly_like_itself_at_any_scale() {
        let a = map(2, &[0.0, 0.25, 0.5, 1.0], 3.0);
        let b = Shown { values: a.values.map(|v| v / 2.0), bound: 6.0 };
        let Likeness { cosine, rank_correlation, top_tenth } = Likeness::of(&a, &b);
        assert!((cosine.unwrap() - 1.0).abs() < 1e-12 && (rank_correlation.unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(top_tenth, 1.0);
        let upside_down = map(2, &[1.0, 0.5, 0.25, 0.0], 3.0);
        assert!(Likeness::of(&a, &upside_down).rank_correlation.unwrap() < -0.99);
        assert_eq!(Likeness::of(&a, &upside_down).top_tenth, 0.0);
    }

    #[test]
    fn a_blank_map_has_no_angle() {
        let (a, blank) = (map(1, &[1.0], 1.0), map(1, &[0.0], 0.0));
        assert_eq!(Likeness::of(&a, &blank).cosine, None);
        assert!(Likeness::of(&a, &blank).in_words().starts_with("cosine none"));
    }

    #[test]
    fn a_difference_is_signed_and_on_the_scale_asked_for() {
        let (a, b) = (map(1, &[1.0], 2.0), map(2, &[1.0, 1.0, 0.0, 0.5], 4.0));
        assert_eq!(difference(&a, &b, false).values.values, [0.0, 0.0, 1.0, 0.5]);
        let shared = difference(&a, &b, true);
        assert_eq!((shared.values.values.as_slice(), shared.bound), ([-0.5, -0.5, 0.5, 0.0].as_slice(), 4.0));
    }
}
