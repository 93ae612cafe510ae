//! From signed maps to colours, in separate pure steps: normalise, enlarge, colour, lay over the photo.

mod blend;
mod colormap;
mod normalize;
mod pixels;
mod reason;
mod shown;
mod upsample;

pub use blend::{Blend, overlay};
pub use colormap::ColorMap;
pub use normalize::{min_max, positive_over_max, signed_over_max_abs};
pub use pixels::{deprocess, magnitude, magnitude_with_bound};
pub use reason::{Reason, blank_reason, reason};
pub use shown::{Shown, shown};
pub use upsample::{Edge, upsample};
