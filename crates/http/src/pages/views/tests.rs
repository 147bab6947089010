//! Renders every page with every sample and looks at what comes out; computes the contrast of
//! every pair of colours that the stylesheet puts on each other.

use std::collections::HashMap;

use askama::Template;

use super::consent::Consent;
use super::developer::{ClientPage, Developer};
use super::end_session::EndSession;
use super::{
    Activity, AppUsage, AskReset, BrandPage, Brands, BudgetPage, ConfirmEmail, CreditsPage,
    DeleteAccount, DeletedImage, DocsPage, Home, ImagePage, Images, InvitationPage, KeyPage,
    LinkIdentity, Message, NewEmail, NewPasskey, NewPassword, Proof, ReportKey, RevokeKey,
    Security, Settings, SignIn, SignOutEverywhere, SignUp, TeamPage, WhichKey,
};
use crate::pages::assets;

/// Breaks out of a text or an attribute wherever one is not escaped.
pub(super) const HOSTILE: &str = "<script>alert(1)</script>\"><img src=x onerror='alert(2)'>&amp;";

/// A start tag with its attributes, or an end tag.
#[derive(Debug)]
struct Tag {
    name: String,
    is_end: bool,
    attributes: HashMap<String, String>,
    /// Where the tag begins and what follows it begins.
    span: (usize, usize),
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    fn is(&self, name: &str) -> bool {
        self.name == name && !self.is_end
    }
}

const VOID: [&str; 7] = ["meta", "link", "input", "br", "wbr", "img", "hr"];

/// Reads the HTML that our templates write, and panics at anything that they should not write: this
/// is stricter than a browser, so nothing hostile hides between two readings.
fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(found) = html[at..].find('<') {
        let start = at + found;
        let mut rest = &html[start + 1..];
        if rest.starts_with("!doctype html>") {
            at = start + 1;
            continue;
        }
        let is_end = rest.starts_with('/');
        rest = rest.strip_prefix('/').unwrap_or(rest);
        let name_len = rest.find(|c: char| !c.is_ascii_alphanumeric()).expect("a tag that ends");
        assert!(name_len > 0, "a stray <: {}", rest.chars().take(40).collect::<String>());
        let name = rest[..name_len].to_owned();
        rest = &rest[name_len..];
        let mut attributes = HashMap::new();
        loop {
            let trimmed = rest.trim_start();
            if let Some(after) = trimmed.strip_prefix("/>").or_else(|| trimmed.strip_prefix('>')) {
                rest = after;
                break;
            }
            assert!(trimmed.len() < rest.len(), "attributes stick together in <{name}>");
            let key_len = trimmed
                .find(|c: char| !(c.is_ascii_lowercase() || "-:ABR".contains(c)))
                .expect("an attribute that ends");
            assert!(key_len > 0, "no attribute: {}", trimmed.chars().take(40).collect::<String>());
            let key = trimmed[..key_len].to_owned();
            rest = &trimmed[key_len..];
            let mut value = String::new();
            if let Some(quoted) = rest.strip_prefix("=\"") {
                let end = quoted.find('"').expect("a value that ends");
                value = quoted[..end].to_owned();
                assert!(!value.contains(['<', '>']), "unescaped: {value}");
                rest = &quoted[end + 1..];
            }
            assert!(attributes.insert(key.clone(), value).is_none(), "{key} twice in <{name}>");
        }
        let end = html.len() - rest.len();
        tags.push(Tag { name, is_end, attributes, span: (start, end) });
        at = end;
    }
    tags
}

/// Text between the tag at `index` and the end tag that closes it.
fn inside<'a>(html: &'a str, tags: &[Tag], index: usize) -> &'a str {
    let end = tags[index..].iter().find(|tag| tag.is_end && tag.name == tags[index].name);
    &html[tags[index].span.1..end.expect("an end tag").span.0]
}

