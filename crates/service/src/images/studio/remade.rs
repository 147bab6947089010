//! A picture made of another.

use bloom_domain::images::AspectRatio;
use bloom_studio::Typesetter;
use bloom_studio::compose::{self, Order};
use bloom_studio::edit::{self, Edited};
use bloom_studio::format::{self, Resolution};
use bloom_studio::images::decode::{Decoded, Most, decode};
use bloom_studio::images::{cutout, resize, vectorize, vectors};
use bloom_studio::picture::Picture;
use bloom_studio::scene::{Material, Materials, Scene};
use bloom_studio::{prompt, raster, svg};

use super::{Made, Subject, Supplies, decoded, drawn};
use crate::images::files::Written;
use crate::images::rendering::{Outcome, Task};

/// From this length on, in pixels of its longer side, a picture is a large one.
const LARGE: u32 = 4_096;

/// Makes it.
pub(super) fn make(
    setter: &mut Typesetter,
    subject: &Subject,
    task: &Task,
    supplies: Supplies,
) -> Outcome {
    match (task, subject.scene.clone()) {
        (Task::Edit { instruction, is_4k, references, .. }, Some(scene)) => {
            let has_new = !references.is_empty();
            edited(setter, &scene, (instruction.as_str(), *is_4k, has_new), supplies)
        }
        (Task::Edit { instruction, is_4k, seed, .. }, None) => {
            captioned(setter, subject, (instruction.as_str(), *is_4k, *seed), supplies)
        }
        (Task::Resize { ratio, is_2k, .. }, scene) => {
            resized(setter, subject, scene, (ratio.as_str(), *is_2k), supplies)
        }
        (Task::RemoveBackground { .. }, Some(scene)) => {
            let (_, materials) = decoded(supplies);
            lifted(setter, subject, &scene, &materials)
        }
        (Task::RemoveBackground { .. }, None) => cut_out(subject),
        (Task::Vectorize { .. }, Some(mut scene)) => {
            // What was composed need not be traced: its shapes are known.
            let (brand, materials) = decoded(supplies);
            scene.brand = brand;
            as_paths(setter, &scene, &materials)
        }
        (Task::Vectorize { .. }, None) => traced(subject, &supplies),
        (Task::Compose(_), _) => Outcome::failed("it is to be made of nothing"),
    }
}

/// The scene with another choice.
fn edited(
    setter: &mut Typesetter,
    scene: &Scene,
    (instruction, is_4k, has_new): (&str, bool, bool),
    supplies: Supplies,
) -> Outcome {
    let (brand, materials) = decoded(supplies);
    let pictures = materials.pictures.iter().map(|(key, _)| key.clone()).collect();
    let scene = Scene { brand, pictures, ..scene.clone() };
    let edited = edit::edit(&scene, instruction);
    if let Some(reason) = refused(&edited, has_new) {
        return Outcome::failed(reason);
    }
    let mut after = edited.scene;
    if has_new && !after.pictures.is_empty() && !shows_image(&scene, &mut after) {
        return unseen();
    }
    drawn(setter, &after, &materials, is_4k)
}

/// Has a scene show its image, unless what was asked for besides leaves no place for it; whether it does.
fn shows_image(before: &Scene, after: &mut Scene) -> bool {
    let (layout, material) = (after.layout, after.material);
    after.show(Material::Photo);
    let keeps_layout = layout == before.layout || layout == after.layout;
    let keeps_material = material == before.material || material == Material::Photo;
    keeps_layout && keeps_material
}

fn unseen() -> Outcome {
    Outcome::failed(
        "in the layout or the pattern that was asked for, the image would not be seen; so nothing was changed",
    )
}

/// Why an edit is not made: half of what was asked for would cost as much as all of it.
fn refused(edited: &Edited, has_new: bool) -> Option<String> {
    if !edited.unmet.is_empty() {
        return Some(format!(
            "{}; so nothing was changed. What can be: words in quotation marks, a colour, dark or light, a layout, a \
             pattern, a typeface",
            edited.unmet.join(", ")
        ));
    }
    if edited.changes.is_empty() && !has_new {
        return Some(
            "nothing in the instruction was understood that is not so already; name what to change: words in \
             quotation marks, a colour, dark or light, a layout, a typeface"
                .to_owned(),
        );
    }
    None
}

