//! Layouts without fields: words stand on the ground itself.

use super::stack::{ALL, Anchor, Column, Piece, column};
use crate::art;
use crate::board::Board;
use crate::colour::{Ground, Rgb};
use crate::drawing::{Area, Paint, Stop};
use crate::scene::Material;
use crate::text::Align;

/// Nothing but material.
pub(super) fn pattern(b: &mut Board<'_>) {
    let material =
        if b.scene.material == Material::Plain { Material::Tiles } else { b.scene.material };
    let (canvas, ground) = (b.canvas(), b.roles.ground);
    if material == Material::Tiles {
        b.fill(canvas, ground);
        let cell = b.w.min(b.h) / 5.0;
        art::tiles(b, canvas, cell, ground);
    } else {
        art::fill(b, canvas, material, ground);
    }
}

/// The logo in the upper corner of an area; the height it takes there, the air below included.
pub(super) fn head(b: &mut Board<'_>, area: Area) -> f32 {
    let height = 4.4 * b.u;
    let widest = (area.w * 0.6).min(34.0 * b.u);
    let (w, h) = b.logo_size(height, widest);
    b.logo(Area::new(area.x, area.y, w, h), widest, height);
    if h > 0.0 { h + 3.4 * b.u } else { 0.0 }
}

/// The logo in the middle of a line.
fn middle_head(b: &mut Board<'_>, area: Area, at_foot: bool) -> f32 {
    let height = 4.4 * b.u;
    let widest = (area.w * 0.6).min(34.0 * b.u);
    let (w, h) = b.logo_size(height, widest);
    let y = if at_foot { area.bottom() - h } else { area.y };
    b.logo(Area::new(area.x + (area.w - w) / 2.0, y, w, h), widest, height);
    if h > 0.0 { h + 3.4 * b.u } else { 0.0 }
}

/// A large form above or beside, words at the foot.
pub(super) fn poster(b: &mut Board<'_>) {
    let (inner, ground) = (b.inner(), b.roles.ground);
    b.paper(ground);
    let photo = b.scene.material == Material::Photo && b.photo().is_some();
    let form = if b.is_wide() {
        let w = (b.w * 0.42).min(b.h * 1.1);
        Area::new(b.w - w, 0.0, w, b.h)
    } else {
        let h = b.h * if b.is_tall() { 0.44 } else { 0.4 };
        let x = if photo { 0.0 } else { b.w - h.max(b.w * 0.62) };
        Area::new(x, 0.0, b.w - x, h)
    };
    let material = match b.scene.material {
        Material::Plain | Material::Mesh => Material::Rings,
        other => other,
    };
    art::fill(b, form, material, ground);
    let room = if b.is_wide() {
        Area { w: form.x - inner.x - 3.0 * b.u, ..inner }
    } else {
        Area {
            y: form.bottom() + 3.0 * b.u,
            h: inner.bottom() - form.bottom() - 3.0 * b.u,
            ..inner
        }
    };
    let foot = if b.is_wide() || form.x > inner.x + 18.0 * b.u {
        let corner = Area { w: (form.x - inner.x - 2.0 * b.u).max(10.0 * b.u), ..inner };
        let taken = head(b, corner);
        if b.is_wide() { Area { y: room.y + taken, h: room.h - taken, ..room } } else { room }
    } else {
        let taken = head(b, room);
        Area { y: room.y + taken, h: room.h - taken, ..room }
    };
    let set = Column::new(b, ALL, Anchor::Bottom, Align::Start);
    column(b, foot, set.capped(if b.is_banner() { 11.0 } else { 12.5 }));
}

/// Everything on the middle axis, on a soft ground.
pub(super) fn centre(b: &mut Board<'_>) {
    let (canvas, inner, ground) = (b.canvas(), b.inner(), b.roles.ground);
    b.paper(ground);
    if b.scene.material != Material::Plain {
        b.as_ground(|b| {
            calm_mesh(b, canvas, ground);
            settle(b, inner, ground);
        });
    }
    let taken = middle_head(b, inner, false);
    let side = if b.is_wide() { (b.w - b.h * 1.35).max(0.0) / 2.0 } else { 0.0 };
    let side = side.min(b.w * 0.16);
    let foot = if taken > 0.0 { taken * 0.75 } else { 0.0 };
    let room =
        Area::new(inner.x + side, inner.y + taken, inner.w - 2.0 * side, inner.h - taken - foot);
    let set = Column::new(b, ALL, Anchor::Middle, Align::Middle);
    column(b, room, set.capped(if b.is_banner() { 11.5 } else { 12.0 }));
}

/// Clouds that keep near the ground's lightness, so that text reads anywhere on them.
fn calm_mesh(b: &mut Board<'_>, area: Area, ground: Rgb) {
    let light = ground.luminance() > 0.35;
    let kept = b.roles.art;
    let bound = |colour: Rgb| {
        let lch = colour.lch();
        let base = ground.lch().l;
        let l = if light { lch.l.max(base - 0.14) } else { lch.l.min(base + 0.14) };
        lch.at(l).rgb()
    };
    b.roles.art = kept.map(bound);
    art::mesh(b, area, ground);
    b.roles.art = kept;
}

/// On a ground of middle lightness clouds to both sides leave no colour that reads on all of them: the ground
/// is laid over them, thinly, until one does.
fn settle(b: &mut Board<'_>, inner: Area, ground: Rgb) {
    for _ in 0..12 {
        let under = b.ground(inner);
        if under.contrast(Rgb::WHITE).max(under.contrast(Rgb::BLACK)) >= 4.6 {
            return;
        }
        b.fill_path(b.canvas().path(0.0), Paint::Solid(ground, 0.3), None);
    }
}

