//! `saltty PHOTO|FOLDER...`: the interface in a terminal, the same picture as text anywhere else.

use std::{
    env,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context, Result, bail};
use saltty::{
    photo::Photo,
    studio::Studio,
    tui::{self, Ending},
};

use crate::{
    cli::Browse,
    explain::all_photos,
    network,
    output::{self, print},
};

/// Runs the command.
pub fn run(options: Browse) -> Result<ExitCode> {
    let photos = all_photos(&options.photos)?;
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    if options.interactive && !terminal {
        bail!("the interface needs a terminal as standard input and output; leave --interactive out to print text");
    }
    let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    if options.interactive || (terminal && !dumb && !options.plain) {
        return interface(options, photos);
    }
    plain(&options, &photos)
}

fn interface(options: Browse, photos: Vec<PathBuf>) -> Result<ExitCode> {
    let Browse { network, class, method, look, .. } = options;
    let start = tui::Start { photos, class, method, colors: look.colormap, depth: output::screen_depth(&look) };
    let open = move || network::load_silently(&network).map_err(|error| format!("{error:#}"));
    match tui::run(start, open)? {
        Ending::Quit => Ok(ExitCode::SUCCESS),
        Ending::Failed(reason) => bail!(reason),
        Ending::Signal(signal) => Ok(ExitCode::from(128 + signal as u8)),
    }
}

fn plain(options: &Browse, photos: &[PathBuf]) -> Result<ExitCode> {
    let studio = network::load(&options.network)?;
    network::remark_on_cam(&options.network, &[options.method], &studio);
    let class = options.class.as_deref().map(|asked| studio.names().find(asked)).transpose()?;
    let mut failed = false;
    for path in photos {
        if let Err(error) = page(options, &studio, class, path).and_then(|page| print(&page)) {
            if error.is::<output::Closed>() {
                return Err(error);
            }
            output::complain(&error);
            failed = true;
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What there is to see of one photo, as text.
fn page(options: &Browse, studio: &Studio, class: Option<usize>, path: &Path) -> Result<String> {
    let began = Instant::now();
    let square = studio.fit(&Photo::open(path)?);
    let session = studio.session(&square).with_context(|| path.display().to_string())?;
    let class = class.unwrap_or_else(|| session.top(1)[0]);
    let scene = studio.scene(&square, &session, (options.method, class, options.look.colormap), began)?;
    Ok(format!(
        "{}\n{}, {}\n{}{}{}",
        path.display(),
        scene.model,
        scene.preprocess,
        output::classes(&scene.top, &scene.class),
        output::caption(&scene),
        output::pictures(&scene, &options.look)
    ))
}