/// A picture that was not composed gets words upon it; how they look can be said, and nothing else be done to it here.
fn captioned(
    setter: &mut Typesetter,
    subject: &Subject,
    (instruction, is_4k, seed): (&str, bool, u64),
    supplies: Supplies,
) -> Outcome {
    if !instruction.contains(['"', '\u{201c}', '\u{201e}', '\u{ab}']) {
        return Outcome::failed(
            "this engine changes what it has composed; to any other image it can only add words: put them in \
             quotation marks",
        );
    }
    let Ok(Decoded { picture, .. }) = decode(&subject.bytes, Most::default()) else {
        return unreadable();
    };
    let ratio = format::AspectRatio::nearest(picture.width(), picture.height());
    let (brand, mut materials) = decoded(supplies);
    materials.pictures.insert(0, (subject.of.to_string(), picture.into()));
    let pictures = materials.pictures.iter().map(|(key, _)| key.clone()).collect();
    let order = Order { brief: prompt::read(instruction), brand, ratio, seed, pictures };
    let Some(scene) = compose::compose(&order, &materials, setter, 1).into_iter().next() else {
        return Outcome::failed("nothing could be composed of it");
    };
    let edited = edit::styled(&scene, instruction);
    if let Some(reason) = refused(&edited, true) {
        return Outcome::failed(reason);
    }
    let mut after = edited.scene;
    match shows_image(&scene, &mut after) {
        true => drawn(setter, &after, &materials, is_4k),
        false => unseen(),
    }
}

/// The scene laid out anew for another ratio, or else the part of the picture that matters.
fn resized(
    setter: &mut Typesetter,
    subject: &Subject,
    scene: Option<Scene>,
    (ratio, is_2k): (&str, bool),
    supplies: Supplies,
) -> Outcome {
    let Some(ratio) = format::AspectRatio::named(ratio) else {
        return Outcome::failed("its ratio is none of ours");
    };
    let Ok(Decoded { picture, .. }) = decode(&subject.bytes, Most::default()) else {
        return unreadable();
    };
    let is_large = !is_2k && picture.width().max(picture.height()) >= LARGE;
    if let Some(scene) = scene {
        let (brand, materials) = decoded(supplies);
        let scene = Scene { ratio, brand, ..scene };
        return drawn(setter, &scene, &materials, is_large);
    }
    let resolution = if is_large { Resolution::FourK } else { Resolution::TwoK };
    let (width, height) = resolution.pixels(ratio);
    match resize::to_size(&picture, width, height) {
        Some((picture, _)) => in_pixels(&picture, AspectRatio::from_word(ratio.name())),
        None => Outcome::failed("it could not be brought into that ratio"),
    }
}

/// What was composed is drawn again without its ground, so that what letters enclose is open as well. In the colours
/// that it has, whatever has become of the brand since; its logo is the brand's of now.
fn lifted(
    setter: &mut Typesetter,
    subject: &Subject,
    scene: &Scene,
    materials: &Materials,
) -> Outcome {
    let Ok(Decoded { picture, .. }) = decode(&subject.bytes, Most::default()) else {
        return unreadable();
    };
    let is_whole = scene.pictures.iter().all(|key| materials.picture(key).is_some());
    let drawing = compose::lay_out(scene, materials, setter);
    match raster::without_ground(&drawing, picture.width(), picture.height()) {
        Some(picture) if is_whole => {
            in_pixels(&picture, AspectRatio::from_word(scene.ratio.name()))
        }
        _ => cut_out(subject),
    }
}

fn cut_out(subject: &Subject) -> Outcome {
    let Ok(Decoded { picture, .. }) = decode(&subject.bytes, Most::default()) else {
        return unreadable();
    };
    let ratio = format::AspectRatio::nearest(picture.width(), picture.height());
    match cutout::cut_out(&picture) {
        Ok(picture) => in_pixels(&picture, AspectRatio::from_word(ratio.name())),
        Err(unclear) => Outcome::failed(unclear.to_string()),
    }
}

fn as_paths(setter: &mut Typesetter, scene: &Scene, materials: &Materials) -> Outcome {
    let (width, height) = Resolution::TwoK.pixels(scene.ratio);
    let drawing = compose::lay_out(scene, materials, setter);
    let document = svg::document(&drawing, width, height);
    paths(document, (width, height), AspectRatio::from_word(scene.ratio.name()))
}

fn traced(subject: &Subject, supplies: &Supplies) -> Outcome {
    let Ok(Decoded { picture, .. }) = decode(&subject.bytes, Most::default()) else {
        return unreadable();
    };
    let ratio = format::AspectRatio::nearest(picture.width(), picture.height());
    let palette: Vec<_> = supplies.brand.palette.iter().map(|swatch| swatch.colour).collect();
    match vectorize::traced(&picture, &palette) {
        Some(document) => {
            let size = (picture.width(), picture.height());
            paths(document, size, AspectRatio::from_word(ratio.name()))
        }
        None => Outcome::failed("there is nothing in it to trace"),
    }
}

