//! `saltty compare`: several explanations side by side, on the screen or as text, picture and numbers.

use std::{path::Path, process::ExitCode, sync::Arc};

use anyhow::{Context, Result, anyhow, bail};
use saltty::{
    compare::{Likeness, common_bound},
    explain::Method,
    raster::Raster,
    scene::Scene,
    tui::{
        Ask, Opening, Stage,
        lens::Lens,
        model::Pictures,
        pane::MOST_PANES,
        save::{self, Part},
        worker::{Desk, Watch, Workshop},
    },
};

use crate::{
    cli::{Among, Compare},
    network::Choice,
    output,
    screen::{self, Setup},
    session::Session,
};

/// Runs the command.
pub fn run(options: &Compare) -> Result<ExitCode> {
    let openings = openings(options)?;
    if options.png.is_some() || !screen::wanted(&options.screen)? {
        return plain(options, &openings);
    }
    screen::open(setup(options, openings), None)
}

/// Goes on where a comparison was left.
pub fn resume(options: &Compare, before: &Session) -> Result<ExitCode> {
    let openings = openings(options)?;
    screen::open(setup(options, openings), Some(before))
}

fn setup(options: &Compare, openings: Vec<Opening>) -> Setup<'_> {
    let (look, screen) = (&options.look, &options.screen);
    let photos = options.photos.clone();
    Setup { photos, openings, networks: networks(options), shared: options.shared_scale, look, screen }
}

fn networks(options: &Compare) -> Vec<Choice> {
    if options.model.is_empty() {
        let model = saltty::model::Model::SqueezeNet11;
        return vec![Choice::Among(Among { model, weights: None }, options.device)];
    }
    options.model.iter().map(|among| Choice::Among(among.clone(), options.device)).collect()
}

/// The panes asked for.
fn openings(options: &Compare) -> Result<Vec<Opening>> {
    if !options.pane.is_empty() {
        return options.pane.iter().map(|text| pane(text, options)).collect();
    }
    let classes: Vec<(Option<String>, Option<String>)> = match &options.contrast[..] {
        [a, b] => {
            vec![(Some(a.clone()), None), (Some(b.clone()), None), (Some(a.clone()), Some(b.clone()))]
        }
        _ if options.class.is_empty() => vec![(None, None)],
        _ => options.class.iter().map(|class| (Some(class.clone()), None)).collect(),
    };
    let layers: Vec<Option<String>> =
        if options.layer.is_empty() { vec![None] } else { options.layer.iter().cloned().map(Some).collect() };
    let mut openings = Vec::new();
    for photo in 0..options.photos.len() {
        for network in 0..options.model.len().max(1) {
            for layer in &layers {
                for &method in &options.method {
                    for (class, against) in &classes {
                        let (class, against, layer) = (class.clone(), against.clone(), layer.clone());
                        openings.push(Opening { network, photo, class, against, layer, method });
                    }
                }
            }
        }
    }
    if !(2..=MOST_PANES).contains(&openings.len()) {
        let panes = if openings.len() == 1 { "pane" } else { "panes" };
        bail!(
            "these options make {} {panes}, but 2 to {MOST_PANES} can be compared; give PHOTO, --model, --class, --method or \
             --layer more than once, or --contrast",
            openings.len()
        );
    }
    if let Some(fine) = openings.iter().find(|opening| opening.against.is_some() && opening.method.is_fine()) {
        return Err(saltty::Error::NoContrast { method: fine.method }.into());
    }
    Ok(openings)
}

/// `photo=1 model=1 class=N minus=N method=NAME layer=NAME`, all optional.
fn pane(text: &str, options: &Compare) -> Result<Opening> {
    let mut opening = Opening::new(Method::GradCam);
    for part in text.split_whitespace() {
        let wrong = || {
            anyhow!(
                "--pane `{text}`: `{part}` is not understood; use photo=1 model=1 class=N minus=N method=NAME layer=NAME"
            )
        };
        let (name, value) = part.split_once('=').ok_or_else(wrong)?;
        let number = |most: usize| value.parse().ok().filter(|n| (1..=most).contains(n)).map(|n: usize| n - 1);
        match name {
            "photo" => opening.photo = number(options.photos.len()).ok_or_else(wrong)?,
            "model" => opening.network = number(options.model.len().max(1)).ok_or_else(wrong)?,
            "class" => opening.class = Some(value.to_owned()),
            "minus" => opening.against = Some(value.to_owned()),
            "layer" => opening.layer = Some(value.to_owned()),
            "method" => {
                let found = Method::ALL.into_iter().find(|method| method.id() == value);
                opening.method = found.ok_or_else(wrong)?;
            }
            _ => return Err(wrong()),
        }
    }
    if opening.against.is_some() && opening.method.is_fine() {
        return Err(saltty::Error::NoContrast { method: opening.method }.into());
    }
    Ok(opening)
}

