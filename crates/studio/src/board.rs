//! What a layout draws on: places in the direction of reading, colours that read, type that fits.

use crate::brief::Brief;
use crate::chance::Chance;
use crate::colour::{Ground, Rgb};
use crate::drawing::{Area, Drawing, LogoSpot, Mark, Paint, Shape, TextRole, TextSpot, mirrored};
use crate::fonts::Face;
use crate::picture::Picture;
use crate::raster;
use crate::scene::{Materials, Scene};
use crate::schemes::{Roles, TEXT};
use crate::text::{Align, Block, Room, Script, Shaped, Typesetter};
use resvg::tiny_skia::{Color, Path, PathBuilder, Pixmap};
use std::sync::Arc;

/// The long side of the small version of a picture in which grounds are measured.
const LOOK: f32 = 384.0;

pub(crate) struct Board<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) brief: &'a Brief,
    pub(crate) roles: Roles,
    pub(crate) w: f32,
    pub(crate) h: f32,
    /// A hundredth of the side of a square as large as the picture.
    pub(crate) u: f32,
    /// The margin.
    pub(crate) m: f32,
    pub(crate) rtl: bool,
    pub(crate) drawing: Drawing,
    materials: &'a Materials,
    setter: &'a mut Typesetter,
    look: Option<(Pixmap, usize)>,
    /// The colour of the paper everything lies on, if that is one.
    paper: Option<Rgb>,
    /// Whether what is drawn now is ground.
    is_ground: bool,
}

/// A text that was measured and not yet placed.
pub(crate) struct Measured {
    pub(crate) role: TextRole,
    pub(crate) block: Block,
    pub(crate) room: (f32, f32),
}

/// How a text is to be measured.
pub(crate) struct Wanted<'t> {
    pub(crate) role: TextRole,
    pub(crate) text: &'t str,
    pub(crate) face: Face,
    pub(crate) tracking: f32,
    pub(crate) leading: f32,
    pub(crate) align: Align,
    pub(crate) room: Room,
}

impl<'a> Board<'a> {
    pub(crate) fn new(
        scene: &'a Scene,
        materials: &'a Materials,
        setter: &'a mut Typesetter,
        roles: Roles,
    ) -> Self {
        let (w, h) = crate::format::Resolution::TwoK.pixels(scene.ratio);
        let (w, h) = (w as f32, h as f32);
        let u = (w * h).sqrt() / 100.0;
        let words =
            format!("{} {}", scene.brief.headline, scene.brief.sub.as_deref().unwrap_or_default());
        let drawing = Drawing {
            width: w,
            height: h,
            marks: Vec::new(),
            texts: Vec::new(),
            logo: None,
            cut: false,
            missing: Vec::new(),
            grain: scene.grain,
            seed: scene.seed,
        };
        let m = 0.04 * w.min(h) + 3.4 * u;
        let rtl = reads_from_the_right(&words);
        Self {
            scene,
            brief: &scene.brief,
            roles,
            w,
            h,
            u,
            m,
            rtl,
            drawing,
            materials,
            setter,
            look: None,
            paper: None,
            is_ground: false,
        }
    }

    /// Paper of one colour, which everything else lies on.
    pub(crate) fn paper(&mut self, colour: Rgb) {
        self.paper = Some(colour);
        let canvas = self.canvas();
        self.as_ground(|b| b.fill(canvas, colour));
    }

    /// What is drawn within is the ground of everything else.
    pub(crate) fn as_ground(&mut self, draw: impl FnOnce(&mut Self)) {
        self.is_ground = true;
        draw(self);
        self.is_ground = false;
    }

    /// The surface of a material: one in the paper's colour is paper.
    pub(crate) fn surface(&mut self, area: Area, colour: Rgb) {
        let outer = self.is_ground;
        self.is_ground |= self.paper == Some(colour);
        self.fill(area, colour);
        self.is_ground = outer;
    }

    pub(crate) fn canvas(&self) -> Area {
        Area::new(0.0, 0.0, self.w, self.h)
    }

    /// What lies within the margins.
    pub(crate) fn inner(&self) -> Area {
        self.canvas().inset(self.m)
    }

    pub(crate) fn is_wide(&self) -> bool {
        self.w / self.h > 1.2
    }

    pub(crate) fn is_tall(&self) -> bool {
        self.w / self.h < 0.85
    }

