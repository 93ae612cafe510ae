//! Which part of the pictures is visible, and where the cursor is; the same for all panes, in fractions of the picture.

use std::borrow::Cow;

use crate::raster::Raster;

/// How much larger than whole.
const STEPS: [f64; 9] = [1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0];

/// A place in a picture: 0 to 1 from the left, 0 to 1 from the top.
pub type Place = [f64; 2];

/// Zoom, the middle of what is visible, and the cursor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lens {
    step: usize,
    center: Place,
    cursor: Option<Place>,
}

impl Default for Lens {
    fn default() -> Self {
        Self { step: 0, center: [0.5; 2], cursor: None }
    }
}

/// Just within the picture.
fn inside(place: Place) -> Place {
    place.map(|v| v.clamp(0.0, 1.0 - 1e-9))
}

impl Lens {
    /// How much larger than whole.
    pub fn factor(&self) -> f64 {
        STEPS[self.step]
    }

    /// Where the cursor is, if it is shown.
    pub fn cursor(&self) -> Option<Place> {
        self.cursor
    }

    /// Zooms by so many steps; `at`, if given, stays where it is on the screen.
    pub fn zoom(&mut self, by: isize, at: Option<Place>) {
        let at = at.or(self.cursor).unwrap_or(self.center);
        let before = self.factor();
        self.step = self.step.saturating_add_signed(by).min(STEPS.len() - 1);
        let ratio = before / self.factor();
        let center = self.center;
        self.center = std::array::from_fn(|i| at[i] + (center[i] - at[i]) * ratio);
        self.settle();
    }

    /// The whole picture.
    pub fn whole(&mut self) {
        (self.step, self.center) = (0, [0.5; 2]);
    }

    /// Moves by these fractions of what is visible.
    pub fn pan(&mut self, by: [f64; 2]) {
        let size = 1.0 / self.factor();
        self.center = std::array::from_fn(|i| self.center[i] + by[i] * size);
        self.settle();
    }

    /// Puts the cursor there, or takes it away; what is visible follows it.
    pub fn point(&mut self, cursor: Option<Place>) {
        self.cursor = cursor.map(inside);
        let Some(cursor) = self.cursor else { return };
        let half = 0.5 / self.factor();
        self.center = std::array::from_fn(|i| self.center[i].clamp(cursor[i] - half, cursor[i] + half));
        self.settle();
    }

    /// Shows the cursor in the middle of what is visible, or takes it away.
    pub fn toggle_cursor(&mut self) {
        self.cursor = if self.cursor.is_some() { None } else { Some(inside(self.center)) };
    }

    fn settle(&mut self) {
        let half = 0.5 / self.factor();
        self.center = self.center.map(|v| v.clamp(half, 1.0 - half));
    }

    /// First column, first row, columns and rows of what is visible of a picture of this size.
    pub fn window(&self, width: usize, height: usize) -> [usize; 4] {
        let part = |at: f64, all: usize| {
            let count = ((all as f64 / self.factor()).round() as usize).clamp(1.min(all), all);
            let first = ((at - 0.5 / self.factor()) * all as f64).round().max(0.0) as usize;
            (first.min(all - count), count)
        };
        let ((x, columns), (y, rows)) = (part(self.center[0], width), part(self.center[1], height));
        [x, y, columns, rows]
    }

    /// What is visible of `raster`.
    pub fn cut<'r>(&self, raster: &'r Raster) -> Cow<'r, Raster> {
        if self.step == 0 {
            return Cow::Borrowed(raster);
        }
        let [x, y, width, height] = self.window(raster.width, raster.height);
        Cow::Owned(raster.crop(x, y, width, height))
    }

    /// Where `place` is within what is visible, 0 to 1 where it is.
    pub fn seen(&self, place: Place) -> Place {
        std::array::from_fn(|i| (place[i] - self.center[i]) * self.factor() + 0.5)
    }

    /// The place in the picture of a place within what is visible.
    pub fn place(&self, seen: Place) -> Place {
        inside(std::array::from_fn(|i| (seen[i] - 0.5) / self.factor() + self.center[i]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooming_keeps_its_place_and_stays_within_the_picture() {
        let mut lens = Lens::default();
        let at = [0.3, 0.6];
        lens.zoom(4, Some(at));
        assert_eq!(lens.factor(), 4.0);
        let seen = lens.seen(at);
        assert!((seen[0] - 0.3).abs() < 1e-9 && (seen[1] - 0.6).abs() < 1e-9, "{seen:?}");
        let back = lens.place(seen);
        assert!((back[0] - at[0]).abs() < 1e-9);
        lens.pan([-9.0, 9.0]);
        assert_eq!(lens.window(200, 100), [0, 75, 50, 25]);
        lens.whole();
        assert_eq!(lens.window(200, 100), [0, 0, 200, 100]);
    }

    #[test]
    fn what_is_visible_follows_the_cursor() {
        let mut lens = Lens::default();
        lens.zoom(8, None);
        lens.point(Some([0.99, 0.01]));
        let seen = lens.seen(lens.cursor().unwrap());
        assert!(seen.iter().all(|v| (0.0..=1.0).contains(v)), "{seen:?}");
        lens.point(Some([7.0, -7.0]));
        assert!(lens.cursor().unwrap()[0] < 1.0);
    }

    #[test]
    fn a_cut_is_a_part_and_never_empty() {
        let raster = Raster::filled(3, 2, [1, 2, 3]);
        let mut lens = Lens::default();
        assert!(matches!(lens.cut(&raster), Cow::Borrowed(_)));
        lens.zoom(99, None);
        let cut = lens.cut(&raster);
        assert_eq!((cut.width, cut.height), (1, 1));
    }
}
