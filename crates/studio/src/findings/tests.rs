use super::*;
use crate::picture::Picture;
use crate::raster;

const COFFEE: &str = include_str!("../../tests/sites/coffee.html");
const COFFEE_CSS: &str = include_str!("../../tests/sites/coffee.css");
const CLOUD: &str = include_str!("../../tests/sites/cloud.html");
const CLOUD_CSS: &str = include_str!("../../tests/sites/cloud.css");
const EMPTY: &str = include_str!("../../tests/sites/empty.html");

fn found(url: &str, html: &str, css: &str, logo: Option<&[u8]>) -> Findings {
    read(&Page { url, html, stylesheets: &[css.to_owned()], theme: None, logo })
}

fn near(findings: &Findings, role: ColourRole, wanted: Rgb) -> bool {
    findings
        .palette
        .iter()
        .any(|found| found.value.role == role && found.value.colour.distance(wanted) < 0.035)
}

#[test]
fn a_shop_is_read() {
    let coffee = found("https://www.northwind.example/", COFFEE, COFFEE_CSS, None);
    assert_eq!(
        (coffee.name.value.as_str(), coffee.name.source.as_str()),
        ("Northwind", "og:site_name")
    );
    assert!(near(&coffee, ColourRole::Primary, Rgb(31, 77, 58)), "{:?}", coffee.palette);
    assert!(near(&coffee, ColourRole::Accent, Rgb(232, 98, 58)), "{:?}", coffee.palette);
    assert!(near(&coffee, ColourRole::Background, Rgb(250, 246, 236)), "{:?}", coffee.palette);
    assert!(near(&coffee, ColourRole::Text, Rgb(34, 32, 26)), "{:?}", coffee.palette);
    let heading = coffee.heading_font.as_ref().expect("a heading font");
    assert_eq!(
        (heading.value.named.as_str(), heading.value.bundled),
        ("Fraunces", Family::Fraunces)
    );
    assert_eq!(coffee.body_font.as_ref().expect("a text font").value.bundled, Family::Inter);
    let logo = coffee.logos.first().expect("a logo");
    assert_eq!(
        logo.value,
        Candidate::Address("https://www.northwind.example/img/northwind-logo.png".into())
    );
    assert!(coffee.aesthetic.iter().any(|tag| tag.value == "editorial"));
    assert!(coffee.aesthetic.iter().any(|tag| tag.value == "natural"));
    assert!(coffee.summary.as_ref().expect("a summary").value.starts_with("Single origin"));
    assert_eq!(coffee.images.len(), 3);
    assert!(!coffee.needs_a_browser);
    let pair = coffee
        .pairs
        .iter()
        .find(|p| p.text == Rgb(34, 32, 26) && p.ground == Rgb(250, 246, 236))
        .expect("text on paper");
    assert!(pair.contrast > 14.0 && pair.contrast < 16.5, "{pair:?}");
}

#[test]
fn a_service_in_the_dark_is_read() {
    let cloud = found("https://kobalt.example/", CLOUD, CLOUD_CSS, None);
    assert_eq!((cloud.name.value.as_str(), cloud.name.source.as_str()), ("Kobalt", "JSON-LD"));
    assert!(near(&cloud, ColourRole::Primary, Rgb(10, 92, 255)), "{:?}", cloud.palette);
    assert!(near(&cloud, ColourRole::Secondary, Rgb(255, 210, 63)), "{:?}", cloud.palette);
    assert!(near(&cloud, ColourRole::Background, Rgb(10, 15, 36)), "{:?}", cloud.palette);
    assert!(
        !cloud.palette.iter().any(|f| f.value.colour == Rgb(255, 0, 255)),
        "a framework's colour is not the brand's"
    );
    assert_eq!(
        cloud.heading_font.as_ref().expect("a heading font").value.bundled,
        Family::SpaceGrotesk
    );
    assert_eq!(cloud.body_font.as_ref().expect("a text font").value.bundled, Family::Inter);
    let addresses: Vec<_> =
        cloud.logos.iter().map(|found| (found.source.as_str(), found.confidence)).collect();
    assert_eq!(addresses.first().map(|(source, _)| *source), Some("JSON-LD logo"), "{addresses:?}");
    assert!(
        cloud
            .logos
            .iter()
            .any(|found| matches!(&found.value, Candidate::Inline(svg) if svg.contains("M0 0h10")))
    );
    assert!(cloud.aesthetic.iter().any(|tag| tag.value == "dark"));
    assert!(cloud.aesthetic.iter().any(|tag| tag.value == "technical"));
    let brand = cloud.brand();
    assert_eq!(brand.name, "Kobalt");
}

#[test]
fn a_page_that_needs_a_browser_says_so() {
    let empty = found("https://app.example/", EMPTY, "", None);
    assert!(empty.needs_a_browser);
    assert!(empty.logos.is_empty() && empty.palette.is_empty());
    assert_eq!(empty.name.value, "App");
}

#[test]
fn a_logo_speaks_for_the_palette() {
    let logo =
        Picture::from_fn(64, 64, |x, _| if x < 40 { [214, 40, 120, 255] } else { [0, 0, 0, 0] });
    let bytes = raster::png(&logo).expect("png");
    let plain = found("https://app.example/", EMPTY, "", Some(&bytes));
    assert!(near(&plain, ColourRole::Primary, Rgb(214, 40, 120)), "{:?}", plain.palette);
    assert_eq!(plain.palette[0].source, "logo");
}

#[test]
fn links_are_whole_and_of_this_site_first() {
    let links = links("https://www.northwind.example/en/", COFFEE);
    assert_eq!(
        links.stylesheets.first().map(String::as_str),
        Some("https://www.northwind.example/css/site.css")
    );
    assert_eq!(links.stylesheets.len(), 2);
    let odd = "<img src='javascript:alert(1)'><img src='data:image/png;base64,AA'><link rel=stylesheet href='ftp://x/y.css'>";
    let odd = super::links("https://a.example/", odd);
    assert!(odd.images.is_empty() && odd.stylesheets.is_empty());
}

#[test]
fn a_front_page_is_not_called_home() {
    for (title, url, name) in [
        ("Acme Widgets | Home", "https://aw.example/", "Acme Widgets"),
        ("Home - Acme Widgets", "https://aw.example/", "Acme Widgets"),
        ("Möbel Müller | Startseite", "https://mm.example/", "Möbel Müller"),
        ("Главная — Дом и Сад", "https://ds.example/", "Дом и Сад"),
        ("Home", "https://www.acme.example/", "Acme"),
        (
            "A Furniture Shop with Quite a Long Name",
            "http://127.0.0.1:8000/",
            "A Furniture Shop with Quite a Long Name",
        ),
        ("", "http://127.0.0.1:8000/", "127.0.0.1"),
        ("Alder & Oak", "http://localhost:8000/", "Alder & Oak"),
    ] {
        let html = format!("<title>{title}</title><p>Hello</p>");
        assert_eq!(found(url, &html, "", None).name.value, name, "{title}");
    }
}
