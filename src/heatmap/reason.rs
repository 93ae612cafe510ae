//! Why a map shows nothing, or not what it seems to.

use std::fmt;

use crate::planes::Planes;

/// Cells at nine tenths of the maximum or more, of all, from which a map says little.
const FLAT: f64 = 0.5;

/// What is wrong with a map, judged by its numbers alone.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// Some values are not numbers.
    NotNumbers {
        /// How many.
        count: usize,
        /// Of how many.
        of: usize,
        /// Row of the first.
        row: usize,
        /// Column of the first.
        column: usize,
    },
    /// Every value is zero.
    Zero,
    /// No value is positive, some are negative.
    Negative,
    /// Every value is the same, and it is positive.
    Constant,
    /// This share of the cells, 0 to 1, is within a tenth of the maximum.
    Saturated(f64),
}

impl Reason {
    /// Whether nothing of the map's positive part can be seen.
    pub fn is_blank(&self) -> bool {
        !matches!(self, Self::Saturated(_))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNumbers { count, of, row, column } => {
                write!(f, "{count} of {of} values are not numbers, the first at row {row}, column {column}")
            }
            Self::Zero => f.write_str("every value is zero: no gradient reaches this layer, or it is dead"),
            Self::Negative => {
                f.write_str("every value is negative: nothing at this layer speaks for the class, all of it against")
            }
            Self::Constant => f.write_str("every position has the same value"),
            Self::Saturated(share) => {
                write!(
                    f,
                    "{:.0} % of it is within a tenth of its maximum, so it hardly tells places apart",
                    share * 100.0
                )
            }
        }
    }
}

/// What is wrong with a map by its numbers alone; `None` where there is something to see.
pub fn reason(map: &Planes) -> Option<Reason> {
    let values = &map.values;
    if let Some(at) = values.iter().position(|v| v.is_nan()) {
        let (row, column) = (at % (map.height * map.width) / map.width, at % map.width);
        let count = values.iter().filter(|v| v.is_nan()).count();
        return Some(Reason::NotNumbers { count, of: values.len(), row, column });
    }
    let first = *values.first()?;
    if values.iter().all(|&v| v == 0.0) {
        return Some(Reason::Zero);
    }
    if values.iter().all(|&v| v <= 0.0) {
        return Some(Reason::Negative);
    }
    if values.iter().all(|&v| v == first) {
        return Some(Reason::Constant);
    }
    let max = values.iter().copied().fold(0.0, f64::max);
    let high = values.iter().filter(|&&v| v >= 0.9 * max).count() as f64 / values.len() as f64;
    (map.channels == 1 && high >= FLAT).then_some(Reason::Saturated(high))
}

/// In words, why the map's positive part is blank or not to be trusted; `None` where there is something to see.
pub fn blank_reason(map: &Planes) -> Option<String> {
    reason(map).filter(Reason::is_blank).map(|reason| reason.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_blank_map_has_its_reason() {
        let reason = |values: &[f64]| blank_reason(&Planes::new(1, 1, values.len(), values.to_vec()));
        assert!(reason(&[0.0, 0.0]).unwrap().contains("zero"));
        assert!(reason(&[-1.0, 0.0]).unwrap().contains("negative"));
        assert!(reason(&[2.0, 2.0]).unwrap().contains("same value"));
        assert!(reason(&[1.0, f64::NAN]).unwrap().contains("column 1"));
        assert_eq!(reason(&[1.0, -1.0]), None);
    }

    #[test]
    fn a_map_that_is_high_everywhere_is_saturated_but_not_blank() {
        let map = Planes::new(1, 1, 4, vec![1.0, 0.95, 0.99, 0.1]);
        let found = reason(&map).unwrap();
        assert_eq!(found, Reason::Saturated(0.75));
        assert!(!found.is_blank() && found.to_string().contains("75 %"));
        assert_eq!(reason(&Planes::new(1, 1, 4, vec![1.0, 0.2, 0.3, 0.1])), None);
    }
}
