//! Where the time of one photo went.

use std::{path::Path, sync::LazyLock, time::Instant};

/// When the program began; to be looked at first thing.
pub static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Seconds of each stage so far.
#[derive(Clone)]
pub struct Stopwatch {
    last: Instant,
    laps: Vec<(&'static str, f64)>,
}

impl Stopwatch {
    /// Starts now; what came before the first photo took these seconds.
    pub fn start(before: &[(&'static str, f64)]) -> Self {
        Self { last: Instant::now(), laps: before.to_vec() }
    }

    /// Ends a stage; one that comes again is added up.
    pub fn lap(&mut self, stage: &'static str) {
        self.lap_shared(stage, 1.0);
    }

    /// The same for what so many photos went through together: each has its share of the time.
    pub fn lap_shared(&mut self, stage: &'static str, photos: f64) {
        let passed = self.last.elapsed().as_secs_f64() / photos;
        match self.laps.iter_mut().find(|(name, _)| *name == stage) {
            Some((_, seconds)) => *seconds += passed,
            None => self.laps.push((stage, passed)),
        }
        self.last = Instant::now();
    }

    /// Begins the next stage now: what passed since the last was waiting.
    pub fn resume(&mut self) {
        self.last = Instant::now();
    }

    /// All stages so far.
    pub fn laps(&self) -> &[(&'static str, f64)] {
        &self.laps
    }

    /// For people.
    pub fn table(&self, path: &Path) -> String {
        let rows = self.laps.iter().map(|(stage, seconds)| format!("  {stage:<16} {:>9.1} ms\n", seconds * 1e3));
        format!("{}\n{}", path.display(), rows.collect::<String>())
    }
}
