//! Pictures in the terminal's own protocol: which to encode next, and what came of it.

use crate::tui::{graphics::Made, message::Effect, model::Model, view};

/// Has encoded what is wanted on the screen and not at hand; nothing while something is being encoded, so that the
/// newest wish is next. Where pictures stay under what is written over them, has all drawn anew when one makes way.
pub fn want(model: &mut Model) -> Vec<Effect> {
    let Some(graphics) = model.graphics else { return Vec::new() };
    let wanted = view::wanted(model);
    let redraws = graphics.underlays && model.gallery.makes_way(&wanted);
    let batch = model.gallery.next(&wanted, graphics).map(|batch| Effect::Encode(Box::new(batch)));
    redraws.then_some(Effect::Redraw).into_iter().chain(batch).collect()
}

/// Takes encoded pictures in.
pub fn made(model: &mut Model, made: Made) -> Vec<Effect> {
    let wanted = view::wanted(model);
    model.gallery.touch(&wanted);
    let text = model.gallery.take(made);
    if text.is_empty() { Vec::new() } else { vec![Effect::Send(text)] }
}
