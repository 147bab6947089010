//! How many parts a document has once each is written out wherever it is used: by `use`, as a paint, a mask, a
//! marker, a filter. Ten levels of ten uses fit in a kilobyte and would be ten thousand million shapes.

use super::Unfit;
use resvg::usvg::roxmltree::{Document, Node, ParsingOptions};
use std::collections::HashMap;
use std::rc::Rc;

/// Elements, and letters of texts, once every reuse is written out.
const MOST_ELEMENTS: u64 = 50_000;
/// Numbers of paths and the like, written out just so.
const MOST_NUMBERS: u64 = 2_000_000;
/// Nodes of the file itself.
const MOST_NODES: u32 = 200_000;
/// Attributes of one element: the parser compares each with each.
const MOST_ATTRIBUTES: usize = 256;
/// Namespaces that are declared: elements inherit them one by one.
const MOST_NAMESPACES: usize = 1_000;
/// Selectors of style sheets times elements: each is tried with each.
const MOST_MATCHES: u64 = 20_000_000;
/// References that are followed to find out.
const MOST_STEPS: u64 = 5_000_000;
/// How deep parts lie in each other.
const MOST_DEPTH: u32 = 200;
/// What links with `xlink:href`.
const XLINK: &str = "http://www.w3.org/1999/xlink";

/// The document as XML.
pub(super) fn parsed(text: &str) -> Result<Document<'_>, Unfit> {
    if text.contains("<!ENTITY")
        || text.matches("xmlns").count() > MOST_NAMESPACES
        || text.split('<').any(|tag| attributes(tag) > MOST_ATTRIBUTES)
    {
        return Err(Unfit::Grows);
    }
    let options = ParsingOptions { allow_dtd: true, nodes_limit: MOST_NODES, ..Default::default() };
    Document::parse_with_options(text, options).map_err(|_| Unfit::Malformed)
}

/// At least as many as the element has whose tag this begins with: an attribute has an equals sign and a quote,
/// and no value has a `<`.
fn attributes(tag: &str) -> usize {
    let values = tag.split('=').skip(1);
    values.filter(|value| value.trim_start().starts_with(['"', '\''])).count()
}

/// Refuses a document that is larger than what is read.
pub(super) fn few_enough(document: &Document<'_>) -> Result<(), Unfit> {
    let mut by_id: HashMap<&str, Vec<Node<'_, '_>>> = HashMap::new();
    let inherits = document.input_text().contains("inherit");
    for node in document.descendants() {
        if let Some(id) = node.attribute("id") {
            by_id.entry(id).or_default().push(node);
        }
    }
    let styles = Rc::new(Styles::of(document));
    let matches = styles.selectors;
    let mut parts = Parts { by_id, styles, inherits, known: HashMap::new(), steps: 0 };
    let size = parts.size(document.root_element(), 0);
    let is_small = parts.steps <= MOST_STEPS
        && size.shapes.saturating_add(size.extra) <= MOST_ELEMENTS
        && size.numbers.saturating_add(size.extra_numbers) <= MOST_NUMBERS
        && size.shapes.saturating_mul(matches) <= MOST_MATCHES;
    if is_small { Ok(()) } else { Err(Unfit::Grows) }
}

/// What a part comes to.
#[derive(Clone, Copy, Default)]
struct Size {
    /// Elements and letters that stand there themselves, with those that are used in their place.
    shapes: u64,
    /// Numbers of them.
    numbers: u64,
    /// Elements of the paints, masks and so on that are made for them.
    extra: u64,
    /// Numbers of those.
    extra_numbers: u64,
}

impl Size {
    const ENDLESS: Self =
        Self { shapes: MOST_ELEMENTS + 1, numbers: 0, extra: 0, extra_numbers: 0 };

    fn add(&mut self, other: Self) {
        self.shapes = self.shapes.saturating_add(other.shapes);
        self.numbers = self.numbers.saturating_add(other.numbers);
        self.extra = self.extra.saturating_add(other.extra);
        self.extra_numbers = self.extra_numbers.saturating_add(other.extra_numbers);
    }

    /// Something is made for it so many times.
    fn make(&mut self, other: Self, times: u64) {
        let elements = other.shapes.saturating_add(other.extra).saturating_mul(times);
        let numbers = other.numbers.saturating_add(other.extra_numbers).saturating_mul(times);
        self.extra = self.extra.saturating_add(elements);
        self.extra_numbers = self.extra_numbers.saturating_add(numbers);
    }
}

struct Parts<'a, 'i> {
    /// All that have an id: which of two with the same is meant, readers do not agree on.
    by_id: HashMap<&'a str, Vec<Node<'a, 'i>>>,
    styles: Rc<Styles>,
    /// Whether something says `inherit`: then also masks, clips and filters may come from above.
    inherits: bool,
    known: HashMap<u32, Size>,
    steps: u64,
}

