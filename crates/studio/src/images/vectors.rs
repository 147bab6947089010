//! SVG from strangers. It is read into a tree of shapes and written anew from that tree, so that what a
//! browser could run or fetch is not filtered out but never copied.
//!
//! A kilobyte can ask for a petabyte of pixels or for a day of filtering. So nothing is parsed before its parts are
//! counted (`parts`), and nothing is drawn before it is reckoned what that takes (`cost`).

mod cost;
mod parts;
mod pictures;

use super::decode::{Most, Refused};
use crate::fonts;
use crate::picture::Picture;
use pictures::Inside;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, WriteOptions};

/// The longer side of what is drawn to see that a document can be drawn.
pub const SHOWN: u32 = 1024;
/// Sizes between which a document can be scaled without its numbers getting lost.
const SIZES: std::ops::RangeInclusive<f32> = 0.01..=1_000_000.0;

/// Why an SVG was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It is not well-formed, or not an SVG.
    Malformed,
    /// It declares entities, has too many parts, or repeats them until there are too many.
    Grows,
    /// It would take too long to draw, or too much memory.
    Heavy,
    /// An image inside of it is none that is taken.
    Image(Refused),
}

/// The document without scripts, styles, links and references to anything outside of it. Images inside of it are
/// decoded and written anew, within what is taken of any image.
pub fn sanitized(text: &str, most: Most) -> Result<String, Unfit> {
    let document = parts::parsed(text)?;
    if !document.root_element().has_tag_name(("http://www.w3.org/2000/svg", "svg")) {
        return Err(Unfit::Malformed);
    }
    parts::few_enough(&document)?;
    let inside = Inside::new(most);
    let tree = Tree::from_xmltree(&document, &options(&inside, pictures::anew));
    let tree = tree.map_err(|_| Unfit::Malformed)?;
    inside.fit()?;
    affordable(&tree, SHOWN)?;
    let written = tree.to_string(&WriteOptions::default());
    if written.len() > most.bytes {
        return Err(Unfit::Grows);
    }
    // It is read again whenever something is made of it.
    parts::few_enough(&parts::parsed(&written)?)?;
    Ok(written)
}

/// An SVG as pixels, its longer side this long. `None` for one that is refused.
pub fn drawn(svg: &str, long: u32) -> Option<Picture> {
    let document = parts::parsed(svg).ok()?;
    parts::few_enough(&document).ok()?;
    let inside = Inside::new(Most::default());
    let tree = Tree::from_xmltree(&document, &options(&inside, pictures::as_they_are)).ok()?;
    inside.fit().ok()?;
    let (scale, w, h) = affordable(&tree, long).ok()?;
    let mut pixmap = Pixmap::new(w, h)?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    Picture::new(w, h, pixmap.take_demultiplied())
}

/// How a tree is scaled, and the sides that it then has; refused where drawing it would take too much.
fn affordable(tree: &Tree, long: u32) -> Result<(f32, u32, u32), Unfit> {
    let size = tree.size();
    let longer = size.width().max(size.height());
    if !SIZES.contains(&longer) {
        return Err(Unfit::Malformed);
    }
    let scale = long as f32 / longer;
    let side = |length: f32| ((length * scale).round() as u32).clamp(1, long);
    let (w, h) = (side(size.width()), side(size.height()));
    cost::reckon(tree, Transform::from_scale(scale, scale), (w, h)).ok_or(Unfit::Heavy)?;
    Ok((scale, w, h))
}

