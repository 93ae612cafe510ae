//! Sizes and ends of convolutions, and the plainest kernels, for f64: columns gathered, then one matrix product of the `gemm` crate,
//! forward and input gradient.
#![expect(unsafe_code, reason = "pieces of one output are written by several threads")]

use std::{cell::RefCell, ops::Range};

use super::{
    gemm::{Matrix, Shared},
    threads::deal,
};
use crate::nn::Real;

/// The sizes of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Images.
    pub batch: usize,
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Height and width of the input.
    pub input: [usize; 2],
    /// Height and width of the output.
    pub output: [usize; 2],
    /// Side of the window.
    pub kernel: usize,
    /// Step of the window.
    pub stride: usize,
    /// Zeros around the input.
    pub padding: usize,
}

impl Size {
    /// Whether each output sees one place of the input.
    pub(in crate::nn) fn is_pointwise(&self) -> bool {
        (self.kernel, self.stride, self.padding) == (1, 1, 0)
    }

    /// Whether windows of 3 x 3 keep the map's sides, as minimal filtering in tiles wants it.
    pub(in crate::nn) fn fits_tiles(&self) -> bool {
        (self.kernel, self.stride, self.padding) == (3, 1, 1)
    }

    pub(super) fn taps(&self) -> usize {
        self.kernel * self.kernel
    }

    /// Where along an axis of the input a tap of the window sees what belongs to place `out` of the output, unless before its
    /// begin; it may be behind its end.
    pub(super) fn seen(&self, out: usize, tap: usize) -> Option<usize> {
        (out * self.stride + tap).checked_sub(self.padding)
    }

    /// The place of the output, likewise, whose window sees place `input` by a tap.
    pub(super) fn seeing(&self, input: usize, tap: usize) -> Option<usize> {
        let reach = (input + self.padding).checked_sub(tap)?;
        reach.is_multiple_of(self.stride).then_some(reach / self.stride)
    }

    pub(super) fn area(&self) -> [usize; 2] {
        [self.input[0] * self.input[1], self.output[0] * self.output[1]]
    }

    /// Numbers in the input.
    pub fn input_len(&self) -> usize {
        self.batch * self.inputs * self.area()[0]
    }

    /// Numbers in the filters.
    pub fn filter_len(&self) -> usize {
        self.outputs * self.inputs * self.taps()
    }

    /// Numbers in the output.
    pub fn output_len(&self) -> usize {
        self.batch * self.outputs * self.area()[1]
    }
}

/// What becomes of a convolution's sums.
#[derive(Clone, Copy, Debug)]
pub enum Finish<'a, E> {
    /// One bias an output channel is added, and what is then below zero becomes zero if `relu`.
    Forward {
        /// One number an output channel.
        bias: &'a [E],
        /// Whether to rectify.
        relu: bool,
    },
    /// They are added to what is there.
    Add,
    /// They replace what is there.
    Write,
}

impl<E: Real> Finish<'_, E> {
    /// The bias of one channel, and whether to rectify.
    pub(super) fn bias(&self, channel: usize) -> (E, bool) {
        match self {
            Self::Forward { bias, relu } => (bias[channel], *relu),
            Self::Add | Self::Write => (E::ZERO, false),
        }
    }
}

impl Finish<'_, f32> {
    /// Finishes sums of one channel and puts them where they belong.
    pub(super) fn apply(&self, channel: usize, sums: &[f32], target: &mut [f32]) {
        let Self::Forward { bias, relu } = self else { return self.put(sums, target) };
        let bias = bias[channel];
        for (target, &sum) in target.iter_mut().zip(sums) {
            let value = sum + bias;
            *target = if *relu && value <= 0.0 { 0.0 } else { value };
        }
    }

    /// Puts sums that were finished where they belong.
    pub(super) fn put(&self, values: &[f32], target: &mut [f32]) {
        if matches!(self, Self::Add) {
            target.iter_mut().zip(values).for_each(|(t, v)| *t += *v);
        } else {
            target.copy_from_slice(values);
        }
    }
}

