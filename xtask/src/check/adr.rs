//! Decisions are numbered from 0001 without gaps: a missing number is a decision that was deleted
//! instead of superseded, a doubled one is two branches that met.

use crate::finding::Finding;
use crate::tree::Tree;

const FOLDER: &str = "docs/adr/";

pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let names: Vec<&str> =
        tree.files.iter().filter_map(|file| file.path.strip_prefix(FOLDER)).collect();
    misnumbered(&names)
}

/// `names` is sorted, as the tree is.
fn misnumbered(names: &[&str]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut expected = 1;
    for name in names.iter().filter(|name| **name != "README.md") {
        let file = format!("{FOLDER}{name}");
        match number(name) {
            None => found.push(Finding::new(&file, 1, "name it NNNN-what-was-decided.md")),
            Some(number) if number == expected => expected += 1,
            Some(number) => {
                let advice = format!("the next free number is {expected:04}; rename this decision");
                found.push(Finding::new(&file, 1, advice));
                expected = expected.max(number + 1);
            }
        }
    }
    found
}

fn number(name: &str) -> Option<u32> {
    let (digits, title) = name.strip_suffix(".md")?.split_once('-')?;
    let wellformed = digits.len() == 4 && !title.is_empty();
    digits.parse().ok().filter(|_| wellformed)
}

#[cfg(test)]
mod tests {
    use super::misnumbered;

    #[test]
    fn gaps_doubles_and_nameless_files_are_found() {
        assert!(misnumbered(&["0001-a.md", "0002-b.md", "README.md"]).is_empty());
        assert_eq!(misnumbered(&["0001-a.md", "0003-b.md", "0004-c.md"]).len(), 1);
        assert_eq!(misnumbered(&["0001-a.md", "0001-b.md", "0002-c.md"]).len(), 1);
        assert_eq!(misnumbered(&["0001-a.md", "2-b.md", "notes.md"]).len(), 2);
    }
}
