//! What drawing a document would take, reckoned before a pixel of it is drawn: by walking through it as resvg
//! does, and asking of each step how many pixels it goes over, how often, and what memory it holds meanwhile.
//!
//! Every figure is an upper bound that forgets where things lie: a shape outside of the canvas costs like one in
//! it. Work is in nanoseconds of one core, roughly.

use resvg::tiny_skia::{PathSegment, Point, Rect, Transform};
use resvg::usvg::filter::{Filter, Kind, Primitive};
use resvg::usvg::{ClipPath, Group, Image, ImageKind, Mask, Node, Paint, Path, Stroke, Tree};

/// A few seconds.
const MOST_WORK: f64 = 4e9;
/// Of all layers that are there at once.
const MOST_BYTES: f64 = 256.0 * 1024.0 * 1024.0;
/// Above it a blur is none that anybody sees, and its arithmetic overflows.
const MOST_BLUR: f64 = 10_000.0;
/// Each octave of noise is half as large as the one before it.
const MOST_OCTAVES: u32 = 16;
/// Noise of more than this to a unit is grey.
const MOST_FREQUENCY: f32 = 1_000.0;
/// A layer may reach over the canvas by twice its size on each side.
const REACH: f64 = 5.0;
const BYTES_OF_PIXEL: f64 = 4.0;

/// `None` when drawing it like that takes too much.
pub(super) fn reckon(tree: &Tree, place: Transform, (width, height): (u32, u32)) -> Option<()> {
    let canvas = Sides { w: f64::from(width), h: f64::from(height) };
    let most = Sides { w: canvas.w * REACH, h: canvas.h * REACH };
    let mut reckoning = Reckoning { work: 0.0, bytes: canvas.pixels() * BYTES_OF_PIXEL };
    reckoning.nodes(tree.root(), &At { place, canvas, most })
}

#[derive(Clone, Copy)]
struct Sides {
    w: f64,
    h: f64,
}

impl Sides {
    fn pixels(self) -> f64 {
        self.w * self.h
    }

    /// Not more than another; of what is no number, all of it.
    fn within(self, other: Self) -> Self {
        Self { w: self.w.min(other.w), h: self.h.min(other.h) }
    }

    /// Those of a rectangle once it is placed, with the pixels that its edges touch.
    fn of(rect: Option<Rect>) -> Self {
        let of =
            |length: fn(&Rect) -> f32| rect.as_ref().map_or(f64::NAN, |r| f64::from(length(r)));
        Self { w: of(Rect::width) + 4.0, h: of(Rect::height) + 4.0 }
    }
}

/// Where something is drawn.
struct At {
    place: Transform,
    canvas: Sides,
    /// The largest layer upon it.
    most: Sides,
}

impl At {
    /// How much of the canvas a rectangle covers at most.
    fn covered(&self, rect: Rect) -> Sides {
        Sides::of(rect.transform(self.place)).within(self.canvas)
    }

    fn scale(&self) -> f64 {
        let (sx, sy) = self.place.get_scale();
        f64::from(sx.max(sy))
    }
}

struct Reckoning {
    work: f64,
    bytes: f64,
}

impl Reckoning {
    fn spend(&mut self, work: f64) -> Option<()> {
        self.work += work;
        // What is no number is not affordable either.
        (self.work <= MOST_WORK).then_some(())
    }

    /// Does something while memory is held.
    fn holding(&mut self, bytes: f64, then: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.bytes += bytes;
        if self.bytes.is_nan() || self.bytes > MOST_BYTES {
            return None;
        }
        then(self)?;
        self.bytes -= bytes;
        Some(())
    }

    fn nodes(&mut self, group: &Group, at: &At) -> Option<()> {
        for node in group.children() {
            self.spend(200.0)?;
            match node {
                Node::Group(group) => self.group(group, at)?,
                Node::Path(path) => self.path(path, at)?,
                Node::Image(image) => self.image(image, at)?,
                Node::Text(text) => self.group(text.flattened(), at)?,
            }
        }
        Some(())
    }

    fn group(&mut self, group: &Group, at: &At) -> Option<()> {
        let place = at.place.pre_concat(group.transform());
        if !group.should_isolate() {
            return self.nodes(group, &At { place, ..*at });
        }
        let filters = group.filters();
        let (place, most) = match filters.is_empty() {
            true => (place, at.most),
            false => match upright(place, at.most) {
                Some(upright) => upright,
                // Nothing is drawn of what is folded to a line.
                None => return Some(()),
            },
        };
        let layer = group.layer_bounding_box().to_rect();
        let canvas = Sides::of(layer.transform(place)).within(most);
        let at = At { place, canvas, most };
        let pixels = canvas.pixels();
        self.spend(pixels * if filters.is_empty() { 8.0 } else { 30.0 })?;
        self.holding(pixels * BYTES_OF_PIXEL, |this| {
            this.nodes(group, &at)?;
            for filter in filters {
                this.filter(filter, &at)?;
            }
            group.clip_path().map_or(Some(()), |clip| this.clip(clip, &at))?;
            group.mask().map_or(Some(()), |mask| this.mask(mask, &at))
        })
    }

