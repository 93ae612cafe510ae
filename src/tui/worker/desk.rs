//! The workshop of the program: studios, the passes over the latest photos, and what is known of all others.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use super::{Watch, Workshop, sessions::Sessions};
use crate::{
    Error, Result,
    explain::Method,
    files::Stamp,
    model::Layer,
    photo::Photo,
    record::{Record, Request, Subject},
    scene::Scene,
    studio::{Studio, View},
    survey::{Cache, Finding},
    tui::{
        message::{Ask, Stage},
        model::{Catalogue, Network, Opened, Opening},
        save,
    },
    weights::{Fingerprint, Weights},
};

/// A network, and where it came from.
pub struct Supply {
    /// The network.
    pub studio: Studio,
    /// Its weights' file; none for the embedded network.
    pub weights: Option<PathBuf>,
    /// What changes whenever the network or its conventions do: findings are remembered under it.
    pub identity: String,
}

/// A network with what is only found out when it is needed.
struct Bench {
    supply: Supply,
    fingerprint: Option<Fingerprint>,
}

/// Studios with the passes over the latest photos.
pub struct Desk {
    benches: Vec<Bench>,
    opened: Vec<Opened>,
    sessions: Sessions,
    cache: Option<Cache>,
}

impl Desk {
    /// Explains photos through the networks of `supplies`. Findings are remembered in `cache`.
    ///
    /// # Errors
    /// What is wrong with the openings: [`Error::UnknownClass`], [`Error::UnknownLayer`], [`Error::NotSpatial`].
    pub fn new(supplies: Vec<Supply>, openings: &[Opening], cache: Option<Cache>) -> Result<Self> {
        let opened = openings.iter().map(|opening| look_up(&supplies, opening)).collect::<Result<_>>()?;
        let benches = supplies.into_iter().map(|supply| Bench { supply, fingerprint: None }).collect();
        Ok(Self { benches, opened, sessions: Sessions::default(), cache })
    }

    fn studio(&self, network: usize) -> Result<&Studio, String> {
        self.benches
            .get(network)
            .map(|bench| &bench.supply.studio)
            .ok_or_else(|| format!("there is no network {network}"))
    }

    /// Runs the network of `ask` on its photo, unless that is remembered. False where `watch` stopped it.
    fn run(&mut self, ask: &Ask, watch: &mut dyn Watch) -> Result<bool, String> {
        let told = |error: Error| error.to_string();
        if ask.reread {
            self.sessions.drop_photo(&ask.photo);
        }
        if self.sessions.find(ask.network, &ask.photo).is_some() {
            return Ok(true);
        }
        if !watch.go_on(Stage::Open) {
            return Ok(false);
        }
        let stamp = Stamp::of(&ask.photo);
        let square = self.studio(ask.network)?.fit(&Photo::open(&ask.photo).map_err(told)?);
        watch.opened(&square);
        if !watch.go_on(Stage::Forward) {
            return Ok(false);
        }
        self.sessions.make_room();
        let session = self.studio(ask.network)?.session(&square).map_err(told)?;
        self.sessions.remember(ask.network, &ask.photo, stamp, (square, session));
        Ok(true)
    }
}

fn look_up(supplies: &[Supply], opening: &Opening) -> Result<Opened> {
    let studio = &supplies.get(opening.network).unwrap_or(&supplies[0]).studio;
    let class = |asked: &Option<String>| asked.as_deref().map(|asked| studio.names().find(asked)).transpose();
    let layer = match opening.layer.as_deref() {
        Some(name) => studio.classifier().target(name)?,
        None => studio.layer(),
    };
    let place = targets(studio).iter().position(|target| target.name == layer.name).unwrap_or(0);
    Ok((class(&opening.class)?, class(&opening.against)?, place))
}

/// Layers that can be the target layer.
fn targets(studio: &Studio) -> Vec<Layer> {
    studio.classifier().layers().iter().filter(|layer| layer.is_spatial()).cloned().collect()
}

