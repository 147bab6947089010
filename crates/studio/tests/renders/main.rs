//! Pictures, measured. Each layout in each ratio and each script is drawn small, and what is promised of it is
//! looked for in its pixels.

#![expect(clippy::expect_used, reason = "a test stops where something is not as it must be")]

mod colours;
mod grounds;
mod matrix;
mod true_sizes;

use bloom_studio::Typesetter;
use bloom_studio::brand::{Brand, ColourRole, Swatch};
use bloom_studio::colour::{Rgb, contrast};
use bloom_studio::compose::{Order, compose, lay_out};
use bloom_studio::drawing::{Area, Drawing, TextRole};
use bloom_studio::format::AspectRatio;
use bloom_studio::images::vectors;
use bloom_studio::picture::Picture;
use bloom_studio::scene::{Layout, Material, Materials, Scene, Scheme};
use bloom_studio::{prompt, raster, svg};
use matrix::{Case, PHOTO, SCRIPTS, brand, every, in_turns, logo, materials};
use std::sync::Arc;

/// The long side of most pictures that are measured.
const SMALL: f32 = 384.0;
/// That of those whose texts are: also the smallest covers pixels fully then.
const MEASURED: f32 = 1_024.0;

fn small(drawing: &Drawing) -> Picture {
    sized(drawing, SMALL)
}

fn sized(drawing: &Drawing, long: f32) -> Picture {
    let scale = long / drawing.width.max(drawing.height);
    let side = |length: f32| (length * scale).round() as u32;
    raster::pixels(drawing, side(drawing.width), side(drawing.height)).expect("a picture")
}

