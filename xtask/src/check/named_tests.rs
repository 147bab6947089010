//! A document that promises a test names it as `test:the_name` between backticks: the conformance table
//! and the invariants do. Each such name must be a function of ours, or the first name in a macro that
//! makes tests (`on_both_engines!(the_name, …)`). A module may stand before it (`test:tokens::the_name`)
//! for the reader; only the last segment is looked up.

use super::markdown;
use crate::finding::Finding;
use crate::rust_text::{code_only, is_ident, words};
use crate::tree::Tree;
use std::collections::HashSet;

const PREFIX: &str = "test:";

pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let mut known = HashSet::new();
    for file in tree.with_extension("rs") {
        names(&code_only(&file.text), &mut known);
    }
    let mut found = Vec::new();
    for document in tree.with_extension("md") {
        for (line, span) in markdown::code_spans(&document.text) {
            let Some(path) = span.strip_prefix(PREFIX) else { continue };
            let name = path.rsplit("::").next().unwrap_or(path);
            if !known.contains(name) {
                let advice = format!("no test is called {name}; name the one that holds this");
                found.push(Finding::new(&document.path, line, advice));
            }
        }
    }
    found
}

/// Collects what follows `fn ` and what follows `!(` or `! {`.
fn names(code: &str, known: &mut HashSet<String>) {
    let functions = words(code, "fn").filter_map(|at| code.get(at + 2..));
    let macros = code.match_indices('!').filter_map(|(at, _)| {
        let ahead = code.get(at + 1..)?.trim_start();
        ahead.strip_prefix(['(', '{'])
    });
    for ahead in functions.chain(macros) {
        let ahead = ahead.trim_start();
        let name = ahead.split(|c| !is_ident(c)).next().unwrap_or_default();
        if !name.is_empty() {
            known.insert(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_and_macro_cases_are_known() {
        let mut known = HashSet::new();
        names("async fn a<T>() {} both!(b, |x| c(x)); each! {\n    d => e }", &mut known);
        let mut known: Vec<_> = known.into_iter().collect();
        known.sort();
        assert_eq!(known, ["a", "b", "d"]);
    }
}
