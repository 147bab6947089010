//! Layouts of fields: words stand on a surface of their own, beside or upon the material.

use super::open::head;
use super::stack::{ALL, Anchor, Column, Piece, column};
use crate::art;
use crate::board::Board;
use crate::drawing::Area;
use crate::scene::Material;
use crate::text::Align;

/// What the material's side of a picture is filled with.
fn material(b: &Board<'_>, instead_of_plain: Material) -> Material {
    if b.scene.material == Material::Plain { instead_of_plain } else { b.scene.material }
}

/// Words on one half, material on the other.
pub(super) fn split(b: &mut Board<'_>) {
    let roles = b.roles;
    b.paper(roles.ground);
    let side = b.is_wide() || (!b.is_tall() && b.scene.seed.is_multiple_of(2));
    let share = if b.is_tall() { 0.46 } else { 0.44 };
    let (picture, text) = if side {
        let w = b.w * share;
        (Area::new(b.w - w, 0.0, w, b.h), Area::new(0.0, 0.0, b.w - w, b.h))
    } else {
        let h = b.h * share;
        (Area::new(0.0, 0.0, b.w, h), Area::new(0.0, h, b.w, b.h - h))
    };
    let filled = material(b, Material::Tiles);
    art::fill(b, picture, filled, roles.panel);
    let inset = if side { b.m } else { b.m * 0.9 };
    let inner = Area::new(
        b.m,
        text.y + inset,
        text.w - if side { b.m * 1.7 } else { 2.0 * b.m },
        text.h - 2.0 * inset,
    );
    let taken = head(b, inner);
    let room = Area { y: inner.y + taken, h: inner.h - taken, ..inner };
    let set = Column::new(b, ALL, Anchor::Bottom, Align::Start);
    column(b, room, set.capped(12.0));
}

/// A field of colour across the material, the call at its other end when there is width for it.
pub(super) fn band(b: &mut Board<'_>) {
    let (canvas, roles) = (b.canvas(), b.roles);
    let filled = material(b, Material::Arches);
    let share = if b.is_banner() {
        0.5
    } else if b.is_wide() {
        0.46
    } else if b.is_tall() {
        0.4
    } else {
        0.44
    };
    let field = Area::new(0.0, b.h * (1.0 - share), b.w, b.h * share);
    let above = Area { h: field.y, ..canvas };
    b.as_ground(|b| art::fill(b, above, filled, roles.panel));
    b.fill(field, roles.ground);
    let pad = b.m * 0.8;
    let inner = Area::new(b.m, field.y + pad, b.w - 2.0 * b.m, field.h - 2.0 * pad);
    let height = 4.2 * b.u;
    let widest = (inner.w * 0.34).min(30.0 * b.u);
    let (w, h) = b.logo_size(height, widest);
    if b.is_wide() {
        let right = Area::new(inner.x + inner.w * 0.66, inner.y, inner.w * 0.34, inner.h);
        b.logo(Area::new(right.right() - w, right.y, w, h), widest, height);
        let left = Area { w: inner.w * 0.6, ..inner };
        let set = Column::new(
            b,
            &[Piece::Kicker, Piece::Headline, Piece::Facts, Piece::Attribution],
            Anchor::Middle,
            Align::Start,
        );
        column(b, left, set.capped(9.5));
        let below = Area { y: right.y + h + 2.4 * b.u, h: right.h - h - 2.4 * b.u, ..right };
        let set = Column::new(b, &[Piece::Sub, Piece::Call], Anchor::Bottom, Align::End);
        column(b, below, set);
    } else {
        let logo_row = if h > 0.0 { h + 2.6 * b.u } else { 0.0 };
        let has_call = b.brief.call.is_some();
        let room = Area { h: inner.h - if has_call { 0.0 } else { logo_row }, ..inner };
        let set =
            Column::new(b, ALL, if has_call { Anchor::Bottom } else { Anchor::Top }, Align::Start);
        let room = if has_call {
            Area { y: room.y + logo_row, h: room.h - logo_row, ..room }
        } else {
            room
        };
        column(b, room, set.capped(10.0));
        let y = if has_call { inner.y } else { inner.bottom() - h };
        b.logo(Area::new(inner.x, y, w, h), widest, height);
    }
}

