//! Short vectors of f32 as the processor has them: AVX-512, AVX2, or arrays that the compiler makes do with.
#![expect(unsafe_code, reason = "processor intrinsics, and loads and stores through raw pointers")]
#![expect(clippy::inline_always, reason = "intrinsics must be inlined into functions that have their instructions")]

mod doubles;
mod plain;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use std::{fmt, sync::OnceLock};

pub(super) use doubles::Doubles;
pub(super) use plain::Plain;

/// Which instructions the fast kernels use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Whatever the compiler makes of plain arrays: SSE2 on x86-64, NEON on ARM.
    Scalar,
    /// 256-bit vectors with fused multiply-add.
    Avx2,
    /// 512-bit vectors where most of the time goes, 256-bit ones elsewhere. Its results have the same bits as those of AVX2.
    Avx512,
}

impl Level {
    /// What this processor can do, lowest first.
    pub fn available() -> Vec<Self> {
        #[cfg_attr(not(target_arch = "x86_64"), expect(unused_mut, reason = "nothing more than plain arrays there"))]
        let mut levels = vec![Self::Scalar];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                levels.push(Self::Avx2);
                if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
                    levels.push(Self::Avx512);
                }
            }
        }
        levels
    }

    /// The highest available, or a lower one that the environment variable `SALTTY_SIMD` names (`avx512`, `avx2`,
    /// `scalar`). Looked up once.
    pub fn best() -> Self {
        static BEST: OnceLock<Level> = OnceLock::new();
        *BEST.get_or_init(|| {
            let most = std::env::var("SALTTY_SIMD").ok().and_then(|name| {
                [Self::Scalar, Self::Avx2, Self::Avx512].into_iter().find(|level| level.to_string() == name)
            });
            let fits = |level: &Self| most.is_none_or(|most| *level <= most);
            Self::available().into_iter().rfind(fits).unwrap_or(Self::Scalar)
        })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        })
    }
}

/// Several f32 side by side.
///
/// # Safety
/// Every method needs the instructions of its type; those that read or write need valid memory.
pub(super) trait Lanes: Copy {
    /// How many.
    const WIDTH: usize;
    /// Whether there are so many registers that eight steps of a product can be written out.
    const UNROLLED: bool = false;
    /// All the same number.
    unsafe fn all(value: f32) -> Self;
    /// Reads `WIDTH` numbers.
    unsafe fn load(at: *const f32) -> Self;
    /// Writes `WIDTH` numbers.
    unsafe fn store(self, at: *mut f32);
    /// `self + a * b`, rounded once where the processor can.
    unsafe fn plus(self, a: Self, b: Self) -> Self;
    /// Writes 8 x 8 numbers with rows as columns.
    unsafe fn transpose_square(_from: *const f32, _to: *mut f32) {
        unreachable!("no columns beside so narrow a strip")
    }
}

/// Several f32 that transforms work on.
///
/// # Safety
/// As for [`Lanes`].
pub(super) trait Arithmetic: Lanes {
    /// Whether [`store_pair`](Self::store_pair) is there.
    const PAIRS: bool = false;

    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    /// Zero where not above zero; a NaN stays.
    unsafe fn rectified(self) -> Self;
    /// Writes the first `count` numbers, of at most `WIDTH`.
    unsafe fn store_first(self, count: usize, at: *mut f32);
    /// Reads two times `WIDTH` numbers; every second from the first and from the second.
    unsafe fn load_halves(at: *const f32) -> [Self; 2];
    /// The inverse of [`load_halves`](Self::load_halves).
    unsafe fn store_halves(parts: [Self; 2], at: *mut f32);
    /// Reads four times `WIDTH` numbers; every fourth from the first, the second, the third and the fourth.
    unsafe fn load_fourths(at: *const f32) -> [Self; 4];
    /// The inverse of [`load_fourths`](Self::load_fourths).
    unsafe fn store_fourths(parts: [Self; 4], at: *mut f32);
    /// All numbers but the first, and the one at `last`.
    unsafe fn followed_by(self, last: *const f32) -> Self;
    /// Writes the numbers without the last of each half; unless `exactly`, what is behind them may be overwritten as well.
    unsafe fn store_pair(self, _at: *mut f32, _exactly: bool) {
        unreachable!("no pairs of rows in so short a vector")
    }
}

/// Eight f32.
///
/// # Safety
/// As for [`Lanes`].
pub(super) trait Octet: Arithmetic {
    /// Reads `count` numbers; those missing to eight are zeros.
    unsafe fn load_first(count: usize, at: *const f32) -> Self;
    /// One bit for each that is above zero, the first lowest.
    unsafe fn positive(self) -> u8;
    /// Zero where the byte of eight at `all` is another than `one`.
    unsafe fn chosen(self, all: *const u8, one: u8) -> Self;
    /// Zero where a bit is not set, the first's lowest.
    unsafe fn masked(self, bits: u8) -> Self;
    /// Number `i` of vector `j` becomes number `j` of vector `i`.
    unsafe fn transposed(rows: [Self; 8]) -> [Self; 8];
}

/// Writes `from` to `to`, the last first; or adds it to what is there.
///
/// # Panics
/// If they are not equally long.
pub fn turn(level: Level, from: &[f32], to: &mut [f32], add: bool) {
    assert_eq!(from.len(), to.len(), "a row and itself turned");
    match level {
        // SAFETY: the level was found available.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::Avx512 => unsafe { turn_avx2(from, to, add) },
        _ => turn_plain(from, to, add),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn turn_avx2(from: &[f32], to: &mut [f32], add: bool) {
    turn_plain(from, to, add);
}

#[inline(always)]
fn turn_plain(from: &[f32], to: &mut [f32], add: bool) {
    let pairs = to.iter_mut().zip(from.iter().rev());
    if add { pairs.for_each(|(to, from)| *to += *from) } else { pairs.for_each(|(to, from)| *to = *from) }
}

/// Asks for the 64 bytes around `at`, which need not be there.
#[inline(always)]
pub(super) fn prefetch<T>(at: *const T) {
    prefetch_into::<true, T>(at);
}

/// The same for the first cache, or for the second only.
#[inline(always)]
pub(super) fn prefetch_into<const FIRST: bool, T>(at: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};
        // SAFETY: SSE is part of x86-64, and a prefetch reads nothing.
        unsafe { if FIRST { _mm_prefetch::<_MM_HINT_T0>(at.cast()) } else { _mm_prefetch::<_MM_HINT_T1>(at.cast()) } }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// Asks for `count` numbers, which need not be there: of planes that are read or written in turn, the processor does not
/// foresee the next.
pub(super) fn ask(at: *const f32, count: usize) {
    for line in (0..count).step_by(16) {
        prefetch(at.wrapping_add(line));
    }
}
