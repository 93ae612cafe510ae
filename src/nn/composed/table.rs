//! Tables of the places that windows cover, as dfdx's gathering wants them.

use dfdx::prelude::{Storage, Tensor, TensorFromVec};

use super::Failure;
use crate::nn::placed::Windows;

/// For each place of a result, the rows that it reads.
pub type Index<D> = Tensor<(usize, usize), usize, D>;

/// What a table is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// For each window the places under its taps; those beyond the image are the row after the last.
    Under(Windows),
    /// For each place of the input and each tap, the window that has the place under that tap, or the row after the last.
    Over(Windows),
    /// For each window the place under one tap, or the row after the last.
    Tap(Windows, usize),
    /// For each place of the input, one of the windows that cover it, counted back from the last in both directions, or
    /// the row after the last.
    Covering(Windows, [usize; 2]),
}

impl Windows {
    /// How many windows of one row or column can cover one place.
    pub(super) fn overlap(&self) -> usize {
        self.kernel.div_ceil(self.stride)
    }

    /// Whether the last ones cover places below or right of the image.
    pub(super) fn reach_beyond(&self) -> bool {
        (0..2).any(|axis| (self.output[axis] - 1) * self.stride + self.kernel > self.input[axis] + self.padding)
    }

    /// Where row or column `at` of the output has tap `tap`, if that is within `side`.
    fn under(&self, at: usize, tap: usize, side: usize) -> Option<usize> {
        (at * self.stride + tap).checked_sub(self.padding).filter(|&place| place < side)
    }

    /// Which row or column of the output has place `at` under tap `tap`, if one does.
    fn over(&self, at: usize, tap: usize, side: usize) -> Option<usize> {
        let reach = (at + self.padding).checked_sub(tap)?;
        (reach.is_multiple_of(self.stride) && reach / self.stride < side).then_some(reach / self.stride)
    }

    /// The window that is `back` before the last one that covers place `at`, and the tap which that place is under.
    fn covering(&self, at: usize, back: usize, side: usize) -> Option<(usize, usize)> {
        let window = (at / self.stride).checked_sub(back)?;
        let tap = at - window * self.stride;
        (window < side && tap < self.kernel).then_some((window, tap))
    }

    /// For each place of `sides` in each image of the batch, what `find` gives of an image whose sides are `other`.
    fn each(
        &self,
        sides: [usize; 2],
        other: [usize; 2],
        find: impl Fn([usize; 2]) -> Vec<Option<[usize; 2]>>,
    ) -> Vec<usize> {
        let area = other[0] * other[1];
        let places = || (0..sides[0]).flat_map(|y| (0..sides[1]).map(move |x| [y, x]));
        let one: Vec<Option<usize>> =
            places().flat_map(|at| find(at).into_iter().map(|found| found.map(|[y, x]| y * other[1] + x))).collect();
        let nothing = self.batch * area;
        (0..self.batch).flat_map(|image| one.iter().map(move |at| at.map_or(nothing, |at| image * area + at))).collect()
    }

    fn taps(&self) -> impl Iterator<Item = [usize; 2]> + use<> {
        let kernel = self.kernel;
        (0..kernel).flat_map(move |i| (0..kernel).map(move |j| [i, j]))
    }

    /// For each place of one image of the input, the tap under which it is in the window that [`Table::Covering`] names,
    /// in reading order, or -1.
    pub(super) fn covering_taps(&self, back: [usize; 2]) -> Vec<f64> {
        let tap = |at: usize, axis: usize| Some(self.covering(at, back[axis], self.output[axis])?.1);
        let places = (0..self.input[0]).flat_map(|y| (0..self.input[1]).map(move |x| [y, x]));
        places.map(|[y, x]| tap(y, 0).zip(tap(x, 1)).map_or(-1.0, |(i, j)| (i * self.kernel + j) as f64)).collect()
    }
}

impl Table {
    /// The rows, and how many of them for each place of the result.
    fn rows(self) -> (Vec<usize>, usize) {
        match self {
            Self::Under(w) => {
                let find = |[y, x]: [usize; 2]| {
                    w.taps().map(|[i, j]| Some([w.under(y, i, w.input[0])?, w.under(x, j, w.input[1])?])).collect()
                };
                (w.each(w.output, w.input, find), w.kernel * w.kernel)
            }
            Self::Over(w) => {
                let find = |[y, x]: [usize; 2]| {
                    w.taps().map(|[i, j]| Some([w.over(y, i, w.output[0])?, w.over(x, j, w.output[1])?])).collect()
                };
                (w.each(w.input, w.output, find), w.kernel * w.kernel)
            }
            Self::Tap(w, tap) => {
                let find = |[y, x]: [usize; 2]| {
                    let row = w.under(y, tap / w.kernel, w.input[0]);
                    vec![row.zip(w.under(x, tap % w.kernel, w.input[1])).map(|(row, column)| [row, column])]
                };
                (w.each(w.output, w.input, find), 1)
            }
            Self::Covering(w, back) => {
                let find = |[y, x]: [usize; 2]| {
                    let row = w.covering(y, back[0], w.output[0]);
                    vec![row.zip(w.covering(x, back[1], w.output[1])).map(|((row, _), (column, _))| [row, column])]
                };
                (w.each(w.input, w.output, find), 1)
            }
        }
    }

    /// The table on `device`.
    pub fn upload<D: Storage<usize> + TensorFromVec<usize>>(self, device: &D) -> Result<Index<D>, Failure<D>> {
        let (rows, each) = self.rows();
        let places = rows.len() / each;
        device.try_tensor_from_vec(rows, (places, each))
    }
}