/// A line around everything, with the logo at its foot.
pub(super) fn frame(b: &mut Board<'_>) {
    let (canvas, ground, roles) = (b.canvas(), b.roles.ground, b.roles);
    b.paper(ground);
    let edge = canvas.inset(b.m * 0.62);
    let thick = b.u * if b.scene.heading.is_serif() { 0.22 } else { 0.5 };
    b.outline(edge, 0.0, roles.accent, thick);
    if b.scene.heading.is_serif() {
        b.outline(edge.inset(b.u * 0.9), 0.0, roles.accent, thick * 0.6);
    }
    let height = 4.0 * b.u;
    let widest = (b.w * 0.5).min(30.0 * b.u);
    let (w, h) = b.logo_size(height, widest);
    let inside = edge.inset(b.m * 0.8);
    let mut room = inside;
    if h > 0.0 {
        b.logo(Area::new((b.w - w) / 2.0, inside.bottom() - h, w, h), widest, height);
        room.h -= h + 3.2 * b.u;
    }
    let set = Column::new(b, ALL, Anchor::Middle, Align::Middle);
    column(b, room, set.capped(11.0));
}

/// Material everywhere, words at the foot upon a veil that is as strong as it has to be.
pub(super) fn cover(b: &mut Board<'_>) {
    let (canvas, inner) = (b.canvas(), b.inner());
    let dark = b.roles.ground.lch().calm(0.05).at(0.15).rgb();
    let material = if b.scene.material == Material::Photo || b.scene.material == Material::Waves {
        b.scene.material
    } else {
        Material::Mesh
    };
    let base = b.roles.ground;
    b.as_ground(|b| art::fill(b, canvas, material, base));
    let wide = if b.is_wide() { inner.w * 0.62 } else { inner.w };
    let top = 0.42;
    let room = Area::new(inner.x, b.h * top, wide, inner.bottom() - b.h * top);
    let under = b.ground(room);
    let head_area = Area { h: 6.0 * b.u, w: inner.w * 0.5, ..inner };
    let above = b.ground(head_area);
    let light_text = !(under.contrast(Rgb(20, 20, 24)) > 7.0 && material != Material::Photo);
    if light_text {
        // White on the lightest pixel, through the veil: the least share of it that still reads.
        let share = |ground: Ground, least: f32| {
            let lightest = grey(ground.lightest);
            (0..=48)
                .map(|step| step as f32 / 50.0)
                .find(|alpha| {
                    Ground::of(dark.over(lightest, *alpha)).contrast(Rgb(250, 250, 250)) >= least
                })
                .unwrap_or(0.96)
        };
        let foot = share(under, 6.0);
        let top = share(above, 3.6) * 0.9;
        b.as_ground(|b| {
            let below = Area::new(0.0, b.h * 0.12, b.w, b.h * 0.88);
            veil(b, below, dark, foot, (room.y - below.y) / below.h);
            if top > 0.05 {
                veil_from_top(b, Area::new(0.0, 0.0, b.w, b.h * 0.3), dark, top);
            }
        });
    }
    let (text, muted) = if light_text {
        (Rgb(252, 252, 252), Rgb(236, 236, 238))
    } else {
        (b.roles.text, b.roles.muted)
    };
    let kept = b.roles;
    b.roles.text = text;
    head(b, inner);
    let set = Column { text, muted, ..Column::new(b, ALL, Anchor::Bottom, Align::Start) };
    let accent = if light_text { Ground::of(dark).readable(set.accent, 4.6) } else { set.accent };
    let on_accent = Ground::of(accent)
        .readable(if Ground::of(accent).contrast(dark) >= 4.6 { dark } else { Rgb::WHITE }, 4.6);
    column(b, room, Column { accent, on_accent, ..set }.capped(11.0));
    b.roles = kept;
}

fn grey(luminance: f32) -> Rgb {
    let candidates = (0..=255u8).map(|v| Rgb(v, v, v));
    candidates.into_iter().find(|grey| grey.luminance() >= luminance).unwrap_or(Rgb::WHITE)
}

/// A veil that is full from a share of its height on.
fn veil(b: &mut Board<'_>, area: Area, colour: Rgb, alpha: f32, full_from: f32) {
    let at = full_from.clamp(0.05, 0.95);
    let stops = [(0.0, 0.0), (at * 0.35, 0.14), (at * 0.7, 0.56), (at * 0.97, 1.0), (1.0, 1.0)];
    let stops = stops.map(|(at, share)| Stop { at, colour, alpha: alpha * share }).to_vec();
    let paint = Paint::Linear { from: (0.0, area.y), to: (0.0, area.bottom()), stops };
    b.fill_path(area.path(0.0), paint, None);
}

fn veil_from_top(b: &mut Board<'_>, area: Area, colour: Rgb, alpha: f32) {
    let stops = [(0.0, 1.0), (0.5, 0.8), (0.8, 0.25), (1.0, 0.0)];
    let stops = stops.map(|(at, share)| Stop { at, colour, alpha: alpha * share }).to_vec();
    let paint = Paint::Linear { from: (0.0, area.y), to: (0.0, area.bottom()), stops };
    b.fill_path(area.path(0.0), paint, None);
}

/// Rarely used together with a picture: words only, for the layouts that want a plain column.
pub(super) fn plain_column(
    b: &mut Board<'_>,
    room: Area,
    pieces: &[Piece],
    anchor: Anchor,
    cap: f32,
) -> Area {
    let set = Column::new(b, pieces, anchor, Align::Start);
    column(b, room, set.capped(cap))
}
