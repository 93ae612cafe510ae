//! Which threads compute together.

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
