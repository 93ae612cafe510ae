//! Orders on their way to the worker: only the newest job counts, the rest is done when nothing better is left.

use std::{
    collections::{HashSet, VecDeque},
    path::PathBuf,
    sync::{Arc, mpsc::Receiver},
};

use crate::tui::message::{Ask, Job, Order, Survey};

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// A person waits for it.
    Job(Job),
    /// A record into this folder.
    Record(Ask, PathBuf),
    /// What may be asked for next.
    Ahead(Ask),
    /// A look at a photo of the list: its number and file.
    Survey(usize, PathBuf),
}

/// A channel whose orders are taken by what matters most.
pub struct Inbox {
    orders: Receiver<Order>,
    job: Option<Job>,
    cancelled: bool,
    records: VecDeque<(Ask, PathBuf)>,
    ahead: VecDeque<Ask>,
    survey: Survey,
    wanted: VecDeque<usize>,
    next: usize,
    seen: HashSet<usize>,
}

impl Inbox {
    /// Takes orders from `orders`.
    pub fn new(orders: Receiver<Order>) -> Self {
        Self {
            orders,
            job: None,
            cancelled: false,
            records: VecDeque::new(),
            ahead: VecDeque::new(),
            survey: Survey::default(),
            wanted: VecDeque::new(),
            next: 0,
            seen: HashSet::new(),
        }
    }

    /// What matters most; waits for an order if there is nothing. Nothing when no more can come.
    pub fn next(&mut self) -> Option<Task> {
        loop {
            self.drain();
            self.cancelled = false;
            if let Some(task) = self.ready() {
                return Some(task);
            }
            let order = self.orders.recv().ok()?;
            self.take(order);
        }
    }

    /// Whether what is being done should stop: a newer job waits, or the person wants no more of it.
    pub fn is_overtaken(&mut self) -> bool {
        self.drain();
        self.job.is_some() || self.cancelled
    }

    fn drain(&mut self) {
        while let Ok(order) = self.orders.try_recv() {
            self.take(order);
        }
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Job(mut newer) => {
                // A wish to read again is not lost with the job that had it.
                if let Some(older) = self.job.take() {
                    for ask in &mut newer.asks {
                        ask.reread |= older.asks.iter().any(|old| old.reread && old.photo == ask.photo);
                    }
                }
                self.job = Some(newer);
                self.ahead.clear();
            }
            Order::Cancel => {
                (self.job, self.cancelled) = (None, true);
                self.ahead.clear();
            }
            Order::Ahead(asks) => self.ahead = asks.into(),
            Order::Record(ask, folder) => self.records.push_back((ask, folder)),
            Order::Survey(survey) => {
                if !Arc::ptr_eq(&survey.photos, &self.survey.photos) {
                    self.next = 0;
                    self.seen.clear();
                }
                self.wanted = survey.wanted.iter().copied().collect();
                self.survey = survey;
            }
        }
    }

    fn ready(&mut self) -> Option<Task> {
        if let Some(job) = self.job.take() {
            return Some(Task::Job(job));
        }
        if let Some((ask, folder)) = self.records.pop_front() {
            return Some(Task::Record(ask, folder));
        }
        self.ahead.pop_front().map(Task::Ahead).or_else(|| self.photo())
    }

    /// The next photo to look at: a wanted one, else one that was never looked at.
    fn photo(&mut self) -> Option<Task> {
        let photo = match self.wanted.pop_front() {
            Some(photo) => photo,
            None if self.survey.rest => {
                let photo = (self.next..self.survey.photos.len()).find(|photo| !self.seen.contains(photo))?;
                self.next = photo + 1;
                photo
            }
            None => return None,
        };
        self.seen.insert(photo);
        Some(Task::Survey(photo, self.survey.photos.get(photo)?.clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::{explain::Method, heatmap::ColorMap};

    fn ask(photo: &str, reread: bool) -> Ask {
        let (photo, layer) = (photo.into(), "fire9".into());
        let (method, colors) = (Method::GradCam, ColorMap::Jet);
        Ask { pane: 0, network: 0, photo, reread, class: None, against: None, method, layer, colors }
    }

    fn job(number: u64, photo: &str, reread: bool) -> Job {
        Job { number, asks: vec![ask(photo, reread)] }
    }

    #[test]
    fn the_newest_job_wins_and_a_wish_to_read_again_is_not_lost() {
        let (sender, receiver) = mpsc::channel();
        let mut inbox = Inbox::new(receiver);
        for older in [job(1, "a", false), job(2, "b", true), job(3, "b", false)] {
            sender.send(Order::Job(older)).unwrap();
        }
        assert_eq!(inbox.next(), Some(Task::Job(job(3, "b", true))));
        assert!(!inbox.is_overtaken());
        sender.send(Order::Job(job(4, "b", true))).unwrap();
        sender.send(Order::Job(job(5, "c", false))).unwrap();
        assert!(inbox.is_overtaken());
        assert_eq!(inbox.next(), Some(Task::Job(job(5, "c", false))));
        drop(sender);
        assert_eq!(inbox.next(), None);
    }

    #[test]
    fn people_first_then_neighbours_then_what_is_visible_then_the_rest() {
        let (sender, receiver) = mpsc::channel();
        let mut inbox = Inbox::new(receiver);
        let photos: Arc<Vec<PathBuf>> = Arc::new(["0", "1", "2", "3"].map(PathBuf::from).into());
        let survey =
            |wanted: &[usize]| Order::Survey(Survey { photos: photos.clone(), wanted: wanted.into(), rest: true });
        sender.send(survey(&[2, 3])).unwrap();
        sender.send(Order::Ahead(vec![ask("n", false)])).unwrap();
        assert_eq!(inbox.next(), Some(Task::Ahead(ask("n", false))));
        assert_eq!(inbox.next(), Some(Task::Survey(2, "2".into())));
        sender.send(survey(&[1])).unwrap();
        sender.send(Order::Job(job(1, "a", false))).unwrap();
        assert_eq!(inbox.next(), Some(Task::Job(job(1, "a", false))));
        let rest: Vec<_> = (0..3).filter_map(|_| inbox.next()).collect();
        let expected = [1, 0, 3].map(|photo: usize| Task::Survey(photo, photo.to_string().into()));
        assert_eq!(rest, expected);
        sender.send(Order::Cancel).unwrap();
        assert!(inbox.is_overtaken());
        drop(sender);
        assert_eq!(inbox.next(), None, "everything was looked at once");
    }
}
