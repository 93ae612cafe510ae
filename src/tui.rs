//! The interface: a model, pure functions that change and draw it, and around them a worker thread that owns the networks
//! and a loop that owns the terminal.
//!
//! Everything that happens - a key, a reply of the worker, a tick - is a [`Message`]; [`update`] changes the [`Model`] and
//! says in [`Effect`]s what is to be done outside; [`view::draw`] paints the model. None of the three does I/O.

pub mod graphics;
pub mod keys;
pub mod lens;
pub mod listing;
pub mod message;
pub mod meter;
mod mode;
pub mod model;
pub mod pace;
pub mod pane;
pub mod picker;
mod run;
pub mod save;
pub mod search;
mod signals;
mod start;
pub mod terminal;
mod typed;
mod update;
pub mod view;
pub mod worker;

pub use keys::KeyMap;
pub use message::{Ask, Effect, Job, Message, Order, Reply, Stage};
pub use model::{Catalogue, Model, Network, Opening, Start, Words};
pub use run::{Asking, Ending, Left, run};
pub use update::{command, update};
pub use worker::Supply;