/// A sheet upon the material.
pub(super) fn card(b: &mut Board<'_>) {
    let (canvas, roles) = (b.canvas(), b.roles);
    let filled = material(b, Material::Dots);
    let ground = roles.accent;
    let kept = b.roles;
    // The sheet has the ground's colour, so what lies beneath takes the accent's.
    if filled != Material::Photo {
        b.roles.art = kept
            .art
            .map(|colour| if colour.distance(ground) < 0.12 { kept.ground } else { colour });
    }
    b.as_ground(|b| art::fill(b, canvas, filled, ground));
    b.roles = kept;
    let sheet = if b.is_banner() {
        Area::new(b.m, b.m * 0.8, b.w * 0.58, b.h - b.m * 1.6)
    } else if b.is_wide() {
        Area::new(b.m, b.m, b.w * 0.56, b.h - 2.0 * b.m)
    } else if b.is_tall() {
        let h = b.h * 0.52;
        Area::new(b.m * 0.75, b.h - h - b.m * 0.75, b.w - b.m * 1.5, h)
    } else if filled == Material::Photo {
        // Whoever gives a picture wants to see it, not only its edges.
        let h = b.h * 0.56;
        Area::new(b.m, b.h - h - b.m * 0.75, b.w - 2.0 * b.m, h)
    } else {
        Area::new(b.m, b.m, b.w - 2.0 * b.m, b.h - 2.0 * b.m).inset(b.u * 1.5)
    };
    let serif = b.scene.heading.is_serif();
    let radius = if serif { 0.0 } else { 2.0 * b.u };
    b.shadow(sheet, radius, 2.6 * b.u);
    b.fill_round(sheet, radius, roles.ground);
    let inner = sheet.inset(if b.is_banner() { b.m * 0.7 } else { b.m * 0.78 });
    let taken = head(b, inner);
    let room = Area { y: inner.y + taken, h: inner.h - taken, ..inner };
    let set = Column::new(b, ALL, Anchor::Bottom, Align::Start);
    column(b, room, set.capped(10.5));
}

/// A field among tiles, on the same grid.
pub(super) fn mosaic(b: &mut Board<'_>) {
    let roles = b.roles;
    b.paper(roles.ground);
    let (cell, field) = if b.is_banner() {
        let cell = b.h / 3.0;
        (cell, Area::new(0.0, 0.0, b.w - 3.0 * cell, b.h))
    } else if b.is_wide() {
        let cell = b.h / 3.0;
        (cell, Area::new(0.0, 0.0, b.w - 2.0 * cell, b.h))
    } else if b.is_tall() {
        let cell = b.w / 4.0;
        let rows = if b.h / b.w > 1.6 { 3.0 } else { 2.0 };
        (cell, Area::new(0.0, rows * cell, b.w, b.h - rows * cell))
    } else {
        let cell = b.w / 4.0;
        (cell, Area::new(0.0, cell, 3.0 * cell, b.h - cell))
    };
    if b.is_wide() {
        art::tiles(b, Area::new(field.right(), 0.0, b.w - field.right(), b.h), cell, roles.ground);
    } else {
        art::tiles(b, Area::new(0.0, 0.0, b.w, field.y), cell, roles.ground);
        if field.right() < b.w - 1.0 {
            art::tiles(
                b,
                Area::new(field.right(), field.y, b.w - field.right(), field.h),
                cell,
                roles.panel,
            );
        }
    }
    let left = b.m;
    let inner = Area::new(
        left,
        field.y + b.m * 0.8,
        field.right() - left - if b.is_tall() { b.m } else { 2.6 * b.u },
        field.h - b.m * 1.6,
    );
    let taken = head(b, inner);
    let room = Area { y: inner.y + taken, h: inner.h - taken, ..inner };
    let set = Column::new(b, ALL, Anchor::Bottom, Align::Start);
    column(b, room, set.capped(11.5));
}
