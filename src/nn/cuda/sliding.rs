//! The kernels of `kernels.cu` that slide windows over maps, as functions, each with the sizes that it trusts asserted.

use cudarc::driver::{CudaSlice, DeviceRepr, DeviceSlice};
use dfdx::prelude::CudaError;

use super::{Gpu, Memory, kernels::at};
use crate::nn::{Real, placed};

/// `Windows` of `kernels.cu`: those that slide over a batch of maps, and the channels of what a kernel counts in.
#[derive(Clone, Copy)]
#[repr(C)]
struct Sliding {
    batch: u32,
    channels: u32,
    height: u32,
    width: u32,
    rows: u32,
    columns: u32,
    kernel: u32,
    stride: u32,
    padding: u32,
}

// SAFETY: plain numbers in the order of the kernels' structure.
unsafe impl DeviceRepr for Sliding {}

impl Sliding {
    fn new(windows: placed::Windows, channels: usize) -> Self {
        assert!(windows.stride > 0 && windows.kernel > 0, "windows that slide");
        let [batch, channels, kernel, stride, padding] =
            [windows.batch, channels, windows.kernel, windows.stride, windows.padding].map(|n| n as u32);
        let ([height, width], [rows, columns]) = (windows.input.map(|n| n as u32), windows.output.map(|n| n as u32));
        Self { batch, channels, height, width, rows, columns, kernel, stride, padding }
    }
}

/// Tiles of a map: those from `first` on.
#[derive(Clone, Copy)]
pub struct Tiled {
    pub windows: placed::Windows,
    pub side: usize,
    pub first: usize,
    pub tiles: usize,
}

impl Tiled {
    /// Tiles of the whole batch.
    pub fn all(windows: placed::Windows, side: usize) -> usize {
        windows.batch * windows.input.map(|length| length.div_ceil(side)).iter().product::<usize>()
    }

    /// Numbers of a transformed tile.
    pub fn elements(side: usize) -> usize {
        (side + 2) * (side + 2)
    }

    /// Numbers of these tiles, transformed.
    fn count(&self, channels: usize) -> usize {
        assert!(self.first + self.tiles <= Self::all(self.windows, self.side), "tiles of the map");
        Self::elements(self.side) * self.tiles * channels
    }
}

impl<E: Real> Gpu<E> {
    /// The maxima of windows over maps of `channels` channels.
    pub(super) fn pool(
        &self,
        windows: placed::Windows,
        channels: usize,
        x: &CudaSlice<E>,
    ) -> Result<Memory<E>, CudaError> {
        check_pooled(windows, channels, x);
        let (len, sliding) = (windows.output(channels).count(), Sliding::new(windows, channels));
        // SAFETY: the windows begin inside maps of the sizes that were checked, and end at their edges.
        unsafe { self.made("pool", (len, len), |y| (sliding, at(x), y)) }
    }

    /// The gradient of what was pooled, given that of the maxima.
    pub(super) fn pool_gradient(
        &self,
        windows: placed::Windows,
        channels: usize,
        x: &CudaSlice<E>,
        up: &CudaSlice<E>,
    ) -> Result<Memory<E>, CudaError> {
        check_pooled(windows, channels, x);
        assert_eq!(up.len(), windows.output(channels).count(), "a gradient for each window");
        let (len, sliding) = (x.len(), Sliding::new(windows, channels));
        let parameters = |down| (sliding, at(x), at(up), down);
        if windows.kernel > windows.stride {
            // SAFETY: as in `pool`; each place looks at the windows that cover it.
            return unsafe { self.made("pool_gradient", (len, len), parameters) };
        }
        let blocks: usize = windows.input.map(|side| side.div_ceil(windows.stride)).iter().product();
        // SAFETY: as in `pool`; blocks of a window's step cover the map.
        unsafe { self.made("pool_gradient_apart", (len, windows.batch * blocks * channels), parameters) }
    }

    /// For `places` windows from `first` on, what lies under each tap: places x taps x channels.
    pub(super) fn columns(
        &self,
        windows: placed::Windows,
        [first, places]: [usize; 2],
        x: &CudaSlice<E>,
        out: &mut CudaSlice<E>,
    ) -> Result<(), CudaError> {
        let input = windows.input(1).places();
        assert!(x.len().is_multiple_of(input) && first + places <= windows.output(1).places(), "windows over a map");
        self.gathered("columns", Sliding::new(windows, x.len() / input), [first, places], x, out)
    }

    /// For `places` places from `first` on, the gradient of the window that has the place under each tap.
    pub(super) fn columns_gradient(
        &self,
        windows: placed::Windows,
        [first, places]: [usize; 2],
        up: &CudaSlice<E>,
        out: &mut CudaSlice<E>,
    ) -> Result<(), CudaError> {
        let output = windows.output(1).places();
        assert!(up.len().is_multiple_of(output) && first + places <= windows.input(1).places(), "places under windows");
        self.gathered("columns_gradient", Sliding::new(windows, up.len() / output), [first, places], up, out)
    }

