//! Operations on pictures: pure functions from pixels to pixels.

pub mod cutout;
pub mod decode;
pub mod resize;
pub mod vectorize;
pub mod vectors;
