//! `saltty PHOTO|FOLDER...`: the interface in a terminal, the same picture as text anywhere else.

use std::{path::Path, process::ExitCode, time::Instant};

use anyhow::{Context, Result};
use saltty::{
    photo::{self, Photo},
    studio::Studio,
    tui::Opening,
};

use crate::{
    cli::{Among, Browse},
    network,
    output::{self, print},
    screen::{self, Setup},
    session::Session,
};

/// Runs the command; `before` is what a session to be resumed left.
pub fn run(options: &Browse, before: Option<&Session>) -> Result<ExitCode> {
    let photos = all_photos(&options.photos)?;
    if !screen::wanted(&options.screen)? {
        return plain(options, &photos);
    }
    let opening = Opening { class: options.class.clone(), ..Opening::new(options.method) };
    let layer = options.network.layer.clone();
    let mut networks = vec![network::Choice::Alone(Box::new(options.network.clone()))];
    networks
        .extend(options.also.iter().map(|among: &Among| network::Choice::Among(among.clone(), options.network.device)));
    let openings = vec![Opening { layer, ..opening }];
    let setup = Setup { photos, openings, networks, shared: false, look: &options.look, screen: &options.screen };
    screen::open(setup, before)
}

/// Files as they are, folders as all photos under them. One path among several that is neither stays, to fail in its
/// turn.
fn all_photos(paths: &[std::path::PathBuf]) -> Result<Vec<std::path::PathBuf>> {
    if let [only] = paths {
        return Ok(photo::photos_under(only)?);
    }
    Ok(paths.iter().flat_map(|path| photo::photos_under(path).unwrap_or_else(|_| vec![path.clone()])).collect())
}

fn plain(options: &Browse, photos: &[std::path::PathBuf]) -> Result<ExitCode> {
    let studio = network::load(&options.network, network::Use::Often)?;
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
        output::classes(&scene.top[..scene.top.len().min(5)], &scene.class),
        output::caption(&scene),
        output::pictures(&scene, &options.look)
    ))
}
