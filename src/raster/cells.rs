//! Two pixels to a terminal cell: an upper half block, its foreground above, its background below.

use super::{CellShape, Raster, resample};

/// One cell: the colour of its upper half, and of its lower half unless the picture ends in between.
pub type Cell = ([u8; 3], Option<[u8; 3]>);

impl Raster {
    /// This raster scaled (with the resampler of the files) to fit `columns` x `rows` cells, of this shape, as rows of cells.
    pub(super) fn cells(&self, columns: usize, rows: usize, shape: CellShape) -> Vec<Vec<Cell>> {
        let (width, height) = super::fitted_cells((self.width, self.height), (columns, rows), shape);
        let scaled = resample::bilinear(self, width, height);
        let row = |y: usize| {
            let below = |x: usize| (y + 1 < scaled.height).then(|| scaled.pixel(x, y + 1));
            (0..width).map(|x| (scaled.pixel(x, y), below(x))).collect()
        };
        (0..height).step_by(2).map(row).collect()
    }
}
