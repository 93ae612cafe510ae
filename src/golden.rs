//! Explanations as snapshots.