#[test]
fn nothing_is_clipped_and_nothing_lies_on_something_else() {
    let mut faults = Vec::new();
    for Case { what, drawing, .. } in every() {
        let canvas = drawing.canvas();
        let slack = drawing.width.max(drawing.height) * 0.002;
        for text in &drawing.texts {
            if !canvas.holds(text.ink, 0.0) || !text.room.holds(text.ink, slack) {
                faults.push(format!(
                    "{what}: {:?} leaves its room: {:?} of {:?}",
                    text.role, text.ink, text.room
                ));
            }
        }
        for (at, text) in drawing.texts.iter().enumerate() {
            for other in drawing.texts.iter().skip(at + 1) {
                if text.ink.inset(slack).meets(other.ink.inset(slack)) {
                    faults.push(format!("{what}: {:?} lies on {:?}", other.role, text.role));
                }
            }
        }
        if drawing.cut {
            faults.push(format!("{what}: words were cut"));
        }
        if !drawing.missing.is_empty() {
            faults.push(format!("{what}: no glyph for {:?}", drawing.missing));
        }
        if drawing.texts.iter().all(|text| text.role != TextRole::Headline)
            && !what.starts_with("Figure")
        {
            faults.push(format!("{what}: no headline"));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn the_logo_has_its_space() {
    let mut faults = Vec::new();
    for Case { what, drawing, .. } in every() {
        let Some(logo) = drawing.logo else {
            faults.push(format!("{what}: no logo"));
            continue;
        };
        if !drawing.canvas().holds(logo.clear, 0.0) {
            faults.push(format!("{what}: the logo is too near the edge"));
        }
        for text in drawing.texts.iter().filter(|text| text.role != TextRole::Wordmark) {
            if text.ink.meets(logo.clear) {
                faults.push(format!("{what}: {:?} is too near the logo", text.role));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// The same without its texts.
fn without_texts(drawing: &Drawing) -> Drawing {
    let mut without = drawing.clone();
    let texts: Vec<usize> = drawing.texts.iter().map(|text| text.mark).collect();
    let mut at = 0;
    without.marks.retain(|_| {
        at += 1;
        !texts.contains(&(at - 1))
    });
    without
}

/// Where a text covers a pixel fully, its colour there is compared with what lay there before the text. A text that
/// covers none is one that was not measured.
fn faults_in_texts(
    what: &str,
    drawing: &Drawing,
    with: &Picture,
    without: &Picture,
) -> Vec<String> {
    let mut faults = Vec::new();
    let (w, h) = (with.width(), with.height());
    let (sx, sy) = (w as f32 / drawing.width, h as f32 / drawing.height);
    for text in &drawing.texts {
        let (mut worst, mut measured): (f32, u32) = (21.0, 0);
        for y in (text.ink.y * sy) as u32..=((text.ink.bottom() * sy) as u32).min(h - 1) {
            for x in (text.ink.x * sx) as u32..=((text.ink.right() * sx) as u32).min(w - 1) {
                if with.colour(x, y) == text.colour {
                    worst = worst.min(contrast(text.colour, without.colour(x, y)));
                    measured += 1;
                }
            }
        }
        if worst < 4.5 || measured == 0 {
            faults.push(format!(
                "{what}: {:?} {:?} has {worst:.2} in {measured} of the pixels of {w} by {h}",
                text.role, text.colour
            ));
        }
    }
    faults
}

#[test]
fn every_text_reads_in_the_picture_itself() {
    let mut faults = Vec::new();
    for Case { what, drawing, .. } in in_turns() {
        let with = sized(drawing, MEASURED);
        let without = sized(&without_texts(drawing), MEASURED);
        faults.extend(faults_in_texts(what, drawing, &with, &without));
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Pixels that differ between two pictures, in a part of them.
fn changed(
    one: &Picture,
    other: &Picture,
    (left, top, right, bottom): (u32, u32, u32, u32),
) -> usize {
    let (right, bottom) = (right.min(one.width()), bottom.min(one.height()));
    let all = (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y)));
    all.filter(|(x, y)| one.at(*x, *y) != other.at(*x, *y)).count()
}

#[test]
fn no_text_touches_the_logo_or_the_edge_in_pixels() {
    let mut faults = Vec::new();
    for Case { what, drawing, .. } in in_turns() {
        let (with, without) = (small(drawing), small(&without_texts(drawing)));
        let (w, h) = (with.width(), with.height());
        let edges = [(0, 0, w, 1), (0, h - 1, w, h), (0, 0, 1, h), (w - 1, 0, w, h)];
        let at_the_edge: usize = edges.map(|edge| changed(&with, &without, edge)).iter().sum();
        if at_the_edge > 0 {
            faults.push(format!("{what}: {at_the_edge} pixels of text at the edge"));
        }
        if changed(&with, &without, (0, 0, w, h)) < 40 {
            faults.push(format!("{what}: no text is to be seen"));
        }
        let has_wordmark = drawing.texts.iter().any(|text| text.role == TextRole::Wordmark);
        if let Some(logo) = drawing.logo.filter(|_| !has_wordmark) {
            let scale = w as f32 / drawing.width;
            // Edges are smoothed over one pixel.
            let (x, y) =
                ((logo.clear.x * scale).ceil() as u32, (logo.clear.y * scale).ceil() as u32);
            let right = (logo.clear.right() * scale).floor() as u32;
            let bottom = (logo.clear.bottom() * scale).floor() as u32;
            let within = changed(&with, &without, (x, y, right, bottom));
            if within > 0 {
                faults.push(format!("{what}: {within} pixels of text where the logo wants room"));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn variants_differ_in_what_one_sees_first() {
    let mut setter = Typesetter::new();
    for (_, text) in SCRIPTS {
        let order = Order {
            brief: prompt::read(text),
            brand: brand(1),
            ratio: AspectRatio::R4x5,
            seed: 11,
            pictures: Vec::new(),
        };
        let scenes = compose(&order, &Materials::default(), &mut setter, 5);
        assert_eq!(scenes.len(), 5);
        for (at, scene) in scenes.iter().enumerate() {
            for other in scenes.iter().skip(at + 1) {
                assert!(scene.layout != other.layout && scene.scheme != other.scheme);
                let (a, b) = (
                    small(&lay_out(scene, &Materials::default(), &mut setter)),
                    small(&lay_out(other, &Materials::default(), &mut setter)),
                );
                let apart: f32 = (0..64)
                    .map(|i| {
                        let (x, y) = ((i % 8) * a.width() / 8 + 20, (i / 8) * a.height() / 8 + 20);
                        a.colour(x, y).distance(b.colour(x, y))
                    })
                    .sum::<f32>()
                    / 64.0;
                assert!(
                    apart > 0.08,
                    "{:?} and {:?} look alike: {apart}",
                    scene.layout,
                    other.layout
                );
            }
        }
    }
}

#[test]
fn the_same_order_makes_the_same_picture() {
    let order = Order {
        brief: prompt::read(SCRIPTS[0].1),
        brand: brand(0),
        ratio: AspectRatio::R3x2,
        seed: 9,
        pictures: vec!["photo".to_owned()],
    };
    let make = || {
        let mut setter = Typesetter::new();
        let scene = compose(&order, &materials(0), &mut setter, 1).remove(0);
        let kept = serde_json::to_string(&scene).expect("json");
        let again: Scene = serde_json::from_str(&kept).expect("a scene");
        assert_eq!(scene, again);
        raster::png(&small(&lay_out(&again, &materials(0), &mut setter))).expect("png")
    };
    assert!(make() == make());
}

#[test]
fn the_svg_shows_what_the_pixels_show() {
    let mut setter = Typesetter::new();
    for (at, layout) in Layout::ALL.into_iter().enumerate() {
        let order = Order {
            brief: prompt::read(SCRIPTS[at % 4].1),
            brand: brand(at),
            ratio: AspectRatio::ALL[at % 10],
            seed: at as u64,
            pictures: vec!["photo".to_owned()],
        };
        let mut scene = compose(&order, &materials(at), &mut setter, 1).remove(0);
        scene.layout = layout;
        scene.grain = 0.0;
        let drawing = lay_out(&scene, &materials(at), &mut setter);
        let pixels = small(&drawing);
        let document = svg::document(&drawing, pixels.width(), pixels.height());
        let drawn = vectors::drawn(&document, SMALL as u32).expect("an svg");
        assert_eq!((drawn.width(), drawn.height()), (pixels.width(), pixels.height()));
        let all = (0..pixels.height()).flat_map(|y| (0..pixels.width()).map(move |x| (x, y)));
        let off = all
            .filter(|(x, y)| drawn.colour(*x, *y).distance(pixels.colour(*x, *y)) > 0.08)
            .count();
        let share = off as f32 / (pixels.width() * pixels.height()) as f32;
        assert!(share < 0.02, "{layout:?}: {share}");
    }
}

#[test]
fn long_words_and_long_messages_are_cut_and_never_clipped() {
    let mut setter = Typesetter::new();
    let long = "word ".repeat(160);
    for text in [
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
        long.trim(),
        "😀😀😀",
        "a",
    ] {
        for ratio in AspectRatio::ALL {
            let mut brief = bloom_studio::brief::Brief::plain(text);
            brief.sub = Some(text.to_owned());
            brief.call = Some(text.to_owned());
            let order = Order { brief, brand: brand(0), ratio, seed: 3, pictures: Vec::new() };
            for scene in compose(&order, &materials(0), &mut setter, 3) {
                let drawing = lay_out(&scene, &materials(0), &mut setter);
                for spot in &drawing.texts {
                    assert!(
                        drawing.canvas().holds(spot.ink, 0.5),
                        "{:?} {} {:?}",
                        scene.layout,
                        ratio.name(),
                        spot.ink
                    );
                }
            }
        }
    }
}

/// Logos by what they look like, each with the colour that its brand is drawn in.
fn logos() -> Vec<(&'static str, Picture, Rgb)> {
    let (navy, cream, grey) = (Rgb(18, 30, 78), Rgb(250, 244, 226), Rgb(128, 128, 128));
    let (yellow, red) = (Rgb(255, 214, 40), Rgb(226, 48, 40));
    let parts = |colours: [Rgb; 3]| {
        Picture::from_fn(180, 60, |x, y| {
            let Rgb(r, g, b) = colours[(x / 60) as usize];
            let inside = (x as f32 % 60.0 - 30.0).hypot(y as f32 - 30.0) < 27.0;
            [r, g, b, if inside { 255 } else { 0 }]
        })
    };
    let block = |Rgb(r, g, b): Rgb| Picture::from_fn(120, 60, |_, _| [r, g, b, 255]);
    let ring = |Rgb(r, g, b): Rgb| {
        Picture::from_fn(120, 120, |x, y| {
            let from_centre = (x as f32 - 60.0).hypot(y as f32 - 60.0);
            [r, g, b, if (32.0..58.0).contains(&from_centre) { 255 } else { 0 }]
        })
    };
    vec![
        ("dark", logo(navy), navy),
        ("nearly dark", logo(Rgb(24, 40, 90)), navy),
        ("light", logo(cream), cream),
        ("mid", logo(grey), grey),
        ("yellow", logo(yellow), yellow),
        ("dark block", block(navy), navy),
        ("light block", block(cream), cream),
        ("ring", ring(red), red),
        ("yellow and navy", parts([yellow, navy, yellow]), navy),
        ("red, grey and navy", parts([red, grey, navy]), red),
    ]
}

/// Where the edge of a logo lies in a picture, its colour is compared with what is just outside of it there.
fn edge_contrasts(picture: &Picture, logo: &Picture, area: Area) -> Vec<f32> {
    const REACH: i64 = 7;
    let (left, top) = (area.x.round() as i64, area.y.round() as i64);
    let (w, h) = (area.w.round() as i64, area.h.round() as i64);
    let Some(mask) = logo.resized(logo.visible(), w as u32, h as u32) else { return Vec::new() };
    let alpha = |x: i64, y: i64| match (0..w).contains(&x) && (0..h).contains(&y) {
        true => mask.at(x as u32, y as u32)[3],
        false => 0,
    };
    // A pixel more to each side, since areas do not lie on whole pixels.
    let all_around = |x: i64, y: i64, wanted: u8| {
        (-1..=1).all(|dx| (-1..=1).all(|dy| alpha(x + dx, y + dy) == wanted))
    };
    let colour = |x: i64, y: i64| picture.colour((left + x) as u32, (top + y) as u32);
    let is_in_picture = |x: i64, y: i64| {
        (0..i64::from(picture.width())).contains(&(left + x))
            && (0..i64::from(picture.height())).contains(&(top + y))
    };
    let mut found = Vec::new();
    for y in 0..h {
        for x in (0..w).filter(|x| all_around(*x, y, 255)) {
            for (dx, dy) in [(1, 0), (-1, 0), (0, 1), (0, -1)] {
                let mut beyond = (1..=REACH).map(|step| (x + dx * step, y + dy * step));
                let outside = beyond.find(|(x, y)| all_around(*x, *y, 0));
                if let Some((ox, oy)) = outside.filter(|(x, y)| is_in_picture(*x, *y)) {
                    found.push(contrast(colour(x, y), colour(ox, oy)));
                }
            }
        }
    }
    found
}

#[test]
fn a_logo_is_seen_on_whatever_it_stands() {
    let mut setter = Typesetter::new();
    let brief = prompt::read(SCRIPTS[0].1);
    let mut faults = Vec::new();
    let mut measured = 0;
    for (at, (what, logo, colour)) in logos().into_iter().enumerate() {
        let palette = vec![Swatch { colour, role: ColourRole::Primary }];
        let brand = Brand { name: "Northwind".into(), palette, ..Brand::default() };
        let materials = Materials {
            logo: Some(Arc::new(logo.clone())),
            pictures: vec![("photo".to_owned(), PHOTO.clone())],
        };
        for (number, layout) in Layout::ALL.into_iter().enumerate() {
            // The ground of the brand's own colour, and others in turns.
            let others = [Scheme::Bold, Scheme::Bold, Scheme::ALL[at % 6], Scheme::ALL[number % 6]];
            let scheme = others[(at + number) % 4];
            let is_photo = (at + number) % 3 == 0;
            let ratio = AspectRatio::ALL[(at + number) % AspectRatio::ALL.len()];
            let scene = Scene {
                version: 1,
                ratio,
                brief: brief.clone(),
                brand: brand.clone(),
                layout,
                scheme,
                material: match is_photo {
                    true => Material::Photo,
                    false => Material::DRAWN[(at + number) % 8],
                },
                heading: bloom_studio::fonts::Family::Inter,
                body: bloom_studio::fonts::Family::Inter,
                seed: (at * 12 + number) as u64,
                grain: 0.0,
                pictures: if is_photo { vec!["photo".to_owned()] } else { Vec::new() },
            };
            let drawing = lay_out(&scene, &materials, &mut setter);
            let Some(spot) = drawing.logo else { continue };
            let scale = 900.0 / drawing.width.max(drawing.height);
            let side = |length: f32| (length * scale).round() as u32;
            let picture = raster::pixels(&drawing, side(drawing.width), side(drawing.height));
            let Area { x, y, w, h } = spot.area;
            let area = Area::new(x * scale, y * scale, w * scale, h * scale);
            let contrasts = edge_contrasts(&picture.expect("a picture"), &logo, area);
            measured += contrasts.len();
            let seen = contrasts.iter().filter(|contrast| **contrast >= 3.0).count();
            if contrasts.len() < 20 || seen * 100 < contrasts.len() * 90 {
                let of = contrasts.len();
                faults.push(format!(
                    "{what}, {layout:?} {} {scheme:?}: {seen} of {of} are seen",
                    ratio.name()
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert!(measured > 10_000, "{measured} places were looked at");
}
