//! The HTML of a page: what it is called, what it shows, what it refers to.

use super::Found;
use scraper::{ElementRef, Html, Selector};
use serde::{Deserialize, Serialize};
use url::Url;

/// The source of a logo that is the picture shown when the page is shared.
pub const OG_IMAGE: &str = "og:image";

/// A place where a logo may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Candidate {
    /// At an address.
    Address(String),
    /// In the page itself, as SVG.
    Inline(String),
}

/// A picture on a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageImage {
    /// Its address.
    pub url: String,
    /// What the page says it shows.
    pub alt: String,
}

/// What a page refers to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Links {
    /// Its stylesheets, those of its own site first.
    pub stylesheets: Vec<String>,
    /// Its web app manifest.
    pub manifest: Option<String>,
    /// Where its logo may be, the best first.
    pub logos: Vec<Found<Candidate>>,
    /// The pictures on it.
    pub images: Vec<PageImage>,
}

/// What a page refers to.
pub fn links(url: &str, html: &str) -> Links {
    Seen::read(url, html).links
}

pub(super) struct Seen {
    pub(super) name: Found<String>,
    pub(super) title: String,
    pub(super) description: Option<Found<String>>,
    pub(super) headings: Vec<String>,
    pub(super) text: String,
    pub(super) words: usize,
    pub(super) scripts: usize,
    pub(super) theme: Option<String>,
    pub(super) font_links: Vec<String>,
    pub(super) links: Links,
}

pub(super) fn all<'a>(document: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    Selector::parse(selector)
        .map(|selector| document.select(&selector).collect())
        .unwrap_or_default()
}

pub(super) fn attribute<'a>(document: &'a Html, selector: &str, name: &str) -> Option<&'a str> {
    all(document, selector)
        .into_iter()
        .find_map(|element| element.value().attr(name))
        .map(str::trim)
        .filter(|v| !v.is_empty())
}

