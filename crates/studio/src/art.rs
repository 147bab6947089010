//! Forms drawn from nothing but colours, a seed and an area.

use crate::board::Board;
use crate::colour::Rgb;
use crate::drawing::{Area, Paint, Stop};
use crate::scene::Material;
use resvg::tiny_skia::{Path, PathBuilder};
use std::f32::consts::TAU;

/// Fills an area with a material, on a ground.
pub(crate) fn fill(b: &mut Board<'_>, area: Area, material: Material, ground: Rgb) {
    let photo = (material == Material::Photo).then(|| b.photo()).flatten();
    if let Some(picture) = photo {
        b.image(picture, area, 0.0);
        return;
    }
    b.surface(area, ground);
    match material {
        Material::Plain => {}
        Material::Mesh | Material::Photo => mesh(b, area, ground),
        Material::Rings => rings(b, area, ground),
        Material::Tiles => {
            let count = if area.w.min(area.h) < 0.45 * area.w.max(area.h) { 2.0 } else { 3.0 };
            let cell = area.w.min(area.h) / count;
            tiles(b, area, cell, ground);
        }
        Material::Dots => dots(b, area),
        Material::Stripes => stripes(b, area),
        Material::Waves => waves(b, area, ground),
        Material::Arches => arches(b, area, ground),
        Material::Sun => sun(b, area, ground),
    }
}

fn path(draw: impl FnOnce(&mut PathBuilder)) -> Option<Path> {
    let mut builder = PathBuilder::new();
    draw(&mut builder);
    builder.finish()
}

fn circle(x: f32, y: f32, r: f32) -> Option<Path> {
    PathBuilder::from_circle(x, y, r.max(0.1))
}

/// Soft clouds: light, colour and shade laid over each other.
pub(crate) fn mesh(b: &mut Board<'_>, area: Area, ground: Rgb) {
    let mut chance = b.chance("mesh");
    let base = ground.lch();
    let art = b.roles.art;
    let near = |colour: Rgb, share: f32| ground.mix(colour, share);
    let first =
        [art[0], art[1], art[2], art[3]].into_iter().find(|c| c.lch().c > 0.05).unwrap_or(art[0]);
    // Light and shade lean towards the brand's other colours: a hue that is turned would be none of its own. Halfway
    // to the opposite of a hue lies mud, so that what is no neighbour lends nothing.
    let leaning = |colour: Rgb, l: f32| {
        let apart = (colour.lch().h - base.h).cos();
        let is_kin = apart > 0.2 || base.c < 0.04;
        near(colour, if is_kin { 0.6 } else { 0.0 }).lch().at(l).rgb()
    };
    let colours = [
        near(first, 0.85),
        leaning(art[2], (base.l + 0.16).min(0.9)),
        near(art[1], 0.7),
        leaning(art[3], (base.l - 0.16).max(0.14)),
    ];
    let spots = [(0.92, 0.06), (0.1, 0.22), (0.78, 0.72), (0.08, 1.0)];
    let reach = area.w.max(area.h);
    for ((x, y), colour) in spots.into_iter().zip(colours) {
        let centre = (
            area.x + area.w * (x + chance.between(-0.12, 0.12)),
            area.y + area.h * (y + chance.between(-0.12, 0.12)),
        );
        let radius = reach * chance.between(0.52, 0.74);
        // The fall of light is smooth at both ends; with two stops one would see where it stops.
        let stops = [(0.0, 0.9), (0.2, 0.8), (0.45, 0.45), (0.7, 0.16), (0.88, 0.04), (1.0, 0.0)];
        let stops = stops.map(|(at, alpha)| Stop { at, colour, alpha }).to_vec();
        b.fill_path(area.path(0.0), Paint::Radial { centre, radius, stops }, None);
    }
}

fn rings(b: &mut Board<'_>, area: Area, ground: Rgb) {
    let mut chance = b.chance("rings");
    let art = b.roles.art;
    let side = area.w.min(area.h);
    let spots = [(1.0, 0.0), (1.0, 1.0), (0.5, 0.5)];
    let (x, y) = chance.one_of(&spots).unwrap_or((1.0, 0.0));
    let (cx, cy) = (area.x + area.w * x, area.y + area.h * y);
    // From a corner they leave the area; around its middle they keep within it.
    let outer = side * if x == 1.0 { 0.98 } else { 0.45 };
    let count = 5;
    for ring in 0..count {
        let r = outer * (1.0 - ring as f32 / count as f32);
        let colour =
            if ring % 2 == 0 { art.get(ring / 2 % 4).copied().unwrap_or(ground) } else { ground };
        b.fill_path(circle(cx, cy, r), Paint::Solid(colour, 1.0), Some(area));
    }
}

