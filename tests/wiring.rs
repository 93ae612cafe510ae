//! Networks wired wrongly do not compile; the same network wired rightly (in `right.rs`, part of this test) does.

#[path = "compile_pass/right.rs"]
#[expect(dead_code, reason = "that it compiles is the test")]
mod right;

use std::{fs, path::Path, process::Command};

/// The compiler whose words the `.stderr` files beside the cases hold.
const RECORDED: &str = "rustc 1.95.";

#[test]
fn a_wrong_layer_order_does_not_compile() {
    let version = Command::new("rustc").arg("--version").output().expect("rustc runs").stdout;
    if String::from_utf8_lossy(&version).starts_with(RECORDED) {
        return trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
    }
    let own = std::env::current_exe().expect("this test has a path");
    let mut test = Command::new(own);
    test.args(["--exact", "--ignored", "fails_in_whatever_words"]).env("TRYBUILD", "overwrite");
    assert!(test.status().expect("this test runs again").success(), "a wrongly wired network compiles");
}

/// With another compiler, whose words may differ, the cases run from a copy whose recorded words may be overwritten:
/// they must still fail to compile.
#[test]
#[ignore = "run by the test above, with another compiler"]
fn fails_in_whatever_words() {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile_fail");
    fs::create_dir_all(&copy).unwrap();
    for file in fs::read_dir("tests/compile_fail").unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|e| e == "rs") {
            fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
        }
    }
    trybuild::TestCases::new().compile_fail(copy.join("*.rs").to_str().unwrap());
}