fn text_of(element: ElementRef<'_>) -> String {
    element.text().flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

impl Seen {
    pub(super) fn read(url: &str, html: &str) -> Self {
        let document = Html::parse_document(html);
        let base = Url::parse(url).ok();
        let title = all(&document, "title").first().map(|t| text_of(*t)).unwrap_or_default();
        let description = attribute(&document, "meta[name=description]", "content")
            .map(|d| Found::new(d.to_owned(), "meta description", 0.9))
            .or_else(|| {
                attribute(&document, "meta[property='og:description']", "content")
                    .map(|d| Found::new(d.to_owned(), "og:description", 0.8))
            });
        let name = name(&document, base.as_ref(), &title);
        let headings = all(&document, "h1, h2")
            .into_iter()
            .map(text_of)
            .filter(|h| !h.is_empty())
            .take(12)
            .collect();
        let body = all(&document, "p, li, h1, h2, h3, a, button")
            .into_iter()
            .map(text_of)
            .collect::<Vec<_>>()
            .join(" ");
        let links = found_links(&document, base.as_ref(), &name.value);
        Self {
            title,
            description,
            headings,
            words: body.split_whitespace().count(),
            text: body,
            scripts: all(&document, "script[src]").len(),
            theme: attribute(&document, "meta[name='theme-color']:not([media*='dark'])", "content")
                .map(str::to_owned),
            font_links: all(&document, "link[href*='fonts.']")
                .iter()
                .filter_map(|l| l.value().attr("href"))
                .map(str::to_owned)
                .collect(),
            name,
            links,
        }
    }
}

/// What a page calls itself, by the most deliberate place it says so.
fn name(document: &Html, base: Option<&Url>, title: &str) -> Found<String> {
    let json: Vec<serde_json::Value> = json_ld(document);
    let organisation = json.iter().find_map(|value| {
        value.get("name").filter(|_| is_organisation(value)).and_then(|n| n.as_str())
    });
    if let Some(name) = organisation {
        return Found::new(name.to_owned(), "JSON-LD", 0.95);
    }
    if let Some(name) = attribute(document, "meta[property='og:site_name']", "content") {
        return Found::new(name.to_owned(), "og:site_name", 0.9);
    }
    if let Some(name) = attribute(document, "meta[name='application-name']", "content") {
        return Found::new(name.to_owned(), "application-name", 0.85);
    }
    let host =
        base.and_then(Url::host_str).unwrap_or_default().trim_start_matches("www.").to_owned();
    let label = host.split('.').next().unwrap_or_default().to_lowercase();
    let plain = |text: &str| {
        text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
    };
    let parts: Vec<&str> = title
        .split(['|', '–', '—', '·', ':'])
        .flat_map(|part| part.split(" - "))
        .map(str::trim)
        .filter(|part| !part.is_empty() && !is_any_front_page(part))
        .collect();
    if let Some(part) = parts.iter().find(|part| !label.is_empty() && plain(part) == label) {
        return Found::new((*part).to_owned(), "title, as the host", 0.85);
    }
    let shortest = parts.iter().min_by_key(|part| part.chars().count());
    // An address of numbers is nobody's name.
    let has_name = base.is_some_and(|base| base.domain().is_some_and(|host| host != "localhost"));
    let most = if has_name { 32 } else { 80 };
    match shortest {
        Some(part) if part.chars().count() <= most => Found::new((*part).to_owned(), "title", 0.6),
        _ if !has_name => Found::new(host, "host", 0.4),
        _ => {
            let mut letters = label.chars();
            let name: String =
                letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
            Found::new(name, "host", 0.4)
        }
    }
}

/// Whether a part of a title says only that the page is the first one, as a site's name stands beside it.
fn is_any_front_page(part: &str) -> bool {
    const WORDS: [&str; 28] = [
        "home",
        "homepage",
        "home page",
        "index",
        "main",
        "start",
        "welcome",
        "official site",
        "official website",
        "startseite",
        "willkommen",
        "accueil",
        "bienvenue",
        "inicio",
        "bienvenidos",
        "início",
        "pagina iniziale",
        "hem",
        "hjem",
        "etusivu",
        "forside",
        "strona główna",
        "anasayfa",
        "главная",
        "главная страница",
        "головна",
        "首页",
        "ホーム",
    ];
    WORDS.contains(&part.to_lowercase().as_str())
}

/// The objects of all JSON-LD blocks, graphs opened.
fn json_ld(document: &Html) -> Vec<serde_json::Value> {
    let blocks = all(document, "script[type='application/ld+json']");
    let parsed = blocks.into_iter().filter_map(|block| {
        serde_json::from_str::<serde_json::Value>(&block.text().collect::<String>()).ok()
    });
    parsed
        .flat_map(|value| match value {
            serde_json::Value::Array(list) => list,
            serde_json::Value::Object(mut object) => match object.remove("@graph") {
                Some(serde_json::Value::Array(list)) => list,
                _ => vec![serde_json::Value::Object(object)],
            },
            _ => Vec::new(),
        })
        .collect()
}

fn is_organisation(value: &serde_json::Value) -> bool {
    let kind = value.get("@type").map(ToString::to_string).unwrap_or_default();
    ["Organization", "Corporation", "Business", "Brand", "Store", "WebSite", "Restaurant"]
        .iter()
        .any(|k| kind.contains(k))
}

fn found_links(document: &Html, base: Option<&Url>, name: &str) -> Links {
    let whole = |reference: &str| {
        let joined =
            base.map_or_else(|| Url::parse(reference).ok(), |base| base.join(reference).ok());
        joined.filter(|url| matches!(url.scheme(), "http" | "https")).map(|url| url.to_string())
    };
    let host = base.and_then(Url::host_str).unwrap_or_default();
    let mut stylesheets: Vec<String> = all(document, "link[rel~=stylesheet]")
        .iter()
        .filter_map(|l| l.value().attr("href"))
        .filter_map(whole)
        .collect();
    stylesheets.sort_by_key(|url| !Url::parse(url).is_ok_and(|url| url.host_str() == Some(host)));
    stylesheets.dedup();
    let images = all(document, "img[src]")
        .iter()
        .filter_map(|img| {
            let url = whole(img.value().attr("src")?)?;
            Some(PageImage {
                url,
                alt: img.value().attr("alt").unwrap_or_default().trim().to_owned(),
            })
        })
        .take(60)
        .collect();
    Links {
        stylesheets,
        manifest: attribute(document, "link[rel=manifest]", "href").and_then(whole),
        logos: logos(document, name, &whole),
        images,
    }
}

/// Where a logo may be. Places that say so come first; then what looks like one; then icons; then the picture
/// that is shown when the page is shared, which is often something else.
fn logos(
    document: &Html,
    name: &str,
    whole: &dyn Fn(&str) -> Option<String>,
) -> Vec<Found<Candidate>> {
    let mut found: Vec<Found<Candidate>> = Vec::new();
    for value in json_ld(document) {
        let logo = value.get("logo").filter(|_| is_organisation(&value));
        let url = logo.and_then(|logo| {
            logo.as_str().or_else(|| logo.get("url").and_then(|url| url.as_str()))
        });
        found.extend(
            url.and_then(whole)
                .map(|url| Found::new(Candidate::Address(url), "JSON-LD logo", 0.95)),
        );
    }
    let name = name.to_lowercase();
    for (place, sure) in
        [("header, nav, [class*=header], [class*=navbar]", 0.9), ("footer", 0.7), ("body", 0.6)]
    {
        let Ok(images) = Selector::parse("img, svg") else { continue };
        for part in all(document, place) {
            for image in part.select(&images) {
                let signs = signs(image);
                let says = signs.contains("logo")
                    || signs.contains("brand")
                    || (name.chars().count() > 2 && signs.contains(&name));
                if !says {
                    continue;
                }
                let candidate = if image.value().name() == "svg" {
                    let drawn = standalone(&image.html());
                    (!drawn.contains("<use") || drawn.contains("<path"))
                        .then_some(Candidate::Inline(drawn))
                } else {
                    image
                        .value()
                        .attr("src")
                        .or_else(|| image.value().attr("data-src"))
                        .and_then(whole)
                        .map(Candidate::Address)
                };
                found.extend(candidate.map(|c| {
                    Found::new(
                        c,
                        format!(
                            "{} in {}",
                            image.value().name(),
                            place.split(',').next().unwrap_or(place)
                        ),
                        sure,
                    )
                }));
            }
        }
    }
    let icons = [
        ("link[rel='mask-icon']", "href", "mask icon", 0.65),
        (
            "link[rel~=icon][type='image/svg+xml'], link[rel~=icon][href$='.svg']",
            "href",
            "SVG icon",
            0.6,
        ),
        (
            "link[rel='apple-touch-icon'], link[rel='apple-touch-icon-precomposed']",
            "href",
            "touch icon",
            0.5,
        ),
        ("link[rel~=icon]", "href", "icon", 0.35),
        ("meta[property='og:image']", "content", OG_IMAGE, 0.25),
    ];
    for (selector, key, source, sure) in icons {
        let url = attribute(document, selector, key).and_then(whole);
        found.extend(url.map(|url| Found::new(Candidate::Address(url), source, sure)));
    }
    let mut seen = Vec::new();
    found.retain(|candidate| {
        let new = !seen.contains(&candidate.value);
        seen.push(candidate.value.clone());
        new
    });
    found.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    found
}

/// A drawing out of a page, as a file: there it needs its namespace.
fn standalone(drawn: &str) -> String {
    let head = drawn.split('>').next().unwrap_or_default();
    match head.contains("xmlns=") {
        true => drawn.to_owned(),
        false => drawn.replacen("<svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"", 1),
    }
}

/// Everything around a picture that may say what it is: its own attributes and its parents'.
fn signs(image: ElementRef<'_>) -> String {
    let mut text = String::new();
    let own = ["alt", "src", "class", "id", "aria-label", "title"];
    for key in own {
        text.push_str(image.value().attr(key).unwrap_or_default());
        text.push(' ');
    }
    let parents = image.ancestors().filter_map(ElementRef::wrap).take(2);
    for parent in parents {
        for key in ["class", "id", "aria-label"] {
            text.push_str(parent.value().attr(key).unwrap_or_default());
            text.push(' ');
        }
    }
    text.to_lowercase()
}
