//! A column of text: what it holds is measured first, the headline takes the room that is left, and then
//! everything is placed by its ink.

use crate::board::{Board, Measured, Wanted, capitals};
use crate::colour::Rgb;
use crate::drawing::{Area, TextRole};
use crate::text::{Align, Room};

/// Where a column stands in its area when it needs less than all of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Anchor {
    Top,
    Middle,
    Bottom,
}

/// A part of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Piece {
    Kicker,
    Headline,
    /// The headline, in the lighter face: words that are read rather than seen.
    Words,
    Sub,
    Facts,
    Call,
    Attribution,
}

/// How a column is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column<'p> {
    pub(super) pieces: &'p [Piece],
    pub(super) anchor: Anchor,
    pub(super) align: Align,
    /// The largest headline, in units of the board.
    pub(super) cap: f32,
    pub(super) text: Rgb,
    pub(super) muted: Rgb,
    pub(super) accent: Rgb,
    pub(super) on_accent: Rgb,
}

impl<'p> Column<'p> {
    pub(super) fn new(b: &Board<'_>, pieces: &'p [Piece], anchor: Anchor, align: Align) -> Self {
        let roles = b.roles;
        Self {
            pieces,
            anchor,
            align,
            cap: 13.0,
            text: roles.text,
            muted: roles.muted,
            accent: roles.accent,
            on_accent: roles.on_accent,
        }
    }

    pub(super) fn capped(self, cap: f32) -> Self {
        Self { cap, ..self }
    }
}

/// The usual order.
pub(super) const ALL: &[Piece] =
    &[Piece::Kicker, Piece::Headline, Piece::Sub, Piece::Facts, Piece::Attribution, Piece::Call];

enum Item {
    Text(Measured, Rgb),
    /// A text in a filled shape, with the shape's padding.
    Button(Measured, (f32, f32)),
}

impl Item {
    fn height(&self) -> f32 {
        match self {
            Self::Text(text, _) => text.block.height,
            Self::Button(text, (_, pad)) => text.block.height + 2.0 * pad,
        }
    }

    fn width(&self) -> f32 {
        match self {
            Self::Text(text, _) => text.block.width,
            Self::Button(text, (pad, _)) => text.block.width + 2.0 * pad,
        }
    }
}

/// Sets a column into an area and says what it covers.
pub(super) fn column(b: &mut Board<'_>, area: Area, column: Column<'_>) -> Area {
    let mut items: Vec<(Piece, Item)> = Vec::new();
    let is_large = |piece: Piece| matches!(piece, Piece::Headline | Piece::Words);
    for piece in column.pieces.iter().copied().filter(|piece| !is_large(*piece)) {
        items.extend(small(b, area, column, piece).map(|item| (piece, item)));
    }
    let gaps = |items: &[(Piece, Item)], b: &Board<'_>, headline: f32| -> f32 {
        let pieces: Vec<Piece> = ordered(column.pieces, items).collect();
        pieces.windows(2).map(|pair| gap(b, pair, headline)).sum()
    };
    let large = column
        .pieces
        .iter()
        .copied()
        .find(|piece| is_large(*piece))
        .filter(|_| !b.brief.headline.is_empty());
    if let Some(piece) = large {
        let fixed: f32 = items.iter().map(|(_, item)| item.height()).sum();
        let room = (area.h - fixed - gaps(&items, b, 7.0 * b.u) - b.u * 2.0)
            .max(area.h * 0.25)
            .min(area.h);
        let item = headline(b, area.w, room, column, piece);
        items.push((piece, item));
    }
    let size =
        items.iter().find(|(piece, _)| is_large(*piece)).map_or(
            6.0 * b.u,
            |(_, item)| match item {
                Item::Text(text, _) | Item::Button(text, _) => text.block.size,
            },
        );
    let pieces: Vec<Piece> = ordered(column.pieces, &items).collect();
    let between: Vec<f32> = pieces.windows(2).map(|pair| gap(b, pair, size)).collect();
    let total: f32 =
        items.iter().map(|(_, item)| item.height()).sum::<f32>() + between.iter().sum::<f32>();
    // When all of it is taller than the room, the gaps give way before the words do.
    let squeeze = if total > area.h {
        let gaps: f32 = between.iter().sum();
        (1.0 - (total - area.h) / gaps.max(1.0)).max(0.2)
    } else {
        1.0
    };
    let total = total.min(area.h);
    let mut y = match column.anchor {
        Anchor::Top => area.y,
        Anchor::Middle => area.y + (area.h - total) / 2.0,
        Anchor::Bottom => area.bottom() - total,
    };
    let mut covered: Option<Area> = None;
    for (at, piece) in pieces.iter().enumerate() {
        let Some(found) = items.iter().position(|(kind, _)| kind == piece) else { continue };
        let (_, item) = items.swap_remove(found);
        let (w, h) = (item.width(), item.height());
        let x = match column.align {
            Align::Start => area.x,
            Align::Middle => area.x + (area.w - w) / 2.0,
            Align::End => area.right() - w,
        };
        draw(b, item, x, y, column);
        let here = Area::new(x, y, w, h);
        covered = Some(covered.map_or(here, |so_far| so_far.joined(here)));
        y += h + between.get(at).copied().unwrap_or(0.0) * squeeze;
    }
    covered.unwrap_or(Area { h: 0.0, ..area })
}

