//! `cargo xtask size`: what stands out against the sizes in which good servers of this language are
//! written. It never fails: split where a reader would, not where a counter does.

mod scan;

use crate::Failure;
use crate::tree::{TextFile, Tree};
use scan::Measured;
use std::process::ExitCode;

// What `docs/ARCHITECTURE.md` asks for: of files half, nearly all, and the longest; then functions.
const FILE_MEDIAN: usize = 120;
const FILE_P95: usize = 350;
const FILE_MAX: usize = 500;
const FUNCTION_P95: usize = 50;
const FUNCTION_MAX: usize = 80;

pub(crate) fn run() -> Result<ExitCode, Failure> {
    let tree = Tree::read()?;
    let measured: Vec<(&TextFile, Measured)> = tree
        .with_extension("rs")
        .map(|file| (file, scan::measure(&file.path, &file.text)))
        .collect();

    println!("{:<20} {:>6} {:>8} {:>8}", "crate", "files", "code", "tests");
    let mut crates: Vec<&str> = measured.iter().map(|(file, _)| crate_of(&file.path)).collect();
    crates.dedup();
    for name in crates {
        row(name, measured.iter().filter(|(file, _)| crate_of(&file.path) == name));
    }
    row("all", measured.iter());

    let files: Vec<usize> =
        measured.iter().map(|(_, size)| size.code).filter(|lines| *lines > 0).collect();
    let functions: Vec<usize> =
        measured.iter().flat_map(|(_, size)| &size.functions).map(|f| f.lines).collect();
    println!("\n{:<20} {:>6} {:>8} {:>8}", "lines of", "median", "p95", "max");
    println!("{}", summary("files, tests aside", &files));
    println!("{:<20} {FILE_MEDIAN:>6} {FILE_P95:>8} {FILE_MAX:>8}", "  asked for");
    println!("{}", summary("functions", &functions));
    println!("{:<20} {:>6} {FUNCTION_P95:>8} {FUNCTION_MAX:>8}\n", "  asked for", "");

    for (file, size) in &measured {
        if size.code > FILE_P95 {
            println!("{}: {} lines", file.path, size.code);
        }
        for function in size.functions.iter().filter(|f| f.lines > FUNCTION_P95) {
            println!(
                "{}:{}: fn {}: {} lines",
                file.path, function.line, function.name, function.lines
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `crates/http/src/lib.rs` belongs to `crates/http`, `bench/src/main.rs` to `bench`.
fn crate_of(path: &str) -> &str {
    let end = path.find("/src/").or_else(|| path.find("/tests/")).unwrap_or(path.len());
    path.get(..end).unwrap_or(path)
}

fn row<'a>(name: &str, files: impl Iterator<Item = &'a (&'a TextFile, Measured)>) {
    let (mut count, mut code, mut tests) = (0_usize, 0, 0);
    for (_, size) in files {
        count += 1;
        code += size.code;
        tests += size.tests;
    }
    println!("{name:<20} {count:>6} {code:>8} {tests:>8}");
}

fn summary(what: &str, sizes: &[usize]) -> String {
    let [median, p95, max] = [50, 95, 100].map(|percent| percentile(sizes, percent));
    format!("{what:<20} {median:>6} {p95:>8} {max:>8}")
}

/// The smallest size that `percent` of all do not exceed.
fn percentile(sizes: &[usize], percent: usize) -> usize {
    let mut sorted = sizes.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_sizes_that_occur() {
        let sizes: Vec<usize> = (1..=20).rev().collect();
        assert_eq!([50, 95, 100].map(|p| percentile(&sizes, p)), [10, 19, 20]);
        assert_eq!(percentile(&[9, 8, 7], 50), 8);
        assert_eq!(percentile(&[], 50), 0);
        assert_eq!(percentile(&[7], 95), 7);
    }

    #[test]
    fn a_file_belongs_to_its_crate() {
        assert_eq!(crate_of("crates/http/src/api/keys.rs"), "crates/http");
        assert_eq!(crate_of("crates/bloom/tests/integration/main.rs"), "crates/bloom");
        assert_eq!(crate_of("bench/src/main.rs"), "bench");
    }
}
