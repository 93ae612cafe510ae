//! What reports look like, from a made-up one that has everything.

use saltty::{
    record::{Change, Limits, Stage},
    verify::{Cell, Divergence, Failure, Metrics, Report, StageReport, Summary, Verdict, markdown, text},
};

fn stage(stage: Stage, part: Option<&str>, verdict: Verdict, metrics: Option<Metrics>) -> StageReport {
    let limits = metrics.is_some().then_some(Limits { within: 1e-5, broken: 1e-2 });
    StageReport { stage, part: part.map(str::to_owned), verdict, limits, metrics, note: None }
}

fn cell(channel: Option<usize>, column: usize) -> Cell {
    Cell { channel, row: 3, column }
}

/// What is told of a layer of which a sample was kept.
fn sampled() -> Metrics {
    let peak = Some([cell(Some(63), 4), cell(Some(0), 5)]);
    Metrics { estimated: true, sampled: Some(1024), relative_l2: 3e-4, cosine: Some(0.9997), peak, ..far() }
}

fn near(relative_l2: f64) -> Metrics {
    Metrics { estimated: true, relative_l2, cosine: Some(1.0 - relative_l2), ..Metrics::default() }
}

fn far() -> Metrics {
    Metrics {
        estimated: false,
        sampled: None,
        max_abs: Some(0.75),
        relative_l2: 0.3,
        cosine: Some(0.97),
        rank_correlation: Some(0.91),
        top_percent_overlap: Some(0.5),
        peak: Some([cell(None, 4), cell(None, 5)]),
        top5: None,
    }
}

fn summary() -> Summary {
    let photo = StageReport {
        note: Some("the file is not the one | that was recorded".to_owned()),
        ..stage(Stage::Photo, None, Verdict::Identical, None)
    };
    let top5 = Some([vec![285, 282, 281, 287, 283], vec![282, 285, 281, 287, 283]]);
    let stages = vec![
        stage(Stage::Record, None, Verdict::Identical, None),
        photo,
        stage(Stage::Activations, Some("conv1"), Verdict::Identical, Some(Metrics::default())),
        stage(Stage::Activations, Some("relu1"), Verdict::Within, Some(near(1e-6))),
        stage(Stage::Activations, Some("pool1"), Verdict::Drifted, Some(sampled())),
        stage(Stage::Logits, None, Verdict::Drifted, Some(Metrics { top5, ..near(2e-4) })),
        stage(Stage::RawMap, None, Verdict::Broken, Some(far())),
        stage(Stage::Colours, None, Verdict::Broken, Some(far())),
    ];
    let words = |what: &str, recorded: &str, now: &str| {
        let [what, recorded, now] = [what, recorded, now].map(str::to_owned);
        Change { what, recorded, now }
    };
    let report = Report {
        record: "records/cat.285.grad-cam.toml".into(),
        what: "grad-cam of Egyptian cat (285) in cat.jpg".to_owned(),
        verdict: Verdict::Broken,
        first_divergence: Some(Divergence { stage: "activations".to_owned(), part: Some("pool1".to_owned()) }),
        changes: Some(vec![words("threads", "1", "8"), words("cpu features", "avx2+fma", "avx2+fma+avx512f")]),
        accepted: false,
        edited_tolerances: true,
        stages,
    };
    let failures = vec![Failure { record: "records/dog.toml".into(), reason: "dog.jpg is not there".to_owned() }];
    Summary::new(vec![report], failures)
}

fn golden(name: &str, report: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../golden/verify");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, report));
}

#[test]
fn reports_look_as_accepted() {
    let summary = summary();
    golden("text", &text(&summary.records[0], false));
    golden("text_all_layers", &text(&summary.records[0], true));
    golden("markdown", &markdown(&summary));
    golden("json", &summary.json().replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn the_exit_status_says_the_worst() {
    let with = |verdict, accepted| {
        let mut report = summary().records.remove(0);
        (report.verdict, report.accepted) = (verdict, accepted);
        report
    };
    let status = |reports: Vec<Report>| Summary::new(reports, Vec::new()).exit_status();
    assert_eq!(status(vec![with(Verdict::Identical, false), with(Verdict::Within, false)]), 0);
    assert_eq!(status(vec![with(Verdict::Identical, false), with(Verdict::Drifted, false)]), 1);
    assert_eq!(status(vec![with(Verdict::Broken, true)]), 0, "accepted by a person");
    assert_eq!(status(Vec::new()), 2, "nothing compared is nothing verified");
    assert_eq!(summary().exit_status(), 2, "one that could not be compared");
}
