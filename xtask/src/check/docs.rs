//! The documents name only what exists: paths of ours between backticks, and links that stay within the
//! repository, anchors included. A path may end in `:12` or `::item`; from a `*` on it is not looked at.

use super::markdown;
use crate::finding::{Finding, line_at};
use crate::tree::{TextFile, Tree};
use std::path::{Component, Path, PathBuf};

/// What begins a path from the root.
const FOLDERS: &[&str] = &["crates/", "docs/", "xtask/", "bench/", "fuzz/", ".ci/", ".cargo/"];

/// Files of the root that the documents call by their bare name.
const ROOT_FILES: &[&str] = &[
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "clippy.toml",
    "deny.toml",
    "openapi.json",
    "rust-toolchain.toml",
    "rustfmt.toml",
];

pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for document in tree.with_extension("md") {
        for (line, span) in markdown::code_spans(&document.text) {
            if let Some(path) = path_of_ours(&span).filter(|path| !tree.root.join(path).exists()) {
                found.push(Finding::new(&document.path, line, format!("{path} does not exist")));
            }
        }
        for (line, target) in markdown::links(&document.text) {
            if let Some(advice) = broken(tree, document, &target) {
                found.push(Finding::new(&document.path, line, advice));
            }
        }
    }
    found.extend(tree.with_extension("rs").flat_map(|file| decisions_in_comments(tree, file)));
    found.extend(tree.with_extension("toml").flat_map(|file| decisions_in_comments(tree, file)));
    found
}

/// The path a code span names, if it names one of ours.
fn path_of_ours(span: &str) -> Option<&str> {
    if span.contains(char::is_whitespace) {
        return None;
    }
    let whole = span.split(['#', ':']).next()?;
    let ours =
        FOLDERS.iter().any(|folder| whole.starts_with(folder)) || ROOT_FILES.contains(&whole);
    // Where something stands for a part of a name, the folder before it can still be checked.
    let path = match whole.find(['*', '<', '{']) {
        Some(at) => whole.get(..at)?.rsplit_once('/')?.0,
        None => whole,
    };
    ours.then_some(path)
}

/// Why a link from `document` leads nowhere. What begins with a scheme leads out and is not followed.
fn broken(tree: &Tree, document: &TextFile, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() { document.path.clone() } else { resolve(document, file) };
    if !tree.root.join(&path).exists() {
        return Some(format!("the link to {target} leads nowhere"));
    }
    let has_anchors = Path::new(&path).extension().is_some_and(|extension| extension == "md");
    if anchor.is_empty() || !has_anchors {
        return None;
    }
    let known = markdown::anchors(tree.text(&path)).iter().any(|heading| heading == anchor);
    (!known).then(|| format!("{path} has no heading for #{anchor}"))
}

/// `target` as seen from the folder of `document`, with `..` taken away.
fn resolve(document: &TextFile, target: &str) -> String {
    let folder = Path::new(&document.path).parent().unwrap_or(Path::new(""));
    let mut path = PathBuf::new();
    for component in folder.join(target).components() {
        match component {
            Component::ParentDir => _ = path.pop(),
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path.to_string_lossy().into_owned()
}

/// Comments give decisions as their reason; those must exist as well.
fn decisions_in_comments(tree: &Tree, file: &TextFile) -> Vec<Finding> {
    let prefix = concat!("docs", "/");
    let mut found = Vec::new();
    for (at, _) in file.text.match_indices(prefix) {
        // After a slash it is an address on the server, unless that goes up to it.
        let before = file.text.get(..at).unwrap_or_default();
        if before.ends_with('/') && !before.ends_with("../") {
            continue;
        }
        let ahead = file.text.get(at..).unwrap_or_default();
        let path = ahead.split(|c: char| !(c.is_alphanumeric() || "/-_.".contains(c))).next();
        let path = path.unwrap_or_default().trim_end_matches('.');
        if path.ends_with(".md") && !tree.root.join(path).exists() {
            let line = line_at(&file.text, at);
            found.push(Finding::new(&file.path, line, format!("{path} does not exist")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_paths_of_ours() {
        assert_eq!(path_of_ours("crates/http/src/lib.rs"), Some("crates/http/src/lib.rs"));
        assert_eq!(path_of_ours("crates/http/src/lib.rs:12"), Some("crates/http/src/lib.rs"));
        assert_eq!(path_of_ours("crates/http/src/lib.rs::Router"), Some("crates/http/src/lib.rs"));
        assert_eq!(path_of_ours("crates/*/src"), Some("crates"));
        assert_eq!(path_of_ours("docs/adr/<number>.md"), Some("docs/adr"));
        assert_eq!(path_of_ours("openapi.json"), Some("openapi.json"));
    }

    #[test]
    fn leaves_other_spans_alone() {
        for span in ["GET /api/v1/account", "cargo xtask check", "config.toml", "application/json"]
        {
            assert_eq!(path_of_ours(span), None, "{span}");
        }
    }

    #[test]
    fn links_resolve_from_their_document() {
        let document = TextFile { path: "a/b/c.md".to_owned(), text: String::new() };
        assert_eq!(resolve(&document, "../d.md"), "a/d.md");
        assert_eq!(resolve(&document, "./d.md"), "a/b/d.md");
        assert_eq!(resolve(&document, "../../d.md"), "d.md");
    }
}
