//! Layers as dfdx modules: compile-time shapes, any tape, gradients for inputs only.
//!
//! A feature map is a dfdx tensor of shape `(batch, channels, height, width)` whose batch is a run-time number and
//! whose other sizes are types, so a network wired wrongly does not compile. Every layer runs with
//! [`NoneTape`], with dfdx's own [`OwnedTape`](dfdx::prelude::OwnedTape) and with saltty's
//! [`Trail`], a tape that can be swept more than once. No layer records gradients of its weights.

pub mod assemble;
pub mod average;
pub mod composed;
pub mod concat;
pub mod conv;
#[cfg(feature = "cuda")]
pub mod cuda;
pub mod dense;
pub mod fused;
pub mod kernel;
pub mod placed;
pub mod pool;
pub mod real;
pub mod relu;
pub mod tape;
pub mod window;

pub use assemble::{Assemble, Blueprint, Param, Part, Width};
pub use average::GlobalAverage;
pub use concat::{Concat, Twice};
pub use conv::Conv2d;
pub use dense::{Dense, Features, Grid};
pub use fused::Fused;
pub use pool::{MaxPool, MaxPoolCeil};
pub use real::Real;
pub use relu::{Relu, Rule};
pub use tape::{Name, Recorder, Sweep, Trail};
pub use window::Slide;

use dfdx::prelude::{Cpu, NoneTape, Tensor};

/// A compile-time size, short because types are full of them.
#[doc(no_inline)]
pub use dfdx::prelude::Const as C;

/// A batch of feature maps: `(batch, channels, height, width)`.
pub type Map<Ch, H, W, E, T = NoneTape> = Tensor<(usize, Ch, H, W), E, Cpu, T>;

/// A batch of feature vectors: `(batch, features)`.
pub type Vector<N, E, T = NoneTape> = Tensor<(usize, N), E, Cpu, T>;