impl<'a, 'i> Parts<'a, 'i> {
    fn size(&mut self, node: Node<'a, 'i>, depth: u32) -> Size {
        if let Some(found) = self.known.get(&node.id().get()) {
            return *found;
        }
        // A part that uses itself is refused as one that never ends.
        self.known.insert(node.id().get(), Size::ENDLESS);
        if depth > MOST_DEPTH || self.steps > MOST_STEPS {
            return Size::ENDLESS;
        }
        let alone = numbers(node);
        let mut size = Size { shapes: 1, numbers: alone, ..Size::default() };
        for child in node.children() {
            if child.is_element() {
                size.add(self.size(child, depth + 1));
            } else if child.is_text() && is_shown(node) {
                size.shapes += child.text().map_or(0, |text| text.trim().len() as u64);
            }
        }
        let linked = [node.attribute("href"), node.attribute((XLINK, "href"))];
        for link in linked.into_iter().flatten().filter(|_| !node.has_tag_name("a")) {
            for part in self.named(link.trim().strip_prefix('#')) {
                size.add(self.size(part, depth + 1));
            }
        }
        let own = size;
        for attribute in node.attributes() {
            for id in references(attribute.value()) {
                self.make(&mut size, id, (own.shapes, own.numbers), depth);
            }
        }
        let styles = self.styles.clone();
        for class in node.attribute("class").unwrap_or_default().split_whitespace() {
            for id in styles.by_class.get(class).into_iter().flatten() {
                self.make(&mut size, id, (own.shapes, own.numbers), depth);
            }
        }
        for id in &styles.anywhere {
            // They are reckoned for every element by itself, so that none inherits them.
            self.make(&mut size, id, (1, alone), depth);
        }
        self.known.insert(node.id().get(), size);
        size
    }

    /// Adds what is made of a paint, a marker, a mask, a clip or a filter for so many shapes of so many numbers: what
    /// is below inherits it, and each shape gets its own.
    fn make(&mut self, size: &mut Size, id: &str, (shapes, numbers): (u64, u64), depth: u32) {
        for part in self.named(Some(id)) {
            let times = match part.tag_name().name() {
                // At most one for each number of a path.
                "marker" => numbers,
                "mask" | "clipPath" | "filter" if !self.inherits => 1,
                _ => shapes,
            };
            let made = self.size(part, depth + 1);
            size.make(made, times.max(1));
        }
    }

    fn named(&mut self, id: Option<&str>) -> Vec<Node<'a, 'i>> {
        let found = id.and_then(|id| self.by_id.get(id)).cloned().unwrap_or_default();
        self.steps += 1 + found.len() as u64;
        if self.steps > MOST_STEPS { Vec::new() } else { found }
    }
}

/// Whether the text of an element is drawn.
fn is_shown(node: Node<'_, '_>) -> bool {
    let name = node.tag_name();
    name.namespace() == Some("http://www.w3.org/2000/svg")
        && !matches!(name.name(), "style" | "script" | "metadata" | "title" | "desc")
}

/// Numbers in the attributes of an element; those of an image inside of it are none.
fn numbers(node: Node<'_, '_>) -> u64 {
    let values = node.attributes().map(|attribute| attribute.value());
    values
        .filter(|value| !value.trim_start().starts_with("data:"))
        .map(|value| {
            let bytes = value.as_bytes();
            let begin = bytes.windows(2).filter(|two| {
                matches!(two, [before, now] if now.is_ascii_digit() && !before.is_ascii_digit())
            });
            begin.count() as u64 + u64::from(bytes.first().is_some_and(u8::is_ascii_digit))
        })
        .sum()
}

/// The ids that are referred to as `url(#id)`.
fn references(value: &str) -> impl Iterator<Item = &str> {
    value.split("url(").skip(1).filter_map(|rest| {
        let inside = rest.split(')').next().unwrap_or_default();
        let inside = inside.trim_matches(|c: char| c.is_whitespace() || c == '"' || c == '\'');
        inside.strip_prefix('#')
    })
}

/// What style sheets refer to.
#[derive(Default)]
struct Styles {
    by_class: HashMap<String, Vec<String>>,
    /// By rules for more than a class: as if they were for every element.
    anywhere: Vec<String>,
    selectors: u64,
}

impl Styles {
    fn of(document: &Document<'_>) -> Self {
        let mut styles = Self::default();
        for sheet in document.descendants().filter(|node| node.has_tag_name("style")) {
            let text: String = sheet.children().filter_map(|child| child.text()).collect();
            styles.read(&text);
        }
        styles
    }

    fn read(&mut self, text: &str) {
        self.selectors += text.matches(['{', ',']).count() as u64;
        if !is_plain(text) {
            self.anywhere.extend(references(text).map(str::to_owned));
            return;
        }
        for rule in text.split('}') {
            let (selector, declarations) = rule.rsplit_once('{').unwrap_or(("", rule));
            let names: Vec<_> = references(declarations).map(str::to_owned).collect();
            if names.is_empty() {
                continue;
            }
            for selector in selector.split(',') {
                match class(selector.trim()) {
                    Some(class) => {
                        let known = self.by_class.entry(class.to_owned()).or_default();
                        known.extend(names.iter().cloned());
                    }
                    None => self.anywhere.extend(names.iter().cloned()),
                }
            }
        }
    }
}

/// Whether braces are where rules begin and end: no comment, no escape, and no brace in quotation marks.
fn is_plain(text: &str) -> bool {
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (_, '\\') | (Some(_), '{' | '}' | '\n') => return false,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    quote.is_none() && !text.contains("/*")
}

/// The class that a selector is for, if it is for nothing else.
fn class(selector: &str) -> Option<&str> {
    let class = selector.strip_prefix('.')?;
    let is_one = class.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    (is_one && !class.is_empty()).then_some(class)
}
