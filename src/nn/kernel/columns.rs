//! Convolutions as one matrix product with the columns that windows see: 1x1 windows, whose columns are the map itself,
//! and windows of any kind over few channels.
#![expect(unsafe_code, reason = "pieces of one output are written by several threads")]

use std::ops::Range;

use super::{
    conv::{Finish, Size, gather},
    gemm::Shared,
    lanes::Level,
    memory::{self, Buffer},
    panels::{Blocks, OCTET, Panels, multiply},
    threads::deal,
};

/// The filters of a convolution as one matrix, `O x (K K I)`, in panels.
#[derive(Clone, Debug)]
pub struct Filter {
    shape: Panels,
    values: Vec<f32>,
}

impl Filter {
    /// From `O x K x K x I` weights.
    ///
    /// # Panics
    /// If there are not `outputs` equally large filters.
    pub fn new(outputs: usize, filter: &[f32]) -> Self {
        let shape = Panels { rows: outputs, columns: filter.len().checked_div(outputs).unwrap_or(0) };
        assert_eq!(shape.rows * shape.columns, filter.len(), "sizes of a filter");
        let mut values = memory::fresh(shape.len());
        shape.fill(&mut values, filter.iter().copied());
        Self { shape, values }
    }
}

/// Whether these kernels are meant for a convolution of `size`.
pub fn suits(size: &Size) -> bool {
    size.is_pointwise() || size.inputs <= 4
}

/// Output channels multiplied at a time, and those of one piece where there are few blocks.
const ROWS: usize = 64;
/// Multiplications that are worth a thread's while.
const WORTH: usize = 1 << 19;

/// Pixels `0..area` in blocks: of as many as two strips of a product have columns, or of nearly equal numbers of whole vectors.
fn blocks(level: Level, area: usize) -> (usize, usize) {
    let octets = area.div_ceil(OCTET);
    let wide = match level {
        Level::Avx512 => octets.min(14) * OCTET,
        _ => octets.div_ceil(octets.div_ceil(7).max(1)) * OCTET,
    };
    (area.div_ceil(wide.max(1)), wide)
}

/// Runs `piece(image, pixels, rows)` over pieces that cover all images, `area` pixels and `rows`.
fn for_each_piece(
    level: Level,
    (batch, area, rows, depth): (usize, usize, usize, usize),
    piece: impl Fn(usize, Range<usize>, Range<usize>) + Sync,
) {
    let (blocks, wide) = blocks(level, area);
    let high = if blocks < 8 { ROWS } else { rows.max(1) };
    let along = rows.div_ceil(high);
    let least = (WORTH / (wide * high.min(rows) * depth).max(1)).max(1);
    let count = batch * blocks * along;
    let work = |index| {
        let (image, block, row) = (index / (blocks * along), index / along % blocks * wide, index % along * high);
        piece(image, block..(block + wide).min(area), row..(row + high).min(rows));
    };
    deal((0..count).step_by(least), |firsts| {
        firsts.for_each(|first| (first..count.min(first + least)).for_each(&work));
    });
}

/// `y = conv(x, filter)`, finished as `finish` says.
///
/// # Panics
/// If a size does not fit.
pub fn forward(level: Level, size: &Size, x: &[f32], filter: &Filter, finish: Finish<'_, f32>, y: &mut [f32]) {
    assert_eq!((x.len(), y.len()), (size.input_len(), size.output_len()), "sizes of a convolution");
    assert_eq!(
        (filter.shape.rows, filter.shape.columns),
        (size.outputs, size.taps() * size.inputs),
        "sizes of a filter"
    );
    let ([in_area, out_area], depth) = (size.area(), filter.shape.columns);
    let y = Shared::new(y);
    for_each_piece(level, (size.batch, out_area, size.outputs, depth), |image, pixels, rows| {
        let x = &x[image * size.inputs * in_area..][..size.inputs * in_area];
        let mut gathered = Buffer::new(0);
        let block = if size.is_pointwise() {
            planes(x, in_area, pixels.clone(), &mut gathered)
        } else {
            windows(size, x, pixels.clone(), &mut gathered)
        };
        products::<false>(level, filter, block, rows, |row, values| {
            let start = (image * size.outputs + row) * out_area + pixels.start;
            // SAFETY: pieces differ in the image, the pixels or the rows, so no other thread touches these elements.
            let target = unsafe { y.part(start, pixels.len()) };
            finish.apply(row, &values[..pixels.len()], target);
        });
    });
}

