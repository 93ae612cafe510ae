//! Reports in files, and changes that a person accepts.

use std::fs;

use serde_json::Value;

use crate::folder::{RECORD, first, recorded, saltty, told, verify};

#[test]
fn a_person_accepts_a_change_or_rejects_it_and_ci_never_accepts() {
    let folder = recorded("review");
    let manifest = folder.join(RECORD);
    let before = fs::read(&manifest).unwrap();
    let review = |answer: &str, ci: bool| {
        let mut command = saltty();
        command.arg("verify").arg(&folder).args(["--review", "--color", "never", "--width", "60"]);
        command.env("SALTTY_FAULT", "Alpha").write_stdin(answer);
        if ci {
            command.env("CI", "true");
        }
        let output = command.output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let (status, text) = review("y\n", true);
    assert!(status == 1 && text.contains("CI is set"), "{text}");
    for answer in ["n\n", "s\n", "q\n", "", "what?\nno\n"] {
        assert_eq!(review(answer, false).0, 1, "{answer:?}");
    }
    assert_eq!(fs::read(&manifest).unwrap(), before, "nothing was accepted");
    let (status, text) = review("y\n", false);
    assert!(status == 0 && text.contains("before") && text.contains("difference"), "{text}");
    let (status, json) = verify(saltty().env("SALTTY_FAULT", "Alpha"), &folder, &[]);
    assert_eq!((status, &json["verdict"]), (0, &Value::from("identical")), "the record now holds what was accepted");
}

#[test]
fn reports_go_where_they_are_sent() {
    let folder = recorded("reports");
    let (json, markdown) = (folder.join("report.json"), folder.join("report.md"));
    let mut command = saltty();
    command.arg("verify").arg(&folder).env("SALTTY_FAULT", "Alpha");
    command.arg("--json").arg(&json).arg("--markdown").arg(&markdown).assert().code(1);
    let json: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(first(&json), ("channel-weights", ""));
    let markdown = fs::read_to_string(markdown).unwrap();
    assert!(markdown.contains("| broken | channel weights |"), "{markdown}");
}

#[test]
fn a_report_that_cannot_be_written_is_a_status_of_2() {
    let folder = recorded("unwritable");
    for option in ["--json", "--markdown"] {
        let (status, out, told) = told(&mut saltty(), &folder, &[option, "/nonexistent/report"]);
        assert!(status == 2 && told.starts_with("error: cannot write /nonexistent/report: "), "{told}");
        assert!(told.lines().count() == 1 && out.contains("identical"), "what was compared is still told: {out}");
    }
}

#[test]
fn two_things_do_not_go_into_one_place() {
    let folder = recorded("one_place");
    for (arguments, words) in [
        (&["--json", "-", "--markdown", "-"][..], "--json and --markdown both write to standard output"),
        (&["--json", "report", "--markdown", "report"], "--json and --markdown both write to report"),
        (&["--review", "--json", "-"], "--review asks its questions on standard output"),
        (&["--review", "--markdown", "-"], "--review asks its questions on standard output"),
    ] {
        let (status, out, told) = told(&mut saltty(), &folder, arguments);
        assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}");
        assert!(told.starts_with(&format!("error: {words}")) && told.lines().count() == 1, "{told}");
    }
}

/// What a person tightened stays, and stays marked as not what saltty recorded.
#[test]
fn accepting_a_change_keeps_edited_tolerances_and_their_mark() {
    let folder = recorded("keeps_tolerances");
    let manifest = folder.join(RECORD);
    let text = fs::read_to_string(&manifest).unwrap();
    let at = text.find("[tolerances.logits]\nwithin = ").unwrap() + "[tolerances.logits]\nwithin = ".len();
    let end = at + text[at..].find('\n').unwrap();
    fs::write(&manifest, [&text[..at], "1e-9", &text[end..]].concat()).unwrap();
    let mut review = saltty();
    review.arg("verify").arg(&folder).args(["--review", "--color", "never"]).env("SALTTY_FAULT", "Alpha");
    let output = review.write_stdin("y\n").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("its edited tolerances stay, marked as edited"), "{text}");
    let (status, json) = verify(saltty().env("SALTTY_FAULT", "Alpha"), &folder, &[]);
    assert_eq!((status, &json["verdict"]), (0, &Value::from("identical")));
    assert_eq!(json["records"][0]["edited_tolerances"], true);
    let logits = json["records"][0]["stages"].as_array().unwrap().iter().find(|stage| stage["stage"] == "logits");
    assert_eq!(logits.unwrap()["limits"]["within"], 1e-9);
}
