//! Finding what someone meant to type.

/// The `count` words nearest to `wanted` by edit distance, nearest first; none that differ in more than half of it.
pub fn nearest<'w>(wanted: &str, words: impl IntoIterator<Item = &'w str>, count: usize) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let limit = wanted.chars().count().div_ceil(2);
    let mut near: Vec<(usize, &str)> =
        words.into_iter().map(|word| (distance(&wanted, &word.to_lowercase()), word)).collect();
    near.retain(|&(distance, _)| distance <= limit);
    near.sort_by_key(|&(distance, _)| distance);
    near.into_iter().take(count).map(|(_, word)| word.to_owned()).collect()
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, &cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(nearest("relu5_5", ["conv1_1", "relu5_4", "pool5"], 1), ["relu5_4"]);
    }
}
