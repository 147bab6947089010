//! Rectangles of light and shade: a gradient that lets through what lies below it.
//!
//! They cover most of a large picture, some of them several times, and so are most of its cost. Drawn here rather than
//! by the path filler, which asks for each pixel how much of it is inside and which two stops it lies between.

use crate::colour::Rgb;
use crate::drawing::{Paint, Stop};
use resvg::tiny_skia::{Path, PathSegment, PixmapMut, Rect};

/// So many colours stand for a gradient: more than there are between any two that eyes tell apart.
const STEPS: usize = 1_024;
/// What one pixel covers wholly.
const WHOLE: u32 = 256;

/// A gradient along which colours are looked up.
pub(crate) struct Gradient {
    /// Premultiplied, as the canvas has them.
    colours: Vec<u32>,
    course: Course,
}

enum Course {
    /// A line, by what a step to the right and one down are along it.
    Linear { from: (f32, f32), right: f32, down: f32 },
    /// From a centre, as far as it shows anything.
    Radial { centre: (f32, f32), radius: f32, reach: f32 },
}

impl Gradient {
    /// None of a paint that is one colour, or whose stops lie in one place.
    pub(crate) fn of(paint: &Paint) -> Option<Self> {
        let (course, stops) = match paint {
            Paint::Solid(..) => return None,
            Paint::Linear { from, to, stops } => {
                let (x, y) = (to.0 - from.0, to.1 - from.1);
                let length = x * x + y * y;
                let course = Course::Linear { from: *from, right: x / length, down: y / length };
                ((length > 0.0).then_some(course)?, stops)
            }
            Paint::Radial { centre, radius, stops } => {
                let goes_on = stops.last().is_some_and(|stop| stop.alpha > 0.0);
                let reach = if goes_on { f32::INFINITY } else { *radius };
                let course = Course::Radial { centre: *centre, radius: *radius, reach };
                ((*radius > 0.0).then_some(course)?, stops)
            }
        };
        let colours = (0..=STEPS).map(|step| between(stops, step as f32 / STEPS as f32)).collect();
        Some(Self { colours, course })
    }

    /// Draws it on a rectangle; `scale` is how many pixels a unit of the drawing has.
    pub(crate) fn draw(&self, canvas: &mut PixmapMut<'_>, area: Rect, scale: (f32, f32)) {
        let (width, height) = (canvas.width() as usize, canvas.height() as usize);
        let (left, right) = (area.left() * scale.0, area.right() * scale.0);
        let (top, bottom) = (area.top() * scale.1, area.bottom() * scale.1);
        let rows = canvas.data_mut().chunks_exact_mut(width * 4).take(height);
        for (row, pixels) in rows.enumerate() {
            let of_row = covered(row, top, bottom);
            if of_row == 0 {
                continue;
            }
            let y = (row as f32 + 0.5) / scale.1;
            let (from, to) = self.shown(y);
            let first = left.max(from * scale.0).floor().clamp(0.0, width as f32) as usize;
            let last = right.min(to * scale.0).ceil().clamp(first as f32, width as f32) as usize;
            let shown = pixels.get_mut(first * 4..last * 4).unwrap_or_default();
            for (column, pixel) in shown.chunks_exact_mut(4).enumerate() {
                let column = first + column;
                let colour = self.at((column as f32 + 0.5) / scale.0, y);
                // All but those at the edges, which are few.
                if of_row == WHOLE && column as f32 >= left && (column + 1) as f32 <= right {
                    lay(pixel, colour);
                } else {
                    lay(pixel, thinned(colour, of_row * covered(column, left, right) / WHOLE));
                }
            }
        }
    }

    /// Between which two places of a line it shows anything.
    fn shown(&self, y: f32) -> (f32, f32) {
        let Course::Radial { centre, reach, .. } = self.course else {
            return (f32::NEG_INFINITY, f32::INFINITY);
        };
        let away = y - centre.1;
        let half = (reach * reach - away * away).max(0.0).sqrt();
        (centre.0 - half, centre.0 + half)
    }

