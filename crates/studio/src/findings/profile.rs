//! A profile of a social network, whose page is the network's and not the brand's: only what it says of the profile
//! counts, and its colours are those of the picture.

use super::page::{all, attribute};
use scraper::Html;

/// The page that a profile would be if it were the brand's own: what the network's page says of it, and nothing
/// else. `None` when it says nothing, as a page does that wants a sign-in first.
pub fn profile(name: &str, html: &str) -> Option<String> {
    let document = Html::parse_document(html);
    let of =
        |property: &str| attribute(&document, &format!("meta[property='{property}']"), "content");
    let (title, picture) = (of("og:title")?, of("og:image")?);
    let asks = all(&document, "form[action*='login'], input[type=password]");
    let is_of_it = title.to_lowercase().contains(&format!("@{}", name.to_lowercase()));
    if !is_of_it && (!asks.is_empty() || !title.to_lowercase().contains(&name.to_lowercase())) {
        return None;
    }
    // `North Wind (@northwind) • Instagram photos and videos`
    let called = title.split(" (@").next().unwrap_or_default();
    let called = called.split(" • ").next().unwrap_or_default().trim();
    let called = if called.is_empty() { name } else { called };
    let description = of("og:description").unwrap_or_default();
    // `1,234 Followers, 56 Following, 78 Posts - See … from North Wind (@northwind)`: figures tell nothing.
    let description =
        description.split_once(": \"").map_or("", |(_, bio)| bio.trim_end_matches('"'));
    let summary = match description.is_empty() {
        true => String::new(),
        false => format!("<meta name=\"description\" content=\"{}\">", escaped(description)),
    };
    Some(format!(
        "<!doctype html><title>{0}</title><meta property=\"og:site_name\" content=\"{0}\">\
         <meta property=\"og:image\" content=\"{1}\">{summary}",
        escaped(called),
        escaped(picture)
    ))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::super::{Candidate, Page, read};
    use super::*;

    const SHOWN: &str = r#"<html><head><title>Instagram</title>
        <meta property="og:site_name" content="Instagram">
        <meta property="og:title" content="North &quot;W&quot; &amp; Co (@north.wind) • Instagram photos and videos">
        <meta property="og:image" content="https://cdn.example/p.jpg?a=1&amp;b=2">
        <meta property="og:description" content="12 Followers, 3 Posts - north: &quot;Slow coffee.&quot;">
        <style>body{background:#ff00ff}</style></head></html>"#;

    #[test]
    fn a_profile_tells_of_itself_and_not_of_its_network() {
        let page = profile("north.wind", SHOWN).unwrap();
        let url = "https://www.instagram.com/north.wind/";
        let found = read(&Page { url, html: &page, stylesheets: &[], theme: None, logo: None });
        assert_eq!(found.name.value, "North \"W\" & Co");
        let picture = Candidate::Address("https://cdn.example/p.jpg?a=1&b=2".to_owned());
        assert_eq!(found.logos[0].value, picture);
        assert_eq!(found.summary.unwrap().value, "Slow coffee.");
        assert!(found.palette.is_empty(), "{:?}", found.palette);
    }

    #[test]
    fn a_page_that_wants_a_sign_in_is_no_profile() {
        for html in [
            "",
            "<title>Login • Instagram</title><form action=/accounts/login/><input type=password></form>",
            "<meta property='og:title' content='Instagram'><meta property='og:image' content='https://x/y.png'>",
        ] {
            assert_eq!(profile("north.wind", html), None, "{html}");
        }
    }
}
