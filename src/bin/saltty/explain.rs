//! `saltty explain`: photos in, text, pictures, arrays and JSON out.

mod arrays;
mod pictures;
mod report;
mod stopwatch;
pub mod wanted;

use std::{
    fmt::Write as _,
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use saltty::{
    Error,
    explain::{Method, Session},
    model::Model,
    photo::{self, Photo},
    raster::Raster,
    scene::{ClassScore, Scene},
    studio::Studio,
};

use crate::{cli, network, output};
use pictures::Pictures;
use stopwatch::Stopwatch;
use wanted::Wanted;

/// The methods of the article.
const DEFAULT_METHODS: [Method; 3] = [Method::GradCam, Method::GuidedBackprop, Method::GuidedGradCam];

/// What is the same for all photos of a run.
struct Run<'o> {
    options: &'o cli::Explain,
    studio: Studio,
    classes: Vec<Wanted>,
    methods: Vec<Method>,
    sha256: Option<String>,
    pictures: Pictures,
    progress: ProgressBar,
    load_seconds: f64,
}

/// One photo on its way through.
struct Subject<'p> {
    path: &'p Path,
    square: Raster,
    session: Session,
    classes: Vec<usize>,
    began: Instant,
}

/// Runs the command: all photos, even where some fail.
pub fn run(options: &cli::Explain) -> Result<ExitCode> {
    let photos = all_photos(&options.photos)?;
    if options.arrays.is_some() && (photos.len() > 1 || wanted::count(&options.class) > 1) {
        usage("--arrays takes one photo and one class; run saltty once for each");
    }
    let mut run = Run::prepare(options, photos.len())?;
    let mut failed = 0;
    for path in &photos {
        run.progress.set_message(path.display().to_string());
        if let Err(error) = run.explain(path) {
            if error.is::<output::Closed>() {
                return Err(error);
            }
            run.progress.suspend(|| output::complain(&error));
            failed += 1;
        }
        run.progress.inc(1);
    }
    run.progress.finish_and_clear();
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Files as they are, folders as the photos in them. One path among several that is neither stays, to fail in its turn.
pub fn all_photos(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    if let [only] = paths {
        return Ok(photo::photos_in(only)?);
    }
    Ok(paths.iter().flat_map(|path| photo::photos_in(path).unwrap_or_else(|_| vec![path.clone()])).collect())
}

/// Ends the program with a usage error.
fn usage(message: &str) -> ! {
    let mut command = <cli::Cli as clap::CommandFactory>::command();
    command.build();
    let explain = command.find_subcommand_mut("explain").expect("the subcommand of this module");
    explain.error(clap::error::ErrorKind::ArgumentConflict, message).exit()
}

fn progress(photos: usize) -> ProgressBar {
    if photos < 2 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {eta} left  {wide_msg}").expect("a valid template");
    ProgressBar::new(photos as u64).with_style(style)
}

impl<'o> Run<'o> {
    /// Loads the network and checks all that is asked of it before the first photo.
    fn prepare(options: &'o cli::Explain, photos: usize) -> Result<Self> {
        let methods = if options.method.is_empty() { DEFAULT_METHODS.to_vec() } else { options.method.clone() };
        let without_cam = |model: &Model| methods.contains(&Method::Cam) && model.class_planes().is_none();
        if let Some(model) = options.network.model.filter(without_cam) {
            return Err(Error::NoCam { model }.into());
        }
        let began = Instant::now();
        let studio = network::load(&options.network)?;
        let load_seconds = began.elapsed().as_secs_f64();
        let model = studio.classifier().model();
        if without_cam(&model) {
            return Err(Error::NoCam { model }.into());
        }
        let classes = wanted::find(&options.class, studio.names())?;
        let sha256 = options.json.then(|| network::sha256(&options.network)).transpose()?;
        let pictures = Pictures::new(options.png.as_deref())?;
        Ok(Self { options, studio, classes, methods, sha256, pictures, progress: progress(photos), load_seconds })
    }

    fn explain(&mut self, path: &Path) -> Result<()> {
        let mut watch = Stopwatch::start(self.load_seconds);
        let began = Instant::now();
        let photo = Photo::open(path)?;
        watch.lap("decode");
        let square = self.studio.fit(&photo);
        watch.lap("prepare");
        let session = self.studio.session(&square).with_context(|| path.display().to_string())?;
        watch.lap("forward");
        let classes = wanted::classes(&self.classes, &session);
        let subject = Subject { path, square, session, classes, began };
        let (explained, text) =
            if self.options.recipe.is_some() { self.article(&subject)? } else { self.methods(&subject)? };
        watch.lap("explain");
        if let Some(file) = &self.options.arrays {
            arrays::write(file, &self.studio, &subject, self.options.recipe.is_some(), &self.methods)?;
            watch.lap("write");
        }
        if self.options.json {
            let report = report::Report::new(self, &subject, explained, watch.laps());
            self.print(&(serde_json::to_string(&report)? + "\n"))?;
        } else {
            self.print(&(self.heading(&photo, &subject) + &text))?;
        }
        if self.options.timings {
            self.progress.suspend(|| output::remark(&watch.table(path)));
        }
        Ok(())
    }

    fn print(&self, text: &str) -> Result<()> {
        self.progress.suspend(|| output::print(text))
    }

    fn methods(&mut self, subject: &Subject) -> Result<(Vec<report::Explained>, String)> {
        let (mut explained, mut text) = (Vec::new(), String::new());
        for &class in &subject.classes {
            for &method in &self.methods {
                let choice = (method, class, self.options.look.colormap);
                let scene = self.studio.scene(&subject.square, &subject.session, choice, subject.began)?;
                let name = format!("{class}.{method}");
                let files = self.pictures.write(subject.path, &name, &scene.map, &scene.overlay)?;
                if !self.options.json {
                    text += &self.page(&scene);
                }
                explained.push(report::Explained::new(&scene, &files));
            }
        }
        Ok((explained, text))
    }

    fn page(&self, scene: &Scene) -> String {
        format!("\n{}{}", output::caption(scene), output::pictures(scene, &self.options.look))
    }

    fn article(&mut self, subject: &Subject) -> Result<(Vec<report::Explained>, String)> {
        let paintings = pictures::article(&self.studio, subject, self.options.look.colormap)?;
        let (mut explained, mut text) = (Vec::new(), String::new());
        for (name, painting) in paintings {
            let file_name = format!("article.{}", name.replace('_', "-"));
            let files = self.pictures.write(subject.path, &file_name, &painting.map, &painting.overlay)?;
            let note = painting.note.as_ref().map_or_else(String::new, |note| format!("note: {note}\n"));
            let rasters = [("photo", &subject.square), ("map", &painting.map), ("overlay", &painting.overlay)];
            let pictures = output::beside(&rasters, &self.options.look);
            write!(text, "\nthe article's {}\n{note}{pictures}", name.replace('_', " "))?;
            explained.push(report::Explained::article(name, &self.studio, painting.note, &files));
        }
        Ok((explained, text))
    }

    fn heading(&self, photo: &Photo, subject: &Subject) -> String {
        let names = self.studio.names();
        let top = ClassScore::top(&subject.session, names, 5);
        let marked = ClassScore::of(&subject.session, names, subject.classes[0]);
        let (path, width, height) = (photo.path.display(), photo.raster.width, photo.raster.height);
        let (model, input) = (self.studio.classifier().model(), self.studio.input_in_words());
        format!("{path}  {width}x{height}\n{model}, {input}\n{}", output::classes(&top, &marked))
    }
}
