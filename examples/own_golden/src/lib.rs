//! Your own program would be here. What matters is `tests/explanations.rs`.