    pub(crate) fn is_banner(&self) -> bool {
        self.w / self.h > 2.0
    }

    pub(crate) fn chance(&self, use_of_it: &str) -> Chance {
        Chance::new(self.scene.seed, use_of_it)
    }

    /// Where an area of a left-to-right layout lies for readers of this text.
    fn turned(&self, area: Area) -> Area {
        if self.rtl { Area { x: self.w - area.right(), ..area } } else { area }
    }

    fn push(&mut self, shape: Shape, clip: Option<Area>) {
        let clip = clip.map(|area| self.turned(area));
        self.drawing.marks.push(Mark { shape, clip, is_ground: self.is_ground });
    }

    pub(crate) fn fill_path(&mut self, path: Option<Path>, paint: Paint, clip: Option<Area>) {
        let Some(path) = path else { return };
        let (path, paint) = if self.rtl {
            (mirrored(path, self.w), paint.mirrored(self.w))
        } else {
            (Some(path), paint)
        };
        if let Some(path) = path {
            self.push(Shape::Fill(path, paint), clip);
        }
    }

    pub(crate) fn fill(&mut self, area: Area, colour: Rgb) {
        self.fill_path(area.path(0.0), Paint::Solid(colour, 1.0), None);
    }

    pub(crate) fn fill_round(&mut self, area: Area, radius: f32, colour: Rgb) {
        self.fill_path(area.path(radius), Paint::Solid(colour, 1.0), None);
    }

    pub(crate) fn outline(&mut self, area: Area, radius: f32, colour: Rgb, width: f32) {
        if let Some(path) = self.turned(area).path(radius) {
            self.push(Shape::Stroke(path, colour, width), None);
        }
    }

    /// A soft shadow beneath a sheet: many thin veils, since a blur would cost more than the picture. None is drawn
    /// where the sheet hides it, which on a large picture is most of the cost.
    pub(crate) fn shadow(&mut self, area: Area, radius: f32, reach: f32) {
        const VEILS: i32 = 14;
        // Within the sheet's round corners.
        let hidden = area.inset(0.3 * radius + 2.0);
        for veil in 0..VEILS {
            let out = reach * (1.0 - veil as f32 / VEILS as f32);
            let grown = Area { y: area.y + reach * 0.35, ..area }.inset(-out);
            let path = grown.path(radius + out).and_then(|path| around(&path, hidden));
            self.fill_path(path, Paint::Solid(Rgb(8, 8, 16), 0.017), None);
        }
    }

    /// The first picture of the scene that is at hand.
    pub(crate) fn photo(&self) -> Option<Arc<Picture>> {
        self.scene.pictures.iter().find_map(|key| self.materials.picture(key)).cloned()
    }

    /// Fills an area with a picture: the part of it that matters, no bars.
    pub(crate) fn image(&mut self, picture: Arc<Picture>, to: Area, radius: f32) {
        let part = crate::crop::salient(&picture, to.w / to.h);
        let to = self.turned(to);
        self.push(Shape::Image { picture, part, to, radius }, None);
    }

    /// What has been drawn in an area so far: its darkest and its lightest.
    pub(crate) fn ground(&mut self, area: Area) -> Ground {
        self.ground_as_placed(self.turned(area))
    }

    fn ground_as_placed(&mut self, area: Area) -> Ground {
        let scale = LOOK / self.w.max(self.h);
        let (w, h) = ((self.w * scale).ceil() as u32, (self.h * scale).ceil() as u32);
        let made = self.look.take().or_else(|| {
            let mut pixmap = Pixmap::new(w, h)?;
            pixmap.fill(Color::WHITE);
            Some((pixmap, 0))
        });
        let Some((mut pixmap, drawn)) = made else { return Ground::of(self.roles.ground) };
        let new = self.drawing.marks.get(drawn..).unwrap_or_default();
        raster::draw(&mut pixmap, new, (w as f32 / self.w, h as f32 / self.h));
        let (x0, y0) =
            ((area.x * scale).floor().max(0.0) as u32, (area.y * scale).floor().max(0.0) as u32);
        let (x1, y1) =
            ((area.right() * scale).ceil() as u32 + 1, (area.bottom() * scale).ceil() as u32 + 1);
        let mut seen = Vec::new();
        for y in y0.min(h - 1)..y1.clamp(1, h) {
            for x in x0.min(w - 1)..x1.clamp(1, w) {
                seen.extend(pixmap.pixel(x, y).map(|p| Rgb(p.red(), p.green(), p.blue())));
            }
        }
        self.look = Some((pixmap, self.drawing.marks.len()));
        Ground::of_all(seen)
    }

