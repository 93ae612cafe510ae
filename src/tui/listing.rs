//! The list of photos: what is known of each, which are shown, in which order.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use crate::{classes::ClassNames, raster::Raster, survey::Finding};

/// Thumbnails kept; those farthest from what is visible go first.
const THUMBNAILS: usize = 600;

/// What is known of one photo.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// What each network says: likeliest classes with their probabilities, likeliest first.
    pub top: Vec<Option<Vec<(usize, f64)>>>,
    /// The photo, small, while it is near what is visible.
    pub thumbnail: Option<Arc<Raster>>,
    /// Why nothing can be known.
    pub trouble: Option<String>,
    /// The class that the folder's name means, once it was looked up.
    pub folder: Option<usize>,
}

impl Entry {
    /// The likeliest class of the first network and its probability.
    pub fn likeliest(&self) -> Option<(usize, f64)> {
        self.top.first()?.as_ref()?.first().copied()
    }

    /// Whether everything is known of it.
    pub fn is_known(&self, networks: usize) -> bool {
        self.trouble.is_some() || (self.top.len() >= networks && self.top.iter().all(Option::is_some))
    }

    /// The class that contradicts the likeliest: the one that the folder names, or what another network finds likeliest.
    pub fn contradicted_by(&self) -> Option<usize> {
        let likeliest = |top: &Option<Vec<(usize, f64)>>| top.as_ref()?.first().map(|&(class, _)| class);
        let (first, _) = self.likeliest()?;
        self.folder.into_iter().chain(self.top.iter().skip(1).filter_map(likeliest)).find(|&class| class != first)
    }

    /// How much the prediction contradicts the folder's name and the networks each other, 0 to 1; none where there is
    /// neither another network nor a folder that names a class.
    pub fn disagreement(&self) -> Option<f64> {
        let first = self.top.first()?.as_ref()?;
        let of = |top: &[(usize, f64)], class: usize| {
            top.iter().find(|&&(index, _)| index == class).map_or(0.0, |&(_, probability)| probability)
        };
        let folder = self.folder.map(|class| 1.0 - of(first, class));
        let (class, _) = *first.first()?;
        let others = self.top.iter().skip(1).flatten().map(|top| 1.0 - of(top, class));
        others.chain(folder).reduce(f64::max)
    }
}

/// An order of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// As given: names as people count.
    #[default]
    Name,
    /// By the likeliest class's name.
    Class,
    /// The most certain first.
    Confidence,
    /// Those that contradict their folder's name, or on which the networks disagree, first.
    Disagreement,
}

impl Sort {
    /// All of them, in the order in which a key goes through them.
    pub const ALL: [Self; 4] = [Self::Name, Self::Class, Self::Confidence, Self::Disagreement];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Class => "class",
            Self::Confidence => "confidence",
            Self::Disagreement => "disagreement",
        }
    }
}

/// The list.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// What is known of each photo.
    pub entries: Vec<Entry>,
    /// The photos shown, in order.
    pub order: Vec<usize>,
    /// Which place of `order` is chosen.
    pub at: usize,
    /// The first place that is visible.
    pub first: usize,
    /// The order.
    pub sort: Sort,
    /// A part of the name or class of those shown.
    pub filter: String,
    /// Whether only marked ones are shown.
    pub marked_only: bool,
    /// The marked photos.
    pub marks: BTreeSet<usize>,
    /// Whether the list was ever looked at, so that photos are to be surveyed.
    pub is_open: bool,
    /// Whether something was learnt since the order was made.
    pub is_dirty: bool,
}

impl Listing {
    /// Of so many photos.
    pub fn new(photos: usize) -> Self {
        Self { entries: vec![Entry::default(); photos], order: (0..photos).collect(), ..Self::default() }
    }

    /// The photo chosen, if any is shown.
    pub fn chosen(&self) -> Option<usize> {
        self.order.get(self.at).copied()
    }

    /// Chooses the photo `by` places further down.
    pub fn step(&mut self, by: isize) {
        self.at = self.at.saturating_add_signed(by).min(self.order.len().saturating_sub(1));
    }

