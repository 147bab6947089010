//! Which crate may use which. The table is the whole truth: an arrow that is not in it needs an ADR
//! first. Dev-dependencies count too, since a test that reaches around a layer ties it just as well.

use crate::Failure;
use crate::cargo::{self, Graph};
use crate::finding::{Finding, dependency_line};
use crate::tree::Tree;

const ARROWS: &[(&str, &[&str])] = &[
    (
        "bloom",
        &[
            "bloom-http",
            "bloom-outside",
            "bloom-service",
            "bloom-store",
            "bloom-domain",
            "bloom-oauth",
        ],
    ),
    // It does what service asks of it, and must not find another way to the tables.
    ("bloom-outside", &["bloom-service", "bloom-domain"]),
    // Never the store: a face that could write SQL would soon decide something.
    ("bloom-http", &["bloom-service", "bloom-domain", "bloom-oauth"]),
    ("bloom-service", &["bloom-store", "bloom-studio", "bloom-domain", "bloom-oauth"]),
    ("bloom-store", &["bloom-domain", "bloom-oauth"]),
    // Pixels and pages need no account and no table.
    ("bloom-studio", &["bloom-domain"]),
    ("bloom-domain", &["bloom-oauth"]),
    ("bloom-oauth", &[]),
];

/// Tools that stand beside the product and may use all of it.
const TOOLS: &[&str] = &["bloom-bench", "bloom-fuzz", "xtask"];

/// The crates that only compute, and what would let them wait or talk to the outside.
const PURE: &[&str] = &["bloom-oauth", "bloom-domain", "bloom-studio"];
const IMPURE: &[&str] =
    &["axum", "hyper", "postgres", "reqwest", "rusqlite", "tokio", "tokio-postgres", "tower"];

pub(super) fn findings(tree: &Tree, graph: &Graph) -> Result<Vec<Finding>, Failure> {
    let members: Vec<&str> = graph.members().map(|(package, _)| package.name.as_str()).collect();
    let mut found = Vec::new();
    for (package, folder) in graph.members() {
        let name = package.name.as_str();
        let manifest = format!("{folder}/Cargo.toml");
        let at = |dependency: &str, advice: String| {
            let line = dependency_line(tree.text(&manifest), dependency);
            Finding::new(&manifest, line, advice)
        };
        for dependency in package.dependencies.iter().map(|dependency| dependency.name.as_str()) {
            if members.contains(&dependency) && !allowed(name, dependency) {
                let advice =
                    format!("{name} may not use {dependency}; ARROWS in xtask says who may");
                found.push(at(dependency, advice));
            }
            if PURE.contains(&name) && IMPURE.contains(&dependency) {
                found.push(at(
                    dependency,
                    format!("{name} is pure; leave {dependency} to a layer above"),
                ));
            }
        }
        if !TOOLS.contains(&name) && !ARROWS.iter().any(|(from, _)| *from == name) {
            found.push(at(name, format!("{name} has no row in ARROWS; decide who may use it")));
        }
    }
    for name in PURE {
        found.extend(brought_in(tree, name)?);
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn allowed(from: &str, to: &str) -> bool {
    TOOLS.contains(&from)
        || ARROWS.iter().any(|(name, targets)| *name == from && targets.contains(&to))
}

/// A pure crate may not receive the outside through a dependency of a dependency either.
fn brought_in(tree: &Tree, name: &str) -> Result<Vec<Finding>, Failure> {
    let folder = name.replace("bloom-", "crates/");
    let impure = cargo::normal_tree(&tree.root, name)?.into_iter();
    let impure = impure.filter(|package| IMPURE.contains(&package.as_str()));
    Ok(impure
        .map(|package| {
            let advice = format!("{name} is pure, and one of its dependencies brings {package}");
            Finding::new(&format!("{folder}/Cargo.toml"), 1, advice)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faces_reach_the_store_only_through_service() {
        assert!(allowed("bloom-http", "bloom-service"));
        assert!(!allowed("bloom-http", "bloom-store"));
        assert!(!allowed("bloom-service", "bloom-http"));
        assert!(!allowed("bloom-service", "bloom-outside"));
        assert!(!allowed("bloom-outside", "bloom-store"));
        assert!(!allowed("bloom-studio", "bloom-store"));
        assert!(!allowed("bloom-domain", "bloom-store"));
        assert!(!allowed("bloom-oauth", "bloom-domain"));
        assert!(allowed("bloom-bench", "bloom-store"));
        assert!(!allowed("bloom", "xtask"));
    }

    #[test]
    fn no_two_crates_may_use_each_other() {
        for (from, targets) in ARROWS {
            assert!(targets.iter().all(|to| !allowed(to, from)), "{from}");
        }
    }
}
