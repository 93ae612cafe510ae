//! Arithmetic of sliding windows on compile-time sizes, without const expressions in types.

use dfdx::prelude::{Const, ConstDim};

/// An input side over which a window of `K` pixels slides in steps of `S` with `P` pixels of padding, and the side it
/// leaves: `(N + 2P - K) / S + 1`, rounded up where `CEIL` (and then the last window still starts inside the input,
/// as in PyTorch's `ceil_mode`).
///
/// The windows that keep the size hold for every `N`; for the others, each input side is a line in this file, checked
/// against the formula when saltty is compiled.
#[diagnostic::on_unimplemented(
    message = "no window of {K} pixels, stride {S}, padding {P} is known on an input side of `{Self}`",
    label = "this layer does not fit the feature map it is given",
    note = "check the layers before it (a missing pool?), or add the size to src/nn/window.rs"
)]
pub trait Slide<const K: usize, const S: usize, const P: usize, const CEIL: bool>: ConstDim {
    /// The output side.
    type Out: ConstDim;
}

/// The side that a window leaves of `side` pixels: see [`Slide`].
pub const fn slid(side: usize, kernel: usize, stride: usize, padding: usize, ceil: bool) -> usize {
    let free = side + 2 * padding - kernel;
    if !ceil {
        return free / stride + 1;
    }
    let out = free.div_ceil(stride) + 1;
    if (out - 1) * stride >= side + padding { out - 1 } else { out }
}

impl<const N: usize> Slide<1, 1, 0, false> for Const<N> {
    type Out = Self;
}

impl<const N: usize> Slide<3, 1, 1, false> for Const<N> {
    type Out = Self;
}

impl<const N: usize> Slide<5, 1, 2, false> for Const<N> {
    type Out = Self;
}

macro_rules! slide {
    ($k:literal / $s:literal, padding $p:literal, ceil $ceil:literal: $($n:literal => $out:literal),+) => {
        $(
            const _: () = assert!(slid($n, $k, $s, $p, $ceil) == $out);
            impl Slide<$k, $s, $p, $ceil> for Const<$n> {
                type Out = Const<$out>;
            }
        )+
    };
}

// The pools of the VGG family, at 224 pixels and at the small sizes that tests use.
slide!(2 / 2, padding 0, ceil false: 224 => 112, 112 => 56, 56 => 28, 28 => 14, 14 => 7, 64 => 32, 32 => 16, 16 => 8, 8 => 4, 7 => 3, 6 => 3, 5 => 2, 4 => 2, 3 => 1, 2 => 1);
// SqueezeNet's first convolution, at 227 pixels (Caffe) and 224 (torchvision).
slide!(3 / 2, padding 0, ceil false: 227 => 113, 224 => 111, 35 => 17, 11 => 5, 10 => 4, 9 => 4, 7 => 3, 6 => 2, 5 => 2);
// SqueezeNet's pools.
slide!(3 / 2, padding 0, ceil true: 113 => 56, 111 => 55, 56 => 28, 55 => 27, 28 => 14, 27 => 13, 17 => 8, 10 => 5, 9 => 4, 8 => 4, 7 => 3, 6 => 3, 5 => 2, 4 => 2, 3 => 1);
// Strided convolutions with padding.
slide!(3 / 2, padding 1, ceil false: 224 => 112, 112 => 56, 56 => 28, 28 => 14, 14 => 7, 9 => 5, 8 => 4, 7 => 4, 6 => 3, 5 => 3);
// Windows that shrink the map.
slide!(3 / 1, padding 0, ceil false: 9 => 7, 8 => 6, 7 => 5, 6 => 4, 5 => 3, 4 => 2);

#[cfg(test)]
mod tests {
    use super::slid;

    #[test]
    fn a_ceiling_window_starts_inside_the_input() {
        assert_eq!(slid(4, 2, 3, 0, true), 2);
        assert_eq!(slid(3, 1, 3, 1, true), 2, "the third window would start in the padding");
        assert_eq!(slid(4, 2, 2, 1, true), 3, "the third window starts on the last pixel");
        assert_eq!(slid(28, 3, 2, 0, true), 14);
        assert_eq!(slid(28, 3, 2, 0, false), 13);
    }
}
