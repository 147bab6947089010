//! Pictures at the sizes they are sold in, not at the small ones that most are measured at.

use crate::matrix::{Case, every, in_turns};
use crate::{faults_in_texts, without_texts};
use bloom_studio::colour::Rgb;
use bloom_studio::drawing::{Area, TextRole};
use bloom_studio::format::Resolution;
use bloom_studio::picture::Picture;
use bloom_studio::raster;

const BOTH: [(Resolution, u32); 2] = [(Resolution::TwoK, 2_048), (Resolution::FourK, 4_096)];

#[test]
fn every_layout_in_every_ratio_keeps_its_place_at_2k_and_4k() {
    let mut faults = Vec::new();
    let mut seen = 0;
    for Case { what, drawing, scene, .. } in every() {
        for (resolution, long) in BOTH {
            let (w, h) = resolution.pixels(scene.ratio);
            // The short side is rounded to eight pixels, so that both scales are nearly the same and no more.
            let (sx, sy) = (w as f32 / drawing.width, h as f32 / drawing.height);
            let exact = scene.ratio.value() - w as f32 / h as f32;
            if w.max(h) != long || exact.abs() > 0.012 || (sx / sy - 1.0).abs() > 0.005 {
                faults.push(format!("{what}: {w} by {h}"));
            }
            let there = |a: Area| Area::new(a.x * sx, a.y * sy, a.w * sx, a.h * sy);
            let whole = Area::new(0.0, 0.0, w as f32, h as f32);
            for text in &drawing.texts {
                // The outermost pixels stay free.
                if !whole.inset(1.0).holds(there(text.ink), 0.0) {
                    faults.push(format!("{what}: {:?} is clipped at {w} by {h}", text.role));
                }
                // Less could not be read: some eleven pixels of an em at 2K, which phones show at half the size.
                if text.size * sx < 11.0 * long as f32 / 2_048.0 {
                    faults.push(format!("{what}: {:?} has {} pixels", text.role, text.size * sx));
                }
            }
            let Some(logo) = drawing.logo else {
                faults.push(format!("{what}: no logo at {w} by {h}"));
                continue;
            };
            let clear = there(logo.clear);
            let own = |role| role == TextRole::Wordmark;
            let is_met = drawing.texts.iter().any(|t| !own(t.role) && there(t.ink).meets(clear));
            if !whole.holds(clear, 0.0) || is_met {
                faults.push(format!("{what}: the logo has no space at {w} by {h}"));
            }
            seen += 1;
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(seen, 2 * 480);
}

/// The share of a side's outermost pixels that are lighter than the even ground they end: one that ends before the
/// picture does lets the white beneath it through.
fn seam(picture: &Picture) -> f32 {
    let (w, h) = (picture.width(), picture.height());
    let unlike = |[out, next, after]: [Rgb; 3]| {
        next.distance(after) < 0.02 && out.lab()[0] > next.lab()[0] + 0.02
    };
    let share = |length: u32, colour: &dyn Fn(u32, u32) -> Rgb| {
        let off = (0..length).filter(|at| unlike([0, 1, 2].map(|deep| colour(*at, deep))));
        off.count() as f32 / length as f32
    };
    let sides = [
        share(w, &|at, deep| picture.colour(at, deep)),
        share(w, &|at, deep| picture.colour(at, h - 1 - deep)),
        share(h, &|at, deep| picture.colour(deep, at)),
        share(h, &|at, deep| picture.colour(w - 1 - deep, at)),
    ];
    sides.into_iter().fold(0.0, f32::max)
}

/// Draws a case at its true size and looks at its pixels.
fn faults_at(case: &Case, resolution: Resolution) -> Vec<String> {
    let Case { what, drawing, scene, .. } = case;
    let (w, h) = resolution.pixels(scene.ratio);
    let with = raster::pixels(drawing, w, h).expect("a picture");
    let without = raster::pixels(&without_texts(drawing), w, h).expect("a picture");
    let mut faults = faults_in_texts(what, drawing, &with, &without);
    if (with.width(), with.height()) != (w, h) {
        faults.push(format!("{what}: {} by {}", with.width(), with.height()));
    }
    let seam = seam(&with);
    if seam > 0.05 {
        faults.push(format!("{what}: {:.1}% of an edge is a seam at {w} by {h}", seam * 100.0));
    }
    let border = (0..w).flat_map(|x| [(x, 0), (x, h - 1)]);
    let border = border.chain((0..h).flat_map(|y| [(0, y), (w - 1, y)]));
    let touched = border.filter(|(x, y)| with.at(*x, *y) != without.at(*x, *y)).count();
    if touched > 0 {
        faults.push(format!("{what}: {touched} pixels of text at the edge of {w} by {h}"));
    }
    faults
}

#[test]
fn each_layout_and_each_ratio_is_right_in_its_own_pixels() {
    // Each layout once, and with them each ratio, and three of all that are as large as they get.
    let mut taken: Vec<&Case> = Vec::new();
    for (at, layout) in bloom_studio::scene::Layout::ALL.into_iter().enumerate() {
        let ratio = bloom_studio::format::AspectRatio::ALL[at % 10];
        taken.extend(in_turns().find(|c| c.scene.layout == layout && c.scene.ratio == ratio));
    }
    assert_eq!(taken.len(), 12);
    let mut faults: Vec<String> =
        taken.iter().flat_map(|case| faults_at(case, Resolution::TwoK)).collect();
    for case in taken.iter().step_by(5) {
        faults.extend(faults_at(case, Resolution::FourK));
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
