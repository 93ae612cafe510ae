//! What the terminal is found to be able to do, and what drawing on it costs.

use std::{sync::Arc, time::Duration};

use super::compare;
use crate::{
    raster::Depth,
    terminal::{Choice, Link, Protocol},
    tui::{
        graphics::{Graphics, delete_all},
        message::Effect,
        meter::{self, Drawn, Meter},
        model::Model,
    },
};

/// Draws as was chosen from now on.
pub fn adopt(model: &mut Model, choice: Choice) -> Vec<Effect> {
    match choice.link {
        Some(Link::Slow) => model.slow = Some("slow link, as asked: 256 colours".to_owned()),
        Some(Link::Fast) => model.slow = None,
        None => {}
    }
    model.choice = Some(Arc::new(choice));
    settle(model)
}

/// Depth and pictures as chosen; over a slow link what takes few bytes, unless more was asked for. Pictures that are drawn no
/// longer stay in kitty's memory unless it is told, and under the letters of some terminals unless the screen is cleared.
fn settle(model: &mut Model) -> Vec<Effect> {
    let Some(choice) = model.choice.clone() else { return Vec::new() };
    let slow = model.is_slow();
    let chosen = choice.depth.value;
    let fewer = slow && chosen == Depth::True && !choice.depth_asked;
    let depth = if fewer { Depth::Palette256 } else { chosen };
    if depth != model.depth {
        model.depth = depth;
        compare::repaint(model);
    }
    model.cell = choice.cell.value;
    let own = choice.graphics.value != Protocol::HalfBlocks && (choice.graphics_asked || !slow);
    let graphics = own.then(|| Graphics {
        protocol: choice.graphics.value,
        pixels: choice.pixels,
        wrapped: choice.wrapped,
        tmux: choice.tmux,
        compressed: choice.compressed,
        underlays: choice.underlays,
    });
    if graphics == model.graphics {
        return Vec::new();
    }
    model.gallery.clear();
    let before = std::mem::replace(&mut model.graphics, graphics);
    let Some(before) = before else { return Vec::new() };
    let forget = (before.protocol == Protocol::Kitty).then(|| Effect::Send(delete_all(before.wrapped)));
    forget.into_iter().chain(before.underlays.then_some(Effect::Redraw)).collect()
}

/// The screen was drawn.
pub fn drawn(model: &mut Model, drawn: Drawn) -> Vec<Effect> {
    if let Some(meter) = &mut model.meter {
        meter.add(drawn);
    }
    passed(model, drawn.bytes, drawn.took)
}

/// So many bytes took so long to the terminal: where that is slow and the link is watched, fewer are sent from now on.
pub fn passed(model: &mut Model, bytes: usize, took: Duration) -> Vec<Effect> {
    let watched = model.choice.as_ref().is_some_and(|choice| choice.watched);
    if let (None, true, Some(rate)) = (&model.slow, watched, meter::slow_rate(bytes, took)) {
        model.slow = Some(format!("slow link ({:.0} kB/s): 256 colours", rate / 1e3));
        return settle(model);
    }
    Vec::new()
}

/// Shows the meter, or no longer.
pub fn meter(model: &mut Model) {
    model.meter = if model.meter.is_some() { None } else { Some(Meter::default()) };
}