    /// Measures a text in its room; what does not fit at the smallest size is cut at a word.
    pub(crate) fn measure(&mut self, wanted: &Wanted<'_>) -> Measured {
        let text = wanted.text.trim();
        let mut shaped = self.shape(text, wanted);
        let (mut size, fits) = Typesetter::fit(&mut shaped, wanted.room);
        if !fits {
            self.drawing.cut = true;
            let parts = parts(text);
            let (mut low, mut high) = (1, parts.len().max(2));
            while high - low > 1 {
                let middle = (low + high) / 2;
                let mut tried = self.shape(&kept(&parts, middle), wanted);
                if Typesetter::fit(&mut tried, wanted.room).1 {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            shaped = self.shape(&kept(&parts, low), wanted);
            size = Typesetter::fit(&mut shaped, wanted.room).0;
        }
        for missing in &shaped.missing {
            if !self.drawing.missing.contains(missing) {
                self.drawing.missing.push(*missing);
            }
        }
        let mut block = Typesetter::set(&mut shaped, size, wanted.room.width, wanted.align);
        // Ink may reach beyond what the font says it takes.
        let over = (block.width / wanted.room.width).max(block.height / wanted.room.height);
        if over > 1.0 && block.path.is_some() {
            block =
                Typesetter::set(&mut shaped, size / over * 0.998, wanted.room.width, wanted.align);
        }
        Measured { role: wanted.role, block, room: (wanted.room.width, wanted.room.height) }
    }

    fn shape(&mut self, text: &str, wanted: &Wanted<'_>) -> Shaped {
        self.setter.shape(text, wanted.face, wanted.tracking, wanted.leading)
    }

    /// Places a measured text with the upper left corner of its ink here, in a colour that reads there: the
    /// wanted one, or the nearest to it.
    pub(crate) fn place(&mut self, text: Measured, x: f32, y: f32, wanted: Rgb) {
        let ink = self.turned(Area::new(x, y, text.block.width, text.block.height));
        let under = self.ground_as_placed(ink.inset(-self.u * 0.3));
        self.place_on(text, x, y, under.readable(wanted, TEXT));
    }

    /// The same in a colour that reads on what is there, where that is known: a small form is blurred into its
    /// surroundings where the ground is measured.
    pub(crate) fn place_on(&mut self, text: Measured, x: f32, y: f32, colour: Rgb) {
        let Measured { role, block, room } = text;
        let Some(path) = block.path else { return };
        let ink = self.turned(Area::new(x, y, block.width, block.height));
        let moved = path.transform(resvg::tiny_skia::Transform::from_translate(ink.x, ink.y));
        let Some(moved) = moved else { return };
        let room = self.turned(Area::new(x, y, room.0.max(block.width), room.1.max(block.height)));
        let mark = self.drawing.marks.len();
        self.drawing.texts.push(TextSpot {
            role,
            mark,
            ink,
            room,
            size: block.size,
            colour,
            lines: block.lines,
        });
        self.drawing.marks.push(Mark {
            shape: Shape::Fill(moved, Paint::Solid(colour, 1.0)),
            clip: None,
            is_ground: false,
        });
    }

    /// Height and width of the logo, or of the brand's name in its place, within a height.
    pub(crate) fn logo_size(&mut self, height: f32, widest: f32) -> (f32, f32) {
        let Some(logo) = self.materials.logo.clone() else {
            let measured = self.wordmark(height * 0.52, widest);
            return measured.map_or((0.0, 0.0), |m| (m.block.width, m.block.height));
        };
        let seen = logo.visible();
        let ratio = (seen.w / seen.h).clamp(0.05, 20.0);
        // A square mark and a long word weigh the same when their areas do, more than when their heights do.
        let h = (height * (2.6 / ratio).sqrt()).min(height * 1.25).min(widest / ratio);
        (h * ratio, h)
    }

    fn wordmark(&mut self, size: f32, widest: f32) -> Option<Measured> {
        let name = self.scene.brand.name.clone();
        if name.trim().is_empty() {
            return None;
        }
        let family = self.scene.heading;
        let room = Room {
            width: widest,
            height: size * 2.2,
            largest: size,
            smallest: size * 0.3,
            lines: 1,
        };
        Some(self.measure(&Wanted {
            role: TextRole::Wordmark,
            text: &name,
            face: family.heavy(),
            tracking: family.tracking() * 0.6,
            leading: 1.0,
            align: Align::Start,
            room,
        }))
    }

    /// Draws the logo in an area of its size. A logo of one colour takes the text's colour where its own would
    /// not be seen; another one gets a plate.
    pub(crate) fn logo(&mut self, area: Area, widest: f32, height: f32) {
        if area.w < 1.0 {
            return;
        }
        let clear = self.turned(area.inset(-area.h.min(self.u * 4.0) * 0.4));
        let placed = self.turned(area);
        let Some(logo) = self.materials.logo.clone() else {
            if let Some(word) = self.wordmark(height * 0.52, widest) {
                self.place(word, area.x, area.y, self.roles.text);
                self.drawing.logo = Some(LogoSpot { area: placed, clear });
            }
            return;
        };
        let part = logo.visible();
        let under = self.ground_as_placed(placed.inset(-2.0));
        let picture = match crate::mark::prepared(&logo, under) {
            crate::mark::Prepared::AsItIs => logo,
            crate::mark::Prepared::Recoloured(picture) => Arc::new(picture),
            crate::mark::Prepared::OnPlate(colour) => {
                // It stays in the space that is kept clear.
                let plate = area.inset(-(area.h * 0.22).min(self.u * 1.2));
                self.fill_round(plate, area.h * 0.18, colour);
                logo
            }
        };
        self.push(Shape::Image { picture, part, to: placed, radius: 0.0 }, None);
        self.drawing.logo = Some(LogoSpot { area: placed, clear });
    }
}

/// Whether most letters belong to a script that is read from the right.
fn reads_from_the_right(text: &str) -> bool {
    let right =
        text.chars().filter(|c| matches!(u32::from(*c), 0x0590..=0x08ff | 0xfb1d..=0xfeff)).count();
    right * 2 > text.chars().filter(|c| c.is_alphabetic()).count()
}

/// Where a text may be cut: behind its words, or behind its letters when the words are few.
fn parts(text: &str) -> Vec<&str> {
    let words: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
    if words.len() > 3 { words } else { text.split_inclusive(|_: char| true).collect() }
}

/// The first parts of a text, and a sign that others are missing.
fn kept(parts: &[&str], count: usize) -> String {
    let kept: String = parts.iter().take(count).copied().collect();
    format!("{}…", kept.trim_end_matches(|c: char| !c.is_alphanumeric()))
}

/// Text in capitals, where the script has them and they do not make it longer to read.
pub(crate) fn capitals(text: &str) -> String {
    if Script::of(text) == Script::Alphabet { text.to_uppercase() } else { text.to_owned() }
}

/// A path with a hole in it: the hole's outline runs the other way round, which takes its inside out.
fn around(path: &Path, hole: Area) -> Option<Path> {
    let mut builder = PathBuilder::new();
    builder.push_path(path);
    builder.move_to(hole.x, hole.y);
    builder.line_to(hole.x, hole.bottom());
    builder.line_to(hole.right(), hole.bottom());
    builder.line_to(hole.right(), hole.y);
    builder.close();
    builder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawing::{Drawing, Mark};

    #[test]
    fn what_is_around_a_hole_leaves_it_as_it_is() {
        let outer = Area::new(10.0, 10.0, 80.0, 80.0).path(12.0).unwrap();
        let path = around(&outer, Area::new(30.0, 30.0, 40.0, 40.0)).unwrap();
        let shape = Shape::Fill(path, Paint::Solid(Rgb(8, 8, 16), 1.0));
        let drawing = Drawing {
            width: 100.0,
            height: 100.0,
            marks: vec![Mark { shape, clip: None, is_ground: false }],
            texts: Vec::new(),
            logo: None,
            cut: false,
            missing: Vec::new(),
            grain: 0.0,
            seed: 0,
        };
        let picture = raster::pixels(&drawing, 100, 100).unwrap();
        for (at, is_dark) in [
            ((50, 50), false),
            ((31, 68), false),
            ((20, 50), true),
            ((50, 85), true),
            ((5, 5), false),
        ] {
            assert_eq!(picture.colour(at.0, at.1) == Rgb(8, 8, 16), is_dark, "{at:?}");
        }
    }
}