    /// Scrolls so that the chosen one is among so many visible.
    pub fn scroll(&mut self, visible: usize) {
        let visible = visible.max(1);
        self.first = self.first.clamp((self.at + 1).saturating_sub(visible), self.at);
        self.first = self.first.min(self.order.len().saturating_sub(visible));
    }

    /// Chooses `photo`, if it is shown.
    pub fn choose(&mut self, photo: usize) {
        self.at = self.order.iter().position(|&shown| shown == photo).unwrap_or(self.at);
    }

    /// How many photos are known wholly.
    pub fn known(&self, networks: usize) -> usize {
        self.entries.iter().filter(|entry| entry.is_known(networks)).count()
    }

    /// Takes in what a network found.
    pub fn learn(&mut self, photo: usize, network: usize, found: Result<Arc<Finding>, String>) {
        let Some(entry) = self.entries.get_mut(photo) else { return };
        self.is_dirty = true;
        match found {
            Err(reason) => entry.trouble = Some(reason),
            Ok(finding) => {
                if entry.top.len() <= network {
                    entry.top.resize(network + 1, None);
                }
                entry.top[network] = Some(finding.top.clone());
                entry.thumbnail = Some(Arc::new(finding.thumbnail.clone()));
            }
        }
    }

    /// Drops thumbnails far from what is visible, so that any number of photos takes the same memory for them.
    pub fn thin(&mut self) {
        if self.entries.iter().filter(|entry| entry.thumbnail.is_some()).count() <= THUMBNAILS {
            return;
        }
        let near = self.order.iter().skip(self.at.saturating_sub(THUMBNAILS / 4)).take(THUMBNAILS / 2);
        let near: BTreeSet<usize> = near.copied().collect();
        for (photo, entry) in self.entries.iter_mut().enumerate() {
            if !near.contains(&photo) {
                entry.thumbnail = None;
            }
        }
    }

    /// Looks up which classes the folders' names mean.
    pub fn name_folders(&mut self, photos: &[PathBuf], names: &ClassNames) {
        let mut last: Option<(PathBuf, Option<usize>)> = None;
        for (entry, photo) in self.entries.iter_mut().zip(photos) {
            let Some(folder) = photo.parent() else { continue };
            if last.as_ref().is_none_or(|(known, _)| known != folder) {
                let name = folder.file_name().unwrap_or_default().to_string_lossy().replace(['_', '-'], " ");
                last = Some((folder.to_owned(), names.exactly(&name)));
            }
            entry.folder = last.as_ref().and_then(|(_, class)| *class);
        }
    }

    /// Filters and sorts anew; the chosen photo stays chosen if it is still shown.
    pub fn arrange(&mut self, photos: &[PathBuf], names: Option<&ClassNames>) {
        let chosen = self.chosen();
        let wanted = self.filter.trim().to_lowercase();
        let class = |photo: usize| self.entries[photo].likeliest().and_then(|(class, _)| Some(names?.name(class)));
        let fits = |photo: &usize| {
            let marked = !self.marked_only || self.marks.contains(photo);
            let named = || photos[*photo].to_string_lossy().to_lowercase().contains(&wanted);
            let classed = || class(*photo).is_some_and(|name| name.to_lowercase().contains(&wanted));
            marked && (wanted.is_empty() || named() || classed())
        };
        let mut order: Vec<usize> = (0..self.entries.len().min(photos.len())).filter(fits).collect();
        // Unknown ones last; `sort_by` keeps equal ones in the order of their names.
        match self.sort {
            Sort::Name => {}
            Sort::Class => order.sort_by_cached_key(|&photo| class(photo).map_or((true, ""), |name| (false, name))),
            Sort::Confidence => {
                let certainty =
                    |photo: usize| self.entries[photo].likeliest().map_or(-1.0, |(_, probability)| probability);
                order.sort_by(|&a, &b| certainty(b).total_cmp(&certainty(a)));
            }
            Sort::Disagreement => {
                let apart = |photo: usize| self.entries[photo].disagreement().unwrap_or(-1.0);
                order.sort_by(|&a, &b| apart(b).total_cmp(&apart(a)));
            }
        }
        self.order = order;
        self.is_dirty = false;
        self.at = self.at.min(self.order.len().saturating_sub(1));
        if let Some(photo) = chosen {
            self.choose(photo);
        }
    }

