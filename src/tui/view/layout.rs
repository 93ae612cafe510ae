//! Where everything goes: the arrangement with the largest pictures that leaves the words their room.
//!
//! Plain arithmetic: ratatui's constraint solver costs more than all the drawing.

use ratatui::layout::Rect;

use super::panes::Kind;
use crate::tui::model::Model;

/// Rows of the class list: the likeliest five and one more.
const CLASSES: u16 = 6;
/// Rows of the details under or beside the class list.
const DETAILS: u16 = 3;
/// Columns the words need beside pictures.
const BESIDE: u16 = 20;
/// Columns from which class list and details stand side by side.
const TWO_COLUMNS: u16 = 68;
/// Pixels a side below which fewer pictures are better.
const LEAST_SIDE: u16 = 18;

/// Areas of the screen.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The pictures, each with its title.
    pub panes: Vec<(Kind, Rect)>,
    /// The class list.
    pub classes: Rect,
    /// What is shown, in words.
    pub details: Rect,
}

/// One way to arrange pictures and words.
#[derive(Clone, Copy, Debug)]
struct Arrangement {
    panes: u16,
    /// Whether the pictures stand side by side.
    row: bool,
    /// Whether the words are under them.
    under: bool,
}

impl Arrangement {
    /// Columns and rows of each picture with its title in `area`.
    fn pane(self, area: Rect) -> (u16, u16) {
        let words = if area.width >= TWO_COLUMNS { CLASSES } else { CLASSES + DETAILS };
        let (width, height) = if self.under {
            (area.width, area.height.saturating_sub(words + 1))
        } else {
            (area.width.saturating_sub(BESIDE + 1), area.height)
        };
        if self.row { ((width + 1) / self.panes - 1, height) } else { (width, height / self.panes) }
    }

    /// Pixels a side of each picture, square, in `area`.
    fn side(self, area: Rect) -> u16 {
        let (width, height) = self.pane(area);
        width.min(height.saturating_sub(1) * 2)
    }
}

/// Arranges the screen between its first and its last row.
pub fn plan(model: &Model, area: Rect) -> Plan {
    let most = if model.overlay_only { 1 } else { 3 };
    let best = |panes: u16| {
        let ways = [(true, true), (true, false), (false, true), (false, false)];
        let all = ways.map(|(row, under)| Arrangement { panes, row, under });
        // The first of the best.
        all.into_iter().rev().max_by_key(|way| way.side(area)).expect("four ways")
    };
    let chosen = (2..=most).rev().map(best).find(|way| way.side(area) >= LEAST_SIDE).unwrap_or_else(|| best(1));
    place(chosen, area)
}

fn place(way: Arrangement, area: Rect) -> Plan {
    let side = way.side(area);
    let (columns, rows) = way.pane(area);
    let kinds: &[Kind] = match way.panes {
        1 => &[Kind::Overlay],
        2 => &[Kind::Map, Kind::Overlay],
        _ => &[Kind::Photo, Kind::Map, Kind::Overlay],
    };
    // Pictures are as wide as their share when the words are under them, and no wider than they are when beside.
    let width = if way.under || !way.row { columns } else { columns.min(side.max(1)) };
    let width = if way.under { width } else { width.min(side.max(1)) };
    let height = rows.min(side.div_ceil(2) + 1);
    let (across, down) = if way.row { (width + 1, 0) } else { (0, height) };
    let pane = |at: u16| Rect::new(area.x + at * across, area.y + at * down, width, height).intersection(area);
    let panes: Vec<(Kind, Rect)> = (0..).zip(kinds).map(|(at, &kind)| (kind, pane(at))).collect();
    let last = panes.last().expect("at least one picture").1;
    let words = if way.under {
        let top = (last.bottom() + 1).min(area.bottom());
        Rect::new(area.x, top, area.width, area.bottom() - top)
    } else {
        let left = (last.right() + 1).min(area.right());
        Rect::new(left, area.y, area.right() - left, area.height)
    };
    let (classes, details) = split(words);
    Plan { panes, classes, details }
}

fn split(words: Rect) -> (Rect, Rect) {
    if words.width < TWO_COLUMNS {
        return cut_rows(words, CLASSES);
    }
    let (left, rest) = cut_columns(words, words.width.div_ceil(2));
    (left, cut_columns(rest, 1).1)
}

/// The first `rows` of `area` and the rest.
pub fn cut_rows(area: Rect, rows: u16) -> (Rect, Rect) {
    let height = rows.min(area.height);
    (Rect { height, ..area }, Rect { y: area.y + height, height: area.height - height, ..area })
}

/// The first `columns` of `area` and the rest.
pub fn cut_columns(area: Rect, columns: u16) -> (Rect, Rect) {
    let width = columns.min(area.width);
    (Rect { width, ..area }, Rect { x: area.x + width, width: area.width - width, ..area })
}

/// `width` x `height`, or less, in the middle of `area`.
pub fn middle(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height)
}
