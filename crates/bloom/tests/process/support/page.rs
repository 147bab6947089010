//! Reading our own pages.

/// A key as the settings list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// There while the key works: the way to its page carries it.
    pub(crate) id: Option<String>,
    pub(crate) is_revoked: bool,
}

/// The keys on the settings page.
pub(crate) fn keys(html: &str) -> Vec<Row> {
    let Some(list) = between(html, "<ul class=\"keys\">", "</ul>") else { return Vec::new() };
    let rows = list.split("<li").skip(1).map(|row| Row {
        name: between(row, "<h4><bdi>", "</bdi>").expect("a name").to_owned(),
        id: between(row, "\"button small\" href=\"/settings/api-keys/", "\"").map(str::to_owned),
        is_revoked: row.contains(">Revoked</span>"),
    });
    rows.collect()
}

/// Where the keys are that follow those on the settings page.
pub(crate) fn next_keys(html: &str) -> Option<&str> {
    let links = between(html, "aria-label=\"More of the keys\">", "</nav>")?;
    let (before, _) = links.split_once("\">Next<")?;
    before.rsplit_once("href=\"").map(|(_, path)| path.split('#').next().unwrap_or(path))
}

/// The secret of a key that was just made.
pub(crate) fn new_key(html: &str) -> Option<&str> {
    between(html, "<code id=\"new-key\">", "</code>")
}

/// The token of the page's forms.
pub(crate) fn form_token(html: &str) -> Option<&str> {
    between(html, "name=\"form_token\" value=\"", "\"")
}

/// The text between two others.
pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}
