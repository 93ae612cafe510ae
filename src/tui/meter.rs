//! What drawing costs: bytes sent and time taken, for the meter and for noticing a slow link.

use std::time::Duration;

/// What one drawing cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Bytes sent.
    pub bytes: usize,
    /// Until the terminal, or whatever is before it, had taken them.
    pub took: Duration,
    /// From the key to then, where a key was the cause.
    pub key: Option<Duration>,
}

/// Drawings so far, while the meter is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// The latest.
    pub last: Drawn,
    /// The latest that a key caused.
    pub key: Option<Duration>,
    /// Bytes of all.
    pub bytes: usize,
    /// How many.
    pub frames: usize,
}

impl Meter {
    /// One more.
    pub fn add(&mut self, drawn: Drawn) {
        self.last = drawn;
        self.key = drawn.key.or(self.key);
        self.bytes += drawn.bytes;
        self.frames += 1;
    }

    /// In words for the status line.
    pub fn in_words(&self) -> String {
        let key = self.key.map_or_else(String::new, |took| format!(", {:.1} ms a key", took.as_secs_f64() * 1000.0));
        let frames = if self.frames == 1 { "frame" } else { "frames" };
        format!("{}{key}, {} in {} {frames}", amount(self.last.bytes), amount(self.bytes), self.frames)
    }
}

/// Bytes for a person.
fn amount(bytes: usize) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{:.0} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// Bytes of a drawing from which on the time it takes says something of the link.
pub const TELLING: usize = 8 << 10;
/// Bytes a second below which a link is slow: a full screen of 24-bit half blocks takes half a second and more.
const SLOW: f64 = 200e3;
/// A wait that nobody minds.
const UNNOTICED: Duration = Duration::from_millis(100);

/// The bytes a second of a slow link, if these bytes took so long that it is one.
pub fn slow_rate(bytes: usize, took: Duration) -> Option<f64> {
    let rate = bytes as f64 / took.as_secs_f64();
    (bytes >= TELLING && took > UNNOTICED && rate < SLOW).then_some(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_slow_by_what_it_takes_in_a_time() {
        let ms = Duration::from_millis;
        assert!(slow_rate(110_000, ms(900)).is_some(), "1 Mbit/s");
        assert!(slow_rate(110_000, ms(90)).is_none(), "10 Mbit/s");
        assert!(slow_rate(500, ms(900)).is_none(), "too little to tell");
        assert!(slow_rate(10_000, ms(90)).is_none(), "nobody minds");
        assert!(slow_rate(110_000, Duration::ZERO).is_none());
    }

    #[test]
    fn the_meter_keeps_the_latest_key() {
        let mut meter = Meter::default();
        meter.add(Drawn { bytes: 12_345, took: Duration::ZERO, key: Some(Duration::from_micros(4200)) });
        meter.add(Drawn { bytes: 10, ..Drawn::default() });
        assert_eq!(meter.in_words(), "10 B, 4.2 ms a key, 12 kB in 2 frames");
    }
}
