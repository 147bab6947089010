//! Small rules about the text of every file of ours.

use crate::finding::{Finding, line_at};
use crate::rust_text::{code_only, is_ident, words};
use crate::tree::{TextFile, Tree};

/// Hosts of package registries: a build asks its own configuration where packages come from. The names
/// are spelled in halves so that this file keeps its own rule.
const REGISTRIES: &[&str] = &[
    concat!("crates", ".io"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("rubygems", ".org"),
    concat!("proxy.golang", ".org"),
];

/// Folders that exist on one machine and not on the next.
const MACHINE_FOLDERS: &[&str] =
    &[concat!("/", "work/"), concat!("/", "root/"), concat!("/", "home/"), concat!("/", "Users/")];

/// Notes to oneself: finish it, or open an issue.
const NOTES: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];

/// Cargo writes its registry's name into the lock file, and we cannot have it otherwise.
const GENERATED: &str = "Cargo.lock";

pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let ours = tree.files.iter().filter(|file| file.path != GENERATED);
    ours.flat_map(|file| text_faults(file).into_iter().chain(silenced_lints(file))).collect()
}

fn text_faults(file: &TextFile) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut add = |at: usize, advice: String| {
        found.push(Finding::new(&file.path, line_at(&file.text, at), advice));
    };
    for host in REGISTRIES {
        for (at, _) in file.text.match_indices(host) {
            add(at, format!("do not name {host}; builds take packages from where they are told"));
        }
    }
    for folder in MACHINE_FOLDERS {
        for at in absolute(&file.text, folder) {
            add(at, format!("{folder} exists on one machine only; use a relative path"));
        }
    }
    for note in NOTES {
        for at in words(&file.text, note) {
            add(at, format!("finish this {note} or open an issue for it"));
        }
    }
    found
}

/// Where `folder` begins an absolute path: `a/home/b` and `example.com/home/` are something else.
fn absolute<'a>(text: &'a str, folder: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(folder).map(|(at, _)| at).filter(move |at| {
        let before = text.get(..*at).and_then(|left| left.chars().next_back());
        !before.is_some_and(|c| is_ident(c) || matches!(c, '.' | '-' | '/' | '}' | '>' | ')'))
    })
}

fn silenced_lints(file: &TextFile) -> Vec<Finding> {
    if !file.has_extension("rs") {
        return Vec::new();
    }
    let code = code_only(&file.text);
    let attributes = words(&code, "allow").filter(|at| {
        code.get(..*at).is_some_and(|before| before.ends_with("#[") || before.ends_with("#!["))
    });
    let advice = "use expect with a reason: it tells when it is no longer needed";
    attributes.map(|at| Finding::new(&file.path, line_at(&code, at), advice)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, text: &str) -> usize {
        let file = TextFile { path: path.to_owned(), text: text.to_owned() };
        text_faults(&file).len() + silenced_lints(&file).len()
    }

    #[test]
    fn finds_hosts_machine_paths_and_notes() {
        assert_eq!(faults("a.md", &format!("see https://{}/x", REGISTRIES[0])), 1);
        assert_eq!(faults("a.md", &format!("cd {}x", MACHINE_FOLDERS[0])), 1);
        assert_eq!(faults("a.rs", &format!("// {}: later", NOTES[0])), 1);
    }

    #[test]
    fn spares_longer_words_and_other_paths() {
        assert_eq!(faults("a.md", &format!("frame{}x", MACHINE_FOLDERS[0])), 0);
        assert_eq!(faults("a.md", &format!("https://example.com{}x", MACHINE_FOLDERS[2])), 0);
        assert_eq!(faults("a.rs", &format!("{}S", NOTES[0])), 0);
    }

    #[test]
    fn finds_silenced_lints_in_code_only() {
        assert_eq!(faults("a.rs", "#[allow(dead_code)]\n#![allow(unused)]"), 2);
        assert_eq!(faults("a.rs", "// #[allow(x)]\nlet a = \"#[allow(x)]\";"), 0);
        assert_eq!(faults("a.rs", "#[expect(dead_code, reason = \"allow\")]"), 0);
    }
}
