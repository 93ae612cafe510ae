//! `saltty record`: explanations written down.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Result;
use saltty::{
    Error,
    explain::Method,
    files,
    photo::Photo,
    record::{Record, Request, Subject},
    studio::Studio,
    weights::Fingerprint,
};

use crate::{
    cli,
    explain::{self, wanted},
    network, output,
};

/// What is the same for all photos of a run.
struct Run<'o> {
    options: &'o cli::Record,
    studio: Studio,
    fingerprint: Fingerprint,
    classes: Vec<wanted::Wanted>,
    against: Option<usize>,
    methods: Vec<Method>,
    stems: HashSet<String>,
}

/// Runs the command: all photos, even where some fail.
pub fn run(options: &cli::Record) -> Result<ExitCode> {
    let photos = explain::all_photos(&options.photos)?;
    let studio = network::load(&options.network, network::Use::Often)?;
    let fingerprint = network::weights(&options.network)?
        .with_preprocess(Some(studio.preprocess()))
        .fingerprint(studio.classifier().model())?;
    output::make_folder(&options.out, "--out")?;
    let methods = if options.method.is_empty() { vec![Method::GradCam] } else { options.method.clone() };
    network::remark_on_cam(&options.network, &methods, &studio);
    let classes = wanted::find(&options.class, studio.names())?;
    let against = options.minus.as_deref().map(|class| studio.names().find(class)).transpose()?;
    if let Some(method) = methods.iter().copied().find(|method| against.is_some() && method.is_fine()) {
        return Err(Error::NoContrast { method }.into());
    }
    let mut run = Run { options, studio, fingerprint, classes, against, methods, stems: HashSet::new() };
    let mut failed = false;
    for photo in &photos {
        if let Err(error) = run.record(photo) {
            if error.is::<output::Closed>() {
                return Err(error);
            }
            output::complain(&error);
            failed = true;
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl Run<'_> {
    /// Makes all records of one photo, and only then writes them.
    fn record(&mut self, photo: &Path) -> Result<()> {
        let bytes = fs::read(photo).map_err(|source| Error::Read { path: photo.to_owned(), source })?;
        let stem = self.stem(photo);
        let requests = self.requests(photo, &bytes)?;
        let kept = self.kept(photo, &bytes)?;
        let subject = Subject {
            photo: &kept,
            bytes: &bytes,
            weights: self.options.network.weights.as_deref(),
            fingerprint: &self.fingerprint,
        };
        let mut records = Vec::new();
        for request in requests {
            let file = self.options.out.join(format!("{stem}.{}.toml", request.name()));
            if file.exists() && !self.options.force {
                return Err(Error::RecordExists { path: file }.into());
            }
            records.push(Record::make(file, &self.studio, &subject, &request)?);
        }
        for mut record in records {
            record.write(self.options.force)?;
            output::print(&format!("{}\n", record.path.display()))?;
        }
        Ok(())
    }

    /// Every class by every method.
    fn requests(&self, photo: &Path, bytes: &[u8]) -> Result<Vec<Request>> {
        let session = self.studio.session(&self.studio.fit(&Photo::decode(bytes, photo)?))?;
        let classes = wanted::classes(&self.classes, &session);
        let layer = self.studio.layer().name.to_string();
        let (against, colors) = (self.against, self.options.colormap);
        let (equal, classes): (Vec<usize>, Vec<usize>) = classes.into_iter().partition(|&class| Some(class) == against);
        if classes.is_empty() {
            return Err(anyhow::Error::from(Error::OneClass).context(photo.display().to_string()));
        }
        if !equal.is_empty() {
            let photo = photo.display();
            output::remark(&format!("note: {photo}: the class taken away is among those explained; it is left out\n"));
        }
        let request = |class, method| Request { class, against, method, layer: layer.clone(), colors };
        Ok(classes.iter().flat_map(|&class| self.methods.iter().map(move |&method| request(class, method))).collect())
    }

    /// The photo's name without its ending, or with it where another photo of this run has that name.
    fn stem(&mut self, photo: &Path) -> String {
        let plain = photo.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let whole = photo.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let numbered = (2..).map(|n| format!("{plain}-{n}"));
        let mut names = [plain.clone(), whole].into_iter().chain(numbered);
        let free = names.find(|name| !self.stems.contains(name)).expect("there are enough numbers");
        self.stems.insert(free.clone());
        free
    }

    /// The photo that the record refers to: itself, or the copy made beside the record, in a folder named by its hash, so
    /// that photos of one name do not overwrite each other.
    fn kept(&self, photo: &Path, bytes: &[u8]) -> Result<PathBuf> {
        if !self.options.copy_photos {
            return Ok(photo.to_owned());
        }
        let folder = self.options.out.join("photos").join(&files::sha256(bytes)[..8]);
        fs::create_dir_all(&folder).map_err(|source| Error::Write { path: folder.clone(), source })?;
        let copy = folder.join(photo.file_name().unwrap_or_default());
        if fs::read(&copy).is_ok_and(|there| there == bytes) {
            return Ok(copy);
        }
        files::write_atomically(&copy, bytes).map_err(|source| Error::Write { path: copy.clone(), source })?;
        Ok(copy)
    }
}
