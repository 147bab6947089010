//! Layouts in which one thing is loud: a number, a mark, a date, the words themselves.

use super::open::{head, plain_column};
use super::stack::{Anchor, Column, Piece, column};
use crate::art;
use crate::board::{Board, Wanted};
use crate::bound::bound;
use crate::drawing::{Area, Paint, TextRole};
use crate::scene::Material;
use crate::text::{Align, Room};
use resvg::tiny_skia::PathBuilder;

/// A number as large as it gets.
pub(super) fn figure(b: &mut Board<'_>) {
    let (inner, roles) = (b.inner(), b.roles);
    b.paper(roles.ground);
    let taken = head(b, inner);
    let body = Area { y: inner.y + taken, h: inner.h - taken, ..inner };
    let text = b.brief.figure.clone().unwrap_or_else(|| b.brief.headline.clone());
    let (number, words) = if b.is_wide() {
        let w = body.w * 0.52;
        let x = body.x + w + 3.6 * b.u;
        (Area { w, ..body }, Area { x, w: body.right() - x, ..body })
    } else {
        let h = body.h * 0.5;
        (Area { h, ..body }, Area { y: body.y + h + 2.0 * b.u, h: body.h - h - 2.0 * b.u, ..body })
    };
    let family = b.scene.heading;
    let room = Room {
        width: number.w,
        height: number.h,
        largest: 60.0 * b.u,
        smallest: 4.0 * b.u,
        lines: 1,
    };
    let measured = b.measure(&Wanted {
        role: TextRole::Figure,
        text: &text,
        face: family.heavy(),
        tracking: family.tracking() - 0.012,
        leading: 1.0,
        align: Align::Start,
        room,
    });
    let h = measured.block.height;
    let y = number.bottom() - h;
    b.place(measured, number.x, y, roles.accent);
    let rule_at = if b.is_wide() {
        Area::new(words.x - 1.8 * b.u, body.y, 0.2 * b.u, body.h)
    } else {
        Area::new(words.x, words.y, words.w, 0.2 * b.u)
    };
    b.fill(rule_at, roles.muted.mix(roles.ground, 0.55));
    let pieces =
        [Piece::Kicker, Piece::Headline, Piece::Sub, Piece::Facts, Piece::Attribution, Piece::Call];
    let words = if b.is_wide() {
        words
    } else {
        Area { y: words.y + 2.6 * b.u, h: words.h - 2.6 * b.u, ..words }
    };
    plain_column(b, words, &pieces, if b.is_wide() { Anchor::Bottom } else { Anchor::Top }, 7.5);
}

/// Words with a mark and a name.
pub(super) fn quote(b: &mut Board<'_>) {
    let (inner, roles) = (b.inner(), b.roles);
    b.paper(roles.ground);
    let photo = b.scene.material == Material::Photo && b.photo().is_some();
    let mut area = inner;
    if photo && b.is_wide() {
        let w = b.h.min(b.w * 0.4);
        art::fill(b, Area::new(b.w - w, 0.0, w, b.h), Material::Photo, roles.panel);
        area.w = b.w - w - b.m - 3.0 * b.u;
    } else if !b.is_banner() {
        // A quiet field that gives the words a place.
        let shade = Area::new(0.0, b.h * 0.86, b.w, b.h * 0.14);
        b.as_ground(|b| b.fill(shade, roles.panel));
    }
    let height = 4.2 * b.u;
    let widest = (area.w * 0.4).min(30.0 * b.u);
    let (w, h) = b.logo_size(height, widest);
    let foot = if b.is_banner() || (photo && b.is_wide()) {
        area.bottom() - h
    } else {
        b.h * 0.93 - h / 2.0
    };
    b.logo(Area::new(area.right() - w, foot, w, h), widest, height);
    let mark = 9.0 * b.u;
    marks(b, area.x, area.y, mark);
    let low = if b.is_banner() || (photo && b.is_wide()) {
        foot - 2.4 * b.u
    } else {
        b.h * 0.86 - 3.6 * b.u
    };
    let top = area.y + mark * 0.72 + 3.0 * b.u;
    let room = Area { y: top, h: low - top, ..area };
    let set = Column::new(
        b,
        &[Piece::Kicker, Piece::Words, Piece::Attribution, Piece::Sub, Piece::Facts, Piece::Call],
        Anchor::Middle,
        Align::Start,
    );
    column(b, room, set.capped(7.4));
}

/// Two quotation marks, drawn: a disc with a tail, twice.
fn marks(b: &mut Board<'_>, x: f32, y: f32, size: f32) {
    let colour = b.roles.accent;
    let r = size * 0.23;
    for at in 0..2 {
        let cx = x + r + at as f32 * size * 0.62;
        let cy = y + size * 0.72 - r;
        let mut path = PathBuilder::new();
        path.push_circle(cx, cy, r);
        path.move_to(cx - r, cy);
        path.cubic_to(
            cx - r,
            cy - r * 1.5,
            cx - r * 0.3,
            cy - r * 2.1,
            cx + r * 0.75,
            cy - r * 2.13,
        );
        path.line_to(cx + r * 0.75, cy - r * 1.6);
        path.cubic_to(cx, cy - r * 1.4, cx - r * 0.2, cy - r * 0.9, cx - r * 0.1, cy - r * 0.4);
        path.close();
        b.fill_path(path.finish(), Paint::Solid(colour, 1.0), None);
    }
}

