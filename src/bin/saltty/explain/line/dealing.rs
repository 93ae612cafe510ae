//! Which photos are computed together, by which crew, and how they come out in order again.

use std::{
    collections::VecDeque,
    ops::Range,
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};

use anyhow::Result;

use super::Told;

/// Photos of each crew's first batch, at most, so that the first answers are soon there.
const FIRST: usize = 2;

/// Photos as they come out, in order.
pub struct Stream<'p> {
    /// One of each crew.
    crews: Vec<Receiver<Result<Told<'p>>>>,
    /// The crew of each photo to come.
    owners: VecDeque<usize>,
}

impl<'p> Stream<'p> {
    /// From crews to whom `batches` were dealt in turn.
    pub fn new(crews: Vec<Receiver<Result<Told<'p>>>>, batches: &[Range<usize>]) -> Self {
        let count = crews.len();
        let owners = batches.iter().enumerate().flat_map(|(at, batch)| std::iter::repeat_n(at % count, batch.len()));
        Self { owners: owners.collect(), crews }
    }

    /// The next photo, with what went wrong with it if something did.
    pub fn next_within(&mut self, patience: Duration) -> Result<Result<Told<'p>>, RecvTimeoutError> {
        let Some(&crew) = self.owners.front() else { return Err(RecvTimeoutError::Disconnected) };
        let told = self.crews[crew].recv_timeout(patience)?;
        self.owners.pop_front();
        Ok(told)
    }
}

/// How many of `together` photos each of `sharing` crews computes at a time, if that was halved so often.
pub fn share(together: usize, sharing: usize, halved: usize) -> usize {
    (together / sharing).checked_shr(halved as u32).unwrap_or(0).max(1)
}

/// Which photos are computed together, at most `most`, for `crews` in turn. Several crews get about the same, and small batches
/// first; one gets whole ones.
pub fn batches(photos: usize, crews: usize, most: usize) -> Vec<Range<usize>> {
    if crews == 1 {
        return (0..photos).step_by(most).map(|first| first..photos.min(first + most)).collect();
    }
    let mut batches = Vec::new();
    let mut deal = |photos: Range<usize>, count: usize| {
        let end = |batch: usize| photos.start + photos.len() * batch / count;
        batches.extend((0..count).map(|batch| end(batch)..end(batch + 1)).filter(|batch| !batch.is_empty()));
    };
    let first = photos.min(crews * FIRST.min(most));
    deal(0..first, crews);
    let rest = first..photos;
    let rounds = rest.len().div_ceil(crews * most);
    deal(rest, rounds * crews);
    batches
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::{FIRST, batches, share};

    #[test]
    fn shares_get_smaller_but_never_none() {
        assert_eq!(
            [share(16, 2, 0), share(16, 2, 1), share(16, 1, 0), share(3, 2, 0), share(1, 2, 0)],
            [8, 4, 16, 1, 1]
        );
        for halved in 7..200 {
            assert_eq!(share(64, 1, halved), 1);
        }
    }

    #[test]
    fn batches_are_all_photos_in_order_and_crews_get_about_the_same() {
        for photos in 0..80 {
            for crews in 2..=4 {
                for most in 1..=9 {
                    let batches = batches(photos, crews, most);
                    let all: Vec<usize> = batches.iter().cloned().flatten().collect();
                    assert_eq!(all, (0..photos).collect::<Vec<_>>());
                    assert!(batches.iter().all(|batch| (1..=most).contains(&batch.len())));
                    assert!(batches.iter().take(crews).all(|batch| batch.len() <= FIRST));
                    let of = |crew: usize| batches.iter().skip(crew).step_by(crews).map(Range::len).sum::<usize>();
                    let shares = (0..crews).map(of);
                    let rounds = batches.len().div_ceil(crews);
                    assert!(
                        shares.clone().max() <= shares.min().map(|least| least + rounds),
                        "{photos} {crews} {most}"
                    );
                }
            }
        }
    }

    #[test]
    fn one_crew_gets_whole_batches() {
        assert_eq!(batches(128, 1, 64), [0..64, 64..128]);
        assert_eq!(batches(3, 1, 2), [0..2, 2..3]);
        assert_eq!(batches(0, 1, 2), []);
    }
}
