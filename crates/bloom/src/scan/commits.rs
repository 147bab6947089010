//! Which commit brought an object, and under which path: the oldest one that has it in its difference to
//! a parent.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::git::Repository;

/// The commit that brought each blob, and the path it had there.
pub(super) type Commits = HashMap<String, (String, Vec<u8>)>;

/// As many as are looked for in one pass over the history; a command line has an end.
const AT_ONCE: usize = 500;

/// Looks for these blobs. One that is only staged, or only tagged, is in no commit.
pub(super) fn that_brought(repository: &Repository, blobs: &[&str]) -> Result<Commits, String> {
    let mut commits = Commits::new();
    for blobs in blobs.chunks(AT_ONCE) {
        look_for(repository, blobs, &mut commits)?;
    }
    Ok(commits)
}

fn look_for(repository: &Repository, blobs: &[&str], commits: &mut Commits) -> Result<(), String> {
    let mut lister = repository.start(&["rev-list", "--all"], Stdio::null())?;
    let listed = lister.child.stdout.take().map_or_else(Stdio::null, Stdio::from);
    let wanted: Vec<_> = blobs.iter().map(|blob| format!("--find-object={blob}")).collect();
    // Against each parent, since a merge can bring something too; a rename is a new path.
    let mut arguments = vec!["diff-tree", "--stdin", "-m", "-r", "--root", "--raw", "-z"];
    arguments.extend(["--no-abbrev", "--no-renames", "--no-ext-diff"]);
    arguments.extend(wanted.iter().map(String::as_str));
    let mut differ = repository.start(&arguments, listed)?;
    if let Some(output) = differ.child.stdout.take() {
        let fields = BufReader::new(output).split(0).map_while(Result::ok);
        read(fields, commits);
    }
    lister.end().and_then(|()| differ.end()).map_err(|why| repository.failed(&why))
}

/// Reads `COMMIT 0 :MODE MODE OLD NEW STATUS 0 PATH 0 …`, newest commit first: the last one counts.
fn read(mut fields: impl Iterator<Item = Vec<u8>>, commits: &mut Commits) {
    let mut commit = String::new();
    while let Some(field) = fields.next() {
        let text = String::from_utf8_lossy(&field);
        match text.strip_prefix(':') {
            None => commit = text.trim().to_owned(),
            Some(change) => {
                let path = fields.next().unwrap_or_default();
                if let Some(blob) = change.split(' ').nth(3) {
                    commits.insert(blob.to_owned(), (commit.clone(), path));
                }
            }
        }
    }
}
