//! The layouts: each takes a board and arranges the parts of a message on it. They are written for readers
//! from left to right; the board turns them for the others.

mod fields;
mod loud;
mod open;
mod stack;

use crate::board::Board;
use crate::brief::Intent;
use crate::scene::Layout;

/// Arranges a picture.
pub(crate) fn arrange(b: &mut Board<'_>) {
    if b.brief.intent == Intent::Pattern && b.brief.headline.is_empty() {
        open::pattern(b);
        return;
    }
    match b.scene.layout {
        Layout::Poster => open::poster(b),
        Layout::Split => fields::split(b),
        Layout::Centre => open::centre(b),
        Layout::Figure => loud::figure(b),
        Layout::Quote => loud::quote(b),
        Layout::Schedule => loud::schedule(b),
        Layout::Frame => open::frame(b),
        Layout::Cover => open::cover(b),
        Layout::Band => fields::band(b),
        Layout::Card => fields::card(b),
        Layout::Mosaic => fields::mosaic(b),
        Layout::Marquee => loud::marquee(b),
    }
}
