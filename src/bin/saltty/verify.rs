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
    let result = match &options.against {
        Some(file) => against(options, file),
        None => records(options),
    };
    let summary = match result {
        Err(error) if !error.is::<output::Closed>() => {
            output::complain(&error);
            return Ok(ExitCode::from(2));
        }
        other => other?,
    };
    for Failure { record, reason } in &summary.failures {
        output::remark(&format!("error: {}: {reason}\n", record.display()));
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

fn records(options: &cli::Verify) -> Result<Summary> {
    let cli::Network { model, layer, preprocess, resize, labels, .. } = &options.network;
    if model.is_some() || layer.is_some() || preprocess.is_some() || resize.is_some() || labels.is_some() {
        bail!(
            "a record says itself which network, layer and input it was made with; of these options only --weights and --double apply to it"
        );
    }
    let mut manifests = Vec::new();
    for path in &options.paths {
        manifests.extend(manifests_in(path)?);
    }
    let mut verifier = Verifier::new(Source {
        weights: options.network.weights.clone(),
        photos: options.photos.clone(),
        precision: options.network.double.then_some(Precision::Double),
    });
    let (mut reports, mut failures) = (Vec::new(), Vec::new());
    for manifest in manifests {
        match verifier.verify(&manifest) {
            Ok(checked) => {
                show(options, &checked.report)?;
                reports.push(if options.review { review::run(checked, &options.look)? } else { checked.report });
            }
            Err(error) => failures.push(Failure { record: manifest, reason: error.to_string() }),
        }
    }
    Ok(Summary::new(reports, failures))
}

fn against(options: &cli::Verify, file: &Path) -> Result<Summary> {
    let [photo] = &options.paths[..] else { bail!("--against compares one photo; give one") };
    let studio = network::load(&options.network)?;
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
    let taken = [&options.json, &options.markdown].into_iter().flatten().any(|path| path.as_os_str() == "-");
    if taken { Ok(()) } else { output::print(&verify::text(report, options.all)) }
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
