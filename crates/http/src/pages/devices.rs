//! What a user agent says of the device, in words that a person knows it by.

/// The browsers by the word that tells them, those first that also say the words of others.
const BROWSERS: [(&str, &str); 7] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
];
/// The systems, in the same manner.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
];

/// The device behind a user agent: `Firefox on Windows`, or the program's own name. Anybody can say
/// anything here, so it helps to recognize and proves nothing.
pub(crate) fn words(agent: &str) -> String {
    let find = |table: &[(&str, &'static str)]| {
        table.iter().find(|(word, _)| agent.contains(word)).map(|(_, name)| *name)
    };
    // Nearly every browser says "Safari", so that one is asked about last.
    let browser = find(&BROWSERS).or_else(|| agent.contains("Safari/").then_some("Safari"));
    match (browser, find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ => match agent.split(['/', ' ']).next() {
            Some(program) if !program.is_empty() && program != "Mozilla" => program.to_owned(),
            _ => "Unknown browser".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_as_its_owner_would() {
        let windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (agent, expected) in [
            (format!("{windows} {webkit} Chrome/130.0.0.0 Safari/537.36"), "Chrome on Windows"),
            (format!("{windows} {webkit} Chrome/130.0 Safari/537.36 Edg/130.0"), "Edge on Windows"),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0".into(),
                "Firefox on Linux",
            ),
            (
                format!(
                    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {webkit} Version/18.1 Safari/605.1.15"
                ),
                "Safari on Mac",
            ),
            (
                format!(
                    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {webkit} CriOS/130.0 Mobile Safari/604.1"
                ),
                "Chrome on iPhone",
            ),
            ("curl/8.5.0".into(), "curl"),
            ("Mozilla/5.0".into(), "Unknown browser"),
            (String::new(), "Unknown browser"),
        ] {
            assert_eq!(words(&agent), expected, "{agent}");
        }
    }
}