/// One quarter of a disc in a cell, from one of its corners.
fn quarter(cell: Area, corner: u64) -> Option<Path> {
    const K: f32 = 0.552_285;
    let (x, y, right, low, s) = (cell.x, cell.y, cell.right(), cell.bottom(), cell.w.min(cell.h));
    let (cx, cy, dx, dy) = match corner % 4 {
        0 => (x, y, s, s),
        1 => (right, y, -s, s),
        2 => (right, low, -s, -s),
        _ => (x, low, s, -s),
    };
    path(|p| {
        p.move_to(cx, cy);
        p.line_to(cx + dx, cy);
        p.cubic_to(cx + dx, cy + dy * K, cx + dx * K, cy + dy, cx, cy + dy);
        p.close();
    })
}

/// Cells from the upper left on; the last of a row may be cut by the area's edge.
pub(crate) fn tiles(b: &mut Board<'_>, area: Area, cell: f32, ground: Rgb) {
    let mut chance = b.chance("tiles");
    let columns = (area.w / cell - 0.02).ceil().max(1.0) as u32;
    let rows = (area.h / cell - 0.02).ceil().max(1.0) as u32;
    let mut before = 99;
    for row in 0..rows {
        for column in 0..columns {
            let at =
                Area::new(area.x + column as f32 * cell, area.y + row as f32 * cell, cell, cell);
            let clip = (!area.holds(at, 0.5)).then_some(area);
            let mut motif = chance.next() % 9;
            if motif == before {
                motif = (motif + 4) % 9;
            }
            before = motif;
            tile(b, at, motif, (chance.next(), ground), clip);
        }
    }
}

fn tile(b: &mut Board<'_>, cell: Area, motif: u64, (bits, ground): (u64, Rgb), clip: Option<Area>) {
    let art = b.roles.art;
    let pick = |shift: u32| art.get((bits >> shift) as usize % 4).copied().unwrap_or(ground);
    let (back, mut fore) = (if bits & 0x300 == 0 { ground } else { pick(10) }, pick(20));
    if fore.distance(back) < 0.12 {
        fore = art
            .into_iter()
            .max_by(|a, c| a.distance(back).total_cmp(&c.distance(back)))
            .unwrap_or(fore);
    }
    // A hair wider, so that no ground shows between neighbours.
    b.fill_path(cell.inset(-0.5).path(0.0), Paint::Solid(back, 1.0), clip);
    let paint = Paint::Solid(fore, 1.0);
    let (cx, cy, s) = (cell.x + cell.w / 2.0, cell.y + cell.h / 2.0, cell.w);
    let corner = bits >> 30;
    match motif {
        0 | 1 => b.fill_path(quarter(cell, corner), paint, clip),
        2 => {
            b.fill_path(quarter(cell, corner), paint, clip);
            let inner = match corner % 4 {
                0 => Area::new(cell.x, cell.y, s / 2.0, s / 2.0),
                1 => Area::new(cx, cell.y, s / 2.0, s / 2.0),
                2 => Area::new(cx, cy, s / 2.0, s / 2.0),
                _ => Area::new(cell.x, cy, s / 2.0, s / 2.0),
            };
            b.fill_path(quarter(inner, corner), Paint::Solid(back, 1.0), clip);
        }
        3 => {
            let (first, second) =
                (Area::new(cell.x, cell.y, s / 2.0, s / 2.0), Area::new(cx, cy, s / 2.0, s / 2.0));
            for half in [
                first,
                second,
                Area::new(cx, cell.y, s / 2.0, s / 2.0),
                Area::new(cell.x, cy, s / 2.0, s / 2.0),
            ] {
                b.fill_path(quarter(half, corner), paint.clone(), clip);
            }
        }
        4 => b.fill_path(circle(cx, cy, s * 0.36), paint, clip),
        5 => {
            let half = if corner % 2 == 0 {
                Area { w: s / 2.0, ..cell }
            } else {
                Area { h: s / 2.0, ..cell }
            };
            b.fill_path(half.path(0.0), paint, clip);
        }
        6 => {
            let line = s / 8.0;
            for i in 0..4 {
                let bar = if corner % 2 == 0 {
                    Area::new(cell.x, cell.y + line * (2.0 * i as f32 + 0.5), s, line)
                } else {
                    Area::new(cell.x + line * (2.0 * i as f32 + 0.5), cell.y, line, s)
                };
                b.fill_path(bar.path(0.0), paint.clone(), clip);
            }
        }
        7 => {
            let corners = [
                (cell.x, cell.y),
                (cell.right(), cell.y),
                (cell.right(), cell.bottom()),
                (cell.x, cell.bottom()),
            ];
            let three = (0..3).filter_map(|i| corners.get((corner as usize + i) % 4).copied());
            b.fill_path(polygon(three), paint, clip);
        }
        _ => {
            b.fill_path(circle(cx, cy, s * 0.5), paint, clip);
            b.fill_path(circle(cx, cy, s * 0.2), Paint::Solid(back, 1.0), clip);
        }
    }
}

