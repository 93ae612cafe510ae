//! The mouse: what is under it decides.

use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::{compare, list, look, press};
use crate::tui::{
    keys::Action,
    message::Effect,
    model::{Mode, Model},
    view::{self, Hit},
};

/// Lines that the wheel scrolls.
const LINES: isize = 3;

/// The mouse was pressed, dragged or turned.
pub fn mouse(model: &mut Model, event: MouseEvent) -> Vec<Effect> {
    let turned = match event.kind {
        MouseEventKind::ScrollUp => -1,
        MouseEventKind::ScrollDown => 1,
        _ => 0,
    };
    match &mut model.mode {
        Mode::Look => {}
        Mode::Help(_) | Mode::Details(_) => {
            press::scroll(model, turned * LINES);
            if matches!(event.kind, MouseEventKind::Down(_)) {
                model.mode = Mode::Look;
            }
            return Vec::new();
        }
        Mode::Search(search, _) if turned != 0 => {
            search.at = search.at.saturating_add_signed(turned);
            return press::clamp(model);
        }
        Mode::Pick(picker) if turned != 0 => {
            picker.at = picker.at.saturating_add_signed(turned);
            return press::clamp(model);
        }
        Mode::Search(..) | Mode::Pick(_) | Mode::Type(..) => return Vec::new(),
    }
    let hit = view::hit(model, event.column, event.row);
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => click(model, hit),
        MouseEventKind::Drag(MouseButton::Left) => {
            if let Some(Hit::Pane(_, place)) = hit {
                model.lens.point(Some(model.lens.place(place)));
            }
            Vec::new()
        }
        MouseEventKind::Down(MouseButton::Right) => {
            model.lens.point(None);
            Vec::new()
        }
        _ if turned != 0 => turn(model, hit, turned),
        _ => Vec::new(),
    }
}

fn click(model: &mut Model, hit: Option<Hit>) -> Vec<Effect> {
    model.notice = None;
    match hit {
        Some(Hit::Pane(pane, place)) => {
            model.lens.point(Some(model.lens.place(place)));
            if model.focus == pane || pane >= model.panes.len() {
                return Vec::new();
            }
            model.focus = pane;
            compare::refresh(model)
        }
        Some(Hit::Class(place)) => look::class_at(model, place),
        Some(Hit::Photo(place)) if model.list.at == place => list::look_at_chosen(model),
        Some(Hit::Photo(place)) => {
            model.list.at = place;
            list::want(model)
        }
        None => Vec::new(),
    }
}

fn turn(model: &mut Model, hit: Option<Hit>, by: isize) -> Vec<Effect> {
    match hit {
        Some(Hit::Pane(_, place)) => {
            let at = model.lens.place(place);
            model.lens.zoom(-by, Some(at));
            Vec::new()
        }
        Some(Hit::Class(_)) => look::act(model, if by < 0 { Action::ClassUp } else { Action::ClassDown }),
        Some(Hit::Photo(_)) => list::act(model, Action::Down(by * LINES)),
        None => Vec::new(),
    }
}