/// Adds to `down`, the gradient of the input, what `up`, the gradient of the output, implies - or writes it there,
/// whatever was there, if `fresh`.
///
/// # Panics
/// If a size does not fit.
pub fn input_gradient(level: Level, size: &Size, up: &[f32], filter: &Filter, down: &mut [f32], fresh: bool) {
    assert_eq!((down.len(), up.len()), (size.input_len(), size.output_len()), "sizes of a convolution");
    if !size.is_pointwise() {
        return scattered(level, size, up, filter, down, fresh);
    }
    let (area, finish) = (size.area()[0], if fresh { Finish::Write } else { Finish::Add });
    let few = size.batch * size.outputs / SPARSE;
    let live: Vec<usize> = live(size, up).take(few + 1).collect();
    if live.len() <= few {
        if fresh {
            down.fill(0.0);
        }
        return sparse(size, up, &live, filter, down);
    }
    let down = Shared::new(down);
    for_each_piece(level, (size.batch, area, size.inputs, size.outputs), |image, pixels, rows| {
        let up = &up[image * size.outputs * area..][..size.outputs * area];
        let mut gathered = Buffer::new(0);
        let block = planes(up, area, pixels.clone(), &mut gathered);
        products::<true>(level, filter, block, rows, |row, values| {
            let start = (image * size.inputs + row) * area + pixels.start;
            // SAFETY: as in `forward`.
            let target = unsafe { down.part(start, pixels.len()) };
            finish.put(&values[..pixels.len()], target);
        });
    });
}

/// A gradient with one plane in this many not zero is handled plane by plane: that of one class's score.
const SPARSE: usize = 16;

/// Which planes of `up`, counted through all images, hold anything but zeros.
fn live(size: &Size, up: &[f32]) -> impl Iterator<Item = usize> {
    let planes = up.chunks_exact(size.area()[1].max(1)).enumerate();
    planes.filter(|(_, plane)| plane.iter().any(|&v| v != 0.0)).map(|(index, _)| index)
}

/// The input gradient of 1x1 windows where only the planes `live` of `up` are not zero.
fn sparse(size: &Size, up: &[f32], live: &[usize], filter: &Filter, down: &mut [f32]) {
    let area = size.area()[0];
    let work = |(index, down): (usize, &mut [f32])| {
        let (image, input) = (index / size.inputs, index % size.inputs);
        for &plane in live.iter().filter(|plane| *plane / size.outputs == image) {
            let weight = filter.values[filter.shape.at(plane % size.outputs, input)];
            for (d, &u) in down.iter_mut().zip(&up[plane * area..][..area]) {
                *d += weight * u;
            }
        }
    };
    for_each_chunk(down, (area, CHANNELS), work);
}

/// Runs `work` on chunks of `len` numbers, each with its index; some at a time, that are worth a thread's while.
fn for_each_chunk(values: &mut [f32], (len, some): (usize, usize), work: impl Fn((usize, &mut [f32])) + Sync) {
    deal(values.chunks_mut(some * len).enumerate(), |shares| {
        for (share, chunks) in shares {
            (share * some..).zip(chunks.chunks_exact_mut(len)).for_each(&work);
        }
    });
}

/// Planes that are worth a thread's while.
const CHANNELS: usize = 64;

/// Rows `rows` of a product, one after the other.
fn products<const TRANSPOSED: bool>(
    level: Level,
    filter: &Filter,
    block: Blocks,
    rows: Range<usize>,
    mut put: impl FnMut(usize, &[f32]),
) {
    let mut out = Buffer::new(ROWS.min(rows.len().next_multiple_of(OCTET)) * block.width());
    for first in rows.clone().step_by(ROWS) {
        let end = rows.end.min(first + ROWS);
        let groups = first / OCTET..end.div_ceil(OCTET);
        multiply::<TRANSPOSED>(level, filter.shape, &filter.values, groups, block, &mut out);
        for (row, values) in (first..end).zip(out.chunks_exact(block.width())) {
            put(row, values);
        }
    }
}

