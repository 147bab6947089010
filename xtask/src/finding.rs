//! One fault, where it stands and what to do about it.

use std::fmt;

/// Printed as `file:line: advice`, which editors and CI logs turn into a link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    file: String,
    line: usize,
    advice: String,
}

impl Finding {
    pub(crate) fn new(file: &str, line: usize, advice: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, advice: advice.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.file, self.line, self.advice)
    }
}

/// The number of the first line that satisfies `wanted`, counted from one; 1 when none does, so that a
/// finding always points into its file.
pub(crate) fn line_where(text: &str, wanted: impl Fn(&str) -> bool) -> usize {
    text.lines().position(wanted).map_or(1, |index| index + 1)
}

/// Where a manifest names the dependency `name`, and not one whose name only begins so.
pub(crate) fn dependency_line(manifest: &str, name: &str) -> usize {
    let ends = |rest: &str| rest.starts_with(['.', ' ', '=']);
    line_where(manifest, |line| line.strip_prefix(name).is_some_and(ends))
}

/// The number of the line that holds byte `offset`, counted from one.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_is_found_by_its_whole_name() {
        let manifest = "[dependencies]\nhttp-body.workspace = true\nhttp = \"1\"\n";
        assert_eq!(dependency_line(manifest, "http"), 3);
        assert_eq!(dependency_line(manifest, "http-body"), 2);
        assert_eq!(dependency_line(manifest, "absent"), 1);
    }

    #[test]
    fn lines_count_from_one() {
        assert_eq!([0, 1, 2, 3].map(|at| line_at("a\nb\n", at)), [1, 1, 2, 2]);
    }
}
