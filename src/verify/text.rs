//! Reports for people, on any terminal.

use std::fmt::Write as _;

use super::{Cell, Metrics, Report, StageReport, Verdict};

/// Columns of the stages' names.
const NARROWEST: usize = 16;

/// One record's report; `all` lists every layer rather than the worst of them.
///
/// # Panics
/// Never.
pub fn text(report: &Report, all: bool) -> String {
    let mut text = format!("{}: {}\n  {}\n", report.record.display(), report.verdict.word(), report.what);
    let mut line = |words: String| writeln!(text, "  {words}").expect("a string takes all");
    let told = report.first();
    if let Some(first) = told {
        line(format!("first stage that diverges: {}{}", first.title(), distance(first)));
    }
    match &report.changes {
        Some(changes) if !changes.is_empty() => {
            let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
            line(format!("changed since the recording: {}", changes.join("; ")));
        }
        Some(_) if !report.verdict.holds() => line("computed in the same environment as the recording".to_owned()),
        _ => {}
    }
    if report.edited_tolerances {
        line("its tolerances were edited since the recording".to_owned());
    }
    let titles = report.stages.iter().filter(|_| all).map(|stage| stage.title().chars().count());
    let width = titles.max().unwrap_or(0).max(NARROWEST);
    for parts in report.by_stage() {
        match parts {
            many if all => many.iter().for_each(|one| line(row(one, told, width))),
            [one] if one.part.is_none() => line(row(one, told, width)),
            many => line(layers(many, told, width)),
        }
    }
    text
}

/// What there is to say about a stage, unless it was `told` already.
fn note<'s>(one: &'s StageReport, told: Option<&StageReport>) -> Option<&'s str> {
    one.note.as_deref().filter(|_| !told.is_some_and(|told| std::ptr::eq(told, one)))
}

fn row(one: &StageReport, told: Option<&StageReport>, width: usize) -> String {
    let title = one.title();
    let note = note(one, told).map_or_else(String::new, |note| format!("  {note}"));
    let metrics = one.metrics.as_ref().filter(|_| one.verdict != Verdict::Identical);
    let metrics = metrics.map_or_else(String::new, |metrics| format!("  {}", words(metrics)));
    format!("{title:<width$} {:<16}{metrics}{note}", one.verdict.word()).trim_end().to_owned()
}

/// All layers of a stage in one line.
fn layers(parts: &[StageReport], told: Option<&StageReport>, width: usize) -> String {
    let worst = parts.iter().map(|part| part.verdict).max().unwrap_or(Verdict::Identical);
    let (title, count) = (parts[0].stage.to_string(), parts.len());
    let plural = if count == 1 { "part" } else { "layers" };
    let differ: Vec<&StageReport> = parts.iter().filter(|part| part.verdict != Verdict::Identical).collect();
    let Some(first) = differ.first() else {
        return format!("{title:<width$} {:<16}  {count} {plural}", worst.word());
    };
    let at = first.part.as_deref().unwrap_or_default();
    let farthest =
        parts.iter().filter_map(StageReport::distance).fold(0.0, |max: f64, d| if d > max { d } else { max });
    let failing = parts.iter().find(|part| !part.verdict.holds());
    let far = failing.and_then(|part| Some(format!("; {}: {}", part.part.as_deref()?, words(part.metrics.as_ref()?))));
    let far = far.unwrap_or_default();
    let note = note(first, told).map_or_else(String::new, |note| format!("; {note}"));
    format!(
        "{title:<width$} {:<16}  {} of {count} {plural} {verb}, at most {farthest:.1e}, first {at}{far}{note}",
        worst.word(),
        differ.len(),
        verb = if differ.len() == 1 { "differs" } else { "differ" },
    )
}

fn distance(stage: &StageReport) -> String {
    let note = stage.note.as_ref().map_or_else(String::new, |note| format!(": {note}"));
    match (stage.distance(), stage.limits) {
        (Some(distance), Some(limits)) if stage.stage.is_levels() => {
            format!(" by {distance} levels of 255 (tolerance {}){note}", limits.within)
        }
        (Some(distance), Some(limits)) => format!(" by {distance:.1e} (tolerance {:.0e}){note}", limits.within),
        _ => note,
    }
}

/// The metrics that apply, in one line.
pub(super) fn words(metrics: &Metrics) -> String {
    let about = if metrics.estimated { "about " } else { "" };
    let mut words = vec![format!("relative L2 {about}{:.1e}", metrics.relative_l2)];
    let mut add = |name: &str, value: Option<f64>, digits: usize| {
        words.extend(value.map(|value| format!("{name} {value:.digits$}")));
    };
    add("cosine", metrics.cosine, 6);
    if let Some(count) = metrics.sampled {
        words.push(format!("of a sample of {count}:"));
    }
    let mut add = |name: &str, value: Option<f64>, digits: usize| {
        words.extend(value.map(|value| format!("{name} {value:.digits$}")));
    };
    add("rank correlation", metrics.rank_correlation, 6);
    add("top 1 % shared", metrics.top_percent_overlap, 2);
    words.extend(metrics.max_abs.map(|max| format!("max abs {max:.1e}")));
    if let Some([before, after]) = metrics.peak.filter(|[before, after]| before != after) {
        words.push(format!("peak {} -> {}", place(before), place(after)));
    }
    if let Some([before, after]) = &metrics.top5 {
        words.push(format!("top 5 {before:?} -> {after:?}"));
    }
    words.join(", ").replace(":, ", ": ")
}

/// `(row, column)`, after its channel if it has one.
fn place(cell: Cell) -> String {
    let channel = cell.channel.map_or_else(String::new, |channel| format!("{channel}, "));
    format!("({channel}{}, {})", cell.row, cell.column)
}
