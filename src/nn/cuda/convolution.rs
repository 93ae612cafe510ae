//! Convolution and its input gradient on a GPU: by Winograd's minimal filtering, or by columns and one product.

use std::cell::OnceCell;

use cudarc::driver::CudaSlice;
use dfdx::prelude::CudaError;

use super::{Gpu, Product, Windows};
use crate::nn::{
    Real,
    kernel::{
        Kernels, conv,
        winograd::{tile, tile_back},
    },
    placed,
};

/// Numbers of a scratch array: few enough that what one kernel writes is still in the GPU's cache when the next reads it.
const SCRATCH: usize = 1 << 24;

/// Channels from which on minimal filtering pays on the way forth.
const FEW: usize = 16;

/// The filters of a convolution, for the way forth and for the way back.
pub struct Filters<E> {
    size: conv::Size,
    bias: CudaSlice<E>,
    /// `O x (K x K x I)`.
    plain: CudaSlice<E>,
    /// `I x (K x K x O)`, unless the way back goes by tiles.
    back: Option<CudaSlice<E>>,
    /// Transformed for tiles, forth and back, once the map's sizes and with them the tiles' are known.
    tiles: [OnceCell<(Tiles, CudaSlice<E>)>; 2],
}

/// The side of the tiles' outputs.
#[derive(Clone, Copy)]
enum Tiles {
    Two,
    Four,
}

impl Tiles {
    fn side(self) -> usize {
        match self {
            Self::Two => 2,
            Self::Four => 4,
        }
    }

    /// Numbers of a transformed tile.
    fn elements(self) -> usize {
        (self.side() + 2) * (self.side() + 2)
    }

    /// The kernels that transform filters, inputs and outputs.
    fn kernels(self) -> [&'static str; 3] {
        match self {
            Self::Two => ["winograd2_filters", "winograd2_input", "winograd2_output"],
            Self::Four => ["winograd4_filters", "winograd4_input", "winograd4_output"],
        }
    }
}

impl<E: Real> Filters<E> {
    /// A layer whose `filter` is `O x K x K x I`; of `size` all but batch and sides counts.
    pub(super) fn new(gpu: &Gpu<E>, filter: &[E], bias: &[E], size: &conv::Size) -> Result<Self, CudaError> {
        let keeps = gpu.family == Kernels::Winograd && (size.kernel, size.stride, size.padding) == (3, 1, 1);
        let back = if keeps { None } else { Some(gpu.copied(&back(filter, size))?) };
        let (plain, bias) = (gpu.copied(filter)?, gpu.copied(bias)?);
        Ok(Self { size: *size, bias, plain, back, tiles: Default::default() })
    }

    /// `conv(x) + bias`.
    pub(super) fn forward(
        &self,
        gpu: &Gpu<E>,
        x: &CudaSlice<E>,
        windows: placed::Windows,
    ) -> Result<CudaSlice<E>, CudaError> {
        let channels = [self.size.inputs, self.size.outputs];
        if self.back.is_none() && self.size.inputs >= FEW {
            return winograd(gpu, self.tiles(gpu, windows, false)?, x, windows, channels, Some(&self.bias));
        }
        let places = windows.output(self.size.outputs).places();
        let mut y = columns(gpu, &self.plain, x, windows, channels, ("columns", places))?;
        gpu.add_bias(&self.bias, &mut y)?;
        Ok(y)
    }

    /// The gradient of what the windows slid over, given that of the output.
    pub(super) fn input_gradient(
        &self,
        gpu: &Gpu<E>,
        up: &CudaSlice<E>,
        windows: placed::Windows,
    ) -> Result<CudaSlice<E>, CudaError> {
        let channels = [self.size.outputs, self.size.inputs];
        let Some(matrix) = &self.back else {
            return winograd(gpu, self.tiles(gpu, windows, true)?, up, windows, channels, None);
        };
        let places = windows.input(self.size.inputs).places();
        columns(gpu, matrix, up, windows, channels, ("columns_gradient", places))
    }