fn unreadable() -> Outcome {
    Outcome::failed("the image it was to be made of cannot be read")
}

fn in_pixels(picture: &Picture, ratio: Option<AspectRatio>) -> Outcome {
    let Ok(bytes) = raster::png(picture) else {
        return Outcome::failed("it could not be written");
    };
    Outcome::Made(Made {
        file: Written::of(bytes, picture),
        media_type: "image/png",
        size: (picture.width().into(), picture.height().into()),
        ratio,
        description: None,
        scene: None,
    })
}

fn paths(document: String, (width, height): (u32, u32), ratio: Option<AspectRatio>) -> Outcome {
    let shown = vectors::drawn(&document, raster::SMALL);
    let document = document.into_bytes();
    let file = match shown {
        Some(shown) => Written::of(document, &shown),
        None => Written::alone(document),
    };
    Outcome::Made(Made {
        file,
        media_type: "image/svg+xml",
        size: (width.into(), height.into()),
        ratio,
        description: None,
        scene: None,
    })
}

#[cfg(test)]
mod tests {
    use bloom_studio::brand::Brand;
    use bloom_studio::fonts::Family;
    use bloom_studio::scene::{Layout, Scheme, VERSION};

    use super::*;

    fn scene(layout: Layout, material: Material) -> Scene {
        Scene {
            version: VERSION,
            ratio: format::AspectRatio::R1x1,
            brief: prompt::read("\"Spring sale\""),
            brand: Brand::default(),
            layout,
            scheme: Scheme::Paper,
            material,
            heading: Family::Inter,
            body: Family::Inter,
            seed: 1,
            grain: 0.0,
            pictures: vec!["a".to_owned()],
        }
    }

    #[test]
    fn an_image_is_shown_unless_what_was_asked_for_besides_has_no_place_for_it() {
        use Layout::{Card, Centre, Marquee, Quote, Split};
        use Material::{Mesh, Photo, Plain, Stripes};
        // What it was, what it is after the instruction, and the layout in which the image is shown.
        for (before, after, shown) in [
            // Nothing besides: a layout without a place for it may give way.
            ((Marquee, Plain), (Marquee, Plain), Some(Split)),
            ((Card, Stripes), (Card, Stripes), Some(Card)),
            ((Split, Photo), (Split, Photo), Some(Split)),
            // A layout was asked for.
            ((Marquee, Plain), (Card, Plain), Some(Card)),
            ((Card, Photo), (Quote, Photo), None),
            ((Card, Photo), (Centre, Photo), None),
            // A material was asked for.
            ((Split, Plain), (Split, Photo), Some(Split)),
            ((Split, Photo), (Split, Stripes), None),
            ((Split, Plain), (Split, Mesh), None),
            // Both were.
            ((Marquee, Plain), (Card, Stripes), None),
        ] {
            let (old, mut new) = (scene(before.0, before.1), scene(after.0, after.1));
            let is_shown = shows_image(&old, &mut new);
            assert_eq!(is_shown.then_some(new.layout), shown, "{before:?} to {after:?}");
            assert!(!is_shown || new.material == Photo, "{before:?} to {after:?}");
        }
    }

    #[test]
    fn half_an_edit_and_none_at_all_are_refused() {
        let edited = |changes: &[&str], unmet: &[&str]| Edited {
            scene: scene(Layout::Split, Material::Plain),
            changes: changes.iter().map(|text| (*text).to_owned()).collect(),
            unmet: unmet.iter().map(|text| (*text).to_owned()).collect(),
        };
        // An image to show does not make up for what is not understood.
        for has_new in [false, true] {
            let half = edited(&["the colour is navy"], &["“add a cat” was not understood", "no"]);
            let reason = refused(&half, has_new).expect("it is refused");
            let begins =
                "“add a cat” was not understood, no; so nothing was changed. What can be: ";
            assert!(reason.starts_with(begins), "{reason}");
            assert_eq!(refused(&edited(&["the colour is navy"], &[]), has_new), None);
        }
        let nothing = refused(&edited(&[], &[]), false).expect("it is refused");
        assert!(nothing.contains("name what to change"), "{nothing}");
        assert_eq!(refused(&edited(&[], &[]), true), None, "the image itself is the change");
    }
}