    fn path(&mut self, path: &Path, at: &At) -> Option<()> {
        if !path.is_visible() {
            return Some(());
        }
        let outline = Outline::of(path, at);
        // Edges and points are there twice.
        self.holding(outline.segments * 150.0, |this| {
            if let Some(fill) = path.fill() {
                this.spend(outline.segments * 50.0 + outline.rows * 8.0)?;
                this.paint(fill.paint(), at.covered(path.data().bounds()), at)?;
            }
            if let Some(stroke) = path.stroke() {
                this.stroke(stroke, &outline)?;
                this.paint(stroke.paint(), at.covered(path.stroke_bounding_box()), at)?;
            }
            Some(())
        })
    }

    fn stroke(&mut self, stroke: &Stroke, outline: &Outline) -> Option<()> {
        self.spend(outline.segments * 500.0 + outline.rows * 16.0)?;
        let Some(dashes) = stroke.dasharray() else { return Some(()) };
        let pattern: f64 = dashes.iter().map(|length| f64::from(*length)).sum();
        let count = outline.length / pattern * dashes.len() as f64;
        self.spend(count * 1_000.0)?;
        self.holding(count * 500.0, |_| Some(()))
    }

    fn paint(&mut self, paint: &Paint, area: Sides, at: &At) -> Option<()> {
        let pixels = area.pixels();
        match paint {
            Paint::Color(_) => self.spend(pixels * 2.0),
            Paint::LinearGradient(gradient) => {
                self.spend(pixels * (12.0 + gradient.stops().len() as f64))
            }
            Paint::RadialGradient(gradient) => {
                self.spend(pixels * (20.0 + gradient.stops().len() as f64))
            }
            Paint::Pattern(pattern) => {
                self.spend(pixels * 80.0)?;
                let (sx, sy) = at.place.pre_concat(pattern.transform()).get_scale();
                let rect = pattern.rect();
                let canvas = Sides {
                    w: f64::from(rect.width()) * f64::from(sx) + 1.0,
                    h: f64::from(rect.height()) * f64::from(sy) + 1.0,
                };
                let tile = At { place: Transform::from_scale(sx, sy), canvas, most: at.most };
                self.spend(canvas.pixels())?;
                self.holding(canvas.pixels() * BYTES_OF_PIXEL, |this| {
                    this.nodes(pattern.root(), &tile)
                })
            }
        }
    }

    fn image(&mut self, image: &Image, at: &At) -> Option<()> {
        if matches!(image.kind(), ImageKind::SVG(_)) {
            return None;
        }
        let size = image.size();
        let pixels = f64::from(size.width()) * f64::from(size.height());
        let area = size.to_rect(0.0, 0.0).map_or(at.canvas, |rect| at.covered(rect));
        self.spend(pixels * 20.0 + area.pixels() * 80.0)?;
        self.holding(pixels * BYTES_OF_PIXEL * 2.0, |_| Some(()))
    }

    /// Each linked clip, and each child that is clipped itself, has a canvas of its own.
    fn clip(&mut self, clip: &ClipPath, at: &At) -> Option<()> {
        let pixels = at.canvas.pixels();
        self.spend(pixels * 8.0)?;
        let inside = At { place: at.place.pre_concat(clip.transform()), ..*at };
        self.holding(pixels * (BYTES_OF_PIXEL + 1.0), |this| {
            this.clipping(clip.root(), &inside)?;
            clip.clip_path().map_or(Some(()), |linked| this.clip(linked, at))
        })
    }

    fn clipping(&mut self, group: &Group, at: &At) -> Option<()> {
        for node in group.children() {
            self.spend(200.0)?;
            match node {
                Node::Path(path) => self.path(path, at)?,
                Node::Text(text) => self.clipping(text.flattened(), at)?,
                Node::Image(_) => {}
                Node::Group(group) => {
                    let at = At { place: at.place.pre_concat(group.transform()), ..*at };
                    match group.clip_path() {
                        None => self.clipping(group, &at)?,
                        Some(clip) => {
                            let pixels = at.canvas.pixels();
                            self.spend(pixels * 8.0)?;
                            self.holding(pixels * BYTES_OF_PIXEL, |this| {
                                this.clipping(group, &at)?;
                                this.clip(clip, &at)
                            })?;
                        }
                    }
                }
            }
        }
        Some(())
    }

