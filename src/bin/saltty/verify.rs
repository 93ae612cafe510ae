//! `saltty verify`: recorded explanations computed again, or another tool's arrays compared with ours.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Result, bail};
use saltty::{
    Error, files,
    model::Precision,
    photo::Photo,
    record::{Limits, manifests_in},
    verify::{self, Against, Failure, Report, Source, Summary, Verifier},
};

use crate::{cli, network, output, review};

/// Runs the command.
pub fn run(options: &cli::Verify) -> Result<ExitCode> {
    let result = check_outputs(options).and_then(|()| match &options.against {
        Some(file) => against(options, file),
        None => records(options),
    });
    let summary = match result {
        Err(error) if !error.is::<output::Closed>() => {
            output::complain(&error);
            return Ok(ExitCode::from(2));
        }
        other => other?,
    };
    for Failure { record, reason } in &summary.failures {
        let record = record.display().to_string();
        let named = if reason.contains(&record) { String::new() } else { format!("{record}: ") };
        output::remark(&format!("error: {named}{reason}\n"));
    }
    let written = write(options.json.as_deref(), || summary.json())
        .and_then(|()| write(options.markdown.as_deref(), || verify::markdown(&summary)));
    match written {
        Err(error) if !error.is::<output::Closed>() => {
            output::complain(&error);
            Ok(ExitCode::from(2))
        }
        written => written.map(|()| ExitCode::from(summary.exit_status())),
    }
}

/// Refuses what would write two things into one place.
fn check_outputs(options: &cli::Verify) -> Result<()> {
    let [json, markdown] = [&options.json, &options.markdown];
    if json.is_some() && json == markdown {
        bail!("--json and --markdown both write to {}; give each a file of its own", in_words(json.as_deref()));
    }
    if options.review && takes_standard_output(options) {
        bail!("--review asks its questions on standard output, so the report cannot go there; give it a file");
    }
    Ok(())
}

fn in_words(path: Option<&Path>) -> String {
    let words = path.map(|path| path.display().to_string()).unwrap_or_default();
    if words == "-" { "standard output".to_owned() } else { words }
}

fn takes_standard_output(options: &cli::Verify) -> bool {
    [&options.json, &options.markdown].into_iter().flatten().any(|path| path.as_os_str() == "-")
}

/// Refuses options that a record answers itself, and a weights file that is not there.
fn check_network(options: &cli::Network) -> Result<()> {
    let cli::Network { model, weights, layer, preprocess, resize, labels, .. } = options;
    if model.is_some() || layer.is_some() || preprocess.is_some() || resize.is_some() || labels.is_some() {
        bail!(
            "a record says itself which network, layer and input it was made with; of these options only --weights, --double, --kernels and --device apply to it"
        );
    }
    match weights {
        Some(file) if !file.is_file() => {
            bail!("there is no weights file {}; say with --weights where it is", file.display())
        }
        _ => Ok(()),
    }
}

/// All manifests; what cannot be read is told and passed over.
fn manifests(options: &cli::Verify) -> (Vec<PathBuf>, Vec<Failure>) {
    let (mut manifests, mut failures) = (Vec::new(), Vec::new());
    for path in &options.paths {
        match manifests_in(path) {
            Ok(found) => manifests.extend(found),
            Err(error) => failures.push(Failure { record: path.clone(), reason: error.to_string() }),
        }
    }
    (manifests, failures)
}

fn records(options: &cli::Verify) -> Result<Summary> {
    check_network(&options.network)?;
    let mut verifier = Verifier::new(Source {
        weights: options.network.weights.clone(),
        photos: options.photos.clone(),
        precision: options.network.double.then_some(Precision::Double),
        kernels: options.network.kernels,
        device: network::device(&options.network),
    });
    let (manifests, mut failures) = manifests(options);
    let (mut reports, mut quit) = (Vec::new(), false);
    for manifest in manifests {
        match verifier.verify(&manifest) {
            Ok(checked) => {
                show(options, &checked.report)?;
                let mut review = |checked| review::run(checked, &options.look, &mut quit);
                reports.push(if options.review { review(checked)? } else { checked.report });
            }
            Err(error) => failures.push(Failure { record: manifest, reason: error.to_string() }),
        }
    }
    Ok(Summary::new(reports, failures))
}

fn against(options: &cli::Verify, file: &Path) -> Result<Summary> {
    let [photo] = &options.paths[..] else { bail!("--against compares one photo; give one") };
    let studio = network::load(&options.network, network::Use::Often)?;
    let photo = Photo::open(photo)?;
    let class = options.class.as_ref().map(|class| studio.names().find(class)).transpose()?;
    let limits = options.tolerance.map(|within| Limits { within, broken: within.max(0.1) });
    let asked = Against {
        file,
        array: options.array.as_deref(),
        profile: options.profile.expect("clap requires it"),
        method: options.method,
        limits,
    };
    let report = verify::against(&studio, &photo, class, &asked)?;
    show(options, &report)?;
    Ok(Summary::new(vec![report], Vec::new()))
}

/// Prints a record's report, unless standard output is taken by another form of it.
fn show(options: &cli::Verify, report: &Report) -> Result<()> {
    if takes_standard_output(options) { Ok(()) } else { output::print(&verify::text(report, options.all)) }
}

fn write(path: Option<&Path>, text: impl Fn() -> String) -> Result<()> {
    match path {
        None => Ok(()),
        Some(path) if path.as_os_str() == "-" => output::print(&text()),
        Some(path) => {
            let unwritable = |source| Error::Write { path: PathBuf::from(path), source };
            Ok(files::write_atomically(path, text().as_bytes()).map_err(unwritable)?)
        }
    }
}
