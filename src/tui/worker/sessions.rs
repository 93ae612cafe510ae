//! Passes over the photos looked at latest, so that another class, method or layer of one runs no network forward.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
};

use crate::{explain::Session, files::Stamp, raster::Raster};

/// A photo at hand and before and after it.
const LEAST: usize = 3;

/// One photo in front of one network.
pub struct Open {
    network: usize,
    path: PathBuf,
    stamp: Option<Stamp>,
    /// The photo as the network sees it.
    pub square: Raster,
    /// The pass over it.
    pub session: Session,
}

/// The latest few.
pub struct Sessions {
    latest: VecDeque<Open>,
    most: usize,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { latest: VecDeque::new(), most: LEAST }
    }
}

impl Sessions {
    /// Remembers at least so many.
    pub fn expect(&mut self, count: usize) {
        self.most = count.max(LEAST);
        self.latest.truncate(self.most);
    }

    /// The pass of `network` over the photo at `path`, if it is remembered and the file is the same or gone.
    pub fn find(&mut self, network: usize, path: &Path) -> Option<&Open> {
        let at = self.latest.iter().position(|open| open.network == network && open.path == path)?;
        let open = self.latest.remove(at)?;
        let now = Stamp::of(path);
        if now.is_some() && now != open.stamp {
            return None;
        }
        self.latest.push_front(open);
        self.latest.front()
    }

    /// Forgets the passes over the photo at `path`.
    pub fn drop_photo(&mut self, path: &Path) {
        self.latest.retain(|open| open.path != path);
    }

    /// Makes room for one more pass, before it is computed.
    pub fn make_room(&mut self) {
        self.latest.truncate(self.most.saturating_sub(1));
    }

    /// Remembers a pass; `stamp` is the file's from before it was read.
    pub fn remember(
        &mut self,
        network: usize,
        path: &Path,
        stamp: Option<Stamp>,
        (square, session): (Raster, Session),
    ) -> &Open {
        self.make_room();
        self.latest.push_front(Open { network, path: path.to_owned(), stamp, square, session });
        &self.latest[0]
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.latest.clear();
    }
}
