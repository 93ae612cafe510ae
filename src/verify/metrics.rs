//! How far apart two arrays are, in several ways that see different things.

use serde::Serialize;

use crate::{
    planes::Planes,
    record::{SAMPLED, Sample},
};

/// A place in a map or a layer, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// The channel, in a layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<usize>,
    /// Row from the top.
    pub row: usize,
    /// Column from the left.
    pub column: usize,
}

/// Distances and likenesses of what was recorded and what is now. Those that do not apply are absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Metrics {
    /// Whether distance and cosine are estimated from signatures (within about a third) rather than computed.
    pub estimated: bool,
    /// Of how many numbers of the layer the largest difference, the rank correlation, the overlap and the places of the
    /// largest values are, where they are of a sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampled: Option<usize>,
    /// Largest absolute difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_abs: Option<f64>,
    /// ||now - recorded|| / ||recorded||.
    pub relative_l2: f64,
    /// Cosine of the angle between the two, 1 where they point the same way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cosine: Option<f64>,
    /// Spearman's rank correlation, ties by their average rank.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank_correlation: Option<f64>,
    /// Share of the largest 1 % of positions that both have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_percent_overlap: Option<f64>,
    /// Where the largest value was and is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak: Option<[Cell; 2]>,
    /// The five highest classes then and now, where they changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top5: Option<[Vec<usize>; 2]>,
}

impl Metrics {
    /// Of two equally long arrays.
    pub fn of(recorded: &[f64], now: &[f64]) -> Self {
        let distance = norm(recorded.iter().zip(now).map(|(a, b)| a - b));
        Self {
            max_abs: Some(recorded.iter().zip(now).fold(0.0, |max, (a, b)| worse(max, (a - b).abs()))),
            relative_l2: relative(distance, norm(recorded.iter().copied())),
            cosine: cosine(recorded, now),
            ..Self::default()
        }
    }

    /// Of two equally large maps; of several planes, the largest size at each position counts for ranks and peaks.
    pub fn of_maps(recorded: &Planes, now: &Planes) -> Self {
        let [a, b] = [recorded, now].map(flat);
        let cell = |values: &[f64]| {
            let at = largest(values, 1).first().copied().unwrap_or(0);
            Cell { channel: None, row: at / recorded.width.max(1), column: at % recorded.width.max(1) }
        };
        Self {
            rank_correlation: rank_correlation(&a, &b),
            top_percent_overlap: Some(top_overlap(&a, &b, a.len().div_ceil(100))),
            peak: Some([cell(&a), cell(&b)]),
            ..Self::of(&recorded.values, &now.values)
        }
    }

    /// Of two samples of one layer; distance and cosine are of the samples too.
    pub fn of_samples(recorded: &Sample, now: &Sample) -> Self {
        let row = |sample: &Sample| Planes::new(1, 1, sample.values.len(), sample.values.clone());
        let metrics = Self::of_maps(&row(recorded), &row(now));
        let cell = |Cell { column, .. }: Cell| {
            let [channel, row, column] = recorded.place(column);
            Cell { channel: Some(channel), row, column }
        };
        let peak = metrics.peak.filter(|_| !recorded.values.is_empty()).map(|peak| peak.map(cell));
        let sampled = (recorded.values.len() == SAMPLED).then_some(SAMPLED);
        Self { sampled, peak, ..metrics }
    }
}

/// The larger; a NaN is worse than anything.
fn worse(a: f64, b: f64) -> f64 {
    if b.is_nan() || b > a { b } else { a }
}

/// One number a position: the plane itself, or the largest size of several.
fn flat(planes: &Planes) -> Vec<f64> {
    if planes.channels == 1 {
        return planes.values.clone();
    }
    let area = planes.height * planes.width;
    (0..area).map(|at| (0..planes.channels).fold(0.0, |max, c| worse(max, planes.plane(c)[at].abs()))).collect()
}

fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|v| v * v).sum::<f64>().sqrt()
}