/// `O x I x K x K` weights as `O x K x K x I`.
pub fn channels_last<E: Copy>(weight: &[E], outputs: usize, inputs: usize, kernel: usize) -> Vec<E> {
    transposed(weight, outputs, [inputs, kernel * kernel])
}

/// Transposes each of `count` matrices.
///
/// # Panics
/// If there are not as many values as these have.
pub fn transposed<E: Copy>(values: &[E], count: usize, [high, wide]: [usize; 2]) -> Vec<E> {
    assert_eq!(values.len(), count * high * wide, "{count} matrices of {high} x {wide}");
    let mut transposed = Vec::with_capacity(values.len());
    for matrix in values.chunks_exact((high * wide).max(1)) {
        for column in 0..wide {
            transposed.extend((0..high).map(|row| matrix[row * wide + column]));
        }
    }
    transposed
}

/// `y = conv(x, filter) + bias`; `filter` is `O x K x K x I`.
///
/// # Panics
/// If a slice has not the length that `size` says.
pub fn forward<E: Real>(size: &Size, x: &[E], filter: &[E], bias: &[E], y: &mut [E]) {
    assert_eq!((x.len(), y.len()), (size.input_len(), size.output_len()), "sizes of a convolution");
    let ([in_area, out_area], depth) = (size.area(), size.taps() * size.inputs);
    let y = Shared::new(y);
    for_each_piece(size.batch, size.outputs, out_area, depth, |image, rows, columns| {
        let x = &x[image * size.inputs * in_area..][..size.inputs * in_area];
        with_columns(depth * columns.len(), |gathered| {
            for (k, row) in gathered.chunks_exact_mut(columns.len()).enumerate() {
                let (tap, channel) = (k / size.inputs, k % size.inputs);
                let plane = &x[channel * in_area..][..in_area];
                gather(row, plane, size.input, size.output[1], columns.start, |out, axis| {
                    size.seen(out, [tap / size.kernel, tap % size.kernel][axis])
                });
            }
            let start = (image * size.outputs + rows.start) * out_area + columns.start;
            let weights =
                Matrix { values: filter, start: rows.start * depth, size: [rows.len(), depth], step: [depth, 1] };
            let inputs = Matrix { values: gathered, start: 0, size: [depth, columns.len()], step: [columns.len(), 1] };
            for (r, o) in rows.clone().enumerate() {
                // SAFETY: pieces are disjoint in (image, row, column), so no other thread touches these elements.
                unsafe { y.fill(start + r * out_area, columns.len(), bias[o]) };
            }
            // SAFETY: as above.
            unsafe { y.accumulate(start, out_area, weights, inputs) };
        });
    });
}

/// Adds to `down`, the gradient of the input, what `up`, the gradient of the output, implies.
///
/// # Panics
/// If a slice has not the length that `size` says.
pub fn input_gradient<E: Real>(size: &Size, up: &[E], filter: &[E], down: &mut [E]) {
    assert_eq!((down.len(), up.len()), (size.input_len(), size.output_len()), "sizes of a convolution");
    let ([in_area, out_area], depth) = (size.area(), size.taps() * size.outputs);
    let down = Shared::new(down);
    for_each_piece(size.batch, size.inputs, in_area, depth, |image, rows, columns| {
        let up = &up[image * size.outputs * out_area..][..size.outputs * out_area];
        with_columns(depth * columns.len(), |gathered| {
            for (k, row) in gathered.chunks_exact_mut(columns.len()).enumerate() {
                let (channel, tap) = (k / size.taps(), k % size.taps());
                let plane = &up[channel * out_area..][..out_area];
                gather(row, plane, size.output, size.input[1], columns.start, |input, axis| {
                    size.seeing(input, [tap / size.kernel, tap % size.kernel][axis])
                });
            }
            let start = (image * size.inputs + rows.start) * in_area + columns.start;
            let weights =
                Matrix { values: filter, start: rows.start, size: [rows.len(), depth], step: [1, size.inputs] };
            let ups = Matrix { values: gathered, start: 0, size: [depth, columns.len()], step: [columns.len(), 1] };
            // SAFETY: pieces are disjoint in (image, row, column), so no other thread touches these elements.
            unsafe { down.accumulate(start, in_area, weights, ups) };
        });
    });
}

