//! Where everything goes: the arrangement with the largest pictures that leaves the words their room.
//!
//! Plain arithmetic: ratatui's constraint solver costs more than all the drawing.

use ratatui::layout::Rect;

use super::panes::Kind;
use crate::{
    raster::CellShape,
    tui::model::{Model, Pictures},
};

/// Rows of the class list: the likeliest five and one more.
const CLASSES: u16 = 6;
/// Rows of the class list at most, where there is room.
const MOST_CLASSES: u16 = 25;
/// Rows of the details under or beside the class list.
const DETAILS: u16 = 3;
/// Rows of details that a tall screen leaves under its class list.
const TALL_DETAILS: u16 = 14;
/// Rows that the words on the right side of a large screen take, before there is room for more.
const WORDY: u16 = 8;
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
    /// The colour bar.
    pub bar: Rect,
    /// The class list.
    pub classes: Rect,
    /// What is shown, in words.
    pub details: Rect,
    /// How the map's values are spread; empty where there is no room.
    pub spread: Rect,
}

/// One way to arrange pictures and words.
#[derive(Clone, Copy, Debug)]
struct Arrangement {
    panes: u16,
    /// Whether the pictures stand side by side.
    row: bool,
    /// Whether the words are under them.
    under: bool,
    /// The shape of the terminal's cells.
    cell: CellShape,
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

    /// Columns of each picture, square, in `area`.
    fn side(self, area: Rect) -> u16 {
        let (width, height) = self.pane(area);
        width.min(self.cell.columns(height.saturating_sub(1)))
    }
}

/// Arranges the screen between its first and its last row.
pub fn plan(model: &Model, area: Rect) -> Plan {
    let most = if model.pictures == Pictures::All { 3 } else { 1 };
    let best = |panes: u16| {
        let ways = [(true, true), (true, false), (false, true), (false, false)];
        let all = ways.map(|(row, under)| Arrangement { panes, row, under, cell: model.cell });
        // The first of the best.
        all.into_iter().rev().max_by_key(|way| way.side(area)).expect("four ways")
    };
    let chosen = (2..=most).rev().map(best).find(|way| way.side(area) >= LEAST_SIDE).unwrap_or_else(|| best(1));
    place(chosen, model.pictures, area)
}

/// The pictures shown when there is room for so many.
fn kinds(panes: u16, pictures: Pictures) -> &'static [Kind] {
    match (pictures, panes) {
        (Pictures::All, 3..) => &[Kind::Photo, Kind::Map, Kind::Overlay],
        (Pictures::All, 2) => &[Kind::Map, Kind::Overlay],
        (Pictures::All | Pictures::Overlay, _) => &[Kind::Overlay],
        (Pictures::Map, _) => &[Kind::Map],
        (Pictures::Photo, _) => &[Kind::Photo],
    }
}

fn place(way: Arrangement, pictures: Pictures, area: Rect) -> Plan {
    let side = way.side(area);
    let (columns, rows) = way.pane(area);
    // Pictures are as wide as their share when the words are under them, and no wider than they are when beside.
    let width = if way.under { columns } else { columns.min(side.max(1)) };
    let height = rows.min(way.cell.rows(side) + 1);
    let (across, down) = if way.row { (width + 1, 0) } else { (0, height) };
    let pane = |at: u16| Rect::new(area.x + at * across, area.y + at * down, width, height).intersection(area);
    let panes: Vec<(Kind, Rect)> = (0..).zip(kinds(way.panes, pictures)).map(|(at, &kind)| (kind, pane(at))).collect();
    let last = panes.last().expect("at least one picture").1;
    if way.under {
        let top = (last.bottom() + 1).min(area.bottom());
        let bar = Rect { y: last.bottom(), height: top - last.bottom(), ..area };
        let words = Rect { y: top, height: area.bottom() - top, ..area };
        let (classes, details, spread) = split(words);
        return Plan { panes, bar, classes, details, spread };
    }
    let left = (last.right() + 1).min(area.right());
    let (classes, details, spread) = split(Rect { x: left, width: area.right() - left, ..area });
    let (bar, details) = if details.height > DETAILS { cut_rows(details, 1) } else { (Rect::ZERO, details) };
    Plan { panes, bar, classes, details, spread }
}

fn split(words: Rect) -> (Rect, Rect, Rect) {
    if words.width < TWO_COLUMNS {
        let classes = words.height.saturating_sub(TALL_DETAILS).clamp(CLASSES, MOST_CLASSES);
        let (classes, details) = cut_rows(words, classes);
        return (classes, details, Rect::ZERO);
    }
    let (left, rest) = cut_columns(words, words.width.div_ceil(2));
    let right = cut_columns(rest, 1).1;
    let (details, spread) = if right.height > 2 * WORDY { cut_rows(right, WORDY) } else { (right, Rect::ZERO) };
    (left, details, spread)
}

/// Columns and rows of a grid of `count` panes in `area`, each `extra` rows higher than its picture, whose pictures are
/// the largest.
pub fn grid(count: usize, extra: u16, area: Rect, cell: CellShape) -> Vec<Rect> {
    let side = |columns: u16| {
        let rows = (count as u16).div_ceil(columns);
        let (width, height) = ((area.width + 1) / columns, area.height / rows);
        width.saturating_sub(1).min(cell.columns(height.saturating_sub(extra)))
    };
    let columns = (1..=count as u16).rev().max_by_key(|&columns| side(columns)).unwrap_or(1);
    let rows = (count as u16).div_ceil(columns);
    let width = (area.width + 1) / columns;
    // No higher than a square picture needs, so that its words are beside it.
    let height = (area.height / rows).min(cell.rows(width.saturating_sub(1)) + extra);
    let pane = |at: u16| {
        let (x, y) = (area.x + at % columns * width, area.y + at / columns * height);
        Rect::new(x, y, width.saturating_sub(1), height).intersection(area)
    };
    (0..count as u16).map(pane).collect()
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
