//! `A^T m A`: products to pixels.
#![expect(unsafe_code, reason = "vectors, read and written through raw pointers")]
#![expect(clippy::needless_range_loop, reason = "iterators are not inlined into functions with other instructions")]
#![expect(clippy::inline_always, reason = "intrinsics must be inlined into functions that have their instructions")]

use std::ops::Range;

use super::{A, B, first};
use crate::nn::kernel::{
    lanes::{Arithmetic, Level, Plain},
    panels::OCTET,
};

/// `A^T` along and down `tiles` tiles, element e of which is at `products[e * step..]`, a bias added and then rectified
/// if asked: `tile` arrays of pixels.
pub fn run_back(
    level: Level,
    tile: usize,
    (products, step, tiles): (&[f32], usize, usize),
    bias: (f32, bool),
    out: &mut [f32],
) {
    let elements = (tile + 2) * (tile + 2);
    assert!(products.len() >= (elements - 1) * step + tiles && tiles.is_multiple_of(OCTET), "products of a block");
    assert!(out.len() >= tile * tile * tiles, "scratch of a block");
    // SAFETY: the level was found available, and the assertions keep reads and writes in bounds.
    unsafe {
        with_instructions!(level, tile, [back_avx512, back_avx2, back], (products, step, (tiles, 0..tiles), bias, out));
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn back_avx2<const M: usize, const T: usize>(
    products: &[f32],
    step: usize,
    (tiles, part): (usize, Range<usize>),
    bias: (f32, bool),
    out: &mut [f32],
) {
    // SAFETY: the caller vouches for AVX2 and the sizes.
    unsafe { back::<std::arch::x86_64::__m256, M, T>(products, step, (tiles, part), bias, out) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
unsafe fn back_avx512<const M: usize, const T: usize>(
    products: &[f32],
    step: usize,
    (tiles, part): (usize, Range<usize>),
    bias: (f32, bool),
    out: &mut [f32],
) {
    let whole = part.start + part.len() / 16 * 16;
    // SAFETY: the caller vouches for AVX-512 and the sizes.
    unsafe {
        back::<std::arch::x86_64::__m512, M, T>(products, step, (tiles, part.start..whole), bias, out);
        back::<std::arch::x86_64::__m256, M, T>(products, step, (tiles, whole..part.end), bias, out);
    }
}

#[inline(always)]
unsafe fn back<L: Arithmetic, const M: usize, const T: usize>(
    products: &[f32],
    step: usize,
    (tiles, part): (usize, Range<usize>),
    (bias, relu): (f32, bool),
    out: &mut [f32],
) {
    for at in part.step_by(L::WIDTH) {
        // SAFETY: the caller vouches for the sizes, and `part` is whole vectors.
        unsafe {
            let bias = L::all(bias);
            let mut rows = [[bias; T]; M];
            for b in 0..T {
                let mut m = [bias; T];
                for a in 0..T {
                    m[a] = L::load(products.as_ptr().add((a * T + b) * step + at));
                }
                let column = output::<L, M, T>(m);
                for a in 0..M {
                    rows[a][b] = column[a];
                }
            }
            for a in 0..M {
                let mut values = output::<L, M, T>(rows[a]);
                for j in 0..M {
                    values[j] = values[j].add(bias);
                    if relu {
                        values[j] = values[j].rectified();
                    }
                }
                let line = out.as_mut_ptr().add(M * (a * tiles + at));
                if M == 4 {
                    L::store_fourths([values[0], values[1], values[2], values[3]], line);
                } else {
                    L::store_halves([values[0], values[1]], line);
                }
            }
        }
    }
}

/// One column or row of `A^T m`.
#[inline(always)]
unsafe fn output<L: Arithmetic, const M: usize, const T: usize>(m: [L; T]) -> [L; M] {
    // SAFETY: the caller vouches for the instructions of `L`.
    unsafe {
        let (near, near_odd) = (m[1].add(m[2]), m[1].sub(m[2]));
        if T == 4 {
            let out = [m[0].add(near), near_odd.add(m[3])];
            return first(out);
        }
        let constant = |value: f64| L::all(value as f32);
        let (far, far_odd) = (m[3].add(m[4]), m[3].sub(m[4]));
        let out = [
            m[0].add(near).add(far),
            near_odd.mul(constant(A)).plus(constant(B), far_odd),
            near.mul(constant(A * A)).plus(constant(B * B), far),
            m[5].plus(constant(A * A * A), near_odd).plus(constant(B * B * B), far_odd),
        ];
        first(out)
    }
}