fn ordered(pieces: &[Piece], items: &[(Piece, Item)]) -> impl Iterator<Item = Piece> {
    pieces
        .iter()
        .copied()
        .filter(|piece| items.iter().any(|(kind, _)| kind == piece))
        .collect::<Vec<_>>()
        .into_iter()
}

fn draw(b: &mut Board<'_>, item: Item, x: f32, y: f32, column: Column<'_>) {
    match item {
        Item::Text(text, colour) => b.place(text, x, y, colour),
        Item::Button(text, (pad_x, pad_y)) => {
            let shape =
                Area::new(x, y, text.block.width + 2.0 * pad_x, text.block.height + 2.0 * pad_y);
            b.fill_round(shape, corner(b, shape.h), column.accent);
            // Chosen to read on the accent.
            b.place_on(text, x + pad_x, y + pad_y, column.on_accent);
        }
    }
}

/// How round a button is: by the brand's words for itself, else by its typeface.
fn corner(b: &Board<'_>, height: f32) -> f32 {
    let sharp = b.scene.brand.aesthetic.iter().any(|tag| tag == "sharp");
    height * if sharp || b.scene.heading.is_serif() { 0.06 } else { 0.5 }
}

/// Space between two parts that follow each other, in proportion to what they are.
fn gap(b: &Board<'_>, pair: &[Piece], headline: f32) -> f32 {
    let head = headline.clamp(3.0 * b.u, 9.0 * b.u);
    match pair {
        [Piece::Kicker, _] => head * 0.3 + b.u * 0.6,
        [Piece::Headline | Piece::Words, Piece::Attribution] => head * 0.42 + b.u * 1.4,
        [Piece::Headline | Piece::Words, _] => head * 0.34 + b.u * 1.3,
        [_, Piece::Call] => b.u * 3.3,
        [_, Piece::Facts] => b.u * 2.0,
        _ => b.u * 1.9,
    }
}

fn headline(b: &mut Board<'_>, width: f32, height: f32, column: Column<'_>, piece: Piece) -> Item {
    let family = b.scene.heading;
    let text = b.brief.headline.clone();
    let face =
        if piece == Piece::Words && family.is_serif() { family.light() } else { family.heavy() };
    let words = text.split_whitespace().count();
    let cap = column.cap * b.u * if words <= 2 { 1.25 } else { 1.0 };
    let room = Room { width, height, largest: cap, smallest: 1.5 * b.u, lines: 14 };
    let (tracking, leading) = if piece == Piece::Words {
        (family.tracking() * 0.5, family.leading() + 0.12)
    } else {
        (family.tracking(), family.leading())
    };
    let wanted = Wanted {
        role: TextRole::Headline,
        text: &text,
        face,
        tracking,
        leading,
        align: column.align,
        room,
    };
    let mut measured = b.measure(&wanted);
    // Many lines of a wide column are hard to read large: prefer a calmer size.
    if measured.block.lines > 6 && measured.block.size > 4.6 * b.u {
        let room = Room { largest: 4.6 * b.u, ..room };
        measured = b.measure(&Wanted { room, ..wanted });
    }
    Item::Text(measured, column.text)
}

fn small(b: &mut Board<'_>, area: Area, column: Column<'_>, piece: Piece) -> Option<Item> {
    let body = b.scene.body;
    let u = b.u;
    let brief = b.brief;
    let facts = brief.facts().join("  ·  ");
    let attribution = brief
        .attribution
        .as_deref()
        .map(|name| if name.starts_with('—') { name.to_owned() } else { format!("— {name}") });
    let (role, text, face, largest, smallest, lines, height) = match piece {
        Piece::Kicker => {
            (TextRole::Kicker, capitals(brief.kicker.as_deref()?), body.heavy(), 1.75, 1.1, 2, 0.12)
        }
        Piece::Sub => (TextRole::Sub, brief.sub.clone()?, body.light(), 3.0, 1.35, 9, 0.34),
        Piece::Facts if facts.is_empty() => return None,
        Piece::Facts => (TextRole::Fact, facts, body.heavy(), 2.2, 1.3, 3, 0.16),
        Piece::Call => (TextRole::Call, brief.call.clone()?, body.heavy(), 2.15, 1.2, 1, 0.12),
        Piece::Attribution => {
            (TextRole::Attribution, attribution?, body.heavy(), 2.3, 1.3, 2, 0.16)
        }
        Piece::Headline | Piece::Words => return None,
    };
    let measure_w = match piece {
        Piece::Sub => area.w.min(58.0 * u),
        Piece::Call => (area.w - 6.0 * u).min(40.0 * u),
        _ => area.w,
    };
    let room = Room {
        width: measure_w,
        height: area.h * height,
        largest: largest * u,
        smallest: smallest * u,
        lines,
    };
    let tracking = match piece {
        Piece::Kicker => 0.09,
        _ => 0.0,
    };
    let leading = if piece == Piece::Sub { 1.34 } else { 1.22 };
    let align = column.align;
    let measured = b.measure(&Wanted { role, text: &text, face, tracking, leading, align, room });
    measured.block.path.as_ref()?;
    let size = measured.block.size;
    Some(match piece {
        Piece::Call => Item::Button(measured, (size * 1.25, size * 0.82)),
        Piece::Kicker => Item::Text(measured, column.accent),
        Piece::Sub | Piece::Attribution => Item::Text(measured, column.muted),
        _ => Item::Text(measured, column.text),
    })
}