    fn at(&self, x: f32, y: f32) -> u32 {
        let along = match self.course {
            Course::Linear { from, right, down } => (x - from.0) * right + (y - from.1) * down,
            Course::Radial { centre, radius, .. } => {
                let (x, y) = (x - centre.0, y - centre.1);
                (x * x + y * y).sqrt() / radius
            }
        };
        // What lies beyond the ends is as they are: a cast keeps within 0 and the largest number.
        let step = (along * STEPS as f32 + 0.5) as usize;
        self.colours.get(step.min(STEPS)).copied().unwrap_or_default()
    }
}

/// The rectangle that a path is, if it is one.
pub(crate) fn rectangle(path: &Path) -> Option<Rect> {
    let bounds = path.bounds();
    let is_corner = |x: f32, y: f32| {
        (x == bounds.left() || x == bounds.right()) && (y == bounds.top() || y == bounds.bottom())
    };
    let mut corners = Vec::new();
    for segment in path.segments() {
        match segment {
            PathSegment::MoveTo(to) | PathSegment::LineTo(to) if is_corner(to.x, to.y) => {
                corners.push(to);
            }
            PathSegment::Close => {}
            _ => return None,
        }
    }
    // One after the other along the sides, and not from corner to opposite corner.
    let is_side = |pair: &[resvg::tiny_skia::Point]| match pair {
        [a, b] => (a.x == b.x) != (a.y == b.y),
        _ => false,
    };
    (corners.len() == 4 && corners.windows(2).all(is_side)).then_some(bounds)
}

/// How much of a pixel lies between two edges.
fn covered(at: usize, from: f32, to: f32) -> u32 {
    let at = at as f32;
    let share = (at + 1.0).min(to) - at.max(from);
    (share.clamp(0.0, 1.0) * WHOLE as f32 + 0.5) as u32
}

/// The colour of a place from 0 to 1, premultiplied: red, green, blue and alpha from the lowest byte on.
fn between(stops: &[Stop], at: f32) -> u32 {
    let after = stops.iter().position(|stop| stop.at > at).unwrap_or(stops.len());
    let (before, next) = (after.checked_sub(1).and_then(|i| stops.get(i)), stops.get(after));
    let (Some(a), Some(b)) = (before.or(next), next.or(before)) else { return 0 };
    let share = if b.at > a.at { (at - a.at) / (b.at - a.at) } else { 0.0 };
    let mix = |a: f32, b: f32| a + (b - a) * share;
    let alpha = mix(a.alpha, b.alpha).clamp(0.0, 1.0);
    let (Rgb(r, g, b_), Rgb(r2, g2, b2)) = (a.colour, b.colour);
    let channel = |a: u8, b: u8| (mix(f32::from(a), f32::from(b)) * alpha + 0.5) as u8;
    let alpha_byte = (alpha * 255.0 + 0.5) as u8;
    u32::from_le_bytes([channel(r, r2), channel(g, g2), channel(b_, b2), alpha_byte])
}

/// Two channels of a pixel, each in 16 bits.
const EVEN: u32 = 0x00ff_00ff;

/// All channels times a share of 255, rounded.
fn times(colour: u32, share: u32) -> u32 {
    let half = |two: u32| {
        let product = two * share + 0x0080_0080;
        ((product + ((product >> 8) & EVEN)) >> 8) & EVEN
    };
    half(colour & EVEN) | (half((colour >> 8) & EVEN) << 8)
}

fn thinned(colour: u32, share: u32) -> u32 {
    times(colour, (share * 255 + WHOLE / 2) / WHOLE)
}

