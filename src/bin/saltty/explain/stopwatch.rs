//! Where the time of one photo went.

use std::{path::Path, time::Instant};

/// Seconds of each stage so far.
pub struct Stopwatch {
    last: Instant,
    laps: Vec<(&'static str, f64)>,
}

impl Stopwatch {
    /// Starts now; the network took `load` seconds before.
    pub fn start(load: f64) -> Self {
        Self { last: Instant::now(), laps: vec![("load", load)] }
    }

    /// Ends a stage.
    pub fn lap(&mut self, stage: &'static str) {
        self.laps.push((stage, self.last.elapsed().as_secs_f64()));
        self.last = Instant::now();
    }

    /// All stages so far.
    pub fn laps(&self) -> &[(&'static str, f64)] {
        &self.laps
    }

    /// For people.
    pub fn table(&self, path: &Path) -> String {
        let rows = self.laps.iter().map(|(stage, seconds)| format!("  {stage:<8} {:>9.1} ms\n", seconds * 1e3));
        format!("{}\n{}", path.display(), rows.collect::<String>())
    }
}
