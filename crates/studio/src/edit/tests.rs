use super::vocabulary::TYPES;
use super::*;
use crate::brand::Brand;
use crate::colour::Rgb;
use crate::compose::{Order, compose};
use crate::format::AspectRatio;
use crate::scene::Materials;
use crate::text::Typesetter;

fn scene() -> Scene {
    let order = Order {
        brief: prompt::read("\"Spring sale\" subtitle \"Until Sunday\" button \"Shop now\""),
        brand: Brand { name: "Acme".into(), ..Brand::default() },
        ratio: AspectRatio::R1x1,
        seed: 1,
        pictures: Vec::new(),
    };
    compose(&order, &Materials::default(), &mut Typesetter::new(), 1).remove(0)
}

#[test]
fn words_colours_and_layout_change_and_the_rest_stays() {
    let before = scene();
    let edited = edit(&before, "Change the headline to \"Summer sale\" and make it darker");
    assert_eq!(edited.scene.brief.headline, "Summer sale");
    assert_eq!(edited.scene.brief.sub, before.brief.sub);
    assert!(edited.scene.scheme.is_dark());
    assert_eq!(edited.scene.layout, before.layout);
    assert_eq!(edited.changes.len(), 2);

    let edited = edit(&before, "replace \"Sunday\" with \"Monday\"");
    assert_eq!(edited.scene.brief.sub.as_deref(), Some("Until Monday"));

    let edited = edit(&before, "Use a navy background, a split layout with stripes, and a serif");
    assert_eq!(edited.scene.brief.wishes.colour, Some(Rgb(20, 36, 84)));
    assert_eq!((edited.scene.layout, edited.scene.material), (Layout::Split, Material::Stripes));
    assert_eq!(edited.scene.heading, Family::Fraunces);

    let edited = edit(&before, "remove the button");
    assert_eq!((edited.scene.brief.call, edited.changes.len()), (None, 1));
}

#[test]
fn what_is_not_understood_changes_nothing_and_is_said() {
    let before = scene();
    for (text, unmet) in [
        ("Could you give it more soul?", "give it more soul"),
        ("hmmm", "hmmm"),
        ("add a cat", "add a cat"),
        ("remove the logo", "remove the logo"),
        ("do not use stripes", "do not use stripes"),
        ("make the headline bigger", "make the headline bigger"),
    ] {
        let edited = edit(&before, text);
        assert_eq!((&edited.scene, edited.changes), (&before, Vec::new()), "{text}");
        assert!(edited.unmet.len() == 1 && edited.unmet[0].contains(unmet), "{:?}", edited.unmet);
    }
}

#[test]
fn the_half_that_is_not_understood_is_said() {
    let before = scene();
    for text in [
        "Make it darker and add a cat",
        "Make it darker with a cat",
        "add stripes, add a cat on them",
        "change the headline to \"Summer sale\" and add a cat",
        "replace \"Sunday\" with \"Monday\" and add a cat",
        "add a cat in a navy colour",
        "a serif, an owl",
        "make it navy and gold",
        "remove the button and the cat",
        "make it darker and change the photo",
        "make it darker, a different font",
    ] {
        let edited = edit(&before, text);
        assert_eq!(edited.unmet.len(), 1, "{text}: {:?} {:?}", edited.unmet, edited.changes);
    }
    let edited = edit(&before, "replace \"Friday\" with \"Monday\"");
    assert_eq!((edited.changes.len(), edited.unmet.len()), (0, 1));
    assert!(edited.unmet[0].contains("Friday"), "{:?}", edited.unmet);
}

#[test]
fn what_is_understood_is_done_whole() {
    let before = scene();
    for (text, changes) in [
        ("Change the headline to \"Summer sale\" and the button to \"Go\"", 2),
        ("Please replace \"Sunday\" with \"Monday\" and make it darker.", 2),
        ("Could you make it a little darker, please?", 1),
        ("remove the button and the subtitle", 2),
        ("no button, no subtitle", 2),
        ("Use a mosaic layout and a condensed typeface", 2),
        ("add grain", 1),
        ("the background in #0b3d2e", 1),
        ("Set it in Space Grotesk", 1),
    ] {
        let edited = edit(&before, text);
        assert_eq!((edited.changes.len(), edited.unmet.len()), (changes, 0), "{text}: {edited:?}");
    }
}