/// Nobody stops this.
struct Unwatched;

impl Watch for Unwatched {
    fn go_on(&mut self, _: Stage) -> bool {
        true
    }

    fn opened(&mut self, _: &Raster) {}
}

fn plain(options: &Compare, openings: &[Opening]) -> Result<ExitCode> {
    let supplies = networks(options).iter().map(Choice::supply).collect::<Result<Vec<_>>>()?;
    let mut desk = Desk::new(supplies, openings, None)?;
    desk.expect(openings.len());
    let catalogue = desk.catalogue();
    let mut parts = Vec::new();
    for (pane, (opening, &(class, against, layer))) in openings.iter().zip(&catalogue.opened).enumerate() {
        let photo = &options.photos[opening.photo];
        let ask = Ask {
            pane,
            network: opening.network,
            photo: photo.clone(),
            reread: false,
            class,
            against,
            method: opening.method,
            layer: catalogue.networks[opening.network].layers[layer].name.clone(),
            colors: options.look.colormap,
        };
        let name = photo.display().to_string();
        let told = |reason: String| {
            if reason.contains(&name) { anyhow!(reason) } else { anyhow!(reason).context(name.clone()) }
        };
        let scene = desk.explain(&ask, &mut Unwatched).map_err(told)?.context("nobody stopped it")?;
        parts.push(Part { photo: photo.clone(), scene: Arc::new(scene), paint: output::paint(&options.look) });
    }
    if options.shared_scale {
        let bound = Some(common_bound(parts.iter().map(|part| &*part.scene)));
        for part in &mut parts {
            part.paint.bound = bound;
        }
    }
    if let Some(file) = &options.png {
        save::compose(&parts, Pictures::Overlay, &Lens::default(), None).write_png(file)?;
    }
    output::print(&page(options, &parts))?;
    Ok(ExitCode::SUCCESS)
}

/// What each pane shows and how alike it is to the first; the pictures, where no file takes them.
fn page(options: &Compare, parts: &[Part]) -> String {
    let mut text = String::new();
    for (number, part) in (1..).zip(parts) {
        text += &line(number, &part.photo, &part.scene);
        if number > 1 {
            let alike = Likeness::of(&parts[0].scene.shown, &part.scene.shown);
            text += &["   to 1: ", &alike.in_words(), "\n"].concat();
        }
    }
    if options.png.is_some() {
        return text;
    }
    let titles: Vec<String> = (1..=parts.len()).map(|number| number.to_string()).collect();
    let overlay =
        |part: &Part| part.paint.of(&part.scene).map_or_else(|| part.scene.overlay.clone(), |new| new.overlay);
    let rasters: Vec<Raster> = parts.iter().map(overlay).collect();
    let pictures: Vec<(&str, &Raster)> = titles.iter().map(String::as_str).zip(&rasters).collect();
    for row in pictures.chunks(3) {
        text += &output::beside(row, &options.look);
    }
    text
}

fn line(number: usize, photo: &Path, scene: &Scene) -> String {
    let Scene { class, against, method, layer, model, shown, note, .. } = scene;
    let less = against.as_ref().map_or_else(String::new, |less| format!(" minus {} ({})", less.name, less.index));
    let note = note.as_ref().map_or_else(String::new, |note| format!("   note: {note}\n"));
    let (photo, percent) = (photo.display(), class.probability * 100.0);
    format!(
        "{number}  {photo}: {model}, {} of {} ({}){less} {percent:.1} %, at {layer}, scale to {:.3e}\n{note}",
        method.title(),
        class.name,
        class.index,
        shown.bound
    )
}
