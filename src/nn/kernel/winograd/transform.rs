//! The transforms of tiles, vectorised over tiles: B^T d B on the way in, A^T m A on the way out (arXiv 1509.09308,
//! section 4), with polynomials through 0, +-1 and infinity for tiles of side 2, and through 0, +-a, +-b and infinity
//! for tiles of side 4.
#![expect(clippy::inline_always, reason = "must be inlined into functions that have other instructions")]

/// Calls a transform's twin for the instructions of `$level`, with the sides of output tiles and of their elements.
macro_rules! with_instructions {
    ($level:expr, $tile:expr, [$avx512:ident, $avx2:ident, $any:ident], $arguments:tt) => {
        match ($level, $tile) {
            #[cfg(target_arch = "x86_64")]
            (Level::Avx512, 2) => with_instructions!($avx512::<2, 4> $arguments),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx512, _) => with_instructions!($avx512::<4, 6> $arguments),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2, 2) => with_instructions!($avx2::<2, 4> $arguments),
            #[cfg(target_arch = "x86_64")]
            (Level::Avx2, _) => with_instructions!($avx2::<4, 6> $arguments),
            (_, 2) => with_instructions!($any::<Plain, 2, 4> $arguments),
            _ => with_instructions!($any::<Plain, 4, 6> $arguments),
        }
    };
    ($twin:ident::<$($sides:tt),+> ($($argument:expr),+)) => {
        $twin::<$($sides),+>($($argument),+)
    };
}

mod input;
mod output;

pub use input::{Spread, run_along, run_down};
pub use output::run_back;

/// Interpolation points of tiles of side 4. With these (and with those of tiles of side 2), a tile whose pixels are all
/// equal has only one element that is not exactly zero (given fused multiply-add), and all its outputs are the same: plain areas of a
/// photo stay plain. (Of tiles that reach beyond such an area, [`alike`](super::alike) sees to that.)
const A: f64 = 1.0;
const B: f64 = 2.0;

/// Numbers that vectors may reach beyond the end.
pub const SLACK: usize = 64;

/// `G`, by which a filter's rows and columns are multiplied, for tiles of side `T - 2`: the first row sees the first number
/// only, the last the third; between are pairs of rows that differ in the sign of the second.
pub fn filter_matrix<const T: usize>() -> [[f64; 3]; T] {
    let mut matrix = [[0.0; 3]; T];
    let at = |p: f64, scale: f64| [1.0 / scale, p / scale, p * p / scale];
    let (a2, b2) = (A * A, B * B);
    let (near, far) = (2.0 * a2 * (a2 - b2), 2.0 * b2 * (b2 - a2));
    let small = [[-1.0, 0.0, 0.0], at(1.0, 2.0), at(-1.0, 2.0)];
    let large = [[1.0 / (a2 * b2), 0.0, 0.0], at(A, near), at(-A, near), at(B, far), at(-B, far)];
    matrix[..T - 1].copy_from_slice(if T == 4 { &small } else { &large });
    matrix[T - 1] = [0.0, 0.0, 1.0];
    matrix
}

/// The first `N` of at least as many. (Closures, as iterators, are not inlined into functions with other instructions.)
#[inline(always)]
fn first<V: Copy, const M: usize, const N: usize>(values: [V; M]) -> [V; N] {
    let mut some = [values[0]; N];
    some.copy_from_slice(&values[..N]);
    some
}