    /// The filters transformed for one direction, for the tiles that the processor would take.
    fn tiles(&self, gpu: &Gpu<E>, windows: placed::Windows, back: bool) -> Result<&(Tiles, CudaSlice<E>), CudaError> {
        let cell = &self.tiles[usize::from(back)];
        if let Some(tiles) = cell.get() {
            return Ok(tiles);
        }
        let size = conv::Size { input: windows.input, output: windows.output, ..self.size };
        let tiles = match if back { tile_back(&size) } else { tile(&size) } {
            2 => Tiles::Two,
            _ => Tiles::Four,
        };
        let conv::Size { inputs, outputs, .. } = size;
        let mut matrices = gpu.memory(tiles.elements() * inputs * outputs)?;
        let [transform, ..] = tiles.kernels();
        let parameters = (outputs as u32, inputs as u32, u32::from(back), &self.plain, &mut matrices);
        gpu.launch(transform, inputs * outputs, parameters)?;
        Ok(cell.get_or_init(|| (tiles, matrices)))
    }
}

/// `I x K x K x O` of `O x K x K x I`.
fn back<E: Real>(filter: &[E], size: &conv::Size) -> Vec<E> {
    let (taps, inputs, outputs) = (size.kernel * size.kernel, size.inputs, size.outputs);
    let at = |input: usize, tap: usize, output: usize| filter[(output * taps + tap) * inputs + input];
    let rows = (0..inputs).flat_map(|input| (0..taps).map(move |tap| (input, tap)));
    rows.flat_map(|(input, tap)| (0..outputs).map(move |output| at(input, tap, output))).collect()
}

/// Tiles, as many at a time as scratch memory holds: transformed, multiplied element by element, transformed back.
fn winograd<E: Real>(
    gpu: &Gpu<E>,
    (kind, matrices): &(Tiles, CudaSlice<E>),
    x: &CudaSlice<E>,
    windows: placed::Windows,
    [from, to]: [usize; 2],
    bias: Option<&CudaSlice<E>>,
) -> Result<CudaSlice<E>, CudaError> {
    let (elements, [_, input, output]) = (kind.elements(), kind.kernels());
    let mut y = gpu.memory(windows.output(to).count())?;
    let all = windows.batch * windows.input.map(|side| side.div_ceil(kind.side())).iter().product::<usize>();
    let each = (SCRATCH / elements / from.max(to)).clamp(1, all);
    let (mut seen, mut made) = (gpu.memory(elements * each * from)?, gpu.memory(elements * each * to)?);
    for first in (0..all).step_by(each) {
        let tiles = each.min(all - first);
        let part = (first as u32, tiles as u32);
        gpu.launch(input, tiles * from, (Windows::new(windows, from), part.0, part.1, x, &mut seen))?;
        let sizes = Product { batch: elements, rows: tiles, inner: from, columns: to, turned: false };
        gpu.product(sizes, &seen, matrices, &mut made)?;
        let biased = u32::from(bias.is_some());
        let parameters = (Windows::new(windows, to), part.0, part.1, &made, biased, bias.unwrap_or(&made), &mut y);
        gpu.launch(output, tiles * to, parameters)?;
    }
    Ok(y)
}

/// What lies under each tap - or, on the way back, over it - side by side, times one matrix.
fn columns<E: Real>(
    gpu: &Gpu<E>,
    matrix: &CudaSlice<E>,
    x: &CudaSlice<E>,
    windows: placed::Windows,
    [from, to]: [usize; 2],
    (gather, places): (&'static str, usize),
) -> Result<CudaSlice<E>, CudaError> {
    let mut y = gpu.memory(places * to)?;
    let inner = windows.kernel * windows.kernel * from;
    let sizes = |rows| Product { batch: 1, rows, inner, columns: to, turned: true };
    if (windows.kernel, windows.stride, windows.padding) == (1, 1, 0) {
        gpu.product(sizes(places), x, matrix, &mut y)?;
        return Ok(y);
    }
    let each = (SCRATCH / inner).clamp(1, places);
    let mut seen = gpu.memory(each * inner)?;
    for first in (0..places).step_by(each) {
        let rows = each.min(places - first);
        let parameters = (Windows::new(windows, from), first as u32, rows as u32, x, &mut seen);
        gpu.launch(gather, rows * inner, parameters)?;
        gpu.product(sizes(rows), &seen, matrix, &mut y.slice_mut(first * to..(first + rows) * to))?;
    }
    Ok(y)
}
