//! A web app's manifest: what it adds to its page.

use super::{Candidate, Found};
use serde_json::Value;
use url::Url;

/// The most icons that are looked at.
const MOST: usize = 16;

/// What a manifest tells of a brand.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Manifest {
    /// Its icons, the best first.
    pub logos: Vec<Found<Candidate>>,
    /// The colour it asks browsers for.
    pub theme: Option<String>,
}

/// Reads a manifest; what is none tells nothing.
pub fn manifest(url: &str, json: &str) -> Manifest {
    let (Ok(base), Ok(read)) = (Url::parse(url), serde_json::from_str::<Value>(json)) else {
        return Manifest::default();
    };
    let icons = read["icons"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut logos: Vec<(f32, Found<Candidate>)> =
        icons.iter().take(MOST).filter_map(|icon| logo(&base, icon)).collect();
    logos.sort_by(|a, b| b.0.total_cmp(&a.0));
    Manifest {
        logos: logos.into_iter().map(|(_, found)| found).collect(),
        theme: read["theme_color"].as_str().map(str::to_owned),
    }
}

/// An icon, and how good it is among its like: one that grows without end before the largest, and none that is
/// only a silhouette.
fn logo(base: &Url, icon: &Value) -> Option<(f32, Found<Candidate>)> {
    let url = base.join(icon["src"].as_str()?).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let says = |key: &str| icon[key].as_str().unwrap_or_default().to_lowercase();
    let is_vector = says("type") == "image/svg+xml" || url.path().ends_with(".svg");
    let purpose = says("purpose");
    if purpose.contains("monochrome") {
        return None;
    }
    let side = |size: &str| size.split('x').next().and_then(|side| side.parse::<f32>().ok());
    let side = says("sizes").split_whitespace().filter_map(side).fold(0.0, f32::max);
    let rank = if is_vector { 10_000.0 } else { side.min(4_096.0) };
    // A maskable icon has a ground of its own and much room around the mark.
    let sure = if purpose.contains("maskable") { 0.4 } else { 0.55 };
    let candidate = Candidate::Address(url.to_string());
    let found = Found { value: candidate, source: "manifest icon".to_owned(), confidence: sure };
    Some((rank + sure * 100_000.0, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_icon_comes_first() {
        let json = r##"{"theme_color":"#123456","icons":[
            {"src":"a.png","sizes":"48x48"},{"src":"/b.png","sizes":"192x192 512x512"},
            {"src":"m.svg","purpose":"monochrome"},{"src":"k.png","sizes":"1024x1024","purpose":"maskable"},
            {"src":"data:image/png;base64,AA"},{"src":7},{}]}"##;
        let read = manifest("https://a.example/app/site.webmanifest", json);
        let urls: Vec<_> = read.logos.iter().map(|logo| logo.value.clone()).collect();
        let address = |path: &str| Candidate::Address(format!("https://a.example{path}"));
        assert_eq!(urls, [address("/b.png"), address("/app/a.png"), address("/app/k.png")]);
        assert_eq!(read.theme.as_deref(), Some("#123456"));
        for junk in ["", "[]", "{\"icons\":{}}", "{\"icons\":[[]],\"theme_color\":1}", "nonsense"] {
            assert_eq!(manifest("https://a.example/", junk), Manifest::default(), "{junk}");
        }
    }
}
