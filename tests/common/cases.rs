//! Random cases, counted and printed: proptest with the number of cases that ran.

use std::{
    any::Any,
    cell::Cell,
    fmt::{self, Debug},
};

use proptest::{
    strategy::{BoxedStrategy, Strategy},
    test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner},
};

use super::proof::Proof;

/// A value of some type.
struct Drawn {
    value: Box<dyn Any>,
    show: fn(&dyn Any, &mut fmt::Formatter<'_>) -> fmt::Result,
}

impl Drawn {
    fn new<V: Debug + 'static>(value: V) -> Self {
        Self { value: Box::new(value), show: |value, f| value.downcast_ref::<V>().expect("of this type").fmt(f) }
    }

    fn of<V: 'static>(self) -> V {
        *self.value.downcast().expect("a value of the type that was drawn")
    }
}

impl Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.show)(&*self.value, f)
    }
}

/// How many random cases ran, and how often a point was drawn anew because it lay on a kink.
#[derive(Default)]
pub struct Cases {
    run: Cell<usize>,
    redrawn: Cell<usize>,
}

impl Cases {
    /// Runs `check` on `count` values of `strategy`; a failing value is made smaller before it is reported.
    #[track_caller]
    pub fn run<S: Strategy + 'static>(
        &self,
        what: &str,
        count: u32,
        strategy: S,
        check: impl Fn(S::Value) -> Result<(), String>,
    ) where
        S::Value: Debug,
    {
        self.run_any(what, count, &strategy.prop_map(Drawn::new).boxed(), &|drawn| check(drawn.of()));
    }

    /// The same for values of any type: proptest's runner takes long to compile, and is compiled for each type of values.
    #[track_caller]
    fn run_any(
        &self,
        what: &str,
        count: u32,
        strategy: &BoxedStrategy<Drawn>,
        check: &dyn Fn(Drawn) -> Result<(), String>,
    ) {
        let config = Config {
            failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
            max_shrink_iters: 2000,
            ..Config::with_cases(count)
        };
        let redrawn = self.redrawn.get();
        let outcome = TestRunner::new(config).run(strategy, |value| check(value).map_err(TestCaseError::fail));
        if let Err(error) = outcome {
            panic!("{what}: {error}");
        }
        self.run.set(self.run.get() + count as usize);
        let redrawn = self.redrawn.get() - redrawn;
        let note = if redrawn > 0 { format!(", {redrawn} points drawn anew beside a kink") } else { String::new() };
        println!("  {what}: {count} cases{note}");
    }

    /// The first value of `draw` (called with 0, 1, 2 ...) that is well away from kinks.
    pub fn clear_of_kinks<V>(&self, mut draw: impl FnMut(u64) -> V, clear: impl Fn(&V) -> bool) -> V {
        for attempt in 0..1000 {
            let value = draw(attempt);
            if clear(&value) {
                return value;
            }
            self.redrawn.set(self.redrawn.get() + 1);
        }
        panic!("a thousand points in a row lie beside a kink");
    }

    /// Says in the proof called `name` how many ran, and fails if they are fewer than that test's share of the 10 000.
    #[track_caller]
    pub fn at_least(&self, name: &'static str, share: usize) {
        let (run, redrawn) = (self.run.get(), self.redrawn.get());
        let words = format!("{name}: {run} random cases, {redrawn} points drawn anew beside a kink");
        Proof::new(name).line(words);
        assert!(self.run.get() >= share, "only {} random cases ran, not {share}", self.run.get());
    }
}
