//! From signed maps to colours, in separate pure steps: normalise, enlarge, colour, lay over the photo.

mod blend;
mod colormap;
mod normalize;
mod pixels;
mod reason;
mod upsample;

pub use blend::{Blend, overlay};
pub use colormap::ColorMap;
pub use normalize::{min_max, positive_over_max, signed_over_max_abs};
pub use pixels::{deprocess, magnitude};
pub use reason::blank_reason;
pub use upsample::{Edge, upsample};