/// Fills `row` with what one tap sees at positions `first..` of a map `width` wide: the value of `plane` at
/// `source(y, 0), source(x, 1)`, or zero outside it.
pub(super) fn gather<E: Real>(
    row: &mut [E],
    plane: &[E],
    [plane_height, plane_width]: [usize; 2],
    width: usize,
    first: usize,
    source: impl Fn(usize, usize) -> Option<usize>,
) {
    let mut done = 0;
    while done < row.len() {
        let (y, x) = ((first + done) / width, (first + done) % width);
        let count = (width - x).min(row.len() - done);
        let run = &mut row[done..][..count];
        done += count;
        match source(y, 0).filter(|&y| y < plane_height) {
            None => run.fill(E::ZERO),
            Some(y) => gather_run(run, &plane[y * plane_width..][..plane_width], x, |x| source(x, 1)),
        }
    }
}

/// One row's part of [`gather`]. Where the positions' sources follow each other (stride 1) or are equally far apart, it is
/// a copy.
fn gather_run<E: Real>(run: &mut [E], line: &[E], first: usize, source: impl Fn(usize) -> Option<usize>) {
    let inside = |x: usize| source(x).filter(|&s| s < line.len());
    let end = first + run.len();
    let from = (first..end).find(|&x| inside(x).is_some()).unwrap_or(end);
    run[..from - first].fill(E::ZERO);
    let Some(start) = inside(from) else { return };
    let follows = end - from < 2 || source(from + 1) == Some(start + 1);
    if follows {
        let count = (end - from).min(line.len() - start);
        run[from - first..][..count].copy_from_slice(&line[start..][..count]);
        run[from - first + count..].fill(E::ZERO);
        return;
    }
    let rest = &mut run[from - first..];
    if let Some(step) = source(from + 1).map(|next| next - start) {
        let count = rest.len().min((line.len() - start).div_ceil(step));
        for (slot, &value) in rest[..count].iter_mut().zip(line[start..].iter().step_by(step)) {
            *slot = value;
        }
        rest[count..].fill(E::ZERO);
        return;
    }
    for (slot, x) in rest.iter_mut().zip(from..) {
        *slot = inside(x).map_or(E::ZERO, |s| line[s]);
    }
}

/// Numbers in one piece's gathered columns, at most (unless one column has more).
const GATHERED: usize = 1 << 20;
/// Output channels of one piece, at most, where a map is so small that columns alone make too few pieces.
const ROWS: usize = 128;

/// Runs `piece(image, rows, columns)` in parallel over pieces that together cover `batch` images of `rows` x `columns`.
fn for_each_piece(
    batch: usize,
    rows: usize,
    columns: usize,
    depth: usize,
    piece: impl Fn(usize, Range<usize>, Range<usize>) + Sync,
) {
    let wide = (GATHERED / depth).clamp(64, columns.max(64));
    let high = if columns.div_ceil(wide) < 4 { ROWS } else { rows.max(1) };
    let (across, along) = (columns.div_ceil(wide), rows.div_ceil(high));
    let work = |index| {
        let (image, row, column) = (index / (along * across), index / across % along * high, index % across * wide);
        piece(image, row..(row + high).min(rows), column..(column + wide).min(columns));
    };
    deal(0..batch * along * across, |indices| indices.for_each(&work));
}

/// Lends `len` numbers of this thread's scratch memory, which is kept for the next piece.
fn with_columns<E: Real>(len: usize, work: impl FnOnce(&mut [E])) {
    thread_local!(static SCRATCH: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) });
    SCRATCH.with_borrow_mut(|scratch| {
        let words = (len * size_of::<E>()).div_ceil(size_of::<f64>());
        if scratch.len() < words {
            scratch.resize(words, 0.0);
        }
        work(&mut bytemuck::cast_slice_mut(&mut scratch[..words])[..len]);
    });
}
