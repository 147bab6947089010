//! Every package we build, link or test with states a licence that deny.toml allows. Test tools count:
//! whoever builds from source downloads them as well.

use super::{allowed, spdx};
use crate::Failure;
use crate::cargo::{Graph, Package};
use crate::finding::{Finding, line_where};
use crate::tree::Tree;

pub(super) fn findings(tree: &Tree, graph: &Graph) -> Result<Vec<Finding>, Failure> {
    let allowed = allowed::list(tree, "licenses", "allow");
    let lock = tree.text("Cargo.lock");
    let refused = graph.packages.iter().filter_map(|package| {
        let reason = refusal(package.licence.as_deref(), &allowed)?;
        Some(Finding::new("Cargo.lock", line_in_lock(lock, package), advice(package, &reason)))
    });
    Ok(refused.collect())
}

fn refusal(licence: Option<&str>, allowed: &[String]) -> Option<String> {
    let Some(text) = licence else { return Some("states no licence expression".to_owned()) };
    match spdx::parse(text) {
        Ok(expression) if expression.accepted(allowed) => None,
        Ok(_) => Some(format!("is licensed `{text}`, which deny.toml does not allow")),
        Err(error) => Some(format!("has an unreadable licence `{text}`: {error}")),
    }
}

fn advice(package: &Package, reason: &str) -> String {
    let Package { name, version, .. } = package;
    format!("{name} {version} {reason}; use another package, or allow a permissive licence there")
}

fn line_in_lock(lock: &str, package: &Package) -> usize {
    let name = format!("name = \"{}\"", package.name);
    line_where(lock, |line| line == name)
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn silence_is_no_licence() {
        let allowed = ["MIT".to_owned()];
        assert_eq!(refusal(Some("MIT"), &allowed), None);
        assert!(refusal(None, &allowed).is_some());
        assert!(refusal(Some("AGPL-3.0-only"), &allowed).is_some());
        assert!(refusal(Some("MIT OR"), &allowed).unwrap().contains("unreadable"));
    }
}