    fn mask(&mut self, mask: &Mask, at: &At) -> Option<()> {
        let pixels = at.canvas.pixels();
        self.spend(pixels * 16.0)?;
        self.holding(pixels * (BYTES_OF_PIXEL + 2.0), |this| {
            this.nodes(mask.root(), at)?;
            mask.mask().map_or(Some(()), |linked| this.mask(linked, at))
        })
    }

    /// The result of each step is kept until the last.
    fn filter(&mut self, filter: &Filter, at: &At) -> Option<()> {
        let steps = filter.primitives().len() as f64;
        self.holding(at.canvas.pixels() * BYTES_OF_PIXEL * (steps + 4.0), |this| {
            filter.primitives().iter().try_for_each(|step| this.step(step, at))
        })
    }

    fn step(&mut self, step: &Primitive, at: &At) -> Option<()> {
        let blur = |x: f32, y: f32| {
            let widest = f64::from(x.max(y)) * at.scale();
            (widest <= MOST_BLUR).then_some(150.0)
        };
        let each = match step.kind() {
            Kind::Flood(_) | Kind::Offset(_) => 4.0,
            Kind::Blend(_)
            | Kind::ColorMatrix(_)
            | Kind::ComponentTransfer(_)
            | Kind::Composite(_)
            | Kind::DisplacementMap(_) => 30.0,
            Kind::DiffuseLighting(_) | Kind::SpecularLighting(_) | Kind::Tile(_) => 80.0,
            Kind::Merge(merge) => 6.0 * merge.inputs().len() as f64,
            Kind::GaussianBlur(fe) => blur(fe.std_dev_x().get(), fe.std_dev_y().get())?,
            Kind::DropShadow(fe) => blur(fe.std_dev_x().get(), fe.std_dev_y().get())? + 30.0,
            Kind::ConvolveMatrix(fe) => {
                6.0 * f64::from(fe.matrix().rows()) * f64::from(fe.matrix().columns())
            }
            Kind::Morphology(fe) => {
                let side = |radius: f32, most: f64| (f64::from(radius) * at.scale()).min(most);
                let (rx, ry) = (fe.radius_x().get(), fe.radius_y().get());
                let (w, h) = (side(rx, at.canvas.w), side(ry, at.canvas.h));
                6.0 * (2.0 * w + 1.0) * (2.0 * h + 1.0)
            }
            Kind::Turbulence(fe) => {
                let finest = fe.base_frequency_x().get().max(fe.base_frequency_y().get());
                if fe.num_octaves() > MOST_OCTAVES || finest > MOST_FREQUENCY {
                    return None;
                }
                160.0 * f64::from(fe.num_octaves())
            }
            Kind::Image(fe) => {
                let (sx, sy) = at.place.get_scale();
                let place = Transform::from_scale(sx, sy);
                self.nodes(fe.root(), &At { place, canvas: at.canvas, most: at.canvas })?;
                4.0
            }
        };
        // With the way to another colour space and back.
        self.spend(at.canvas.pixels() * (each + 30.0))
    }
}

/// A layer with filters is drawn upright and turned or slanted afterwards: how it is placed until then, and how
/// large it may be.
fn upright(place: Transform, most: Sides) -> Option<(Transform, Sides)> {
    let (sx, sy) = (place.sx.hypot(place.ky), place.kx.hypot(place.sy));
    let turn =
        Transform::from_row(place.sx / sx, place.ky / sx, place.kx / sy, place.sy / sy, 0.0, 0.0);
    let back = turn.invert()?;
    let most = Rect::from_xywh(0.0, 0.0, most.w as f32, most.h as f32)?;
    Some((back.pre_concat(place), Sides::of(most.transform(back))))
}

/// What an outline asks for.
struct Outline {
    segments: f64,
    /// In the units of the path.
    length: f64,
    /// Rows of pixels that its edges go through, all together.
    rows: f64,
}

impl Outline {
    fn of(path: &Path, at: &At) -> Self {
        let mut outline = Self { segments: 0.0, length: 0.0, rows: 0.0 };
        let (scale, highest) = (at.scale(), at.canvas.h * 3.0);
        let mut last = Point::zero();
        let mut begin = last;
        for segment in path.data().segments() {
            let points: &[Point] = match &segment {
                PathSegment::MoveTo(to) => {
                    (last, begin) = (*to, *to);
                    continue;
                }
                PathSegment::LineTo(to) => &[*to],
                PathSegment::QuadTo(by, to) => &[*by, *to],
                PathSegment::CubicTo(by, and, to) => &[*by, *and, *to],
                PathSegment::Close => &[begin],
            };
            let mut length = 0.0;
            for point in points {
                length += f64::from((*point - last).length());
                last = *point;
            }
            outline.segments += points.len() as f64;
            outline.length += length;
            outline.rows += (length * scale).min(highest);
        }
        outline
    }
}