/// Every wish of one word there is; asked for twice, the second one finds it done.
#[test]
fn a_wish_that_is_as_things_are_is_no_change() {
    let layouts = LAYOUTS.iter().map(|(sign, _)| format!("use a {sign} layout"));
    let materials = MATERIALS.iter().map(|(sign, _)| format!("use {sign}"));
    let types = TYPES.iter().map(|sign| format!("a {sign} typeface"));
    let families = Family::ALL.iter().map(|family| format!("set it in {}", family.name()));
    let others = [
        "make it dark",
        "make it light",
        "use the brand colours",
        "a navy background",
        "remove the button",
        "no subtitle",
        "add grain",
        "no grain",
        "remove the pattern",
        "remove the photo",
        "change the headline to \"Summer\"",
        "a headline that says \"Summer\"",
    ];
    let all = layouts.chain(materials).chain(types).chain(families);
    for text in all.chain(others.map(str::to_owned)) {
        let once = edit(&scene(), &text);
        assert_eq!(once.unmet, Vec::<String>::new(), "{text}");
        let twice = edit(&once.scene, &text);
        assert_eq!(twice.changes, Vec::<String>::new(), "{text}");
        assert_eq!(twice.scene, once.scene, "{text}");
    }
    // What compares goes on until there is no more of it.
    let mut darkest = scene();
    for _ in 0..3 {
        darkest = edit(&darkest, "darker").scene;
    }
    assert_eq!((darkest.scheme, edit(&darkest, "darker").changes.len()), (Scheme::Ink, 0));
}

#[test]
fn beside_the_words_of_a_prompt_only_what_is_understood_may_stand() {
    for (text, unmet) in [
        ("Add \"Open today\"", 0),
        ("Write \"Harbour Jazz\" on it, 24 May 2026, 19:30, and make it dark", 0),
        ("\"Open today\" and add a cat", 1),
        ("\"Open today\" in the upper left corner", 1),
    ] {
        let mut order = scene();
        order.brief = prompt::read(text);
        let edited = styled(&order, text);
        assert_eq!(edited.unmet.len(), unmet, "{text}: {:?}", edited.unmet);
        assert_eq!(edited.scene.brief.headline, order.brief.headline);
    }
}

#[test]
fn a_photo_is_shown_where_there_is_one() {
    let mut before = scene();
    before.layout = Layout::Frame;
    for text in ["make it a photo", "use the photo", "a picture as background"] {
        let edited = edit(&before, text);
        assert_eq!((&edited.scene, edited.changes.len()), (&before, 0), "{text}");
        assert!(edited.unmet[0].contains("no image"), "{:?}", edited.unmet);
    }
    before.pictures = vec!["mine".to_owned()];
    let edited = edit(&before, "use the photo");
    // A frame would have it and not show it.
    assert_eq!((edited.scene.material, edited.scene.layout), (Material::Photo, Layout::Split));
    assert_eq!((edited.changes.len(), edited.unmet.len()), (2, 0), "{edited:?}");
    // This speaks of the whole picture.
    let edited = edit(&before, "make the photo darker");
    assert_ne!(edited.scene.material, Material::Photo);
}

#[test]
fn what_is_added_stands_beside_what_is_there() {
    let mut before = scene();
    before.brief.sub = None;
    let edited = edit(&before, "add \"Since 1987\"");
    assert_eq!(edited.scene.brief.headline, "Spring sale");
    assert_eq!(edited.scene.brief.sub.as_deref(), Some("Since 1987"));
    let edited = edit(&scene(), "Please add \"Since 1987\" and make it darker");
    assert_eq!(edited.scene.brief.kicker.as_deref(), Some("Since 1987"));
    assert_eq!(edited.scene.brief.sub.as_deref(), Some("Until Sunday"));
    let full = edited.scene;
    let edited = edit(&full, "add \"Free entry\"");
    assert_eq!((&edited.scene, edited.unmet.len()), (&full, 1));
    assert!(edited.unmet[0].contains("no room for “Free entry”"), "{:?}", edited.unmet);
    let mut before = scene();
    before.brief.call = None;
    assert_eq!(edit(&before, "add \"Book now\"").scene.brief.call.as_deref(), Some("Book now"));
    let edited = edit(&scene(), "change the headline to \"Sale\" and add \"Since 1987\"");
    assert_eq!(edited.scene.brief.sub.as_deref(), Some("Until Sunday"));
    // A part that is named is that part.
    let edited = edit(&scene(), "add a subtitle \"Since 1987\"");
    assert_eq!(edited.scene.brief.sub.as_deref(), Some("Since 1987"));
}

#[test]
fn the_whole_text_is_replaced_by_the_new_one() {
    for text in ["replace the text with \"Sold out\"", "Change all the words to \"Sold out\""] {
        let mut before = scene();
        before.brief.kicker = Some("New".to_owned());
        before.brief.figure = Some("30%".to_owned());
        let edited = edit(&before, text);
        let mut wanted = Brief::plain("Sold out");
        wanted.intent = before.brief.intent;
        assert_eq!((&edited.scene.brief, edited.unmet.len()), (&wanted, 0), "{text}");
    }
    // One part of it is not all of it.
    let edited = edit(&scene(), "replace the headline text with \"Sold out\"");
    assert_eq!(edited.scene.brief.sub.as_deref(), Some("Until Sunday"));
}
