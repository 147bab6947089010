//! Drawings to SVG. Text is outlines, so that the file looks the same where no font is installed.

use crate::colour::Rgb;
use crate::drawing::{Area, Drawing, Mark, Paint, Shape, Stop};
use crate::picture::Picture;
use crate::raster;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use resvg::tiny_skia::{Path, PathSegment};
use std::fmt::Write;

/// The drawing as an SVG document of this size. Grain is left out: it is made of pixels.
pub fn document(drawing: &Drawing, width: u32, height: u32) -> String {
    let mut defs = String::new();
    let mut body = String::new();
    for (at, mark) in drawing.marks.iter().enumerate() {
        element(&mut defs, &mut body, at, mark);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {} {}\" \
         preserveAspectRatio=\"none\"><defs>{defs}</defs>{body}</svg>\n",
        short(drawing.width),
        short(drawing.height),
    )
}

fn element(defs: &mut String, body: &mut String, at: usize, mark: &Mark) {
    let mut clip = String::new();
    if let Some(area) = mark.clip {
        put(defs, format_args!("<clipPath id=\"c{at}\">{}</clipPath>", rect(area, 0.0)));
        put(&mut clip, format_args!(" clip-path=\"url(#c{at})\""));
    }
    match &mark.shape {
        Shape::Fill(path, paint) => {
            let fill = fill(defs, at, paint);
            put(body, format_args!("<path{clip} d=\"{}\" {fill}/>", data(path)));
        }
        Shape::Stroke(path, colour, width) => {
            let (hex, width) = (colour.hex(), short(*width));
            put(
                body,
                format_args!(
                    "<path{clip} d=\"{}\" fill=\"none\" stroke=\"{hex}\" stroke-width=\"{width}\"/>",
                    data(path)
                ),
            );
        }
        Shape::Image { picture, part, to, radius } => {
            let Some(href) = data_url(picture, *part, *to) else { return };
            put(defs, format_args!("<clipPath id=\"i{at}\">{}</clipPath>", rect(*to, *radius)));
            let (x, y, w, h) = (short(to.x), short(to.y), short(to.w), short(to.h));
            put(
                body,
                format_args!(
                    "<g{clip}><image clip-path=\"url(#i{at})\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" \
                     preserveAspectRatio=\"none\" href=\"{href}\"/></g>"
                ),
            );
        }
    }
}

fn rect(area: Area, radius: f32) -> String {
    let (x, y, w, h, r) =
        (short(area.x), short(area.y), short(area.w), short(area.h), short(radius));
    format!("<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"{r}\"/>")
}

fn fill(defs: &mut String, at: usize, paint: &Paint) -> String {
    match paint {
        Paint::Solid(colour, alpha) => solid(*colour, *alpha),
        Paint::Linear { from, to, stops } => {
            put(
                defs,
                format_args!(
                    "<linearGradient id=\"g{at}\" gradientUnits=\"userSpaceOnUse\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\">{}\
                     </linearGradient>",
                    short(from.0),
                    short(from.1),
                    short(to.0),
                    short(to.1),
                    stops_of(stops),
                ),
            );
            format!("fill=\"url(#g{at})\"")
        }
        Paint::Radial { centre, radius, stops } => {
            put(
                defs,
                format_args!(
                    "<radialGradient id=\"g{at}\" gradientUnits=\"userSpaceOnUse\" cx=\"{}\" cy=\"{}\" r=\"{}\">{}\
                     </radialGradient>",
                    short(centre.0),
                    short(centre.1),
                    short(*radius),
                    stops_of(stops),
                ),
            );
            format!("fill=\"url(#g{at})\"")
        }
    }
}

fn solid(colour: Rgb, alpha: f32) -> String {
    let opacity = if alpha < 1.0 { format!(" fill-opacity=\"{alpha:.3}\"") } else { String::new() };
    format!("fill=\"{}\"{opacity}", colour.hex())
}

fn stops_of(stops: &[Stop]) -> String {
    let mut text = String::new();
    for stop in stops {
        let (at, hex, alpha) = (stop.at, stop.colour.hex(), stop.alpha);
        put(
            &mut text,
            format_args!(
                "<stop offset=\"{at:.3}\" stop-color=\"{hex}\" stop-opacity=\"{alpha:.3}\"/>"
            ),
        );
    }
    text
}

fn data(path: &Path) -> String {
    let mut text = String::new();
    for segment in path.segments() {
        match segment {
            PathSegment::MoveTo(p) => {
                put(&mut text, format_args!("M{} {}", short(p.x), short(p.y)));
            }
            PathSegment::LineTo(p) => {
                put(&mut text, format_args!("L{} {}", short(p.x), short(p.y)));
            }
            PathSegment::QuadTo(a, p) => {
                put(
                    &mut text,
                    format_args!("Q{} {} {} {}", short(a.x), short(a.y), short(p.x), short(p.y)),
                );
            }
            PathSegment::CubicTo(a, b, p) => put(
                &mut text,
                format_args!(
                    "C{} {} {} {} {} {}",
                    short(a.x),
                    short(a.y),
                    short(b.x),
                    short(b.y),
                    short(p.x),
                    short(p.y)
                ),
            ),
            PathSegment::Close => text.push('Z'),
        }
    }
    text
}

/// The picture itself, at twice the size it is shown in the 2K picture at most.
fn data_url(picture: &Picture, part: Area, to: Area) -> Option<String> {
    let side = |shown: f32, has: f32| (shown * 2.0).min(has).round().max(1.0) as u32;
    let sized = picture.resized(part, side(to.w, part.w), side(to.h, part.h))?;
    let bytes = raster::png(&sized).ok()?;
    Some(format!("data:image/png;base64,{}", STANDARD.encode(&bytes)))
}

/// A length, to a hundredth.
fn short(value: f32) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    let _ = text.write_fmt(what);
}
