//! Reports for pull requests and job summaries.

use super::{Failure, Report, StageReport, Summary, Verdict, text::words};

/// The whole run as Markdown: one table of records, and one of stages for each record that does not hold.
pub fn markdown(summary: &Summary) -> String {
    let verdict = summary.verdict.map_or("nothing could be compared", Verdict::word);
    let mut page = format!(
        "# saltty verify: {verdict}\n\n| record | explanation | verdict | first stage that diverges |\n| --- | --- | --- | --- |\n"
    );
    for report in &summary.records {
        let first = report.first().map_or_else(|| "-".to_owned(), StageReport::title);
        page += &row([&report.record.display().to_string(), &report.what, report.verdict.word(), &first]);
    }
    for Failure { record, reason } in &summary.failures {
        page += &row([&record.display().to_string(), reason, "could not run", "-"]);
    }
    for report in summary.records.iter().filter(|report| !report.verdict.holds()) {
        page += &details(report);
    }
    page
}

fn details(report: &Report) -> String {
    let mut page = format!("\n## {}\n\n{}\n\n", cell(&report.record.display().to_string()), cell(&report.what));
    if report.edited_tolerances {
        page += "Its tolerances were edited after it was recorded.\n\n";
    }
    match report.changes.as_deref() {
        None => {}
        Some([]) => page += "Computed in the same environment as the recording.\n\n",
        Some(changes) => {
            page += "| changed since the recording | recorded | now |\n| --- | --- | --- |\n";
            for change in changes {
                page += &row([&change.what, &change.recorded, &change.now]);
            }
            page += "\n";
        }
    }
    page += "| stage | verdict | tolerance | how far |\n| --- | --- | --- | --- |\n";
    for parts in report.by_stage() {
        let worst = parts.iter().max_by_key(|part| part.verdict).expect("a stage has a part");
        let first = parts.iter().find(|part| part.verdict == worst.verdict).unwrap_or(worst);
        let same = first.verdict == Verdict::Identical;
        let title = if same { first.stage.to_string() } else { first.title() };
        let tolerance = first.limits.map_or_else(|| "none".to_owned(), |limits| format!("{:e}", limits.within));
        let metrics = first.metrics.as_ref().filter(|_| !same).map(words);
        let far: Vec<String> = metrics.into_iter().chain(first.note.clone()).collect();
        page += &row([&title, first.verdict.word(), &tolerance, &far.join("; ")]);
    }
    page
}

fn row<const N: usize>(cells: [&str; N]) -> String {
    format!("| {} |\n", cells.map(cell).join(" | "))
}

/// Text that does not end its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
