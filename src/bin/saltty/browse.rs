//! `saltty PHOTO|FOLDER...`: the interface in a terminal, the same picture as text anywhere else.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
    time::Instant,
};

use anyhow::Result;
use saltty::{photo::Photo, scene::ClassScore};

use crate::{
    cli::Browse,
    explain::all_photos,
    network,
    output::{self, print},
};

/// Runs the command.
pub fn run(options: &Browse) -> Result<ExitCode> {
    let photos = all_photos(&options.photos)?;
    plain(options, &photos)
}

fn plain(options: &Browse, photos: &[std::path::PathBuf]) -> Result<ExitCode> {
    let studio = network::load(&options.network)?;
    let mut failed = false;
    for path in photos {
        let began = Instant::now();
        let photo = match Photo::open(path) {
            Ok(photo) => photo,
            Err(error) => {
                output::complain(&error.into());
                failed = true;
                continue;
            }
        };
        let square = studio.fit(&photo);
        let session = studio.session(&square)?;
        let class = match &options.class {
            Some(asked) => studio.names().find(asked)?,
            None => session.top(1)[0],
        };
        let scene = studio.scene(&square, &session, (options.method, class, options.look.colormap), began)?;
        let heading = format!("{}\n{}, {}\n", path.display(), scene.model, scene.preprocess);
        let top: &[ClassScore] = &scene.top;
        print(&format!(
            "{heading}{}{}{}",
            output::classes(top, &scene.class),
            output::caption(&scene),
            output::pictures(&scene, &options.look)
        ))?;
    }
    let _ = io::stdin().is_terminal();
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