    fn gathered(
        &self,
        kernel: &'static str,
        sliding: Sliding,
        [first, places]: [usize; 2],
        x: &CudaSlice<E>,
        out: &mut CudaSlice<E>,
    ) -> Result<(), CudaError> {
        let count = places * (sliding.kernel * sliding.kernel * sliding.channels) as usize;
        assert!(out.len() >= count, "room for what is gathered");
        // SAFETY: `columns` and `columns_gradient` checked what is read, and the assertion what is written.
        unsafe { self.launch(kernel, count, (sliding, first as u32, places as u32, at(x), at(out))) }
    }

    /// Filters `O x 3 x 3 x I`, transformed for tiles of side `side`: a matrix for each element of a tile, `I x O`, or
    /// `O x I` of the turned filters for the way back.
    pub(super) fn winograd_filters(
        &self,
        side: usize,
        [outputs, inputs]: [usize; 2],
        back: bool,
        plain: &CudaSlice<E>,
    ) -> Result<Memory<E>, CudaError> {
        assert_eq!(plain.len(), outputs * 9 * inputs, "filters of 3 x 3");
        let (len, sizes) = (Tiled::elements(side) * outputs * inputs, [outputs as u32, inputs as u32, u32::from(back)]);
        let parameters = |matrices| (sizes[0], sizes[1], sizes[2], at(plain), matrices);
        // SAFETY: every filter is read for its numbers of the matrices.
        unsafe { self.made(named(side, FILTERS), (len, outputs * inputs), parameters) }
    }

    /// Tiles of a map, transformed: a matrix for each element of a tile, `tiles x channels`.
    pub(super) fn winograd_input(
        &self,
        tiled: Tiled,
        x: &CudaSlice<E>,
        out: &mut CudaSlice<E>,
    ) -> Result<(), CudaError> {
        let places = tiled.windows.input(1).places();
        let channels = x.len() / places;
        assert!(
            x.len() == places * channels && out.len() >= tiled.count(channels),
            "tiles of a map, and room for them"
        );
        let (sliding, first, tiles) = (Sliding::new(tiled.windows, channels), tiled.first as u32, tiled.tiles as u32);
        // SAFETY: the assertion; nothing beyond the map's edges is read.
        unsafe {
            let kernel = named(tiled.side, INPUT);
            self.launch(kernel, tiled.tiles * channels, (sliding, first, tiles, at(x), at(out)))
        }
    }

    /// The tiles of `y` out of their products, with a bias where there is one.
    pub(super) fn winograd_output(
        &self,
        tiled: Tiled,
        products: &CudaSlice<E>,
        bias: Option<&CudaSlice<E>>,
        y: &mut CudaSlice<E>,
    ) -> Result<(), CudaError> {
        let places = tiled.windows.input(1).places();
        let channels = y.len() / places;
        assert!(y.len() == places * channels && products.len() >= tiled.count(channels), "products of tiles of a map");
        assert!(bias.is_none_or(|bias| bias.len() == channels), "a bias for each channel");
        let (sliding, first, tiles) = (Sliding::new(tiled.windows, channels), tiled.first as u32, tiled.tiles as u32);
        let biased = u32::from(bias.is_some());
        let parameters = (sliding, first, tiles, at(products), biased, at(bias.unwrap_or(products)), at(y));
        // SAFETY: the assertions; nothing beyond the map's edges is written.
        unsafe { self.launch(named(tiled.side, OUTPUT), tiled.tiles * channels, parameters) }
    }
}

/// The kernels for tiles of side 2 and of side 4.
const FILTERS: [&str; 2] = ["winograd2_filters", "winograd4_filters"];
const INPUT: [&str; 2] = ["winograd2_input", "winograd4_input"];
const OUTPUT: [&str; 2] = ["winograd2_output", "winograd4_output"];

fn named(side: usize, [two, four]: [&'static str; 2]) -> &'static str {
    match side {
        2 => two,
        4 => four,
        _ => unreachable!("no tiles of side {side}"),
    }
}

/// Poolings have no padding, and their windows begin inside the map.
fn check_pooled<E>(windows: placed::Windows, channels: usize, x: &CudaSlice<E>) {
    assert_eq!(x.len(), windows.input(channels).count(), "maps of these sizes");
    let begin = |axis: usize| (windows.output[axis] - 1) * windows.stride < windows.input[axis];
    assert!(windows.padding == 0 && begin(0) && begin(1), "windows that begin inside the map");
}
