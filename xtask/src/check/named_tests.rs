//! A document that promises a test names it as `test:the_name` between backticks: the conformance table
//! and the invariants do. Each such name must be a function with a test's attribute, or a name in a macro that makes
//! tests (`on_both!(the_name, …)`): one whose rules hold such an attribute. A module may stand before it
//! (`test:tokens::the_name`) for the reader; only the last segment is looked up.

use super::markdown;
use crate::finding::Finding;
use crate::rust_text::{code_only, is_ident, words};
use crate::tree::Tree;
use std::collections::HashSet;

const PREFIX: &str = "test:";

pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let sources: Vec<_> = tree.with_extension("rs").map(|file| code_only(&file.text)).collect();
    let makers: HashSet<_> = sources.iter().flat_map(|code| makers(code)).collect();
    let mut known = HashSet::new();
    for code in &sources {
        names(code, &makers, &mut known);
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

/// Whether attributes make a test of what they stand before.
fn is_test(attributes: &str) -> bool {
    words(attributes, "test").any(|at| {
        let before = attributes.get(..at).unwrap_or_default();
        before.ends_with("#[") || before.ends_with("::")
    })
}

/// The macros that make tests.
fn makers(code: &str) -> Vec<String> {
    let rules = words(code, "macro_rules").filter_map(|at| {
        let ahead = code.get(at..)?.split_once('!')?.1.trim_start();
        is_test(inside(ahead)).then(|| first_word(ahead).to_owned())
    });
    rules.collect()
}

/// Collects the functions that are tests, and what macros make tests of: the name with which each of their arguments
/// begins.
fn names(code: &str, makers: &HashSet<String>, known: &mut HashSet<String>) {
    for at in words(code, "fn") {
        let (before, ahead) = code.split_at_checked(at).unwrap_or((code, ""));
        let begins = before.rfind(['{', '}', ';']).map_or(0, |at| at + 1);
        if is_test(before.get(begins..).unwrap_or_default()) {
            known.insert(first_word(ahead.get(2..).unwrap_or_default().trim_start()).to_owned());
        }
    }
    for (at, _) in code.match_indices('!') {
        let (before, ahead) = code.split_at_checked(at).unwrap_or((code, ""));
        let maker = before.rsplit(|c| !is_ident(c)).next().unwrap_or_default();
        if makers.contains(maker) {
            let arguments =
                inside(ahead).split(',').map(|argument| first_word(argument.trim_start()));
            known.extend(arguments.filter(|name| !name.is_empty()).map(str::to_owned));
        }
    }
}

/// What stands between the first bracket and the one that closes it.
fn inside(text: &str) -> &str {
    let Some(begins) = text.find(['(', '{', '[']) else { return "" };
    let mut depth = 0_usize;
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < begins) {
        match c {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return text.get(begins + 1..at).unwrap_or_default();
        }
    }
    ""
}

/// The name with which a text begins; empty when it begins with something else.
fn first_word(text: &str) -> &str {
    text.split(|c| !is_ident(c)).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_and_what_macros_make_of_names_are_known() {
        let code = "macro_rules! both { ($a:ident) => { #[test] fn sqlite() {} } } macro_rules! words { () => {} } \
                    both!(b, |x| c(x)); words!(d); fn helper() {} #[cfg(test)] fn e() {} #[tokio::test(f)] async fn f() {} \
                    #[test] #[ignore] fn g() {} proptest! { #[test] fn h(i in 0..2) {} }";
        let makers: HashSet<_> = makers(code).into_iter().collect();
        let mut known = HashSet::new();
        names(code, &makers, &mut known);
        let mut known: Vec<_> = known.into_iter().collect();
        known.sort();
        assert_eq!(known, ["b", "f", "g", "h", "sqlite"]);
    }
}