/// What 1x1 windows see: the map itself, copied only where it ends within a vector.
fn planes<'a>(x: &'a [f32], area: usize, pixels: Range<usize>, copy: &'a mut Buffer<f32>) -> Blocks<'a> {
    if pixels.len().is_multiple_of(OCTET) {
        return Blocks { values: &x[pixels.start..], apart: 0, step: area, columns: pixels.len() };
    }
    let width = pixels.len().next_multiple_of(OCTET);
    *copy = Buffer::new(x.len() / area * width);
    for (row, plane) in copy.chunks_exact_mut(width).zip(x.chunks_exact(area)) {
        row[..pixels.len()].copy_from_slice(&plane[pixels.clone()]);
        row[pixels.len()..].fill(0.0);
    }
    Blocks { values: copy, apart: 0, step: width, columns: pixels.len() }
}

/// What windows see: a row for each tap and channel.
fn windows<'a>(size: &Size, x: &[f32], pixels: Range<usize>, columns: &'a mut Buffer<f32>) -> Blocks<'a> {
    let (width, area) = (pixels.len().next_multiple_of(OCTET), size.area()[0]);
    *columns = Buffer::new(size.taps() * size.inputs * width);
    for (k, row) in columns.chunks_exact_mut(width).enumerate() {
        let (tap, channel) = (k / size.inputs, k % size.inputs);
        let (row, rest) = row.split_at_mut(pixels.len());
        rest.fill(0.0);
        gather(row, &x[channel * area..][..area], size.input, size.output[1], pixels.start, |out, axis| {
            size.seen(out, [tap / size.kernel, tap % size.kernel][axis])
        });
    }
    Blocks { values: columns, apart: 0, step: width, columns: pixels.len() }
}

/// The input gradient of windows over few channels: gradients of all columns first, then each row of the input adds up its own.
fn scattered(level: Level, size: &Size, up: &[f32], filter: &Filter, down: &mut [f32], fresh: bool) {
    let ([in_area, out_area], depth) = (size.area(), filter.shape.columns);
    let mut columns = Buffer::new(depth * out_area);
    for (up, down) in up.chunks_exact(size.outputs * out_area).zip(down.chunks_exact_mut(size.inputs * in_area)) {
        let shared = Shared::new(&mut columns);
        for_each_piece(level, (1, out_area, depth, size.outputs), |_, pixels, rows| {
            let mut gathered = Buffer::new(0);
            let block = planes(up, out_area, pixels.clone(), &mut gathered);
            products::<true>(level, filter, block, rows, |row, values| {
                // SAFETY: pieces differ in the pixels or the rows, so no other thread touches these elements.
                unsafe { shared.write(row * out_area + pixels.start, &values[..pixels.len()]) };
            });
        });
        let [height, width] = size.input;
        let work = |(line, row): (usize, &mut [f32])| {
            if fresh {
                row.fill(0.0);
            }
            let (channel, y) = (line / height, line % height);
            for tap in 0..size.taps() {
                let column = &columns[(tap * size.inputs + channel) * out_area..][..out_area];
                scatter(size, tap, column, y, row);
            }
        };
        for_each_chunk(down, (width, LINES), work);
    }
}

/// Rows that are worth a thread's while.
const LINES: usize = 8;

/// Adds what one tap's column says to the pixels of row `y` that the tap saw.
fn scatter(size: &Size, tap: usize, column: &[f32], y: usize, row: &mut [f32]) {
    let (stride, [down, right]) = (size.stride, [tap / size.kernel, tap % size.kernel]);
    let Some(below) = (y + size.padding).checked_sub(down).filter(|below| below % stride == 0) else { return };
    let Some(line) = column.chunks_exact(size.output[1]).nth(below / stride) else { return };
    // The first window whose tap is inside the row, and where.
    let first = size.padding.saturating_sub(right).div_ceil(stride);
    let start = first * stride + right - size.padding;
    let (Some(line), Some(row)) = (line.get(first..), row.get_mut(start..)) else { return };
    if stride == 1 {
        row.iter_mut().zip(line).for_each(|(d, &value)| *d += value);
    } else {
        row.iter_mut().step_by(stride).zip(line).for_each(|(d, &value)| *d += value);
    }
}
