//! Sets text: shaping and direction by parley, outlines by skrifa, sizes by search.

#[cfg(test)]
mod tests;

use crate::bound::bound;
use crate::drawing::Area;
use crate::fonts::{self, Face};
use parley::fontique::{Blob, Collection, CollectionOptions};
use parley::style::{FontFamily, FontFamilyName, FontWeight, WordBreak};
use parley::{FontContext, Layout, LayoutContext, PositionedLayoutItem, StyleProperty};
use resvg::tiny_skia::{Path, PathBuilder, Transform};
use skrifa::instance::{LocationRef, NormalizedCoord, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};
use std::borrow::Cow;
use std::sync::Arc;

/// Text is shaped once at this size; outlines scale, so each size that is tried only breaks lines anew.
const EM: f32 = 1000.0;

/// Sets text in the bundled fonts. Making one reads the fonts; each thread that composes has its own.
pub struct Typesetter {
    fonts: FontContext,
    layouts: LayoutContext<()>,
}

/// Where lines begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Start,
    Middle,
    End,
}

/// A text whose glyphs are known and whose lines are not.
pub(crate) struct Shaped {
    layout: Layout<()>,
    leading: f32,
    pub(crate) rtl: bool,
    pub(crate) missing: Vec<char>,
}

/// A text with its lines, the upper left corner of its ink at the origin.
pub(crate) struct Block {
    pub(crate) path: Option<Path>,
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) size: f32,
    pub(crate) lines: usize,
}

/// The room a text has and the sizes it may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) largest: f32,
    pub(crate) smallest: f32,
    pub(crate) lines: usize,
}

impl Default for Typesetter {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Typesetter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Typesetter")
    }
}

impl Typesetter {
    /// Reads the bundled fonts.
    pub fn new() -> Self {
        let mut collection =
            Collection::new(CollectionOptions { shared: false, system_fonts: false });
        for file in fonts::FILES {
            collection.register_fonts(Blob::new(Arc::new(*file)), None);
        }
        let fonts =
            FontContext { collection, source_cache: parley::fontique::SourceCache::default() };
        Self { fonts, layouts: LayoutContext::new() }
    }

    /// Shapes a text. Tracking is in em, and left away where letters join.
    pub(crate) fn shape(&mut self, text: &str, face: Face, tracking: f32, leading: f32) -> Shaped {
        let script = Script::of(text);
        let bound = bound(text);
        let text = bound.as_ref();
        let mut families = vec![FontFamilyName::named(face.family.name())];
        families.extend(fonts::fallbacks(face.family.is_serif()).map(FontFamilyName::named));
        let mut builder = self.layouts.ranged_builder(&mut self.fonts, text, 1.0, false);
        builder.push_default(StyleProperty::FontFamily(FontFamily::List(Cow::Owned(families))));
        builder.push_default(StyleProperty::FontSize(EM));
        builder.push_default(StyleProperty::FontWeight(FontWeight::new(f32::from(face.weight))));
        let tracking = match script {
            Script::Joining => 0.0,
            Script::EastAsian => tracking.max(0.0),
            Script::Alphabet => tracking,
        };
        builder.push_default(StyleProperty::LetterSpacing(tracking * EM));
        // Korean has spaces between its words, and is read by words.
        if text.chars().any(|c| matches!(u32::from(c), 0xac00..=0xd7af)) {
            builder.push_default(StyleProperty::WordBreak(WordBreak::KeepAll));
        }
        let mut layout: Layout<()> = builder.build(text);
        layout.break_all_lines(None);
        let missing = missing(&layout, text);
        let leading = leading + script.extra_leading();
        Shaped { rtl: layout.is_rtl(), layout, leading, missing }
    }

    /// The largest size at which a text keeps within its room, and whether it does at the smallest.
    pub(crate) fn fit(shaped: &mut Shaped, room: Room) -> (f32, bool) {
        if shaped.fits(room, room.largest) {
            return (room.largest, true);
        }
        if !shaped.fits(room, room.smallest) {
            return (room.smallest, false);
        }
        let (mut low, mut high) = (room.smallest, room.largest);
        for _ in 0..12 {
            let middle = (low + high) / 2.0;
            if shaped.fits(room, middle) { low = middle } else { high = middle }
        }
        (low, true)
    }

