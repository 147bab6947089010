//! `cargo xtask check`: everything CI asks of a change before its tests.
//!
//! The parts run from the cheapest to the dearest and all of them run, so that one round shows every
//! fault.

mod adr;
mod allowed;
mod arrows;
mod bans;
mod docs;
mod licences;
mod markdown;
mod named_tests;
mod spdx;
mod tidy;
mod unused;

use crate::finding::Finding;
use crate::{Failure, cargo};
use crate::{cargo::Graph, tree::Tree};
use std::process::ExitCode;
use std::time::Instant;

/// A check that only reads our files.
type OfTree = fn(&Tree) -> Vec<Finding>;

const OF_TREE: &[(&str, OfTree)] = &[
    ("tidy", tidy::findings),
    ("adr", adr::findings),
    ("docs", docs::findings),
    ("named tests", named_tests::findings),
];

/// A check that also asks cargo what is built from what, and so can fail to get an answer.
type OfGraph = fn(&Tree, &Graph) -> Result<Vec<Finding>, Failure>;

const OF_GRAPH: &[(&str, OfGraph)] = &[
    ("arrows", arrows::findings),
    ("unused dependencies", unused::findings),
    ("licences", licences::findings),
    ("bans", bans::findings),
];

/// Cargo's own.
const OF_CARGO: &[(&str, &[&str])] = &[
    ("fmt", &["fmt", "--all", "--check"]),
    ("clippy", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    ("doc", &["doc", "--workspace", "--no-deps"]),
];

pub(crate) fn run() -> Result<ExitCode, Failure> {
    let tree = Tree::read()?;
    let mut parts: Vec<(&str, bool)> = Vec::new();
    for (name, findings) in OF_TREE {
        parts.push((name, timed(name, || Ok(reported(&findings(&tree))))));
    }
    let mut graph = None;
    let read = timed("metadata", || {
        graph = Some(Graph::read(&tree.root)?);
        Ok(true)
    });
    parts.push(("metadata", read));
    for (name, findings) in OF_GRAPH {
        if let Some(graph) = &graph {
            parts.push((name, timed(name, || Ok(reported(&findings(&tree, graph)?)))));
        }
    }
    for (name, arguments) in OF_CARGO {
        parts.push((name, timed(name, || cargo_passes(&tree, arguments))));
    }

    let failed: Vec<&str> =
        parts.iter().filter(|(_, passed)| !passed).map(|(name, _)| *name).collect();
    if failed.is_empty() {
        println!("check: all passed");
        return Ok(ExitCode::SUCCESS);
    }
    println!("check: failed: {}", failed.join(", "));
    Ok(ExitCode::FAILURE)
}

/// Prints the findings; true when there are none.
fn reported(findings: &[Finding]) -> bool {
    findings.iter().for_each(|finding| println!("{finding}"));
    findings.is_empty()
}

/// Runs one part and prints how it went and how long it took. A part that could not run has failed.
fn timed(name: &str, part: impl FnOnce() -> Result<bool, Failure>) -> bool {
    let start = Instant::now();
    let passed = part().unwrap_or_else(|failure| {
        println!("{failure}");
        false
    });
    let verdict = if passed { "ok" } else { "FAILED" };
    println!("{name}: {verdict} ({:.1} s)", start.elapsed().as_secs_f32());
    passed
}

/// Only `doc` reads the flags, and without them a broken link would be a warning.
fn cargo_passes(tree: &Tree, arguments: &[&str]) -> Result<bool, Failure> {
    let mut command = cargo::command(&tree.root);
    let status = command.args(arguments).env("RUSTDOCFLAGS", "-D warnings").status();
    status.map(|status| status.success()).map_err(|e| format!("cannot run cargo: {e}"))
}
