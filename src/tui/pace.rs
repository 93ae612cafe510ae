//! How long things take, to say how long they will.

use std::time::Duration;

/// What is to be done matters for how long it takes: which network, which stage.
type Kind = (usize, &'static str);

/// The latest duration of each kind of work.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    latest: Vec<(Kind, Duration)>,
    survey: Option<(Duration, usize)>,
}

impl Pace {
    /// Remembers that work of this kind took so long.
    pub fn learn(&mut self, kind: Kind, took: Duration) {
        self.latest.retain(|(known, _)| *known != kind);
        self.latest.push((kind, took));
    }

    /// How long work of this kind took the last time.
    pub fn of(&self, kind: Kind) -> Option<Duration> {
        self.latest.iter().find(|(known, _)| *known == kind).map(|&(_, took)| took)
    }

    /// Notes at `clock` how many photos of a list are known; how long is left for all `of` them.
    pub fn survey(&mut self, clock: Duration, known: usize) {
        if self.survey.is_none_or(|(_, before)| known < before) {
            self.survey = Some((clock, known));
        }
    }

    /// How long the rest of a survey will take, from its pace so far.
    pub fn survey_left(&self, clock: Duration, known: usize, of: usize) -> Option<Duration> {
        let (since, before) = self.survey?;
        let done = known.checked_sub(before).filter(|&done| done > 0)?;
        let each = clock.checked_sub(since)?.div_f64(done as f64);
        Some(each.mul_f64(of.saturating_sub(known) as f64))
    }
}

/// A duration for a person: `0.4 s`, `12 s`, `3 min`.
pub fn in_words(left: Duration) -> String {
    match left.as_secs_f64() {
        seconds if seconds < 10.0 => format!("{seconds:.1} s"),
        seconds if seconds < 120.0 => format!("{seconds:.0} s"),
        seconds => format!("{:.0} min", seconds / 60.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_duration_of_a_kind_counts() {
        let mut pace = Pace::default();
        pace.learn((0, "explain"), Duration::from_secs(2));
        pace.learn((0, "explain"), Duration::from_secs(3));
        assert_eq!(pace.of((0, "explain")), Some(Duration::from_secs(3)));
        assert_eq!(pace.of((1, "explain")), None);
    }

    #[test]
    fn a_survey_is_extrapolated() {
        let mut pace = Pace::default();
        pace.survey(Duration::from_secs(10), 4);
        assert_eq!(pace.survey_left(Duration::from_secs(10), 4, 10), None);
        assert_eq!(pace.survey_left(Duration::from_secs(12), 6, 10), Some(Duration::from_secs(4)));
        assert_eq!(in_words(Duration::from_secs(180)), "3 min");
    }
}