    /// Lays the lines of a text at a size: no wider than they need to be for as many lines, so that none is
    /// left with one short word, and each by its ink rather than by its box.
    pub(crate) fn set(shaped: &mut Shaped, size: f32, width: f32, align: Align) -> Block {
        let lines = shaped.break_at(width / size * EM).0;
        let (mut low, mut high) = (width * 0.3, width);
        for _ in 0..10 {
            let middle = (low + high) / 2.0;
            let (found, widest) = shaped.break_at(middle / size * EM);
            if found <= lines && widest <= middle / size * EM + 0.5 {
                high = middle;
            } else {
                low = middle;
            }
        }
        let lines = shaped.break_at(high / size * EM).0;
        let outlines = shaped.outlines(size);
        let align = match (align, shaped.rtl) {
            (Align::Start, true) => Align::End,
            (Align::End, true) => Align::Start,
            (align, _) => align,
        };
        let widest = outlines.iter().map(|(_, ink)| ink.w).fold(0.0, f32::max);
        let mut path = PathBuilder::new();
        for (line, (outline, ink)) in outlines.iter().enumerate() {
            let at = match align {
                Align::Start => 0.0,
                Align::Middle => (widest - ink.w) / 2.0,
                Align::End => widest - ink.w,
            };
            let down = line as f32 * shaped.leading * size;
            if let Some(moved) =
                outline.clone().transform(Transform::from_translate(at - ink.x, down))
            {
                path.push_path(&moved);
            }
        }
        let Some(path) = path.finish() else {
            return Block { path: None, width: 0.0, height: 0.0, size, lines: 0 };
        };
        let ink = path.compute_tight_bounds().unwrap_or_else(|| path.bounds());
        let moved = path.transform(Transform::from_translate(-ink.x(), -ink.y()));
        Block { path: moved, width: ink.width(), height: ink.height(), size, lines }
    }
}

impl Shaped {
    /// Breaks lines at a width in the shaping size; how many there are, and how wide the widest is.
    fn break_at(&mut self, width: f32) -> (usize, f32) {
        self.layout.break_all_lines(Some(width));
        let advances =
            self.layout.lines().map(|line| line.metrics().advance - line.metrics().hanging_advance);
        (self.layout.len(), advances.fold(0.0, f32::max))
    }

    fn fits(&mut self, room: Room, size: f32) -> bool {
        let width = room.width / size * EM;
        let (lines, widest) = self.break_at(width);
        let height = ((lines.max(1) - 1) as f32 * self.leading + 0.98) * size;
        lines <= room.lines && widest <= width && height <= room.height
    }

    /// The outline of each line at its baseline, and what its ink covers. A line of spaces has none.
    fn outlines(&self, size: f32) -> Vec<(Path, Area)> {
        let scale = size / EM;
        let mut lines = Vec::new();
        for line in self.layout.lines() {
            let mut path = PathBuilder::new();
            for item in line.items() {
                let PositionedLayoutItem::GlyphRun(run) = item else { continue };
                let font = run.run().font();
                let Ok(face) = FontRef::from_index(font.data.as_ref(), font.index) else {
                    continue;
                };
                let outlines = face.outline_glyphs();
                let coords: Vec<NormalizedCoord> = run
                    .run()
                    .normalized_coords()
                    .iter()
                    .map(|c| NormalizedCoord::from_bits(c.to_bits()))
                    .collect();
                let baseline = run.baseline();
                for glyph in run.positioned_glyphs() {
                    let Some(outline) = outlines.get(GlyphId::new(glyph.id)) else { continue };
                    let settings =
                        DrawSettings::unhinted(Size::new(size), LocationRef::new(&coords));
                    let mut pen = Pen {
                        path: &mut path,
                        x: glyph.x * scale,
                        y: (glyph.y - baseline) * scale,
                    };
                    if outline.draw(settings, &mut pen).is_err() {
                        continue;
                    }
                }
            }
            if let Some(path) = path.finish() {
                let ink = path.compute_tight_bounds().unwrap_or_else(|| path.bounds());
                lines.push((path, Area::new(ink.x(), ink.y(), ink.width(), ink.height())));
            }
        }
        lines
    }
}

/// Characters that got no glyph.
fn missing(layout: &Layout<()>, text: &str) -> Vec<char> {
    let mut found = Vec::new();
    for line in layout.lines() {
        for run in line.runs() {
            for cluster in run.clusters() {
                if cluster.glyphs().any(|glyph| glyph.id == 0) {
                    found.extend(text.get(cluster.text_range()).and_then(|s| s.chars().next()));
                }
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// How letters of a script stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    Alphabet,
    Joining,
    EastAsian,
}

impl Script {
    /// The script most of a text is in.
    pub(crate) fn of(text: &str) -> Self {
        let count = |in_it: fn(u32) -> bool| text.chars().filter(|c| in_it(u32::from(*c))).count();
        let joining = count(|c| (0x0600..0x08ff).contains(&c) || (0xfb50..0xff00).contains(&c));
        let east = count(|c| {
            (0x2e80..0xa4d0).contains(&c)
                || (0xac00..0xd7b0).contains(&c)
                || (0xff00..0xfff0).contains(&c)
        });
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        if joining * 2 > letters {
            Self::Joining
        } else if east * 2 > letters {
            Self::EastAsian
        } else {
            Self::Alphabet
        }
    }

    fn extra_leading(self) -> f32 {
        match self {
            Self::Alphabet => 0.0,
            Self::Joining => 0.42,
            Self::EastAsian => 0.16,
        }
    }
}

/// Writes a glyph's outline into a path, y downwards.
struct Pen<'a> {
    path: &'a mut PathBuilder,
    x: f32,
    y: f32,
}

impl OutlinePen for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.x + x, self.y - y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.x + x, self.y - y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.path.quad_to(self.x + cx, self.y - cy, self.x + x, self.y - y);
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.path.cubic_to(
            self.x + ax,
            self.y - ay,
            self.x + bx,
            self.y - by,
            self.x + x,
            self.y - y,
        );
    }

    fn close(&mut self) {
        self.path.close();
    }
}
