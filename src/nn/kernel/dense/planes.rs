//! Sums of the weights that meet one plane of what a dense layer reads.
//!
//! A pooling between a plane and the layer hands each gradient on to one place of the plane, so that the plane's sum, which is all
//! that Grad-CAM wants, is that of the layer's own gradient; and this is a product with these sums, which are a fiftieth of the
//! weights of VGG's first dense layer.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "processor intrinsics, and loads through raw pointers")
)]
#![cfg_attr(
    target_arch = "x86_64",
    expect(clippy::needless_range_loop, reason = "iterators are not inlined into functions with other instructions")
)]

use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use super::streams::singles;
#[cfg(target_arch = "x86_64")]
use crate::nn::kernel::{
    lanes::{Arithmetic, Lanes, Octet},
    panels::OCTET,
};
use crate::nn::{
    Real,
    kernel::{lanes::Level, threads::deal, weight::Weight},
};

/// Numbers added up side by side.
const LANES: usize = 16;

/// Of each row of a layer's weights, the sum of each plane's; made when a row is first of use: many outputs are never open.
#[derive(Debug)]
pub struct PlaneSums<E> {
    area: usize,
    rows: Vec<OnceLock<Box<[E]>>>,
}

impl<E: Real> PlaneSums<E> {
    /// Of `outputs` rows for planes of `area` numbers.
    ///
    /// # Panics
    /// If `area` is 0.
    pub fn new(outputs: usize, area: usize) -> Self {
        assert!(area > 0, "planes of something");
        Self { area, rows: (0..outputs).map(|_| OnceLock::new()).collect() }
    }

    /// Whether these are of `weight`, with so many rows.
    pub(super) fn fit(&self, weight: &Weight<E>, outputs: usize) -> bool {
        self.rows.len() == outputs && weight.len().is_multiple_of((outputs * self.area).max(1))
    }

    /// How many planes there are in a row.
    pub(super) fn planes(&self, weight: &Weight<E>) -> usize {
        weight.len() / (self.rows.len() * self.area).max(1)
    }

    /// Takes the sums of row `index`, which is at hand, unless they are known.
    pub(super) fn learn(&self, index: usize, row: &[E]) {
        self.rows[index].get_or_init(|| sums(Level::best(), row, self.area).into());
    }

    /// Reads those of `weight`'s rows whose sums are not known.
    pub(super) fn read(&self, rows: &[usize], weight: &Weight<E>) {
        let unknown = rows.iter().filter(|&&index| self.rows[index].get().is_none());
        deal(unknown, |rows| {
            let mut room = Vec::new();
            for &index in rows {
                let inputs = weight.len() / self.rows.len();
                let row = weight.part(index * inputs, inputs, &mut room);
                weight.inspect(&row);
                self.learn(index, &row);
            }
        });
    }

    /// The sums of row `index`, which must be known.
    pub(super) fn of(&self, index: usize) -> &[E] {
        self.rows[index].get().expect("sums of a row that was read")
    }
}

/// The sum of each `area` numbers of a row. The bits do not depend on the level.
fn sums<E: Real>(level: Level, row: &[E], area: usize) -> Vec<E> {
    #[cfg(target_arch = "x86_64")]
    if let (Level::Avx2 | Level::Avx512, Some([row])) = (level, singles([row])) {
        let mut out = vec![E::ZERO; row.len() / area];
        // SAFETY: the level was found available.
        unsafe { of_singles(row, area, bytemuck::cast_slice_mut(&mut out)) };
        return out;
    }
    let _ = level;
    row.chunks_exact(area).map(sum).collect()
}

fn sum<E: Real>(numbers: &[E]) -> E {
    let (whole, rest) = numbers.as_chunks::<LANES>();
    let mut lanes = [E::ZERO; LANES];
    for whole in whole {
        lanes.iter_mut().zip(whole).for_each(|(lane, &number)| *lane += number);
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        let (low, high) = lanes.split_at_mut(width);
        low.iter_mut().zip(high).for_each(|(low, high)| *low += *high);
    }
    rest.iter().fold(lanes[0], |sum, &number| sum + number)
}

/// Eight planes at a time: eight sums are eight vectors of eight, turned and added up.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn of_singles(row: &[f32], area: usize, out: &mut [f32]) {
    use std::arch::x86_64::__m256;
    let whole = area / LANES * LANES;
    for (first, out) in (0..).step_by(OCTET).zip(out.chunks_mut(OCTET)) {
        let mut sums = [0.0; OCTET];
        let planes = &row[first * area..][..out.len() * area];
        // SAFETY: the caller vouches for the instructions; all reads are inside of `planes`.
        unsafe {
            let mut parts = [__m256::all(0.0); OCTET];
            for i in 0..out.len() {
                let plane = planes.as_ptr().add(i * area);
                let (mut low, mut high) = (__m256::all(0.0), __m256::all(0.0));
                for at in (0..whole).step_by(LANES) {
                    low = low.add(__m256::load(plane.add(at)));
                    high = high.add(__m256::load(plane.add(at + OCTET)));
                }
                parts[i] = low.add(high);
            }
            let [a, b, c, d, e, f, g, h] = __m256::transposed(parts);
            let (even, odd) = (a.add(e).add(c.add(g)), b.add(f).add(d.add(h)));
            even.add(odd).store(sums.as_mut_ptr());
        }
        for i in 0..out.len() {
            for at in i * area + whole..(i + 1) * area {
                sums[i] += planes[at];
            }
            out[i] = sums[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sums;
    use crate::nn::kernel::lanes::Level;

    #[test]
    fn sums_are_those_of_planes_with_all_instructions() {
        for (area, planes) in [(1, 3), (7, 2), (16, 2), (49, 21), (49, 8), (64, 1)] {
            let row: Vec<f32> = (0..area * planes).map(|at| ((at * 31) % 101) as f32 / 8.0 - 5.0).collect();
            let exact: Vec<f32> = row.chunks(area).map(|plane| plane.iter().sum()).collect();
            // Of numbers that are no eighths, sums depend on the order.
            let odd: Vec<f32> = row.iter().map(|v| (v * 1.7).sin()).collect();
            for level in Level::available() {
                assert_eq!(sums(level, &row, area), exact, "{level}, {area} x {planes}");
                assert!(sums(level, &odd, area) == sums(Level::Scalar, &odd, area), "{level}, {area} x {planes}");
            }
        }
    }
}