/// Rules and columns, as on a concert bill.
pub(super) fn schedule(b: &mut Board<'_>) {
    let (inner, roles) = (b.inner(), b.roles);
    b.paper(roles.ground);
    let rule = 0.42 * b.u;
    let height = 4.2 * b.u;
    let widest = (inner.w * 0.45).min(30.0 * b.u);
    let (w, h) = b.logo_size(height, widest);
    b.logo(Area::new(inner.x, inner.y, w, h), widest, height);
    let top = inner.y + if h > 0.0 { h + 2.4 * b.u } else { 0.0 };
    b.fill(Area::new(inner.x, top, inner.w, rule), roles.text);
    let facts = b.brief.facts();
    let day = b.brief.date.as_ref().and_then(|date| date.day.clone()).filter(|_| !b.is_banner());
    let foot_h = if facts.is_empty() && b.brief.call.is_none() { 0.0 } else { 7.5 * b.u };
    let low = inner.bottom() - foot_h;
    if foot_h > 0.0 {
        b.fill(Area::new(inner.x, low, inner.w, rule), roles.text);
        columns(
            b,
            Area::new(inner.x, low + rule + 2.0 * b.u, inner.w, foot_h - rule - 2.0 * b.u),
            &facts,
        );
    }
    let body = Area::new(inner.x, top + rule + 2.6 * b.u, inner.w, low - top - rule - 5.2 * b.u);
    let mut words = body;
    if let Some(day) = day {
        let share = if b.is_wide() { 0.34 } else { 0.42 };
        let (place, rest) = if b.is_wide() {
            let w = body.w * share;
            (Area { x: body.right() - w, w, ..body }, Area { w: body.w - w - 3.0 * b.u, ..body })
        } else {
            let h = body.h * share;
            (
                Area { h, ..body },
                Area { y: body.y + h + 2.6 * b.u, h: body.h - h - 2.6 * b.u, ..body },
            )
        };
        words = rest;
        let family = b.scene.heading;
        let room = Room {
            width: place.w,
            height: place.h,
            largest: 50.0 * b.u,
            smallest: 6.0 * b.u,
            lines: 1,
        };
        let wanted = Wanted {
            role: TextRole::Figure,
            text: &day,
            face: family.heavy(),
            tracking: family.tracking() - 0.012,
            leading: 1.0,
            align: Align::Start,
            room,
        };
        let measured = b.measure(&wanted);
        let x = if b.is_wide() { place.right() - measured.block.width } else { place.x };
        b.place(measured, x, place.y, roles.accent);
    }
    let anchor = if b.is_wide() { Anchor::Top } else { Anchor::Bottom };
    let set = Column::new(
        b,
        &[Piece::Kicker, Piece::Headline, Piece::Sub, Piece::Attribution],
        anchor,
        Align::Start,
    );
    column(b, words, set.capped(11.5));
}

/// The facts side by side, and the call behind them.
fn columns(b: &mut Board<'_>, area: Area, facts: &[String]) {
    let call = b.brief.call.clone();
    // The last column has all that are left.
    let places = if call.is_some() { 2 } else { 3 };
    let (own, shared) = facts.split_at(facts.len().min(places - 1));
    let shared = Some(shared.join(", ")).filter(|shared| !shared.is_empty());
    let shown: Vec<(TextRole, String)> = own
        .iter()
        .cloned()
        .chain(shared)
        .map(|fact| (TextRole::Fact, fact))
        .chain(call.map(|call| (TextRole::Call, call)))
        .collect();
    let gap = 2.0 * b.u;
    let w = (area.w - gap * (shown.len().max(1) - 1) as f32) / shown.len().max(1) as f32;
    for (at, (role, text)) in shown.into_iter().enumerate() {
        let room =
            Room { width: w, height: area.h, largest: 2.7 * b.u, smallest: 1.0 * b.u, lines: 2 };
        let face = b.scene.body.heavy();
        let measured = b.measure(&Wanted {
            role,
            text: &text,
            face,
            tracking: -0.005,
            leading: 1.18,
            align: Align::Start,
            room,
        });
        let colour = if role == TextRole::Call { b.roles.accent } else { b.roles.text };
        let x = area.x + (w + gap) * at as f32;
        b.place(measured, x, area.y, colour);
    }
}

