//! Jobs on their way to the worker; only the newest counts.

use std::sync::mpsc::Receiver;

use crate::tui::message::Job;

/// A channel of which only the last job is ever taken.
pub struct Inbox {
    jobs: Receiver<Job>,
    waiting: Option<Job>,
}

impl Inbox {
    /// Takes jobs from `jobs`.
    pub fn new(jobs: Receiver<Job>) -> Self {
        Self { jobs, waiting: None }
    }

    /// The newest job; waits for one if there is none. Nothing when no more can come.
    pub fn next(&mut self) -> Option<Job> {
        if !self.has_newer() {
            self.waiting = self.jobs.recv().ok();
            self.has_newer();
        }
        self.waiting.take()
    }

    /// Whether a job waits.
    pub fn has_newer(&mut self) -> bool {
        while let Ok(mut newer) = self.jobs.try_recv() {
            let kept = self.waiting.take().is_some_and(|older| older.reread && older.photo == newer.photo);
            newer.reread |= kept;
            self.waiting = Some(newer);
        }
        self.waiting.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::{explain::Method, heatmap::ColorMap};

    fn job(number: u64, photo: &str, reread: bool) -> Job {
        let (photo, layer) = (photo.into(), "fire9".into());
        Job { number, photo, reread, class: None, method: Method::GradCam, layer, colors: ColorMap::Jet }
    }

    #[test]
    fn the_newest_job_wins_and_a_wish_to_read_again_is_not_lost() {
        let (sender, receiver) = mpsc::channel();
        let mut inbox = Inbox::new(receiver);
        for older in [job(1, "a", false), job(2, "b", true), job(3, "b", false)] {
            sender.send(older).unwrap();
        }
        assert_eq!(inbox.next(), Some(job(3, "b", true)));
        assert!(!inbox.has_newer());
        sender.send(job(4, "b", true)).unwrap();
        sender.send(job(5, "c", false)).unwrap();
        assert!(inbox.has_newer());
        assert_eq!(inbox.next(), Some(job(5, "c", false)));
        drop(sender);
        assert_eq!(inbox.next(), None);
    }
}
