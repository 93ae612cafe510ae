//! Which threads compute together, and who of them does what.

use std::sync::Mutex;

use rayon::prelude::*;

/// How many threads compute what this one asks for.
pub fn count() -> usize {
    rayon::current_num_threads()
}

/// Makes this thread one of `count` that compute what it asks for, for as long as it lives; nobody else's work comes
/// between. A thread that does not compute itself has to be woken after each step of the others. Of no influence on the
/// numbers, and of none at all on a thread that belongs to others already.
pub fn enlist(count: usize) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count).use_current_thread().build();
    // Dropped, it would send the other threads home.
    std::mem::forget(pool);
}

/// Deals `items` to the threads, each item once: each thread has a share of neighbours, from its first on, and who is done takes the
/// last one of whoever has most left. `work` gets a thread's own items as they come. Threads are not equally quick: with shares that
/// stay as they are, or rayon's pieces of several items, one waits for the other at the end of each layer. Neighbours share cache lines.
pub fn deal<T: Send>(items: impl Iterator<Item = T>, work: impl Fn(&mut dyn Iterator<Item = T>) + Sync) {
    let mut rest: Vec<T> = items.collect();
    let threads = count().min(rest.len());
    let share = |left: usize| {
        let after = rest.split_off(rest.len().div_ceil(left));
        std::mem::replace(&mut rest, after).into_iter()
    };
    let shares: Mutex<Vec<_>> = Mutex::new((1..=threads).rev().map(share).collect());
    let next = |thread: usize| {
        let mut shares = shares.lock().expect("nobody panics while dealing");
        shares[thread].next().or_else(|| shares.iter_mut().max_by_key(ExactSizeIterator::len)?.next_back())
    };
    on_threads(threads, &|thread| work(&mut std::iter::from_fn(|| next(thread))));
}

/// Each of so many threads' numbers goes to `work`: on a thread of its own, or where others have no time one after the other.
fn on_threads(threads: usize, work: &(dyn Fn(usize) + Sync)) {
    if threads > 1 {
        (0..threads).into_par_iter().with_max_len(1).for_each(work);
    } else if threads == 1 {
        work(0);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Mutex, mpsc::channel},
        time::Duration,
    };

    use super::deal;

    fn with_threads(count: usize, work: impl FnOnce() + Send) {
        rayon::ThreadPoolBuilder::new().num_threads(count).build().expect("threads").install(work);
    }

    #[test]
    fn each_item_is_dealt_once_with_any_number_of_threads() {
        for threads in 1..5 {
            for items in 0..12 {
                let seen = Mutex::new(Vec::new());
                with_threads(threads, || deal(0..items, |mine| mine.for_each(|item| seen.lock().unwrap().push(item))));
                let mut seen = seen.into_inner().unwrap();
                seen.sort_unstable();
                assert!(seen.into_iter().eq(0..items), "{items} items, {threads} threads");
            }
        }
    }

    /// The thread that got the first item keeps it until another one has done all the rest.
    #[test]
    fn who_is_done_helps_who_is_not() {
        let (done, wait) = channel();
        let wait = Mutex::new(wait);
        with_threads(2, || {
            deal(0..10, |mine| {
                for item in mine {
                    if item == 0 {
                        let wait = wait.lock().unwrap();
                        let done = (1..10).all(|_| wait.recv_timeout(Duration::from_secs(60)).is_ok());
                        assert!(done, "nobody helps");
                    } else {
                        done.send(item).unwrap();
                    }
                }
            });
        });
    }
}
