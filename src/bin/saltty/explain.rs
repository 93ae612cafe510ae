//! `saltty explain`: photos in, text, pictures, arrays and JSON out.

mod arrays;
mod interruption;
mod line;
mod pictures;
mod report;
pub mod stopwatch;
pub mod wanted;

use std::{
    fmt::Write as _,
    io::IsTerminal,
    path::PathBuf,
    process::ExitCode,
    sync::{RwLock, atomic::AtomicUsize, mpsc::RecvTimeoutError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use saltty::{
    Error,
    arrays::Arrays,
    explain::{Article, Method},
    model::Model,
    photo,
    raster::Raster,
    scene::Scene,
    studio::{Explanation, Studio},
};

use crate::{
    cli,
    network::{self, Use},
    output,
};
use interruption::Interruption;
use line::{Maps, Stream, Told, side_by_side};
use pictures::Pictures;
use stopwatch::Stopwatch;
use wanted::Wanted;

/// The methods of the article.
const DEFAULT_METHODS: [Method; 3] = [Method::GradCam, Method::GuidedBackprop, Method::GuidedGradCam];

/// How long to wait for a photo before looking whether somebody wants the program to end.
const PATIENCE: Duration = Duration::from_millis(50);

/// Classes of one photo up to which reading the weights anew for each takes less time than keeping them.
const FEW: usize = 8;

/// What is the same for all photos of a run.
struct Run<'o> {
    options: &'o cli::Explain,
    studio: Studio,
    classes: Vec<Wanted>,
    methods: Vec<Method>,
    sha256: Option<String>,
    progress: ProgressBar,
    /// Read by who computes among others, written by who needs the device alone.
    device: RwLock<()>,
    /// How often batches were halved because they did not fit the device.
    halved: AtomicUsize,
    /// Seconds of what came before the first photo.
    before: Vec<(&'static str, f64)>,
}

/// Runs the command: all photos, even where some fail.
pub fn run(options: &cli::Explain) -> Result<ExitCode> {
    let photos = all_photos(&options.photos)?;
    if options.arrays.is_some() && (photos.len() > 1 || wanted::count(&options.class) > 1) {
        usage("--arrays takes one photo and one class; run saltty once for each");
    }
    let run = Run::prepare(options, photos.len())?;
    let pictures = Pictures::new(options.png.as_deref())?;
    let interruption = Interruption::listen()?;
    thread::scope(|scope| {
        let told = line::start(scope, &run, &photos)?;
        run.show_all(told, pictures, &interruption)
    })
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

/// What `hashing` says; if it goes on, a spinner shows that it takes time.
fn hashed(hashing: JoinHandle<Result<String>>) -> Result<String> {
    let done = hashing.is_finished();
    let wait = || hashing.join().expect("hashing does not panic");
    if done { wait() } else { network::spinning("hashing the weights", wait) }
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
        let (start, began) = (stopwatch::BEGAN.elapsed(), Instant::now());
        // Beside the loading: it takes as long, where the processor has no instructions for it.
        let hashing = options.json.then(|| {
            let network = options.network.clone();
            thread::Builder::new().name("hash".to_owned()).spawn(move || network::sha256(&network))
        });
        let hashing = hashing.transpose()?;
        let once = photos == 1 && wanted::count(&options.class) <= FEW;
        let studio = network::load(&options.network, if once { Use::Once } else { Use::Often })?;
        let before = vec![("start", start.as_secs_f64()), ("load", began.elapsed().as_secs_f64())];
        let model = studio.classifier().model();
        if without_cam(&model) {
            return Err(Error::NoCam { model }.into());
        }
        network::remark_on_cam(&options.network, &methods, &studio);
        if let Some(file) = options.arrays.as_deref().filter(|file| file.is_file() && Arrays::open(file).is_err()) {
            bail!(
                "{} is there and holds no arrays, so it is not overwritten; give --arrays another name",
                file.display()
            );
        }
        let classes = wanted::find(&options.class, studio.names())?;
        let sha256 = hashing.map(hashed).transpose()?;
        Ok(Self {
            options,
            studio,
            classes,
            methods,
            sha256,
            progress: progress(photos),
            device: RwLock::new(()),
            halved: AtomicUsize::new(0),
            before,
        })
    }

    /// Paints, writes and prints all photos as they come; those that fail are told and counted.
    fn show_all(&self, mut photos: Stream, mut pictures: Pictures, end: &Interruption) -> Result<ExitCode> {
        let mut failed = false;
        loop {
            if let Some(status) = end.status() {
                self.progress.finish_and_clear();
                std::process::exit(status);
            }
            let photo = match photos.next_within(PATIENCE) {
                Ok(photo) => photo,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if let Err(error) = photo.and_then(|photo| self.show(&photo, &mut pictures)) {
                if error.is::<output::Closed>() {
                    return Err(error);
                }
                self.progress.suspend(|| output::complain(&error));
                failed = true;
            }
            self.progress.inc(1);
        }
        self.progress.finish_and_clear();
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn show(&self, told: &Told, pictures: &mut Pictures) -> Result<()> {
        self.progress.set_message(told.photo.path.display().to_string());
        let mut watch = told.photo.watch.clone();
        watch.resume();
        let (explained, text) = match &told.maps {
            Maps::Methods(explanations) => self.methods(told, explanations, pictures, &mut watch)?,
            Maps::Article(article) => self.article(told, article, pictures, &mut watch)?,
        };
        if let (Some(file), Some(bytes)) = (&self.options.arrays, &told.arrays) {
            arrays::write(file, bytes)?;
            watch.lap("write");
        }
        if self.options.json {
            let report = report::Report::new(self, told, explained, &watch);
            self.print(&(serde_json::to_string(&report)? + "\n"))?;
        } else {
            self.print(&(self.heading(told) + &text))?;
        }
        if self.options.timings {
            watch.lap("print");
            self.progress.suspend(|| output::remark(&watch.table(told.photo.path)));
        }
        Ok(())
    }

    fn print(&self, text: &str) -> Result<()> {
        self.progress.suspend(|| output::print(text))
    }

    fn methods(
        &self,
        told: &Told,
        explanations: &[Explanation],
        pictures: &mut Pictures,
        watch: &mut Stopwatch,
    ) -> Result<(Vec<report::Explained>, String)> {
        if self.options.json && self.options.png.is_none() {
            let explained = explanations.iter().map(|explanation| report::Explained::new(explanation, &[]));
            return Ok((explained.collect(), String::new()));
        }
        let colors = self.options.look.colormap;
        let jobs: Vec<_> = explanations.iter().zip(&told.seconds).collect();
        let painted = side_by_side(&jobs, |&(explanation, &seconds)| {
            let scene = self.studio.paint(&told.photo.square, explanation, colors, seconds);
            let page = if self.options.json { String::new() } else { self.page(&scene) };
            (scene, page)
        });
        watch.lap("paint");
        let files: Vec<_> =
            painted.iter().map(|(scene, _)| pictures.files(told.photo.path, &scene.file_name())).collect();
        write_all(painted.iter().zip(&files).map(|((scene, _), files)| (&files[..], [&scene.map, &scene.overlay])))?;
        watch.lap("write");
        let explained = explanations.iter().zip(&files).map(|(of, files)| report::Explained::new(of, files));
        Ok((explained.collect(), painted.iter().map(|(_, page)| page.as_str()).collect()))
    }

    fn page(&self, scene: &Scene) -> String {
        format!("\n{}{}", output::caption(scene), output::pictures(scene, &self.options.look))
    }

    fn article(
        &self,
        told: &Told,
        article: &Article,
        pictures: &mut Pictures,
        watch: &mut Stopwatch,
    ) -> Result<(Vec<report::Explained>, String)> {
        let square = &told.photo.square;
        let (mut explained, mut text) = (Vec::new(), String::new());
        let look = &self.options.look;
        let painted = |colors| pictures::article(&self.studio, article, square, colors);
        let (paintings, on_paper) = (painted(look.colormap), output::paint(look).colors(look.colormap));
        let printed = (on_paper != look.colormap && !self.options.json).then(|| painted(on_paper));
        watch.lap("paint");
        for (at, (name, painting)) in paintings.into_iter().enumerate() {
            let print = printed.as_ref().map_or(&painting, |printed| &printed[at].1);
            let files = pictures.files(told.photo.path, &format!("article.{}", name.replace('_', "-")));
            write_all(std::iter::once((&files[..], [&painting.map, &painting.overlay])))?;
            let note = painting.note.as_ref().map_or_else(String::new, |note| format!("note: {note}\n"));
            let rasters = [("photo", square), ("map", &print.map), ("overlay", &print.overlay)];
            let pictures = output::beside(&rasters, look);
            write!(text, "\nthe article's {}\n{note}{pictures}", name.replace('_', " "))?;
            explained.push(report::Explained::article(name, &self.studio, painting.note, &files));
        }
        watch.lap("write");
        Ok((explained, text))
    }

    fn heading(&self, told: &Told) -> String {
        let ([width, height], path) = (told.photo.size, told.photo.path.display());
        let (model, input) = (self.studio.classifier().model(), self.studio.input_in_words());
        format!("{path}  {width}x{height}\n{model}, {input}\n{}", output::classes(&told.top, &told.class))
    }
}

/// Writes pictures into their files; where there are no files, none.
fn write_all<'a>(pictures: impl Iterator<Item = (&'a [PathBuf], [&'a Raster; 2])>) -> Result<()> {
    let jobs: Vec<_> = pictures.flat_map(|(files, rasters)| files.iter().zip(rasters)).collect();
    Ok(side_by_side(&jobs, |(file, raster)| raster.write_png(file)).into_iter().collect::<saltty::Result<()>>()?)
}
