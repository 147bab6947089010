//! What is in a picture, measured at its true size: the pixels of a large one, and the images that it was given.

#![expect(clippy::expect_used, reason = "a test stops where something is not as it must be")]

use bloom_studio::Typesetter;
use bloom_studio::brand::{Brand, ColourRole, Swatch};
use bloom_studio::colour::Rgb;
use bloom_studio::compose::{Order, compose, lay_out};
use bloom_studio::format::{AspectRatio, Resolution};
use bloom_studio::picture::Picture;
use bloom_studio::scene::Materials;
use bloom_studio::{prompt, raster};
use std::sync::Arc;

const PROMPT: &str =
    "Event: \"Quiet machines, loud ideas\" subtitle \"Three days of talks\" 24 May 2026, 19:30";

fn brand() -> Brand {
    let swatch = |hex, role| Swatch { colour: Rgb::from_hex(hex).expect("hex"), role };
    let palette =
        vec![swatch("#ffe14d", ColourRole::Primary), swatch("#e0218a", ColourRole::Accent)];
    Brand { name: "Northwind".into(), palette, ..Brand::default() }
}

#[test]
fn a_4k_picture_has_its_pixels() {
    let mut setter = Typesetter::new();
    let ratio = AspectRatio::R16x9;
    let order =
        Order { brief: prompt::read(PROMPT), brand: brand(), ratio, seed: 3, pictures: Vec::new() };
    let mut scene = compose(&order, &Materials::default(), &mut setter, 1).remove(0);
    scene.grain = 0.0;
    let drawing = lay_out(&scene, &Materials::default(), &mut setter);
    let draw = |resolution: Resolution| {
        let (w, h) = resolution.pixels(ratio);
        raster::pixels(&drawing, w, h).expect("a picture")
    };
    let (large, half) = (draw(Resolution::FourK), draw(Resolution::TwoK));
    assert_eq!((large.width(), large.height()), (4096, 2304));
    assert_eq!((half.width(), half.height()), (2048, 1152));
    // It shows the same, and is no enlargement: edges are as sharp as its own pixels.
    let points = (0..576).flat_map(|y| (0..1024).map(move |x| (x * 2, y * 2)));
    let off =
        points.filter(|(x, y)| large.colour(x * 2, y * 2).distance(half.colour(*x, *y)) > 0.2);
    assert!(off.count() < 576 * 1024 / 50, "it shows something else");
    let pairs = (0..2304_u32).flat_map(|y| (0..2048_u32).map(move |x| (x * 2, y)));
    let sharp =
        pairs.filter(|(x, y)| large.colour(*x, *y).distance(large.colour(x + 1, *y)) > 0.25);
    assert!(sharp.count() > 500, "no edge falls between two pixels of one of half the size");
    let file = raster::png(&large).expect("png");
    assert_eq!(file[16..24], [4096_u32.to_be_bytes(), 2304_u32.to_be_bytes()].concat());
}

/// Two colours that no brand here has, side by side.
fn reference(left: Rgb, right: Rgb) -> Picture {
    Picture::from_fn(600, 400, |x, _| {
        let Rgb(r, g, b) = if x < 300 { left } else { right };
        [r, g, b, 255]
    })
}

/// The share of a picture's pixels that have one of two hues.
fn share_of(picture: &Picture, colours: [Rgb; 2]) -> f32 {
    let hues = colours.map(|colour| colour.lch().h);
    let all = (0..picture.height()).flat_map(|y| (0..picture.width()).map(move |x| (x, y)));
    let own = all.filter(|(x, y)| {
        let lch = picture.colour(*x, *y).lch();
        // Beneath a veil a hue is faint, and keeps what it is.
        lch.c > 0.03 && hues.iter().any(|hue| (lch.h - hue).cos() > 0.96)
    });
    own.count() as f32 / (picture.width() * picture.height()) as f32
}

#[test]
fn references_are_to_be_seen_in_every_variant() {
    let first = [Rgb(0, 196, 140), Rgb(0, 160, 90)];
    let second = [Rgb(0, 150, 230), Rgb(90, 90, 235)];
    let materials = Materials {
        logo: None,
        pictures: vec![
            ("first".into(), Arc::new(reference(first[0], first[1]))),
            ("second".into(), Arc::new(reference(second[0], second[1]))),
        ],
    };
    let orange = vec![Swatch { colour: Rgb(230, 90, 40), role: ColourRole::Primary }];
    let brands = [brand(), Brand { name: "Sol".into(), palette: orange, ..Brand::default() }];
    let ratios = [
        AspectRatio::R1x1,
        AspectRatio::R16x9,
        AspectRatio::R9x16,
        AspectRatio::R4x5,
        AspectRatio::R21x9,
    ];
    let mut setter = Typesetter::new();
    let mut faults = Vec::new();
    for (at, ratio) in ratios.into_iter().enumerate() {
        for (number, brand) in brands.iter().enumerate() {
            for count in [0, 1, 2] {
                let names = ["first", "second"].map(str::to_owned);
                let order = Order {
                    brief: prompt::read(PROMPT),
                    brand: brand.clone(),
                    ratio,
                    seed: (at * 2 + number) as u64,
                    pictures: names[..count].to_vec(),
                };
                let scenes =
                    compose(&order, &materials, &mut setter, if count == 0 { 2 } else { 5 });
                for (variant, scene) in scenes.iter().enumerate() {
                    let drawing = lay_out(scene, &materials, &mut setter);
                    let scale = 160.0 / drawing.width.max(drawing.height);
                    let side = |length: f32| (length * scale).round() as u32;
                    let (w, h) = (side(drawing.width), side(drawing.height));
                    let picture = raster::pixels(&drawing, w, h).expect("a picture");
                    let shares = [first, second].map(|colours| share_of(&picture, colours));
                    // With several, each variant shows the next one of them.
                    let shown = |of: usize| count > 0 && variant % count == of;
                    for (of, share) in shares.into_iter().enumerate() {
                        if (share > 0.12) != shown(of) || !shown(of) && share > 0.02 {
                            faults.push(format!(
                                "{} brand {number}, {count} references, variant {variant} ({:?} {:?}): {:.0}% of {of}",
                                ratio.name(),
                                scene.layout,
                                scene.scheme,
                                share * 100.0
                            ));
                        }
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