/// Words as wide as the picture: each line takes the whole width.
pub(super) fn marquee(b: &mut Board<'_>) {
    let (inner, roles) = (b.inner(), b.roles);
    b.paper(roles.ground);
    let height = 4.2 * b.u;
    let widest = (inner.w * 0.4).min(30.0 * b.u);
    let (w, h) = b.logo_size(height, widest);
    b.logo(Area::new(inner.x, inner.y, w, h), widest, height);
    let top = inner.y + if h > 0.0 { h + 3.0 * b.u } else { 0.0 };
    let brief = b.brief;
    let words = [&brief.kicker, &brief.sub, &brief.call, &brief.attribution];
    let has_foot = words.into_iter().any(Option::is_some) || !brief.facts().is_empty();
    let foot_wanted = match (has_foot, b.is_tall()) {
        (false, _) => 0.0,
        (true, true) => 20.0 * b.u,
        (true, false) => 12.0 * b.u,
    };
    let foot_h = foot_wanted.min(inner.h * 0.32);
    let body = Area::new(inner.x, top, inner.w, inner.bottom() - top - foot_h);
    lines(b, body);
    if has_foot {
        let foot =
            Area::new(inner.x, inner.bottom() - foot_h + 2.0 * b.u, inner.w, foot_h - 2.0 * b.u);
        if b.is_tall() || b.brief.call.is_none() {
            let foot = if b.is_tall() { foot } else { Area { w: foot.w * 0.8, ..foot } };
            let set = Column::new(
                b,
                &[Piece::Kicker, Piece::Sub, Piece::Facts, Piece::Attribution, Piece::Call],
                Anchor::Bottom,
                Align::Start,
            );
            column(b, foot, set);
        } else {
            let pieces = [Piece::Kicker, Piece::Sub, Piece::Facts, Piece::Attribution];
            let set = Column::new(b, &pieces, Anchor::Bottom, Align::Start);
            column(b, Area { w: foot.w * 0.58, ..foot }, set);
            let set = Column::new(b, &[Piece::Call], Anchor::Bottom, Align::End);
            column(b, Area { x: foot.x + foot.w * 0.64, w: foot.w * 0.36, ..foot }, set);
        }
    }
}

/// The ways to divide words into lines are few; the one that fills the area best is taken.
fn lines(b: &mut Board<'_>, area: Area) {
    let text = b.brief.headline.clone();
    // Spaces that bind a number to its unit are no ends of words.
    let text = bound(&text);
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let family = b.scene.heading;
    let gap = 1.5 * b.u;
    let mut best: Option<(f32, Vec<String>)> = None;
    for count in 1..=words.len().min(if b.is_tall() { 6 } else { 4 }) {
        let lines = divided(&words, count);
        // A line's height at full width goes with one over its letters.
        let heights =
            lines.iter().map(|line| area.w / (line.chars().count().max(2) as f32 * 0.56) * 0.76);
        let total: f32 = heights.sum::<f32>() + gap * (lines.len() - 1) as f32;
        let score = if total > area.h { area.h / total - 0.05 } else { total / area.h };
        if best.as_ref().is_none_or(|(s, _)| score > *s) {
            best = Some((score, lines));
        }
    }
    let Some((_, lines)) = best else { return };
    let mut measured = Vec::new();
    for line in &lines {
        let room = Room {
            width: area.w,
            height: area.h,
            largest: 60.0 * b.u,
            smallest: 2.0 * b.u,
            lines: 1,
        };
        measured.push(b.measure(&Wanted {
            role: TextRole::Headline,
            text: line,
            face: family.heavy(),
            tracking: family.tracking(),
            leading: 1.0,
            align: Align::Start,
            room,
        }));
    }
    let total: f32 =
        measured.iter().map(|m| m.block.height).sum::<f32>() + gap * (lines.len() - 1) as f32;
    let shrink = (area.h / total).min(1.0);
    let mut y = area.y + (area.h - total * shrink) / 2.0;
    for (at, (line, m)) in lines.iter().zip(measured).enumerate() {
        let room = Room {
            width: area.w,
            height: area.h,
            largest: m.block.size * shrink,
            smallest: 1.0,
            lines: 1,
        };
        let m = b.measure(&Wanted {
            role: TextRole::Headline,
            text: line,
            face: family.heavy(),
            tracking: family.tracking(),
            leading: 1.0,
            align: Align::Start,
            room,
        });
        let h = m.block.height;
        let colour = if at % 2 == 1 && lines.len() > 1 { b.roles.accent } else { b.roles.text };
        b.place(m, area.x, y, colour);
        y += h + gap * shrink;
    }
}

/// Words in lines of about the same length.
fn divided(words: &[&str], count: usize) -> Vec<String> {
    let total: usize = words.iter().map(|word| word.chars().count() + 1).sum();
    let aim = total as f32 / count as f32;
    let mut lines: Vec<String> = vec![String::new()];
    let mut used = 0.0;
    for (at, word) in words.iter().enumerate() {
        let length = word.chars().count() as f32 + 1.0;
        let left_words = words.len() - at;
        let left_lines = count.saturating_sub(lines.len());
        let full = used + length / 2.0 > aim * lines.len() as f32;
        let empty = lines.last().is_some_and(String::is_empty);
        if !empty && left_lines > 0 && (full || left_words <= left_lines) {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        used += length;
    }
    lines
}
