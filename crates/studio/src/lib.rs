//! The studio: pixels and pages in, findings and scenes out. Nothing here reads a clock, a file or the
//! network, so the same input gives the same output on every machine.
//!
//! A prompt becomes a [`brief::Brief`] ([`prompt::read`]); brief, brand, ratio and seed become
//! [`scene::Scene`]s ([`compose::compose`]); a scene becomes a [`drawing::Drawing`] ([`compose::lay_out`]), and
//! that pixels ([`raster::pixels`]) or SVG ([`svg::document`]). The scene is what is kept: a change of the
//! picture is a change of the scene.

mod art;
mod board;
mod bound;
pub mod brand;
pub mod brief;
mod chance;
pub mod clusters;
pub mod colour;
pub mod compose;
pub mod crop;
pub mod drawing;
pub mod edit;
pub mod findings;
pub mod fonts;
pub mod format;
mod gradients;
pub mod images;
mod layouts;
mod mark;
pub mod picture;
pub mod prompt;
pub mod raster;
pub mod scene;
mod schemes;
pub mod svg;
mod text;
pub mod unwritable;

pub use text::Typesetter;