    /// Photos wanted first: `visible` ones from place `first` of the order on, then as many after and before them; only
    /// those of which something is missing.
    pub fn wanted(&self, first: usize, visible: usize, networks: usize) -> Vec<usize> {
        let end = self.order.len();
        let shown = first.min(end)..(first + visible).min(end);
        let after = shown.end..(shown.end + visible).min(end);
        let before = first.saturating_sub(visible).min(end)..shown.start;
        let missing = |&photo: &usize| {
            let entry = &self.entries[photo];
            !entry.is_known(networks) || (entry.trouble.is_none() && entry.thumbnail.is_none())
        };
        shown.chain(after).chain(before).map(|place| self.order[place]).filter(missing).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing() -> (Listing, Vec<PathBuf>, ClassNames) {
        let photos: Vec<PathBuf> = ["tabby/1.jpg", "tabby/2.jpg", "x/3.jpg"].map(PathBuf::from).into();
        let mut listing = Listing::new(3);
        let names = ClassNames::imagenet();
        let tabby = names.exactly("tabby").unwrap();
        for (photo, top) in [(0, vec![(tabby, 0.5)]), (1, vec![(207, 0.9), (tabby, 0.05)])] {
            let thumbnail = Raster::filled(1, 1, [0; 3]);
            listing.learn(photo, 0, Ok(Arc::new(Finding { top, thumbnail })));
        }
        listing.name_folders(&photos, &names);
        (listing, photos, names)
    }

    #[test]
    fn orders_put_the_unknown_last() {
        let (mut listing, photos, names) = listing();
        for (sort, order) in [
            (Sort::Name, [0, 1, 2]),
            (Sort::Class, [1, 0, 2]),
            (Sort::Confidence, [1, 0, 2]),
            (Sort::Disagreement, [1, 0, 2]),
        ] {
            listing.sort = sort;
            listing.arrange(&photos, Some(&names));
            assert_eq!(listing.order, order, "{sort:?}");
        }
        assert_eq!(listing.entries[1].disagreement(), Some(0.95));
        assert_eq!(listing.entries[2].disagreement(), None);
        let tabby = names.exactly("tabby");
        assert_eq!([0, 1, 2].map(|photo| listing.entries[photo].contradicted_by()), [None, tabby, None]);
    }

    #[test]
    fn the_folder_contradicts_before_another_network_does() {
        let top = |class| Some(vec![(class, 0.9)]);
        let entry = |folder, top: &[Option<Vec<(usize, f64)>>]| Entry { top: top.to_vec(), folder, ..Entry::default() };
        assert_eq!(entry(Some(1), &[top(2), top(3)]).contradicted_by(), Some(1));
        assert_eq!(entry(Some(2), &[top(2), top(3)]).contradicted_by(), Some(3));
        assert_eq!(entry(None, &[top(2), None]).contradicted_by(), None);
        assert_eq!(entry(Some(1), &[None, top(3)]).contradicted_by(), None, "nothing is likeliest yet");
    }

    #[test]
    fn a_filter_reads_names_and_classes_and_keeps_the_choice() {
        let (mut listing, photos, names) = listing();
        listing.at = 1;
        listing.filter = "GOLDEN".to_owned();
        listing.arrange(&photos, Some(&names));
        assert_eq!((listing.order.as_slice(), listing.chosen()), ([1].as_slice(), Some(1)));
        listing.filter = "x/".to_owned();
        listing.arrange(&photos, Some(&names));
        assert_eq!(listing.order, [2]);
        (listing.filter, listing.marked_only) = (String::new(), true);
        listing.arrange(&photos, Some(&names));
        assert_eq!(listing.chosen(), None);
    }

    #[test]
    fn what_is_visible_is_wanted_first_and_the_known_not_at_all() {
        let (listing, ..) = listing();
        assert_eq!(listing.wanted(0, 2, 1), [2], "1 and 2 are known");
        assert_eq!(listing.wanted(0, 2, 2), [0, 1, 2], "but not by a second network");
        assert_eq!(listing.wanted(2, 1, 2), [2, 1]);
    }
}
