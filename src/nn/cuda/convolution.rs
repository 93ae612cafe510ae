//! Convolution and its input gradient on a GPU: by Winograd's minimal filtering, or by columns and one product.

use std::cell::OnceCell;

use cudarc::driver::DeviceSlice;
use dfdx::prelude::CudaError;

use super::{Gpu, Memory, Product, sliding::Tiled};
use crate::nn::{
    Real,
    kernel::{Kernels, conv, winograd::tile},
    placed,
};

/// Numbers of a scratch array: for 64 photos through VGG19 on an H100 the quickest of 2 to the 21st up to 2 to the 25th and 2 to
/// the 27th, with 187 and 196 ms where the others took 197 to 241.
const SCRATCH: usize = 1 << 24;

/// Channels from which on minimal filtering pays on the way forth.
const FEW: usize = 16;

/// The filters of a convolution, for the way forth and for the way back.
pub struct Filters<E> {
    size: conv::Size,
    bias: Memory<E>,
    /// `O x (K x K x I)`.
    plain: Memory<E>,
    way: Way<E>,
}

/// How a layer is computed.
enum Way<E> {
    /// In tiles, whose sides are known once the map's are. `plain` stays for the first layer, which has too few channels.
    Tiles { forth: OnceCell<Tiles<E>>, back: OnceCell<Tiles<E>> },
    /// By columns; on the way back with `I x (K x K x O)`.
    Columns { back: Memory<E> },
}

/// Filters transformed for tiles of side `side`: a matrix for each element of a transformed tile.
struct Tiles<E> {
    side: usize,
    matrices: Memory<E>,
}

impl<E: Real> Filters<E> {
    /// A layer whose `filter` is `O x K x K x I`; of `size` all but batch and sides counts.
    pub(super) fn new(gpu: &Gpu<E>, filter: &[E], bias: &[E], size: &conv::Size) -> Result<Self, CudaError> {
        assert_eq!(filter.len(), size.outputs * size.kernel * size.kernel * size.inputs, "filters of these sizes");
        assert_eq!(bias.len(), size.outputs, "a bias for each output");
        let way = match gpu.family {
            Kernels::Winograd if size.fits_tiles() => Way::Tiles { forth: OnceCell::new(), back: OnceCell::new() },
            _ => Way::Columns { back: gpu.copied(&back(filter, size))? },
        };
        Ok(Self { size: *size, bias: gpu.copied(bias)?, plain: gpu.copied(filter)?, way })
    }

    /// `conv(x) + bias`.
    pub(super) fn forward(
        &self,
        gpu: &Gpu<E>,
        x: &Memory<E>,
        windows: placed::Windows,
    ) -> Result<Memory<E>, CudaError> {
        let conv::Size { inputs, outputs, .. } = self.size;
        assert_eq!(x.len(), windows.input(inputs).count(), "maps of these sizes");
        match &self.way {
            Way::Tiles { forth, .. } if inputs >= FEW => {
                let tiles = self.tiles(gpu, forth, tile_forth(&self.size_at(windows)), false)?;
                winograd(gpu, tiles, x, windows, [inputs, outputs], Some(&self.bias))
            }
            _ => {
                let gather = |part, seen: &mut Memory<E>| gpu.columns(windows, part, x, seen);
                let places = windows.output(outputs).places();
                let mut y = columns(gpu, &self.plain, (x, places), &self.size, [inputs, outputs], gather)?;
                gpu.add_bias(&self.bias, &mut y)?;
                Ok(y)
            }
        }
    }

    /// The gradient of what the windows slid over, given that of the output.
    pub(super) fn input_gradient(
        &self,
        gpu: &Gpu<E>,
        up: &Memory<E>,
        windows: placed::Windows,
    ) -> Result<Memory<E>, CudaError> {
        let conv::Size { inputs, outputs, .. } = self.size;
        assert_eq!(up.len(), windows.output(outputs).count(), "a gradient for each output");
        match &self.way {
            Way::Tiles { back, .. } => {
                let tiles = self.tiles(gpu, back, tile(&self.size_at(windows)), true)?;
                winograd(gpu, tiles, up, windows, [outputs, inputs], None)
            }
            Way::Columns { back } => {
                let gather = |part, seen: &mut Memory<E>| gpu.columns_gradient(windows, part, up, seen);
                let places = windows.input(inputs).places();
                columns(gpu, back, (up, places), &self.size, [outputs, inputs], gather)
            }
        }
    }