/// Lays a premultiplied colour over a pixel.
fn lay(pixel: &mut [u8], colour: u32) {
    if let [r, g, b, a] = pixel {
        let below = u32::from_le_bytes([*r, *g, *b, *a]);
        // No channel is larger than its alpha, so that the sums fit.
        let over = colour + times(below, 255 - (colour >> 24));
        [*r, *g, *b, *a] = over.to_le_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawing::{Area, Drawing, Mark, Shape};
    use crate::raster;
    use resvg::tiny_skia::PathBuilder;

    fn stops(list: &[(f32, Rgb, f32)]) -> Vec<Stop> {
        list.iter().map(|&(at, colour, alpha)| Stop { at, colour, alpha }).collect()
    }

    fn paints() -> Vec<Paint> {
        let light = [
            (0.0, Rgb(240, 30, 60), 0.9),
            (0.6, Rgb(240, 30, 60), 0.3),
            (1.0, Rgb(240, 30, 60), 0.0),
        ];
        let sky = [(0.0, Rgb(10, 20, 200), 1.0), (1.0, Rgb(250, 240, 90), 1.0)];
        let radial =
            |centre, radius, list: &[_]| Paint::Radial { centre, radius, stops: stops(list) };
        let linear = |from, to, list: &[_]| Paint::Linear { from, to, stops: stops(list) };
        vec![
            radial((110.0, 80.0), 40.0, &light),
            radial((10.0, 20.0), 90.0, &light),
            radial((500.0, 500.0), 50.0, &light),
            radial((60.0, 60.0), 50.0, &sky),
            linear((0.0, 20.0), (0.0, 140.0), &light),
            linear((10.0, 20.0), (210.0, 100.0), &sky),
            linear((210.0, 0.0), (150.0, 0.0), &light),
        ]
    }

    fn drawn(path: Path, paint: &Paint, size: (u32, u32)) -> Vec<u8> {
        let mark =
            |path, paint| Mark { shape: Shape::Fill(path, paint), clip: None, is_ground: false };
        let ground = Area::new(0.0, 0.0, 240.0, 80.0).path(0.0).unwrap();
        let drawing = Drawing {
            width: 240.0,
            height: 160.0,
            marks: vec![
                mark(ground, Paint::Solid(Rgb(40, 160, 90), 1.0)),
                mark(path, paint.clone()),
            ],
            texts: Vec::new(),
            logo: None,
            cut: false,
            missing: Vec::new(),
            grain: 0.0,
            seed: 0,
        };
        raster::pixels(&drawing, size.0, size.1).unwrap().into_pixels()
    }

    /// The same rectangle as a path that is taken for none: one of its sides has a point more.
    fn as_polygon(area: Area) -> Path {
        let mut path = PathBuilder::new();
        path.move_to(area.x, area.y);
        path.line_to(area.x + area.w / 2.0, area.y);
        path.line_to(area.right(), area.y);
        path.line_to(area.right(), area.bottom());
        path.line_to(area.x, area.bottom());
        path.close();
        path.finish().unwrap()
    }

    #[test]
    fn a_rectangle_looks_as_the_path_filler_draws_it() {
        let whole = Area::new(10.0, 20.0, 200.0, 120.0);
        let broken = Area::new(10.25, 20.5, 199.4, 119.75);
        // At edges between pixels the filler knows four shares only.
        for (area, size, most) in
            [(whole, (240, 160), 3), (whole, (480, 322), 4), (broken, (240, 160), 26)]
        {
            let path = area.path(0.0).unwrap();
            assert!(rectangle(&path).is_some() && rectangle(&as_polygon(area)).is_none());
            for paint in paints() {
                let own = drawn(path.clone(), &paint, size);
                let other = drawn(as_polygon(area), &paint, size);
                let apart = own.iter().zip(&other).map(|(a, b)| a.abs_diff(*b)).max();
                assert!(apart <= Some(most), "{area:?} {size:?} {paint:?}: {apart:?}");
            }
        }
    }

    #[test]
    fn what_is_no_rectangle_is_taken_for_none() {
        let circle = PathBuilder::from_circle(50.0, 50.0, 20.0).unwrap();
        let round = Area::new(0.0, 0.0, 50.0, 40.0).path(8.0).unwrap();
        let mut bow = PathBuilder::new();
        for (at, (x, y)) in [(0.0, 0.0), (9.0, 9.0), (9.0, 0.0), (0.0, 9.0)].into_iter().enumerate()
        {
            if at == 0 { bow.move_to(x, y) } else { bow.line_to(x, y) }
        }
        bow.close();
        for path in [circle, round, bow.finish().unwrap()] {
            assert!(rectangle(&path).is_none(), "{path:?}");
        }
    }
}