/// `distance / size`: zero for no distance, infinite where something is where nothing was.
pub(super) fn relative(distance: f64, size: f64) -> f64 {
    if distance == 0.0 { 0.0 } else { distance / size }
}

fn cosine(a: &[f64], b: &[f64]) -> Option<f64> {
    let product: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    let sizes = norm(a.iter().copied()) * norm(b.iter().copied());
    (sizes > 0.0).then(|| (product / sizes).clamp(-1.0, 1.0))
}

/// The share of the `count` largest positions that `a` and `b`, equally long, have in common: 0 to 1.
pub fn top_overlap(a: &[f64], b: &[f64], count: usize) -> f64 {
    let [mut top_a, mut top_b] = [a, b].map(|values| largest(values, count));
    top_b.sort_unstable();
    top_a.retain(|at| top_b.binary_search(at).is_ok());
    top_a.len() as f64 / count.max(1) as f64
}

/// The positions of the `count` largest values, largest first; of equal values, the first.
pub fn largest(values: &[f64], count: usize) -> Vec<usize> {
    let falling = |a: &usize, b: &usize| values[*b].total_cmp(&values[*a]).then(a.cmp(b));
    let mut order: Vec<usize> = (0..values.len()).collect();
    if count < order.len() {
        order.select_nth_unstable_by(count, falling);
        order.truncate(count);
    }
    order.sort_by(falling);
    order
}

/// Spearman's: the correlation of ranks. None where all values of one are equal.
fn rank_correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    if a == b {
        return a.iter().any(|v| *v != a[0]).then_some(1.0);
    }
    let (a, b) = (ranks(a), ranks(b));
    let mean = f64::midpoint(a.len() as f64, 1.0);
    let [a, b] = [a, b].map(|ranks| ranks.into_iter().map(|rank| rank - mean).collect::<Vec<_>>());
    cosine(&a, &b)
}

