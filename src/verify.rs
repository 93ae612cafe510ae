//! Records computed again and compared stage by stage: `saltty verify`.

mod against;
mod compare;
mod markdown;
mod metrics;
mod report;
mod text;
mod verifier;

pub use against::{Against, against};
pub use compare::difference;
pub use markdown::markdown;
pub use metrics::{Cell, Metrics, largest, top_overlap};
pub use report::{Divergence, Failure, Report, StageReport, Summary, Verdict};
pub use text::text;
pub use verifier::{Checked, Source, Verifier};
