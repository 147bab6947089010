//! A dependency that no source mentions costs build time and trust for nothing. Normal dependencies must
//! be used in `src/`, dev-dependencies anywhere in the crate.

use crate::Failure;
use crate::cargo::{Dependency, Graph};
use crate::finding::{Finding, dependency_line};
use crate::rust_text::{is_ident, without_comments, words};
use crate::tree::Tree;

pub(super) fn findings(tree: &Tree, graph: &Graph) -> Result<Vec<Finding>, Failure> {
    let mut found = Vec::new();
    for (package, folder) in graph.members() {
        let manifest = format!("{folder}/Cargo.toml");
        let sources = sources(tree, folder);
        for dependency in &package.dependencies {
            if !used(dependency, &sources, &format!("{folder}/src/")) {
                let name = &dependency.name;
                let line = dependency_line(tree.text(&manifest), name);
                let advice = format!("nothing uses {name}; remove it from the manifest");
                found.push(Finding::new(&manifest, line, advice));
            }
        }
    }
    Ok(found)
}

/// Path and code of every source of the crate in `folder`.
fn sources<'a>(tree: &'a Tree, folder: &str) -> Vec<(&'a str, String)> {
    let below = format!("{folder}/");
    let files = tree.with_extension("rs").filter(|file| file.path.starts_with(&below));
    files.map(|file| (file.path.as_str(), without_comments(&file.text))).collect()
}

fn used(dependency: &Dependency, sources: &[(&str, String)], src: &str) -> bool {
    let mut relevant = sources.iter().filter(|(path, _)| dependency.dev || path.starts_with(src));
    relevant.any(|(_, code)| mentions(code, &dependency.ident))
}

/// Whether `code` names the crate: `ident::…`, or `use ident` as a whole. A segment in the middle of a
/// path (`crate::http::…`) is a module of ours, and a bare word may be a variable.
fn mentions(code: &str, ident: &str) -> bool {
    words(code, ident).any(|at| {
        let before = code.get(..at).unwrap_or_default();
        let after = code.get(at + ident.len()..).unwrap_or_default();
        let inside_a_path = before
            .strip_suffix("::")
            .is_some_and(|path| path.ends_with(|c| is_ident(c) || c == '>'));
        let keyword = before.split_whitespace().next_back();
        !inside_a_path && (after.starts_with("::") || matches!(keyword, Some("use" | "crate")))
    })
}

#[cfg(test)]
mod tests {
    use super::mentions;
    use crate::rust_text::without_comments;

    #[test]
    fn paths_and_imports_are_mentions() {
        assert!(mentions("use http::StatusCode;", "http"));
        assert!(mentions("use {axum::Router, http::Uri};", "http"));
        assert!(mentions("pub use url;", "url"));
        assert!(mentions("extern crate url as u;", "url"));
        assert!(mentions("#[tokio::main]", "tokio"));
        assert!(mentions("let x = ::http::Uri::default();", "http"));
        assert!(mentions("#[serde(with = \"jiff::fmt::serde\")]", "jiff"));
    }

    #[test]
    fn modules_variables_and_comments_are_not() {
        assert!(!mentions("use crate::http::Router;", "http"));
        assert!(!mentions("let url = url.trim();", "url"));
        assert!(!mentions("use http_body_util::BodyExt;", "http"));
        assert!(!mentions("<T>::http::x()", "http"));
        assert!(!mentions(&without_comments("/// See [`http::Uri`].\nfn f() {}"), "http"));
    }
}
