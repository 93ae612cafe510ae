//! Where a file is, seen from a record.

use std::path::{Component, Path, PathBuf};

/// The way from the folder `from` to `file`, both of which exist, so that the two can be moved together; the whole path
/// of `file` where there is no way (another drive).
pub fn relative(file: &Path, from: &Path) -> PathBuf {
    let (Ok(file), Ok(from)) = (file.canonicalize(), from.canonicalize()) else { return file.to_owned() };
    let (to, base): (Vec<_>, Vec<_>) = (file.components().collect(), from.components().collect());
    let common = to.iter().zip(&base).take_while(|(a, b)| a == b).count();
    let rooted = |part: &&Component| matches!(part, Component::RootDir | Component::Prefix(_));
    if common == 0 || base[common..].iter().any(|part| rooted(&part)) {
        return file.clone();
    }
    let up = base[common..].iter().map(|_| Component::ParentDir);
    up.chain(to[common..].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_up_and_down() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let way = relative(&root.join("fixtures/cat.png"), &root.join("src/record"));
        assert_eq!(way, Path::new("../../fixtures/cat.png"));
        assert_eq!(relative(&root.join("Cargo.toml"), root), Path::new("Cargo.toml"));
    }
}
