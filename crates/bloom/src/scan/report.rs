//! What a scan found, and how it is told.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bloom_domain::api_keys::KeyHint;
use bloom_domain::api_keys::finder::{Finder, Found, without_keys};
use serde_json::{Value, json};

/// What came of reading some files, some objects, or all of them.
#[derive(Default)]
pub(super) struct Report {
    pub(super) findings: Vec<Finding>,
    /// How many had the shape of a key and another checksum.
    pub(super) others: u64,
    pub(super) files: u64,
    pub(super) objects: u64,
    pub(super) bytes: u64,
    /// What could not be read, and why. The run fails by it.
    pub(super) problems: Vec<String>,
    /// What else should be known.
    pub(super) notes: Vec<String>,
    /// How many repositories were read: with several, each finding names its own.
    pub(super) repositories: usize,
}

/// A key and where it is. Ordered by place.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    pub(super) place: Place,
    line: u64,
    column: u64,
    hint: String,
}

/// Where a key is. Texts are as they are shown.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// In a file.
    File(String),
    /// In the name of a file or folder.
    Name(String),
    /// In the history of a repository.
    History { repository: String, object: Object },
}

/// An object of a repository.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Object {
    /// The content of a file, with the commit that brought it there; none when it is only staged, or only
    /// tagged.
    Blob { id: String, commit: Option<String>, path: String },
    /// A commit's message, or another part of it.
    Commit { id: String },
    /// The message of a tag.
    Tag { id: String, name: String },
}

impl Finding {
    pub(super) fn new(place: Place, found: &Found) -> Self {
        let hint = hint(&found.hint);
        Self { place, line: found.line, column: found.column, hint }
    }

    fn line(&self, names_repositories: bool) -> String {
        let (line, column, hint) = (self.line, self.column, &self.hint);
        match &self.place {
            Place::File(path) => format!("{path}:{line}:{column}: {hint}"),
            Place::Name(path) => format!("{path}:(its name): {hint}"),
            Place::History { repository, object } => {
                let whose = if names_repositories { repository } else { "" };
                let space = if names_repositories { " " } else { "" };
                format!("{whose}{space}{}:{line}: {hint}", object.place())
            }
        }
    }

    fn json(&self) -> Value {
        let mut json = match &self.place {
            Place::File(path) => json!({"kind": "file", "path": path}),
            Place::Name(path) => json!({"kind": "name", "path": path}),
            Place::History { repository, object } => {
                let mut json = object.json();
                json["repository"] = repository.as_str().into();
                json
            }
        };
        json["line"] = self.line.into();
        json["column"] = self.column.into();
        json["key"] = self.hint.as_str().into();
        json
    }
}

impl Object {
    fn place(&self) -> String {
        match self {
            Self::Blob { id, commit, path } => {
                format!("{}:{path}", commit.as_ref().unwrap_or(id))
            }
            Self::Commit { id } => format!("{id}:(commit message)"),
            Self::Tag { id, name } => format!("{id}:(tag {name})"),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Blob { id, commit, path } => {
                json!({"kind": "blob", "object": id, "commit": commit, "path": path})
            }
            Self::Commit { id } => json!({"kind": "commit", "object": id, "commit": id}),
            Self::Tag { id, name } => json!({"kind": "tag", "object": id, "tag": name}),
        }
    }
}

impl Report {
    /// What a reader came back with, added to the rest.
    pub(super) fn add(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.others += other.others;
        self.files += other.files;
        self.objects += other.objects;
        self.bytes += other.bytes;
        self.problems.extend(other.problems);
        self.notes.extend(other.notes);
        self.repositories += other.repositories;
    }

    /// Looks for keys in a name.
    pub(super) fn read_name(&mut self, name: &[u8], path: &Path) {
        let mut finder = Finder::new();
        for found in finder.read(name) {
            self.findings.push(Finding::new(Place::Name(shown(path)), &found));
        }
        self.others += finder.others();
    }

    /// The same order and the same lines, in whichever order the readers came back. A path that was named
    /// twice was read twice.
    pub(super) fn sort(&mut self) {
        self.findings.sort();
        self.findings.dedup();
        self.problems.sort();
        self.problems.dedup();
    }

    pub(super) fn lines(&self) -> String {
        let lines = self.findings.iter().map(|finding| finding.line(self.repositories > 1));
        lines.collect::<Vec<_>>().join("\n")
    }

    pub(super) fn summary(&self) -> String {
        let keys = match self.findings.len() {
            0 => "no API key".to_owned(),
            1 => "1 place with an API key".to_owned(),
            places => format!("{places} places with API keys"),
        };
        let objects = match self.repositories {
            0 => String::new(),
            _ => format!(" and {} of git history", counted(self.objects, "object")),
        };
        let others = match self.others {
            0 => String::new(),
            others => {
                format!("; {} with its prefix and another checksum", counted(others, "text"))
            }
        };
        format!("{keys} in {}{objects}{others}", counted(self.files, "file"))
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "findings": self.findings.iter().map(Finding::json).collect::<Vec<_>>(),
            "others": self.others,
            "files": self.files,
            "objects": self.objects,
            "bytes": self.bytes,
            "problems": self.problems,
            "notes": self.notes,
        })
    }
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn hint(hint: &KeyHint) -> String {
    hint.to_string()
}

/// A path on one line, without a secret in it.
pub(super) fn shown(path: &Path) -> String {
    shown_bytes(path.as_os_str().as_bytes())
}

/// The same for what git calls a path.
pub(super) fn shown_bytes(path: &[u8]) -> String {
    let text = without_keys(&String::from_utf8_lossy(path));
    text.chars().fold(String::with_capacity(text.len()), |mut shown, character| {
        match character.is_control() {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
        shown
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_line_without_a_secret() {
        assert_eq!(shown_bytes(b"a/\x1b[31m\nb\xff"), "a/\\u{1b}[31m\\nb\u{fffd}");
        let secret = bloom_domain::api_keys::ApiKeySecret::new(&[5; 32]);
        let path = format!("keys/{}.txt", secret.expose());
        assert_eq!(shown(Path::new(&path)), format!("keys/{}.txt", secret.hint()));
    }
}
