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

#[cfg(test)]
mod tests {
    use crate::brand::Brand;
    use crate::brief::Intent;
    use crate::compose::{Order, compose, lay_out};
    use crate::drawing::TextRole;
    use crate::format::AspectRatio;
    use crate::prompt;
    use crate::scene::{Layout, Materials};
    use crate::text::Typesetter;

    #[test]
    fn every_layout_sets_every_part() {
        let setter = &mut Typesetter::new();
        let mut brief = prompt::read(
            "New: Oak chairs. Made in Kent, 12 May 2027, 18:30, \"Oak\" button \"Shop now\"",
        );
        brief.kicker = Some("New".to_owned());
        brief.sub = Some("Made in Kent".to_owned());
        brief.attribution = Some("Anna Lee".to_owned());
        brief.intent = Intent::Quote;
        let (brand, ratio) = (Brand { name: "Oak".into(), ..Brand::default() }, AspectRatio::R1x1);
        let order = Order { brief, brand, ratio, seed: 1, pictures: Vec::new() };
        let mut scene = compose(&order, &Materials::default(), setter, 1).remove(0);
        for layout in Layout::ALL {
            scene.layout = layout;
            let drawing = lay_out(&scene, &Materials::default(), setter);
            for role in [
                TextRole::Headline,
                TextRole::Kicker,
                TextRole::Sub,
                TextRole::Fact,
                TextRole::Call,
                TextRole::Attribution,
            ] {
                let is_figure = layout == Layout::Figure && role == TextRole::Headline;
                let is_set = drawing.texts.iter().any(|text| text.role == role);
                assert!(is_set || is_figure, "{layout:?} has no {role:?}");
            }
        }
    }
}
