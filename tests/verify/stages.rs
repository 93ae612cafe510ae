//! What is named as the first stage that diverges, and what as changed around it.

use std::fs;

use serde_json::Value;

use crate::{
    common::proof::Proof,
    folder::{RECORD, first, note, recorded, saltty, told, verify},
};

#[test]
fn nine_of_nine_planted_faults_are_found_where_they_are() {
    let folder = recorded("faults");
    let faults = [
        ("Resize", ("square", "")),
        ("Mean", ("input", "")),
        ("ChannelOrder", ("input", "")),
        ("Padding", ("activations", "fire5/expand3x3")),
        ("PoolTies", ("gradients", "fire5 (guided)")),
        ("GuidedGate", ("gradients", "fire9/expand3x3 (guided)")),
        ("Alpha", ("channel-weights", "")),
        ("Upsampling", ("resized-map", "")),
        ("Normalisation", ("normalised-map", "")),
    ];
    let mut proof = Proof::new("planted_faults");
    proof.line("planted faults, and the stage that saltty verify names");
    let mut found = 0;
    for (fault, stage) in faults {
        let (status, json) = verify(saltty().env("SALTTY_FAULT", fault), &folder, &[]);
        let (named, part) = first(&json);
        proof.line(format!("  {fault:14} {named:16} {part:24} {}", note(&json)).trim_end());
        found += usize::from((status, first(&json)) == (1, stage));
        if fault == "ChannelOrder" {
            assert!(note(&json).contains("another order"), "{}", note(&json));
        }
    }
    proof.line(format_args!("  {found} of {} named at their stages", faults.len()));
    assert_eq!(found, faults.len(), "faults named at their stages");
}

#[test]
fn a_record_made_by_one_thread_holds_bit_for_bit_with_two() {
    let (status, json) = verify(saltty().env("RAYON_NUM_THREADS", "2"), &recorded("threads"), &[]);
    assert_eq!((status, &json["verdict"]), (0, &Value::from("identical")));
    let changes = json["records"][0]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!([&changes[0]["what"], &changes[0]["recorded"], &changes[0]["now"]], ["threads", "1", "2"]);
}

#[test]
fn tolerances_can_be_tightened_and_that_is_said() {
    let folder = recorded("tolerances");
    let (status, json) = verify(&mut saltty(), &folder, &["--double"]);
    assert_eq!((status, &json["verdict"]), (0, &Value::from("within")));
    assert_eq!(json["records"][0]["edited_tolerances"], false);
    let manifest = folder.join(RECORD);
    let text = fs::read_to_string(&manifest).unwrap();
    let at = text.find("[tolerances.activations]\nwithin = ").unwrap() + "[tolerances.activations]\nwithin = ".len();
    let end = at + text[at..].find('\n').unwrap();
    fs::write(&manifest, format!("{}1e-12{}", &text[..at], &text[end..])).unwrap();
    let (status, json) = verify(&mut saltty(), &folder, &["--double"]);
    assert_eq!((status, first(&json), &json["verdict"]), (1, ("activations", "conv1"), &Value::from("drifted")));
    assert_eq!(json["records"][0]["edited_tolerances"], true);
    let changes = json["records"][0]["changes"].as_array().unwrap();
    assert!(changes.iter().any(|change| change["what"] == "dtype" && change["now"] == "float64"), "{changes:?}");
    fs::write(&manifest, text.replace("[tolerances.logits]\nwithin = ", "[tolerances.logits]\nwithin = -")).unwrap();
    saltty().arg("verify").arg(&folder).assert().code(2);
}

#[test]
fn other_kernels_than_recorded_are_used_and_named() {
    let folder = recorded("kernels");
    let (status, json) = verify(&mut saltty(), &folder, &["--kernels", "direct"]);
    assert_eq!((status, &json["verdict"]), (0, &Value::from("within")));
    let changes = json["records"][0]["changes"].as_array().unwrap();
    let kernels = changes.iter().find(|change| change["what"] == "kernels").expect("the kernels changed");
    assert_eq!([&kernels["recorded"], &kernels["now"]], ["winograd", "direct"]);
    let (status, json) = verify(&mut saltty(), &folder, &["--kernels", "winograd"]);
    assert_eq!((status, &json["verdict"]), (0, &Value::from("identical")));
}

/// Only who computed something again can say that it was in the same environment.
#[test]
fn the_environment_is_compared_only_where_something_was_computed() {
    let folder = recorded("environment");
    let same = "computed in the same environment";
    let mut faulty = saltty();
    faulty.env("SALTTY_FAULT", "Alpha").env("RAYON_NUM_THREADS", "1");
    let (status, out, _) = told(&mut faulty, &folder, &[]);
    assert!(status == 1 && out.contains(same), "{out}");
    let manifest = folder.join(RECORD);
    let text = fs::read_to_string(&manifest).unwrap().replace("class = 285", "class = 284");
    fs::write(&manifest, text).unwrap();
    for arguments in [&[][..], &["--markdown", "-"], &["--json", "-"]] {
        let (status, out, _) = told(&mut saltty(), &folder, arguments);
        assert!(status == 1 && !out.to_lowercase().contains(same), "{out}");
        assert!(!arguments.contains(&"--json") || out.contains("\"changes\": null"), "{out}");
    }
}

/// The numbers of every stage are compared in every way; of layers, by a sample, and that is said.
#[test]
fn every_stage_of_numbers_says_how_far_it_is_in_every_way() {
    let folder = recorded("ways");
    let (_, json) = verify(saltty().env("SALTTY_FAULT", "Mean"), &folder, &[]);
    let stages = json["records"][0]["stages"].as_array().unwrap();
    let metrics = |stage: &str, part: &str| {
        let wanted = |one: &&Value| one["stage"] == stage && one["part"].as_str().unwrap_or("") == part;
        &stages.iter().find(wanted).unwrap_or_else(|| panic!("no {stage} {part}"))["metrics"]
    };
    let ways = ["max_abs", "relative_l2", "cosine", "rank_correlation", "top_percent_overlap", "peak"];
    let layers = [("activations", "conv1"), ("gradients", "conv1 (guided)"), ("gradients", "fire9 (gradient)")];
    for (stage, part) in layers.into_iter().chain([("input", ""), ("raw-map", ""), ("guided-product", "")]) {
        let metrics = metrics(stage, part);
        assert!(ways.iter().all(|way| !metrics[way].is_null()), "{stage} {part}: {metrics}");
        let sampled = layers.contains(&(stage, part));
        assert_eq!((&metrics["estimated"], metrics["sampled"].as_u64()), (&sampled.into(), sampled.then_some(1024)));
        assert_eq!(metrics["peak"][0]["channel"].is_u64(), sampled, "{stage} {part}: {metrics}");
    }
    let farthest = metrics("input", "")["max_abs"].as_f64().unwrap();
    assert!((farthest - 123.68).abs() < 1e-4, "the largest mean, red's, was not subtracted: {farthest}");
    let (_, out, _) = told(saltty().env("SALTTY_FAULT", "Padding"), &folder, &[]);
    assert!(out.contains("first fire5/expand3x3; fire5/expand3x3: relative L2 about "), "{out}");
    assert!(out.contains("of a sample of 1024: rank correlation "), "{out}");
}
