//! The workshop of the program: a studio and the photo at hand.

use std::{path::PathBuf, sync::Arc, time::Instant};

use super::{Watch, Workshop};
use crate::{
    Result,
    explain::{Method, Session},
    model::Layer,
    photo::Photo,
    raster::Raster,
    scene::Scene,
    studio::Studio,
    tui::{
        message::{Job, Stage},
        model::Catalogue,
    },
};

/// A studio with the pass over the latest photo, so that another class, method or layer of it runs no network forward.
pub struct Desk {
    studio: Studio,
    class: Option<usize>,
    photo: Option<OpenPhoto>,
}

struct OpenPhoto {
    path: PathBuf,
    square: Raster,
    session: Session,
}

impl Desk {
    /// Explains photos through `studio`; `class` is the class for all photos, as a person wrote it.
    ///
    /// # Errors
    /// [`Error::UnknownClass`](crate::Error::UnknownClass).
    pub fn new(studio: Studio, class: Option<&str>) -> Result<Self> {
        let class = class.map(|asked| studio.names().find(asked)).transpose()?;
        Ok(Self { studio, class, photo: None })
    }

    fn scene(&mut self, job: &Job, watch: &mut dyn Watch) -> Result<Option<Scene>> {
        let began = Instant::now();
        let at_hand = self.photo.as_ref().is_some_and(|open| open.path == job.photo && !job.reread);
        if !at_hand {
            self.photo = None;
            if !watch.go_on(Stage::Open) {
                return Ok(None);
            }
            let square = self.studio.fit(&Photo::open(&job.photo)?);
            watch.opened(&square);
            if !watch.go_on(Stage::Forward) {
                return Ok(None);
            }
            let session = self.studio.session(&square)?;
            self.photo = Some(OpenPhoto { path: job.photo.clone(), square, session });
        }
        let OpenPhoto { square, session, .. } = self.photo.as_ref().expect("a photo was opened");
        if !watch.go_on(Stage::Explain) {
            return Ok(None);
        }
        let layer = self.studio.classifier().target(&job.layer)?;
        let class = job.class.unwrap_or_else(|| session.top(1)[0]);
        let choice = (job.method, class, job.colors);
        self.studio.scene_at(square, session, choice, layer, began).map(Some)
    }
}

impl Workshop for Desk {
    fn catalogue(&self) -> Catalogue {
        let classifier = self.studio.classifier();
        let layers: Vec<Layer> = classifier.layers().iter().filter(|layer| layer.is_spatial()).cloned().collect();
        let layer = layers.iter().position(|layer| layer.name == self.studio.layer().name).unwrap_or(0);
        let has_cam = classifier.model().class_planes().is_some();
        let methods = Method::ALL.into_iter().filter(|&method| method != Method::Cam || has_cam).collect();
        Catalogue { names: Arc::new(self.studio.names().clone()), layers, layer, methods, class: self.class }
    }

    fn explain(&mut self, job: &Job, watch: &mut dyn Watch) -> Result<Option<Scene>, String> {
        self.scene(job, watch).map_err(|error| error.to_string())
    }

    fn forget(&mut self) {
        self.photo = None;
    }
}
