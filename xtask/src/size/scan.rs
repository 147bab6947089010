//! Measures one source by its braces, once comments and literals are blanked.

use crate::finding::line_at;
use crate::rust_text::{code_only, is_ident, words};
use std::ops::Range;

/// The lines of one file, all counted as a reader scrolls past them.
pub(super) struct Measured {
    pub(super) code: usize,
    pub(super) tests: usize,
    /// Functions that are not tests.
    pub(super) functions: Vec<Function>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) lines: usize,
}

pub(super) fn measure(path: &str, source: &str) -> Measured {
    let total = source.lines().count();
    if is_test_file(path) {
        return Measured { code: 0, tests: total, functions: Vec::new() };
    }
    let code = code_only(source);
    let modules = test_modules(&code);
    let tests = modules.iter().map(ExactSizeIterator::len).sum();
    let mut functions = functions(&code);
    functions.retain(|function| !modules.iter().any(|lines| lines.contains(&function.line)));
    Measured { code: total - tests, tests, functions }
}

fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.ends_with("_tests.rs")
}

/// The lines of each module behind `#[cfg(test)]`.
fn test_modules(code: &str) -> Vec<Range<usize>> {
    let attribute = "#[cfg(test)]";
    let mut found = Vec::new();
    for (at, _) in code.match_indices(attribute) {
        let item = at + attribute.len();
        let is_module =
            code.get(item..).is_some_and(|ahead| ahead.trim_start().starts_with("mod "));
        if is_module && let Some(end) = body_end(code, item) {
            found.push(line_at(code, at)..line_at(code, end) + 1);
        }
    }
    found
}

fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for at in words(code, "fn") {
        let ahead = code.get(at + 2..).unwrap_or_default().trim_start();
        let name = ahead.split(|c| !is_ident(c)).next().unwrap_or_default();
        // Without a name it is the type of a function; without a body, a promise of one.
        if !name.is_empty()
            && let Some(end) = body_end(code, at)
        {
            let line = line_at(code, at);
            let lines = line_at(code, end) - line + 1;
            found.push(Function { name: name.to_owned(), line, lines });
        }
    }
    found
}

/// Where the body of the item that begins at `from` closes; `None` if the item has no body. A semicolon
/// within parentheses or brackets, as in `[u8; 32]`, ends nothing.
fn body_end(code: &str, from: usize) -> Option<usize> {
    let mut braces = 0_usize;
    let mut others = 0_usize;
    for (offset, c) in code.get(from..)?.char_indices() {
        match c {
            '(' | '[' => others += 1,
            ')' | ']' => others = others.saturating_sub(1),
            ';' if braces == 0 && others == 0 => return None,
            '{' => braces += 1,
            '}' if braces == 1 => return Some(from + offset),
            '}' => braces = braces.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "\
//! fn not_one() {}
fn one(key: [u8; 32]) -> &'static str {
    let open = '{';
    \"}\"
}

trait Two {
    fn promise(&self);
    fn two(&self, then: fn(u8)) { if true {} }
}
type Three = fn(u8) -> u8;

#[cfg(test)]
mod tests {
    fn in_a_test() {
    }
}
";

    #[test]
    fn functions_are_measured_by_their_braces() {
        let measured = measure("crates/a/src/lib.rs", SOURCE);
        let named: Vec<_> =
            measured.functions.iter().map(|f| (f.name.as_str(), f.line, f.lines)).collect();
        assert_eq!(named, [("one", 2, 4), ("two", 9, 1)]);
    }

    #[test]
    fn test_modules_and_test_files_are_no_code() {
        let measured = measure("crates/a/src/lib.rs", SOURCE);
        assert_eq!((measured.code, measured.tests), (12, 5));
        let measured = measure("crates/a/tests/all.rs", SOURCE);
        assert_eq!((measured.code, measured.tests), (0, 17));
        let declared = measure("crates/a/src/lib.rs", "#[cfg(test)]\nmod tests;\nfn a() {}\n");
        assert_eq!((declared.code, declared.functions.len()), (3, 1));

        let function = measure("crates/a/src/lib.rs", "#[cfg(test)]\nfn a() {\n}\n");
        assert_eq!((function.code, function.tests), (3, 0));
    }
}
