//! The interface: a model, pure functions that change and draw it, and around them a worker thread that owns the network
//! and a loop that owns the terminal.
//!
//! Everything that happens - a key, a reply of the worker, a tick - is a [`Message`]; [`update`] changes the [`Model`] and
//! says in [`Effect`]s what is to be done outside; [`view::draw`] paints the model. None of the three does I/O.

pub mod keys;
pub mod message;
pub mod model;
mod run;
mod save;
pub mod search;
mod signals;
pub mod terminal;
mod update;
pub mod view;
pub mod worker;

pub use message::{Effect, Job, Message, Reply, Stage};
pub use model::{Catalogue, Model, Start};
pub use run::{Ending, run};
pub use save::save;
pub use update::update;