fn every_page() -> Vec<(&'static str, String)> {
    fn render<T: Template>(samples: Vec<(&'static str, T)>) -> Vec<(&'static str, String)> {
        let rendered = |(name, page): (&'static str, T)| {
            (name, crate::pages::markup::slim(&page.render().expect(name)))
        };
        samples.into_iter().map(rendered).collect()
    }
    [
        DocsPage::rendered(),
        render(Home::samples()),
        render(SignUp::samples()),
        render(SignIn::samples()),
        render(Consent::samples()),
        render(EndSession::samples()),
        render(Developer::samples()),
        render(ClientPage::samples()),
        render(Brands::samples()),
        render(BrandPage::samples()),
        render(Images::samples()),
        render(ImagePage::samples()),
        render(DeletedImage::samples()),
        render(Settings::samples()),
        render(Activity::samples()),
        render(Security::samples()),
        render(SignOutEverywhere::samples()),
        render(Proof::samples()),
        render(NewEmail::samples()),
        render(ConfirmEmail::samples()),
        render(AskReset::samples()),
        render(DeleteAccount::samples()),
        render(NewPasskey::samples()),
        render(LinkIdentity::samples()),
        render(NewPassword::samples()),
        render(BudgetPage::samples()),
        render(KeyPage::samples()),
        render(RevokeKey::samples()),
        render(AppUsage::samples()),
        render(CreditsPage::samples()),
        render(TeamPage::samples()),
        render(InvitationPage::samples()),
        render(ReportKey::samples()),
        render(WhichKey::samples()),
        render(Message::samples()),
    ]
    .concat()
}

#[test]
fn every_page_is_well_formed_and_names_itself() {
    for (page, html) in every_page() {
        let tags = tags(&html);
        let mut open = Vec::new();
        for tag in tags.iter().filter(|tag| !VOID.contains(&tag.name.as_str())) {
            if tag.is_end {
                assert_eq!(open.pop(), Some(&tag.name), "{page}: tags cross");
            } else if !html[tag.span.0..tag.span.1].ends_with("/>") {
                open.push(&tag.name);
            }
        }
        assert!(open.is_empty(), "{page}: left open: {open:?}");

        let find = |name: &str| tags.iter().position(|tag| tag.is(name));
        assert_eq!(tags[find("html").unwrap()].get("lang"), Some("en"), "{page}");
        let title = inside(&html, &tags, find("title").expect(page));
        assert!(title.ends_with(" · Bloom") && title.len() > " · Bloom".len(), "{page}: {title}");
        assert!(tags.iter().any(|tag| tag.is("main")), "{page}: no main");

        let headings: Vec<u32> = tags
            .iter()
            .filter(|tag| !tag.is_end && tag.name.len() == 2 && tag.name.starts_with('h'))
            .filter_map(|tag| tag.name[1..].parse().ok())
            .collect();
        assert_eq!(headings.iter().filter(|&&level| level == 1).count(), 1, "{page}");
        assert_eq!(headings[0], 1, "{page}");
        assert!(headings.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{page}: {headings:?}");
    }
}

#[test]
fn no_page_needs_anything_that_the_content_security_policy_forbids() {
    for (page, html) in every_page() {
        for tag in tags(&html) {
            for key in tag.attributes.keys() {
                assert!(key != "style" && !key.starts_with("on"), "{page}: {key} in {tag:?}");
            }
            assert!(!tag.is("style"), "{page}: an inline style sheet");
            if tag.is("script") {
                let ours = [assets::SCRIPT_PATH, assets::PASSKEYS_PATH, assets::TRY_PATH].map(Some);
                assert!(ours.contains(&tag.get("src")), "{page}: {tag:?}");
            }
            if tag.is("link") {
                assert!(tag.get("href").and_then(assets::find).is_some(), "{page}: {tag:?}");
            }
        }
    }
}

#[test]
fn nothing_hostile_comes_out_as_markup() {
    for (page, html) in every_page() {
        assert!(!html.contains("<script>") && !html.contains("<img src=x"), "{page}");
        if page.ends_with("-hostile") {
            assert!(html.contains("&#60;script&#62;alert(1)"), "{page} shows no hostile text");
        }
    }
}

#[test]
fn every_control_has_a_name_and_every_reference_an_end() {
    for (page, html) in every_page() {
        let tags = tags(&html);
        let ids: Vec<&str> = tags.iter().filter_map(|tag| tag.get("id")).collect();
        for (index, id) in ids.iter().enumerate() {
            assert!(!ids[..index].contains(id), "{page}: the id {id} twice");
        }
        let labels: Vec<&str> =
            tags.iter().filter(|t| t.is("label")).filter_map(|t| t.get("for")).collect();
        for (index, tag) in tags.iter().enumerate() {
            if tag.is("input") && tag.get("type") != Some("hidden") {
                let id = tag.get("id").expect("an id");
                assert!(labels.contains(&id), "{page}: no label for {id}");
            }
            if tag.is("button") || tag.is("a") || tag.is("summary") {
                let name = inside(&html, &tags, index);
                assert!(name.contains(char::is_alphabetic), "{page}: no name for {tag:?}");
            }
            let named = ["aria-describedby", "aria-labelledby", "data-copy", "data-show"];
            for id in named.iter().filter_map(|key| tag.get(key)).flat_map(str::split_whitespace) {
                assert!(ids.contains(&id), "{page}: nothing has the id {id}");
            }
            if let Some(id) = tag.get("href").and_then(|href| href.strip_prefix('#')) {
                assert!(ids.contains(&id), "{page}: nothing has the id {id}");
            }
        }
    }
}

#[test]
fn every_form_that_changes_something_carries_the_token() {
    for (page, html) in every_page() {
        let tags = tags(&html);
        for (index, form) in tags.iter().enumerate().filter(|(_, tag)| tag.is("form")) {
            assert_eq!(form.get("method"), Some("post"), "{page}");
            assert!(form.get("action").is_some_and(|path| !path.is_empty()), "{page}");
            let fields = tags[index..].iter().take_while(|tag| !(tag.is_end && tag.name == "form"));
            let token = fields
                .filter(|tag| tag.is("input") && tag.get("name") == Some("form_token"))
                .collect::<Vec<_>>();
            assert_eq!(token.len(), 1, "{page}: {form:?}");
            assert_eq!(token[0].get("type"), Some("hidden"), "{page}");
            assert!(token[0].get("value").is_some_and(|value| !value.is_empty()), "{page}");
        }
    }
}

#[test]
fn one_primary_button_a_view_and_no_password_sent_back() {
    for (page, html) in every_page() {
        let tags = tags(&html);
        let primary = |tag: &&Tag| {
            tag.get("class").is_some_and(|all| all.split(' ').any(|class| class == "primary"))
        };
        assert!(tags.iter().filter(primary).count() <= 1, "{page}");
        let password = tags.iter().find(|tag| tag.get("type") == Some("password"));
        assert!(password.is_none_or(|tag| tag.get("value").is_none()), "{page}");
    }
}

#[test]
fn a_key_is_on_the_page_that_made_it_only() {
    let pages: HashMap<_, _> = every_page().into_iter().collect();
    let secret = "bloom_sk_Ab12SampleSampleSampleSampleSamplewXyZ0";
    assert!(pages["settings-new-key"].contains(secret));
    assert!(!pages["settings"].contains(secret));
    let once = pages["settings-new-key"].find("Only this page shows it").expect("a warning");
    assert!(Some(once) < pages["settings-new-key"].find(secret), "the page warns first");
}

#[test]
fn a_page_with_all_its_files_is_small() {
    let files = [assets::STYLESHEET_PATH, assets::SCRIPT_PATH, assets::ICON_PATH];
    let files: usize =
        files.iter().filter_map(|path| assets::find(path)).map(|a| a.body.len()).sum();
    // Where everything is hostile, long texts stand where no page has any.
    for (page, html) in every_page().into_iter().filter(|(page, _)| !page.ends_with("-hostile")) {
        assert!(html.len() + files < 50_000, "{page}: {} + {files} bytes", html.len());
    }
}

/// The pairs `--name: light-dark(#…, #…)` of the stylesheet.
fn colours() -> HashMap<String, [f64; 2]> {
    let sheet = assets::find(assets::STYLESHEET_PATH).expect("the stylesheet").body;
    let sheet = std::str::from_utf8(sheet).expect("text");
    let mut colours = HashMap::new();
    for line in sheet.lines() {
        let Some((name, value)) = line.trim().split_once(": light-dark(") else { continue };
        let pair: Vec<f64> =
            value.trim_end_matches(");").split(", ").map(relative_luminance).collect();
        colours.insert(name.trim_start_matches('-').to_owned(), [pair[0], pair[1]]);
    }
    colours
}

/// WCAG 2.2, "relative luminance".
fn relative_luminance(hex: &str) -> f64 {
    let channel = |at: usize| {
        let byte = u8::from_str_radix(&hex[at..at + 2], 16).expect(hex);
        let part = f64::from(byte) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

#[test]
fn every_pair_of_colours_can_be_read() {
    let colours = colours();
    let text: [(&str, &[&str]); 8] = [
        ("text", &["ground", "surface", "sunken", "good-ground", "look-ground", "loss-ground"]),
        ("muted", &["ground", "surface", "sunken"]),
        ("on-accent", &["accent", "accent-over"]),
        ("good", &["ground", "surface", "good-ground"]),
        ("look", &["ground", "surface", "look-ground"]),
        ("loss", &["ground", "surface", "sunken", "loss-ground"]),
        ("focus", &["ground", "surface"]),
        ("mark", &["surface"]),
    ];
    let controls: [(&str, &[&str]); 3] = [
        ("edge", &["ground", "surface", "sunken"]),
        ("accent", &["ground", "surface"]),
        ("focus", &["ground", "surface", "sunken", "good-ground", "loss-ground"]),
    ];
    let needs = [(4.5, &text[..]), (3.0, &controls[..])];
    for (least, pairs) in needs {
        for (fore, grounds) in pairs {
            for ground in *grounds {
                for (scheme, index) in [("light", 0), ("dark", 1)] {
                    let (a, b) = (colours[*fore][index], colours[*ground][index]);
                    let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                    assert!(contrast >= least, "{fore} on {ground}, {scheme}: {contrast:.2}");
                }
            }
        }
    }
}

/// Writes every sample where a browser can look at it:
/// `cargo test -p bloom-http write_samples -- --ignored`, then serve the folder it names.
#[test]
#[ignore = "writes files for people to look at"]
fn write_samples() {
    let folder = std::env::temp_dir().join("bloom-pages");
    std::fs::create_dir_all(folder.join("assets")).expect("a folder");
    for path in [
        assets::STYLESHEET_PATH,
        assets::SCRIPT_PATH,
        assets::PASSKEYS_PATH,
        assets::TRY_PATH,
        assets::ICON_PATH,
    ] {
        let body = assets::find(path).expect(path).body;
        std::fs::write(folder.join(path.trim_start_matches('/')), body).expect(path);
    }
    for (page, html) in every_page() {
        std::fs::write(folder.join(page).with_extension("html"), html).expect(page);
    }
    println!("{}", folder.display());
}