fn polygon(points: impl IntoIterator<Item = (f32, f32)>) -> Option<Path> {
    path(|p| {
        for (at, (x, y)) in points.into_iter().enumerate() {
            if at == 0 { p.move_to(x, y) } else { p.line_to(x, y) }
        }
        p.close();
    })
}

/// Dots on a slanted lattice that grow towards a corner. All of one colour are one path.
fn dots(b: &mut Board<'_>, area: Area) {
    let mut chance = b.chance("dots");
    let colour = b.roles.art[0];
    let other = b.roles.art[1];
    let step = area.w.min(area.h) / 13.0;
    let (tx, ty) = (chance.between(0.6, 1.05), chance.between(-0.05, 1.05));
    let reach = area.w.hypot(area.h) * 0.92;
    let (columns, rows) = ((area.w / step) as i32 + 2, (area.h / step) as i32 + 2);
    let mut strong = PathBuilder::new();
    let mut weak = PathBuilder::new();
    for row in -1..=rows {
        for column in -1..=columns {
            let shift = if row % 2 == 0 { 0.0 } else { 0.5 };
            let (x, y) = (area.x + (column as f32 + shift) * step, area.y + row as f32 * step);
            let away = (x - area.x - area.w * tx).hypot(y - area.y - area.h * ty) / reach;
            let r = step * 0.56 * (1.0 - away).clamp(0.0, 1.0).powf(1.25);
            if r > step * 0.05 {
                let target = if (row * 7 + column * 3).rem_euclid(11) == 0 {
                    &mut weak
                } else {
                    &mut strong
                };
                target.push_circle(x, y, r);
            }
        }
    }
    b.fill_path(strong.finish(), Paint::Solid(colour, 1.0), Some(area));
    b.fill_path(weak.finish(), Paint::Solid(other, 1.0), Some(area));
}

fn stripes(b: &mut Board<'_>, area: Area) {
    let mut chance = b.chance("stripes");
    let art = b.roles.art;
    let slant = area.h * 0.55;
    let widths = [0.2, 0.09, 0.16, 0.05];
    let mut x = area.x - slant + area.w * chance.between(0.12, 0.3);
    for (width, colour) in widths.into_iter().zip(art) {
        let w = area.w.max(area.h * 0.6) * width;
        let corners = [
            (x + slant, area.y),
            (x + slant + w, area.y),
            (x + w, area.bottom()),
            (x, area.bottom()),
        ];
        b.fill_path(polygon(corners), Paint::Solid(colour, 1.0), Some(area));
        x += w * 1.0 + area.w * 0.045;
    }
}

fn waves(b: &mut Board<'_>, area: Area, ground: Rgb) {
    let mut chance = b.chance("waves");
    let art = b.roles.art;
    let count = 5;
    for layer in 0..count {
        let share = layer as f32 / (count - 1) as f32;
        let colour = ground.mix(art[0], 0.25 + 0.75 * share);
        let colour = if layer == 2 { colour.mix(art[1], 0.6) } else { colour };
        let level = area.y + area.h * (0.26 + 0.16 * layer as f32);
        let (height, length, phase) = (
            area.h * chance.between(0.04, 0.085),
            area.w * chance.between(0.7, 1.1),
            chance.between(0.0, TAU),
        );
        let wave = path(|p| {
            p.move_to(area.x, area.bottom());
            let steps = 48;
            for step in 0..=steps {
                let x = area.x + area.w * step as f32 / steps as f32;
                let t = (x - area.x) / length * TAU + phase;
                p.line_to(x, level + height * (t.sin() + 0.35 * (t * 1.7 + 1.0).sin()));
            }
            p.line_to(area.right(), area.bottom());
            p.close();
        });
        b.fill_path(wave, Paint::Solid(colour, 1.0), Some(area));
    }
}

