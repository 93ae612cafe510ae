//! Why a map shows nothing.

use crate::planes::Planes;

/// In words, why the map's positive part is blank or not to be trusted; `None` where there is something to see.
pub fn blank_reason(map: &Planes) -> Option<String> {
    let values = &map.values;
    if let Some(at) = values.iter().position(|v| v.is_nan()) {
        let (row, column) = (at % (map.height * map.width) / map.width, at % map.width);
        let count = values.iter().filter(|v| v.is_nan()).count();
        return Some(format!(
            "{count} of {} values are not numbers, the first at row {row}, column {column}",
            values.len()
        ));
    }
    let first = *values.first()?;
    if values.iter().all(|&v| v == 0.0) {
        return Some("every value is zero: no gradient reaches this layer, or it is dead".to_owned());
    }
    if values.iter().all(|&v| v <= 0.0) {
        return Some(
            "every value is negative: nothing at this layer speaks for the class, all of it against".to_owned(),
        );
    }
    values.iter().all(|&v| v == first).then(|| "every position has the same value".to_owned())
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
}