fn options<'a>(inside: &'a Inside, taken: pictures::Taken) -> Options<'a> {
    let mut options = Options { font_family: "Inter".to_owned(), ..Options::default() };
    let known = options.fontdb_mut();
    for file in fonts::FILES.iter().take(2) {
        known.load_font_data(file.to_vec());
    }
    // Text in a typeface that is not at hand is drawn in this one. Without it, it would be gone without a word.
    known.set_serif_family("Inter");
    known.set_sans_serif_family("Inter");
    known.set_monospace_family("Inter");
    known.set_cursive_family("Inter");
    known.set_fantasy_family("Inter");
    options.image_href_resolver = inside.resolver(taken);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" viewBox=\"0 0 20 10\">";

    #[test]
    fn what_runs_or_fetches_is_gone() {
        let text = format!(
            "{HEAD}<script>alert(1)</script><style>@import url(http://evil.example/x.css); rect{{fill:red}}</style>\
             <rect width=\"20\" height=\"10\" onload=\"alert(2)\"/><image href=\"http://evil.example/x.png\" width=\"5\" height=\"5\"/>\
             <image href=\"file:///etc/passwd\" width=\"5\" height=\"5\"/>\
             <foreignObject><body xmlns=\"http://www.w3.org/1999/xhtml\"><iframe src=\"http://evil.example\"/></body></foreignObject>\
             <a href=\"javascript:alert(3)\"><circle r=\"3\" cx=\"5\" cy=\"5\" fill=\"blue\"/></a></svg>"
        );
        let clean = sanitized(&text, Most::default()).expect("an svg");
        for sign in
            ["script", "alert", "evil", "onload", "foreignObject", "file:", "@import", "iframe"]
        {
            assert!(!clean.contains(sign), "{sign} in {clean}");
        }
        let picture = drawn(&clean, 40).expect("drawn");
        assert_eq!((picture.width(), picture.height()), (40, 20));
        assert_eq!(picture.at(38, 18), [255, 0, 0, 255]);
        assert_eq!(picture.at(10, 10), [0, 0, 255, 255]);
    }

    #[test]
    fn text_is_drawn_whichever_typeface_it_asks_for() {
        for family in ["Helvetica", "sans-serif", "serif", "monospace", "'Acme Grotesk', cursive"] {
            let text = format!(
                "{HEAD}<text x=\"0\" y=\"9\" font-size=\"10\" font-family=\"{family}\">Acme</text></svg>"
            );
            let clean = sanitized(&text, Most::default()).expect("an svg");
            assert!(clean.contains("<path") && !clean.contains("<text"), "{family}: {clean}");
            let picture = drawn(&clean, 200).expect("drawn");
            let ink = picture.pixels().chunks_exact(4).filter(|pixel| pixel[3] > 200).count();
            assert!(ink > 1_000, "{family}: {ink}");
        }
    }

    #[test]
    fn a_document_that_grows_is_refused() {
        let levels: String = (1..9)
            .map(|l| {
                let uses: String =
                    (0..10).map(|_| format!("<use xlink:href=\"#l{}\"/>", l - 1)).collect();
                format!("<g id=\"l{l}\">{uses}</g>")
            })
            .collect();
        let text = format!(
            "{HEAD}<defs><rect id=\"l0\" width=\"1\" height=\"1\"/>{levels}</defs><use xlink:href=\"#l8\"/></svg>"
        );
        assert_eq!(sanitized(&text, Most::default()), Err(Unfit::Grows));
        let itself = format!("{HEAD}<g id=\"a\"><use href=\"#a\"/></g></svg>");
        assert_eq!(sanitized(&itself, Most::default()), Err(Unfit::Grows));
        let entity =
            "<!DOCTYPE svg [<!ENTITY a \"aaaa\">]><svg xmlns=\"http://www.w3.org/2000/svg\"/>";
        assert_eq!(sanitized(entity, Most::default()), Err(Unfit::Grows));
        assert_eq!(sanitized("<svg", Most::default()), Err(Unfit::Malformed));
        assert_eq!(sanitized("<html/>", Most::default()), Err(Unfit::Malformed));
    }

    fn refused(inside: &str) -> Unfit {
        let text = format!("{HEAD}{inside}</svg>");
        let unfit = sanitized(&text, Most::default()).expect_err(inside);
        assert!(drawn(&text, 512).is_none(), "drawn all the same: {inside}");
        unfit
    }

    #[test]
    fn what_would_take_all_memory_or_all_time_is_refused() {
        const PAINTED: &str = "<rect width=\"20\" height=\"10\" fill=\"url(#p)\"/>";
        const FILTERED: &str = "<rect width=\"20\" height=\"10\" filter=\"url(#f)\"/>";
        let pattern = |side: &str, more: &str| {
            format!(
                "<pattern id=\"p\" patternUnits=\"userSpaceOnUse\" width=\"{side}\" height=\"{side}\" {more}>\
                 <rect width=\"1\" height=\"1\"/></pattern>{PAINTED}"
            )
        };
        let filter = |step: &str| format!("<filter id=\"f\">{step}</filter>{FILTERED}");
        let stops: String = (0..300)
            .map(|n| format!("<stop offset=\"{}\" stop-color=\"red\"/>", n as f32 / 300.0))
            .collect();
        let ones = "1 ".repeat(64 * 64);
        let far = "<rect x=\"-2000\" y=\"-2000\" width=\"4000\" height=\"4000\"/>";
        let nested =
            |by: &str| (0..40).fold(far.to_owned(), |inside, _| format!("<g {by}>{inside}</g>"));
        for bomb in [
            pattern("400000", ""),
            pattern("1", "patternTransform=\"scale(400000)\""),
            filter("<feTurbulence baseFrequency=\".1\" numOctaves=\"4000000000\"/>"),
            filter("<feTurbulence baseFrequency=\".1\" numOctaves=\"16\"/>").replacen(
                "<filter id=\"f\"",
                "<filter id=\"f\" x=\"-5\" y=\"-5\" width=\"11\" height=\"11\"",
                1,
            ),
            filter("<feMorphology operator=\"dilate\" radius=\"1000\"/>"),
            filter("<feGaussianBlur stdDeviation=\"1e9\"/>"),
            filter(&format!("<feConvolveMatrix order=\"64\" kernelMatrix=\"{ones}\"/>")),
            filter(&"<feGaussianBlur stdDeviation=\"3\"/>".repeat(400)),
            nested("opacity=\".9\""),
            "<path d=\"M0 0h1e6\" stroke=\"red\" stroke-dasharray=\".001\"/>".repeat(30),
            format!("<linearGradient id=\"p\">{}</linearGradient>{}", stops, PAINTED.repeat(150)),
        ] {
            let unfit = refused(&bomb);
            assert!(matches!(unfit, Unfit::Heavy | Unfit::Grows), "{unfit:?} of {bomb:.300}");
        }
    }

    #[test]
    fn what_is_written_out_too_often_is_refused() {
        let many = "<rect width=\"1\" height=\"1\"/>".repeat(300);
        let corners = "l1 1".repeat(300);
        let chain = |tag: &str, by: &str| -> String {
            let levels = (1..12).map(|level| {
                let shape =
                    format!("<rect width=\"20\" height=\"10\" {by}=\"url(#l{})\"/>", level - 1);
                format!(
                    "<{tag} id=\"l{level}\" width=\"3\" height=\"3\">{}</{tag}>",
                    shape.repeat(10)
                )
            });
            format!(
                "<{tag} id=\"l0\" width=\"3\" height=\"3\"><rect width=\"1\" height=\"1\"/></{tag}>{}\
                 <rect width=\"20\" height=\"10\" {by}=\"url(#l11)\"/>",
                levels.collect::<String>()
            )
        };
        let names: String = (0..300).map(|n| format!(" a{n}=\"\"")).collect();
        for bomb in [
            chain("pattern", "fill"),
            chain("mask", "mask"),
            chain("clipPath", "clip-path"),
            format!(
                "<marker id=\"m\">{many}</marker><path d=\"M0 0{corners}\" marker-mid=\"url(#m)\"/>"
            ),
            format!(
                "<marker id=\"m\">{many}</marker><style>path{{marker-mid:url(#m)}}</style><path d=\"M0 0{corners}\"/>"
            ),
            format!(
                "<marker id=\"m\">{many}</marker><style>.c{{marker-mid:url(#m)}}</style><g class=\"c\"><path d=\"M0 0{corners}\"/></g>"
            ),
            format!("<g id=\"l\">{many}</g>{}", "<use href=\"#l\"/>".repeat(200)),
            format!("<g id=\"l\"/><g id=\"l\">{many}</g>{}", "<use href=\"#l\"/>".repeat(200)),
            format!("<rect{names}/>"),
            format!("<text>{}</text>", "a".repeat(60_000)),
            "<g>".repeat(300) + &"</g>".repeat(300),
        ] {
            assert_eq!(refused(&bomb), Unfit::Grows, "{bomb:.300}");
        }
    }

    fn png(side: u32) -> Vec<u8> {
        crate::raster::png(&Picture::from_fn(side, side, |_, _| [10, 200, 30, 255])).expect("png")
    }

    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |c, _| {
                if c & 1 == 1 { c >> 1 ^ 0xedb8_8320 } else { c >> 1 }
            })
        })
    }

    fn embedded(media_type: &str, bytes: &[u8]) -> String {
        use base64::Engine;
        let data = base64::engine::general_purpose::STANDARD.encode(bytes);
        format!(
            "<image width=\"20\" height=\"10\" preserveAspectRatio=\"none\" href=\"data:{media_type};base64,{data}\"/>"
        )
    }

    #[test]
    fn an_image_inside_is_read_like_any_other() {
        let mut polyglot = png(4);
        polyglot.extend_from_slice(b"<script>alert(1)</script>");
        assert_eq!(refused(&embedded("image/png", &polyglot)), Unfit::Image(Refused::Polyglot));
        let cut = &png(64)[..60];
        assert_eq!(refused(&embedded("image/png", cut)), Unfit::Image(Refused::Truncated));
        assert_eq!(refused(&embedded("image/png", b"<svg/>")), Unfit::Image(Refused::Unknown));

        // A few bytes of 3,600 million pixels, by what their head says.
        let mut bomb = png(4);
        bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        let sum = crc(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(refused(&embedded("image/png", &bomb)), Unfit::Image(Refused::TooManyPixels));
        // All of them together.
        let most = Most { pixels: 200 * 200 * 2, ..Most::default() };
        let some = |count| {
            let images = embedded("image/png", &png(200)).repeat(count);
            sanitized(&format!("{HEAD}{images}</svg>"), most)
        };
        assert!(some(2).is_ok());
        assert_eq!(some(3), Err(Unfit::Image(Refused::TooManyPixels)));

        // No document within the document.
        let nested = embedded(
            "image/svg+xml",
            format!("{HEAD}<rect width=\"20\" height=\"10\"/></svg>").as_bytes(),
        );
        let clean = sanitized(&format!("{HEAD}{nested}</svg>"), Most::default()).expect("an svg");
        assert!(!clean.contains("<image"), "{clean}");
    }

    #[test]
    fn an_image_inside_keeps_only_its_pixels() {
        use base64::Engine;
        let mut jpeg = crate::raster::jpeg(&Picture::from_fn(16, 16, |_, _| [10, 200, 30, 255]))
            .expect("jpeg");
        let note = b"Exif\0\0where it was taken";
        let mut exif = vec![0xff, 0xe1, 0, note.len() as u8 + 2];
        exif.extend_from_slice(note);
        jpeg.splice(2..2, exif);
        let text = format!("{HEAD}{}</svg>", embedded("image/jpeg", &jpeg));
        let clean = sanitized(&text, Most::default()).expect("an svg");
        let (_, data) = clean.split_once("base64,").expect("an image");
        let (data, _) = data.split_once('"').expect("its end");
        let kept = base64::engine::general_purpose::STANDARD
            .decode(data.replace(char::is_whitespace, ""))
            .expect("base64");
        assert!(!kept.windows(8).any(|part| part == b"where it"), "what was noted is still there");
        let picture = drawn(&clean, 40).expect("drawn");
        let [r, g, b, _] = picture.at(20, 10);
        assert!(r < 40 && g > 180 && b < 60, "{:?}", (r, g, b));
    }

    #[test]
    fn what_honest_programs_write_is_drawn() {
        let stops =
            "<stop offset=\"0\" stop-color=\"#f00\"/><stop offset=\"1\" stop-color=\"#00f\"/>";
        let shadow = "<filter id=\"f\" x=\"-20%\" y=\"-20%\" width=\"140%\" height=\"140%\"><feFlood flood-opacity=\"0\" result=\"a\"/>\
                      <feColorMatrix in=\"SourceAlpha\" values=\"0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 .4 0\"/><feOffset dy=\"1\"/>\
                      <feGaussianBlur stdDeviation=\"1\"/><feBlend in2=\"a\" result=\"b\"/><feBlend in=\"SourceGraphic\" in2=\"b\"/></filter>";
        let image = embedded("image/png", &png(64)).replacen("<image", "<image id=\"i\"", 1);
        for (inside, sought) in [
            (format!("<linearGradient id=\"p\">{stops}</linearGradient><rect width=\"20\" height=\"10\" fill=\"url(#p)\"/>"), None),
            (format!("<radialGradient id=\"p\">{stops}</radialGradient><style>.a,.b{{fill:url(#p)}}</style>{}", "<rect class=\"a\" width=\"20\" height=\"10\"/>".repeat(30)), None),
            (format!("{shadow}<rect x=\"2\" y=\"2\" width=\"16\" height=\"6\" fill=\"red\" filter=\"url(#f)\"/>"), Some([255, 0, 0, 255])),
            ("<pattern id=\"p\" patternUnits=\"userSpaceOnUse\" width=\"2\" height=\"2\"><rect width=\"2\" height=\"2\" fill=\"red\"/></pattern><rect width=\"20\" height=\"10\" fill=\"url(#p)\"/>".to_owned(), Some([255, 0, 0, 255])),
            (format!("<pattern id=\"p\" patternContentUnits=\"objectBoundingBox\" width=\"1\" height=\"1\"><use href=\"#i\" transform=\"scale(.05 .1)\"/></pattern><defs>{image}</defs><rect width=\"20\" height=\"10\" fill=\"url(#p)\"/>"), Some([10, 200, 30, 255])),
            (format!("<clipPath id=\"c\"><rect width=\"20\" height=\"10\"/></clipPath><mask id=\"m\"><rect width=\"20\" height=\"10\" fill=\"white\"/></mask><g clip-path=\"url(#c)\" mask=\"url(#m)\">{}</g>", "<rect width=\"20\" height=\"10\" fill=\"red\"/>".repeat(200)), Some([255, 0, 0, 255])),
            ("<marker id=\"m\" markerWidth=\"4\" markerHeight=\"4\"><path d=\"M0 0l4 2-4 2z\"/></marker><path d=\"M2 2 8 5 12 3\" stroke=\"red\" marker-end=\"url(#m)\"/>".to_owned(), None),
            ("<path d=\"M0 5h20\" stroke=\"red\" stroke-width=\"10\" stroke-dasharray=\"3 0\"/>".to_owned(), Some([255, 0, 0, 255])),
        ] {
            let text = format!("{HEAD}{inside}</svg>");
            let clean = sanitized(&text, Most::default());
            let clean = clean.unwrap_or_else(|unfit| panic!("{unfit:?}: {inside:.400}"));
            let picture = drawn(&clean, 1024).unwrap_or_else(|| panic!("not drawn: {clean:.400}"));
            if let Some(sought) = sought {
                let found = picture.at(512, 256);
                let far = found.iter().zip(sought).map(|(a, b)| a.abs_diff(b)).max();
                assert!(far < Some(8), "{found:?} for {sought:?}: {inside:.400}");
            }
        }
    }
}
