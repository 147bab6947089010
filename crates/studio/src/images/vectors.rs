//! SVG from strangers. It is read into a tree of shapes and written anew from that tree, so that what a
//! browser could run or fetch is not filtered out but never copied.

use crate::fonts;
use crate::picture::Picture;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::roxmltree::{Document, Node};
use resvg::usvg::{ImageHrefResolver, ImageKind, Options, Tree, WriteOptions};
use std::collections::HashMap;

/// Elements a document may have once every reuse in it is written out.
const MOST_ELEMENTS: u64 = 20_000;

/// Why an SVG was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It is not well-formed, or not an SVG.
    Malformed,
    /// It declares entities, or reuses parts until there are too many.
    Grows,
}

/// The document without scripts, styles, links and references to anything outside of it.
pub fn sanitized(text: &str) -> Result<String, Unfit> {
    if text.contains("<!ENTITY") {
        return Err(Unfit::Grows);
    }
    let document = Document::parse_with_options(
        text,
        resvg::usvg::roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() },
    );
    let document = document.map_err(|_| Unfit::Malformed)?;
    if !document.root_element().has_tag_name(("http://www.w3.org/2000/svg", "svg")) {
        return Err(Unfit::Malformed);
    }
    if written_out(&document) > MOST_ELEMENTS {
        return Err(Unfit::Grows);
    }
    let tree = Tree::from_xmltree(&document, &options()).map_err(|_| Unfit::Malformed)?;
    Ok(tree.to_string(&WriteOptions::default()))
}

/// An SVG as pixels, its longer side this long.
pub fn drawn(svg: &str, long: u32) -> Option<Picture> {
    let tree = Tree::from_str(svg, &options()).ok()?;
    let size = tree.size();
    let scale = long as f32 / size.width().max(size.height());
    let side = |length: f32| ((length * scale).round() as u32).clamp(1, long);
    let (w, h) = (side(size.width()), side(size.height()));
    let mut pixmap = Pixmap::new(w, h)?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    Picture::new(w, h, pixmap.take_demultiplied())
}

fn options() -> Options<'static> {
    let mut options = Options { font_family: "Inter".to_owned(), ..Options::default() };
    for file in fonts::FILES.iter().take(2) {
        options.fontdb_mut().load_font_data(file.to_vec());
    }
    options.image_href_resolver = ImageHrefResolver {
        // Pixels that the document carries itself, and no document within the document.
        resolve_data: Box::new(|media_type, data, _| match media_type {
            "image/png" => Some(ImageKind::PNG(data)),
            "image/jpeg" | "image/jpg" => Some(ImageKind::JPEG(data)),
            _ => None,
        }),
        resolve_string: Box::new(|_, _| None),
    };
    options
}

/// How many elements a document has when each `use` is replaced by what it uses. Ten levels of ten uses fit
/// in a kilobyte and would be ten thousand million shapes.
fn written_out(document: &Document<'_>) -> u64 {
    let by_id: HashMap<&str, Node<'_, '_>> = document
        .descendants()
        .filter_map(|node| node.attribute("id").map(|id| (id, node)))
        .collect();
    let mut known = HashMap::new();
    count(document.root_element(), &by_id, &mut known, 0)
}

fn count<'a, 'i>(
    node: Node<'a, 'i>,
    by_id: &HashMap<&str, Node<'a, 'i>>,
    known: &mut HashMap<u32, u64>,
    depth: u32,
) -> u64 {
    if let Some(found) = known.get(&node.id().get()) {
        return *found;
    }
    if depth > 200 {
        return u64::MAX;
    }
    // A part that uses itself is refused as one that never ends.
    known.insert(node.id().get(), MOST_ELEMENTS + 1);
    let href =
        node.attribute("href").or_else(|| node.attribute(("http://www.w3.org/1999/xlink", "href")));
    let used = href
        .filter(|_| node.has_tag_name("use"))
        .and_then(|href| href.strip_prefix('#'))
        .and_then(|id| by_id.get(id));
    let mut total = 1u64;
    for child in node.children().filter(Node::is_element).chain(used.copied()) {
        total = total.saturating_add(count(child, by_id, known, depth + 1));
    }
    known.insert(node.id().get(), total);
    total
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
        let clean = sanitized(&text).expect("an svg");
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
        assert_eq!(sanitized(&text), Err(Unfit::Grows));
        let itself = format!("{HEAD}<g id=\"a\"><use href=\"#a\"/></g></svg>");
        assert_eq!(sanitized(&itself), Err(Unfit::Grows));
        let entity =
            "<!DOCTYPE svg [<!ENTITY a \"aaaa\">]><svg xmlns=\"http://www.w3.org/2000/svg\"/>";
        assert_eq!(sanitized(entity), Err(Unfit::Grows));
        assert_eq!(sanitized("<svg"), Err(Unfit::Malformed));
        assert_eq!(sanitized("<html/>"), Err(Unfit::Malformed));
    }
}