    fn size_at(&self, windows: placed::Windows) -> conv::Size {
        conv::Size { input: windows.input, output: windows.output, ..self.size }
    }

    /// The filters transformed for one direction, the first time that it is gone.
    fn tiles<'a>(
        &self,
        gpu: &Gpu<E>,
        cell: &'a OnceCell<Tiles<E>>,
        side: usize,
        back: bool,
    ) -> Result<&'a Tiles<E>, CudaError> {
        if let Some(tiles) = cell.get() {
            return Ok(tiles);
        }
        let matrices = gpu.winograd_filters(side, [self.size.outputs, self.size.inputs], back, &self.plain)?;
        Ok(cell.get_or_init(|| Tiles { side, matrices }))
    }
}

/// The tiles' side on the way forth: on large maps of few channels, near the photo, they are the windows of the pooling that
/// follows, so that equal pixels of plain areas remain equal in each window.
fn tile_forth(size: &conv::Size) -> usize {
    let (largest, weights) = (size.output.into_iter().max(), size.inputs * size.outputs);
    if largest > Some(64) && weights <= 1 << 12 { 2 } else { tile(size) }
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
    Tiles { side, matrices }: &Tiles<E>,
    x: &Memory<E>,
    windows: placed::Windows,
    [from, to]: [usize; 2],
    bias: Option<&Memory<E>>,
) -> Result<Memory<E>, CudaError> {
    let (side, elements, all) = (*side, Tiled::elements(*side), Tiled::all(windows, *side));
    let each = (SCRATCH / elements / from.max(to)).clamp(1, all.max(1));
    // SAFETY: the tiles cover the map and so write all of `y`; of the scratch memory no more is read than was written before.
    let (mut y, mut seen, mut made) = unsafe {
        let y = gpu.memory(windows.input(to).count())?;
        (y, gpu.memory(elements * each * from)?, gpu.memory(elements * each * to)?)
    };
    for first in (0..all).step_by(each) {
        let tiles = each.min(all - first);
        let tiled = Tiled { windows, side, first, tiles };
        gpu.winograd_input(tiled, x, &mut seen)?;
        let sizes = Product { batch: elements, rows: tiles, inner: from, columns: to, transposed: false };
        gpu.product(sizes, &*seen, &**matrices, &mut *made)?;
        gpu.winograd_output(tiled, &made, bias.map(|bias| &**bias), &mut y)?;
    }
    Ok(y)
}

/// What `gather` lays side by side for each of `places` places, times one transposed matrix; `x` itself where a window is one
/// place.
fn columns<E: Real>(
    gpu: &Gpu<E>,
    matrix: &Memory<E>,
    (x, places): (&Memory<E>, usize),
    size: &conv::Size,
    [from, to]: [usize; 2],
    gather: impl Fn([usize; 2], &mut Memory<E>) -> Result<(), CudaError>,
) -> Result<Memory<E>, CudaError> {
    // SAFETY: the products write all of it.
    let mut y = unsafe { gpu.memory(places * to) }?;
    let inner = size.kernel * size.kernel * from;
    let sizes = |rows| Product { batch: 1, rows, inner, columns: to, transposed: true };
    if size.is_pointwise() {
        gpu.product(sizes(places), &**x, &**matrix, &mut *y)?;
        return Ok(y);
    }
    let each = (SCRATCH / inner).clamp(1, places.max(1));
    // SAFETY: no more of it is read than was gathered before.
    let mut seen = unsafe { gpu.memory(each * inner) }?;
    for first in (0..places).step_by(each) {
        let rows = each.min(places - first);
        gather([first, rows], &mut seen)?;
        gpu.product(sizes(rows), &*seen, &**matrix, &mut y.slice_mut(first * to..(first + rows) * to))?;
    }
    Ok(y)
}
