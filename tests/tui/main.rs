//! The interface without a terminal: what it draws, what it does with any sequence of messages, how its worker behaves.

mod behaviour;
mod canned;
mod dump;
mod pictures;
mod random;
mod snapshots;
mod views;
mod worker;
