//! Networks wired wrongly do not compile, and the compiler says which layer does not fit; the same network wired rightly does.
//!
//! The compiler is called much as cargo calls it, on the newest libraries that cargo has built beside this test. Its words are kept in
//! `compile_fail/*.snap`: `INSTA_UPDATE=always cargo test --test wiring` writes them anew.

#[path = "compile_pass/right.rs"]
#[expect(dead_code, reason = "that it compiles is the test")]
mod right;

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The compiler whose words the snapshots hold; others' may differ.
const RECORDED: &str = "rustc 1.95.";

/// The error for a library that another compiler made.
const OF_ANOTHER_COMPILER: &str = "E0514";

/// The libraries that the cases use, as cargo named them.
struct Libraries {
    folder: PathBuf,
    saltty: PathBuf,
    dfdx: PathBuf,
}

impl Libraries {
    /// The newest that this compiler can read. Older builds and others' may lie beside them.
    ///
    /// # Panics
    /// If a network wired rightly does not compile with them.
    fn find() -> Self {
        let folder = std::env::current_exe().unwrap().parent().unwrap().to_path_buf();
        let [saltty, dfdx] = ["saltty", "dfdx"].map(|name| built(&folder, name));
        let mut words = None;
        for saltty in &saltty {
            for dfdx in &dfdx {
                let libraries = Self { folder: folder.clone(), saltty: saltty.clone(), dfdx: dfdx.clone() };
                let output = libraries.compile(Path::new("tests/compile_pass/right.rs"));
                if output.status.success() {
                    return libraries;
                }
                let error = String::from_utf8_lossy(&output.stderr).into_owned();
                words = words.or(Some(error).filter(|error| !error.contains(OF_ANOTHER_COMPILER)));
            }
            assert!(words.is_none(), "a network wired rightly does not compile: {}", words.unwrap_or_default());
        }
        panic!("this compiler's libraries are not in {}", folder.display());
    }

    /// What the compiler makes of a case.
    fn compile(&self, case: &Path) -> Output {
        let library = |name: &str, file: &Path| format!("{name}={}", file.display());
        rustc()
            .args(["--edition=2024", "--crate-type=bin", "--emit=metadata", "--diagnostic-width=140"])
            .arg("--out-dir")
            .arg(env!("CARGO_TARGET_TMPDIR"))
            .arg("-L")
            .arg(library("dependency", &self.folder))
            .args(["--extern", &library("saltty", &self.saltty), "--extern", &library("dfdx", &self.dfdx)])
            .arg(case)
            .output()
            .expect("rustc runs")
    }
}

fn rustc() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// The libraries of this name in a folder of cargo's, the newest first.
fn built(folder: &Path, name: &str) -> Vec<PathBuf> {
    let start = format!("lib{name}-");
    let is_one = |file: &PathBuf| {
        let stem = file.file_stem().and_then(OsStr::to_str);
        file.extension() == Some(OsStr::new("rlib")) && stem.is_some_and(|stem| stem.starts_with(&start))
    };
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).filter(is_one).collect();
    files.sort_by_key(|file| std::cmp::Reverse(fs::metadata(file).and_then(|file| file.modified()).ok()));
    files
}

/// The wrong networks.
fn cases() -> Vec<PathBuf> {
    let files = fs::read_dir("tests/compile_fail").unwrap().map(|file| file.unwrap().path());
    let cases: Vec<PathBuf> = files.filter(|file| file.extension() == Some(OsStr::new("rs"))).collect();
    assert!(cases.len() >= 4, "{cases:?}");
    cases
}

/// The compiler's words without what differs from one machine, or from one line of saltty's sources, to the next.
fn plain(words: &str) -> String {
    let kept = words.lines().filter(|line| !line.contains("long-type") && !line.contains("consider using `--verbose`"));
    kept.map(|line| unplaced(line) + "\n").collect()
}

/// A line without its margin, whose width and numbers follow the lines of saltty's sources, and without folders and numbers in
/// a place among these.
fn unplaced(line: &str) -> String {
    let text = line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit());
    let text =
        if text.starts_with("--> ") || text.starts_with("::: ") { text.replace('\\', "/") } else { text.to_owned() };
    let Some(place) = text.strip_prefix("::: ") else { return text };
    let file = place.rsplit_once("src/").map_or(place, |(_, file)| file);
    format!("::: src/{}", file.split(':').next().unwrap())
}

#[test]
fn a_wrong_layer_order_does_not_compile() {
    let version = rustc().arg("--version").output().expect("rustc runs").stdout;
    let recorded = String::from_utf8_lossy(&version).starts_with(RECORDED);
    let libraries = Libraries::find();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("compile_fail");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for file in cases() {
        let output = libraries.compile(&file);
        let (case, words) = (file.file_stem().unwrap().to_str().unwrap(), String::from_utf8_lossy(&output.stderr));
        assert!(!output.status.success(), "{case}: a wrongly wired network compiles");
        assert!(words.contains("error[E"), "{case}: the compiler breaks off: {words}");
        if recorded {
            settings.bind(|| insta::assert_snapshot!(case, plain(&words)));
        }
    }
}