/// Ranks from 1; equal values share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let equal = |at: &&usize| values[**at] == values[order[start]] || **at == order[start];
        let count = order[start..].iter().take_while(equal).count();
        let shared = start as f64 + f64::midpoint(count as f64, 1.0);
        order[start..start + count].iter().for_each(|&at| ranks[at] = shared);
        start += count;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_share_their_mean() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
    }

    /// `scipy.stats.spearmanr([1, 2, 2, 5, 9], [2, 1, 4, 4, 7])`.
    #[test]
    fn rank_correlation_is_scipys() {
        let rho = rank_correlation(&[1.0, 2.0, 2.0, 5.0, 9.0], &[2.0, 1.0, 4.0, 4.0, 7.0]).unwrap();
        assert!((rho - SPEARMAN).abs() < 1e-12, "{rho}");
        assert_eq!(rank_correlation(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(rank_correlation(&[1.0, 1.0], &[1.0, 1.0]), None);
        assert_eq!(rank_correlation(&[1.0, 2.0], &[1.0, 2.0]), Some(1.0));
    }

    #[test]
    fn of_equal_values_the_first_is_the_largest() {
        let values = [1.0, 3.0, 2.0, 3.0, -1.0];
        assert_eq!(largest(&values, 2), [1, 3]);
        assert_eq!(largest(&values, 3), [1, 3, 2]);
        assert_eq!(largest(&values, 9), [1, 3, 2, 0, 4]);
    }

    const SPEARMAN: f64 = 0.763_157_894_736_842_1;

    #[test]
    fn metrics_of_a_moved_peak() {
        let before = Planes::new(1, 2, 2, vec![0.0, 3.0, 0.0, 4.0]);
        let after = Planes::new(1, 2, 2, vec![0.0, 5.0, 0.0, 4.0]);
        let metrics = Metrics::of_maps(&before, &after);
        assert_eq!((metrics.max_abs, metrics.relative_l2), (Some(2.0), 0.4));
        let cell = |row, column| Cell { channel: None, row, column };
        assert_eq!(metrics.peak.unwrap(), [cell(1, 1), cell(0, 1)]);
        assert_eq!(metrics.top_percent_overlap, Some(0.0));
        let same = Metrics::of_maps(&before, &before);
        assert_eq!((same.relative_l2, same.cosine, same.top_percent_overlap), (0.0, Some(1.0), Some(1.0)));
    }

    #[test]
    fn maps_of_several_planes_are_ranked_by_the_largest_size_at_each_place() {
        let before = Planes::new(2, 1, 3, vec![1.0, -5.0, 2.0, -3.0, 0.0, 2.5]);
        let after = Planes::new(2, 1, 3, vec![1.0, 0.0, 2.0, -3.0, 0.0, 2.5]);
        assert_eq!((flat(&before), flat(&after)), (vec![3.0, 5.0, 2.5], vec![3.0, 0.0, 2.5]));
        let metrics = Metrics::of_maps(&before, &after);
        let cell = |column| Cell { channel: None, row: 0, column };
        assert_eq!((metrics.peak, metrics.max_abs), (Some([cell(1), cell(0)]), Some(5.0)));
        assert!((metrics.rank_correlation.unwrap() + 0.5).abs() < 1e-12, "ranks 2 3 1 and 3 1 2");
        let cosine = (1.0 + 4.0 + 9.0 + 6.25) / (45.25_f64.sqrt() * 20.25_f64.sqrt());
        assert!((metrics.cosine.unwrap() - cosine).abs() < 1e-12, "{metrics:?}");
        assert!((metrics.relative_l2 - 5.0 / 45.25_f64.sqrt()).abs() < 1e-12, "{metrics:?}");
    }

    #[test]
    fn one_percent_of_the_places_is_rounded_up() {
        let rising = Planes::new(1, 1, 250, (0..250).map(f64::from).collect());
        let moved = |at: usize| {
            let mut planes = rising.clone();
            planes.values[at] = 1000.0;
            planes
        };
        let overlap = |at| Metrics::of_maps(&rising, &moved(at)).top_percent_overlap;
        assert_eq!((overlap(247), overlap(0)), (Some(1.0), Some(2.0 / 3.0)), "three of 250 places");
        assert_eq!(top_overlap(&[], &[], 0), 0.0);
        assert_eq!(cosine(&[1.0, 2.0], &[0.0, 0.0]), None);
        assert_eq!(cosine(&[1.0, 0.0], &[-2.0, 0.0]), Some(-1.0));
    }

    /// Of a long layer the places of the largest numbers are those of the layer, and it is said that they are of a sample.
    #[test]
    fn samples_tell_of_the_layer() {
        let layer = |largest: usize| {
            let mut values = vec![0.0; 4 * 30 * 40];
            values[largest] = 7.0;
            Planes::new(4, 30, 40, values)
        };
        let sampled: Vec<usize> = crate::record::positions(4800).collect();
        let (first, second) = (sampled[3], sampled[900]);
        let samples = [first, second].map(|at| Sample::of(&layer(at)));
        let metrics = Metrics::of_samples(&samples[0], &samples[1]);
        let cell = |at: usize| Cell { channel: Some(at / 1200), row: at / 40 % 30, column: at % 40 };
        assert_eq!((metrics.sampled, metrics.peak), (Some(SAMPLED), Some([cell(first), cell(second)])));
        let short = Sample::of(&Planes::new(1, 1, 2, vec![1.0, 2.0]));
        let none = Sample::of(&Planes::new(0, 0, 0, Vec::new()));
        assert_eq!(Metrics::of_samples(&short, &short).sampled, None);
        assert_eq!(Metrics::of_samples(&none, &none).peak, None);
    }

    #[test]
    fn a_nan_is_worse_than_anything() {
        let metrics = Metrics::of(&[1.0, 2.0, 3.0], &[1.0, f64::NAN, 9.0]);
        assert!(metrics.relative_l2.is_nan() && metrics.max_abs.unwrap().is_nan());
        assert_eq!((worse(2.0, 1.0), worse(1.0, 2.0)), (2.0, 2.0));
        assert_eq!(relative(0.0, 0.0), 0.0);
        assert_eq!(relative(1.0, 0.0), f64::INFINITY);
    }
}