fn arch(x: f32, low: f32, r: f32, leg: f32) -> Option<Path> {
    const K: f32 = 0.552_285;
    let top = low - leg;
    path(|p| {
        p.move_to(x - r, low);
        p.line_to(x - r, top);
        p.cubic_to(x - r, top - r * K, x - r * K, top - r, x, top - r);
        p.cubic_to(x + r * K, top - r, x + r, top - r * K, x + r, top);
        p.line_to(x + r, low);
        p.close();
    })
}

/// Arches stand on the lower edge; where there is room, two of them side by side.
fn arches(b: &mut Board<'_>, area: Area, ground: Rgb) {
    let mut chance = b.chance("arches");
    let art = b.roles.art;
    let across = if area.w > area.h * 1.25 { 2 } else { 1 };
    let wide = area.w / across as f32;
    for at in 0..across {
        let r = (wide * 0.46).min(area.h * 0.62);
        let leg = ((area.h - r) * chance.between(0.5, 0.85)).max(0.0);
        let x = area.x + wide * (at as f32 + 0.5);
        for ring in 0..4 {
            let share = 1.0 - ring as f32 * 0.25;
            let colour = art.get((ring + at) % 4).copied().unwrap_or(ground);
            b.fill_path(
                arch(x, area.bottom() + 1.0, r * share, leg),
                Paint::Solid(colour, 1.0),
                Some(area),
            );
        }
    }
}

fn sun(b: &mut Board<'_>, area: Area, ground: Rgb) {
    let mut chance = b.chance("sun");
    let art = b.roles.art;
    let r = area.w.min(area.h) * chance.between(0.36, 0.42);
    let (cx, cy) = (
        area.x + area.w * chance.between(0.46, 0.58),
        area.y + area.h * chance.between(0.46, 0.54),
    );
    // Beyond an edge within the picture the same ground may go on, where the end of the light would be a line.
    let canvas = b.canvas();
    let within = [
        (cx - area.x, area.x > canvas.x),
        (area.right() - cx, area.right() < canvas.right()),
        (cy - area.y, area.y > canvas.y),
        (area.bottom() - cy, area.bottom() < canvas.bottom()),
    ];
    let nearest = within.into_iter().filter(|(_, is_within)| *is_within).map(|(away, _)| away);
    let radius = nearest.fold(r * 1.9, f32::min);
    let glow = [(0.0, 0.42), (0.5, 0.16), (1.0, 0.0)].map(|(at, alpha)| Stop {
        at,
        colour: art[0],
        alpha,
    });
    let light = Paint::Radial { centre: (cx, cy), radius, stops: glow.to_vec() };
    b.fill_path(area.path(0.0), light, None);
    let far = art[0].mix(art[1], 0.75);
    let stops = vec![
        Stop { at: 0.0, colour: art[0], alpha: 1.0 },
        Stop { at: 1.0, colour: far, alpha: 1.0 },
    ];
    let disc = Paint::Linear { from: (cx, cy - r), to: (cx, cy + r), stops };
    b.fill_path(circle(cx, cy, r), disc, Some(area));
    // Bars of the ground across the lower half, each thicker than the one above.
    for bar in 0..5 {
        let at = bar as f32;
        let y = cy + r * (0.12 + 0.19 * at);
        let line = bar_of_disc((cx, cy), r, (y, y + r * (0.022 + 0.016 * at)));
        b.fill_path(line, Paint::Solid(ground.mix(art[0], 0.12), 1.0), Some(area));
    }
}

/// What of a disc lies between two heights, and no more: beside it there is light.
fn bar_of_disc((cx, cy): (f32, f32), r: f32, (top, bottom): (f32, f32)) -> Option<Path> {
    const STEPS: usize = 6;
    // Over the soft edge of the disc.
    let half = |y: f32| (r * r - (y - cy).powi(2)).max(0.0).sqrt() + 0.75;
    let heights = (0..=STEPS).map(|step| top + (bottom - top) * step as f32 / STEPS as f32);
    path(|p| {
        p.move_to(cx - half(top), top);
        heights.clone().for_each(|y| p.line_to(cx + half(y), y));
        heights.rev().for_each(|y| p.line_to(cx - half(y), y));
        p.close();
    })
}