impl Workshop for Desk {
    fn catalogue(&self) -> Catalogue {
        let network = |bench: &Bench| {
            let studio = &bench.supply.studio;
            let classifier = studio.classifier();
            let layers = targets(studio);
            let layer = layers.iter().position(|layer| layer.name == studio.layer().name).unwrap_or(0);
            let has_cam = classifier.model().class_planes().is_some();
            let methods = Method::ALL.into_iter().filter(|&method| method != Method::Cam || has_cam).collect();
            let name = classifier.model().to_string();
            Network { name, names: Arc::new(studio.names().clone()), layers, layer, methods }
        };
        Catalogue { networks: self.benches.iter().map(network).collect(), opened: self.opened.clone() }
    }

    fn expect(&mut self, asks: usize) {
        self.sessions.expect(asks);
    }

    fn explain(&mut self, ask: &Ask, watch: &mut dyn Watch) -> Result<Option<Scene>, String> {
        let began = Instant::now();
        if !self.run(ask, watch)? || !watch.go_on(Stage::Explain) {
            return Ok(None);
        }
        let told = |error: Error| error.to_string();
        let open = self.sessions.find(ask.network, &ask.photo).ok_or("the photo changed while it was read; retry")?;
        let bench = &self.benches[ask.network];
        let studio = &bench.supply.studio;
        let layer = studio.classifier().target(&ask.layer).map_err(told)?;
        let class = ask.class.unwrap_or_else(|| open.session.top(1)[0]);
        let Ask { method, against, colors, .. } = *ask;
        let view = View { method, class, against, colors, layer };
        studio.view(&open.square, &open.session, &view, began).map(Some).map_err(told)
    }

    fn survey(&mut self, network: usize, photo: &Path) -> Result<Finding, String> {
        let supply = &self.benches.get(network).ok_or("no such network")?.supply;
        let found = match &self.cache {
            Some(cache) => cache.finding(&supply.studio, &supply.identity, photo),
            None => std::fs::read(photo)
                .map_err(|source| Error::Read { path: photo.to_owned(), source })
                .and_then(|bytes| Finding::of(&supply.studio, &bytes, photo)),
        };
        found.map_err(|error| error.to_string())
    }

    fn record(&mut self, ask: &Ask, folder: &Path) -> Result<Vec<PathBuf>, String> {
        let told = |error: Error| error.to_string();
        let bench = self.benches.get_mut(ask.network).ok_or("no such network")?;
        let studio = &bench.supply.studio;
        if bench.fingerprint.is_none() {
            let path = bench.supply.weights.as_deref();
            let weights = path.map_or_else(|| Ok(Weights::embedded()), Weights::open).map_err(told)?;
            let weights = weights.with_preprocess(Some(studio.preprocess()));
            bench.fingerprint = Some(weights.fingerprint(studio.classifier().model()).map_err(told)?);
        }
        let bytes =
            std::fs::read(&ask.photo).map_err(|source| told(Error::Read { path: ask.photo.clone(), source }))?;
        let class = ask.class.ok_or("a record needs a class")?;
        let fingerprint = bench.fingerprint.as_ref().ok_or("the weights have no fingerprint")?;
        let weights = bench.supply.weights.as_deref();
        let subject = Subject { photo: &ask.photo, bytes: &bytes, weights, fingerprint };
        let (method, against, layer) = (ask.method, ask.against, ask.layer.to_string());
        let request = Request { class, against, method, layer, colors: ask.colors };
        let stem = ask.photo.file_stem().unwrap_or_default().to_string_lossy();
        let file = save::free(folder, &format!("{stem}.{}", request.name()), &["toml"]).remove(0);
        let mut record = Record::make(file, studio, &subject, &request).map_err(told)?;
        record.write(false).map_err(told)?;
        Ok(vec![record.path])
    }

    fn forget(&mut self) {
        self.sessions.clear();
    }
}
