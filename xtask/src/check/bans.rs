//! What the server must not be built from: the packages deny.toml bans, and anything fetched from git.

use super::allowed;
use crate::cargo::{self, Graph};
use crate::finding::{Finding, line_where};
use crate::{Failure, tree::Tree};

pub(super) fn findings(tree: &Tree, _: &Graph) -> Result<Vec<Finding>, Failure> {
    let lock = tree.text("Cargo.lock");
    let banned = allowed::list(tree, "bans", "deny");
    if banned.is_empty() {
        return Ok(vec![Finding::new("deny.toml", 1, "list the banned packages in [bans] deny")]);
    }
    let mut found = git_sources(lock);
    for name in cargo::normal_tree(&tree.root, "bloom")? {
        if banned.contains(&name) {
            let line = line_where(lock, |line| line == format!("name = \"{name}\""));
            let advice = format!(
                "{name} is banned from the server; `cargo tree -p bloom -e normal -i {name}` shows what brings it"
            );
            found.push(Finding::new("Cargo.lock", line, advice));
        }
    }
    Ok(found)
}

fn git_sources(lock: &str) -> Vec<Finding> {
    let lines = lock.lines().enumerate().filter(|(_, line)| line.starts_with("source = \"git+"));
    let advice = "a git dependency can change or vanish beneath a release; use a published version";
    lines.map(|(index, _)| Finding::new("Cargo.lock", index + 1, advice)).collect()
}

#[cfg(test)]
mod tests {
    use super::git_sources;

    #[test]
    fn finds_git_sources_by_line() {
        let lock = "name = \"a\"\nsource = \"registry+x\"\nname = \"b\"\nsource = \"git+x\"\n";
        let found = git_sources(lock);
        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().starts_with("Cargo.lock:4: "));
    }
}
