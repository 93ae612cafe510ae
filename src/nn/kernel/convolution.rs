//! Which kernels a convolution runs on, with its weights as those want them.

use std::sync::{
    Arc, Mutex, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use super::{
    Kernels, columns,
    conv::{self, Finish, Size},
    lanes::Level,
    memory::Buffer,
    relu::{self, Open},
    taps,
    threads::deal,
    weight::{Stored, Weight, are_finite},
    winograd::{self, Filters, Untransformed},
};
use crate::nn::{Real, Rule};

/// The filters of a convolution, made ready for the best kernels when first used on a map - or left in their file.
#[derive(Debug)]
pub struct Convolution<E> {
    kernels: Kernels,
    filter: Mutex<Option<Weight<E>>>,
    /// Whether several images will come one after the other.
    several: AtomicBool,
    ready: OnceLock<Ready<E>>,
}

#[derive(Debug)]
enum Ready<E> {
    /// `O x K x K x I`, in f64.
    Gathered(Arc<Vec<E>>),
    Columns(columns::Filter),
    Taps(taps::Filter),
    Winograd(winograd::Filter),
    /// In their file, for maps that use each of them once.
    Passing(Arc<dyn Stored>),
}

/// The filters as the kernels take them.
enum AtHand<'a, E> {
    Gathered(&'a [E]),
    Columns(&'a columns::Filter),
    Taps(&'a taps::Filter),
    Tiles(Filters<'a>),
}

impl<E> Ready<E> {
    /// The filters; those of a file are all read, into `room`.
    fn at_hand<'a>(&'a self, size: &Size, room: &'a mut Option<Buffer<f32>>) -> AtHand<'a, E> {
        match self {
            Self::Gathered(filter) => AtHand::Gathered(filter),
            Self::Columns(filter) => AtHand::Columns(filter),
            Self::Taps(filter) => AtHand::Taps(filter),
            Self::Winograd(filter) => AtHand::Tiles(Filters::Ready(filter)),
            Self::Passing(stored) => AtHand::Tiles(untransformed(size, room.insert(read(&**stored)))),
        }
    }
}

impl<E: Real> Convolution<E> {
    /// Filters given as `O x I x K x K`.
    pub fn new(kernels: Kernels, filter: impl Into<Weight<E>>) -> Self {
        Self {
            kernels,
            filter: Mutex::new(Some(filter.into())),
            several: AtomicBool::new(false),
            ready: OnceLock::new(),
        }
    }

    /// Says that several images will come one after the other: filters are then rather kept than read from their file for each.
    /// Of no influence once there was an image.
    pub fn expect_several(&self) {
        self.several.store(true, Ordering::Relaxed);
    }

    /// The filters as they were given.
    ///
    /// # Panics
    /// If they were used already: mostly they are then kept in another form only.
    pub fn original(&self) -> Arc<Vec<E>> {
        let filter = self.filter.lock().ok().and_then(|filter| filter.clone());
        filter.expect("asked for before the first map").widened()
    }

    /// What `filter` becomes for maps like the first one, after which the original is dropped.
    fn ready(&self, size: &Size) -> &Ready<E> {
        self.ready.get_or_init(|| {
            let filter = self.filter.lock().ok().and_then(|mut filter| filter.take()).expect("made ready once");
            if E::NAME != f32::NAME {
                return Ready::Gathered(channels_last(filter, size));
            }
            let fast = self.kernels == Kernels::Winograd && size.fits_tiles();
            if columns::suits(size) {
                Ready::Columns(columns::Filter::new(size.outputs, bytemuck::cast_slice(&channels_last(filter, size))))
            } else if let Weight::Stored(stored) = &filter
                && fast
                && !self.several.load(Ordering::Relaxed)
                && passing(size)
            {
                Ready::Passing(stored.clone())
            } else if fast {
                let tile = winograd::tile(size);
                Ready::Winograd(winograd::Filter::new(Level::best(), tile, size.outputs, size.inputs, &filter))
            } else {
                Ready::Taps(taps::Filter::new(size, bytemuck::cast_slice(&filter.widened())))
            }
        })
    }

    /// `y = conv(x) + bias`, then rectified if `relu`.
    ///
    /// # Panics
    /// If a slice has not the length that `size` says.
    pub fn forward(&self, size: &Size, x: &[E], bias: &[E], rectified: bool, y: &mut [E]) {
        if size.batch == 0 {
            return;
        }
        let level = Level::best();
        let finish = Finish::Forward { bias: bytemuck::cast_slice(bias), relu: rectified };
        match self.ready(size).at_hand(size, &mut None) {
            AtHand::Gathered(filter) => {
                conv::forward(size, x, filter, bias, y);
                if rectified {
                    relu::forward(y);
                }
            }
            AtHand::Columns(filter) => {
                columns::forward(level, size, bytemuck::cast_slice(x), filter, finish, bytemuck::cast_slice_mut(y));
            }
            AtHand::Taps(filter) => {
                taps::forward(level, size, bytemuck::cast_slice(x), filter, finish, bytemuck::cast_slice_mut(y));
            }
            AtHand::Tiles(filters) => {
                winograd::forward(level, size, bytemuck::cast_slice(x), filters, finish, bytemuck::cast_slice_mut(y));
            }
        }
    }

    /// `y = max(conv(x) + bias, 0)`, and which of these are above zero.
    ///
    /// # Panics
    /// If a slice has not the length that `size` says.
    pub fn rectified(&self, size: &Size, x: &[E], bias: &[E], y: &mut [E]) -> Open {
        let level = Level::best();
        if size.batch > 0
            && let AtHand::Tiles(filters) = self.ready(size).at_hand(size, &mut None)
        {
            let (x, bias, y) = (bytemuck::cast_slice(x), bytemuck::cast_slice(bias), bytemuck::cast_slice_mut(y));
            return winograd::rectified(level, size, x, filters, bias, y);
        }
        self.forward(size, x, bias, true, y);
        relu::open(level, y, size.output[1])
    }

    /// Writes to `down` the gradient of the input of the rectifier that made the convolution's input, under `rule`; `open` says
    /// which of its outputs are above zero.
    ///
    /// # Panics
    /// If a slice has not the length that `size` says.
    pub fn gated_gradient(&self, size: &Size, up: &[E], (rule, open): (Rule, &Open), down: &mut [E]) {
        let level = Level::best();
        if size.batch > 0
            && let AtHand::Tiles(filters) = self.ready(size).at_hand(size, &mut None)
        {
            let (up, down) = (bytemuck::cast_slice(up), bytemuck::cast_slice_mut(down));
            return winograd::gated_gradient(level, size, up, filters, (rule, open), down);
        }
        self.input_gradient(size, up, down, true);
        relu::gate(level, rule, open, down);
    }

    /// Adds to `down`, the gradient of the input, what `up`, the gradient of the output, implies - or writes it there,
    /// whatever was there, if `fresh`.
    ///
    /// # Panics
    /// If a slice has not the length that `size` says.
    pub fn input_gradient(&self, size: &Size, up: &[E], down: &mut [E], fresh: bool) {
        if size.batch == 0 {
            return;
        }
        let level = Level::best();
        match self.ready(size).at_hand(size, &mut None) {
            AtHand::Gathered(filter) => {
                if fresh {
                    down.fill(E::ZERO);
                }
                conv::input_gradient(size, up, filter, down);
            }
            AtHand::Columns(filter) => {
                let (up, down) = (bytemuck::cast_slice(up), bytemuck::cast_slice_mut(down));
                columns::input_gradient(level, size, up, filter, down, fresh);
            }
            AtHand::Taps(filter) => {
                let (up, down) = (bytemuck::cast_slice(up), bytemuck::cast_slice_mut(down));
                taps::input_gradient(level, size, up, filter, down, fresh);
            }
            AtHand::Tiles(filters) => {
                let (up, down) = (bytemuck::cast_slice(up), bytemuck::cast_slice_mut(down));
                winograd::input_gradient(level, size, up, filters, down, fresh);
            }
        }
    }
}

/// Whether filters in a file, of a convolution in tiles, are rather transformed each time than kept.
fn passing(size: &Size) -> bool {
    winograd::uses_filters_once(Level::best(), size)
}

fn untransformed<'a>(size: &Size, values: &'a [f32]) -> Filters<'a> {
    Filters::Untransformed(Untransformed { tile: winograd::tile(size), inputs: size.inputs, values })
}

/// All numbers, looked at whether they are finite.
fn read(stored: &dyn Stored) -> Buffer<f32> {
    let mut values = Buffer::new(stored.count());
    let work = |(chunk, values): (usize, &mut [f32])| {
        stored.read(chunk * AT_ONCE, values);
        if !are_finite(values) {
            stored.doubt();
        }
    };
    deal(values.chunks_mut(AT_ONCE).enumerate(), |chunks| chunks.for_each(work));
    values
}

/// Numbers read at a time.
const AT_ONCE: usize = 1 << 16;

/// `O x I x K x K` weights as `O x K x K x I`.
fn channels_last<E: Real>(filter: Weight<E>, size: &Size) -> Arc<Vec<E>> {
    let filter = filter.widened();
    if size.kernel == 1 { filter } else { conv::channels_last(&filter, size.outputs, size.inputs, size.kernel).into() }
}
