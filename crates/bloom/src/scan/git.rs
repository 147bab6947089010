//! The `git` program, asked about one repository and kept from everything else.

use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread::{self, JoinHandle};

use super::report::shown;

/// What would lead git to another repository than the one that was named.
const ELSEWHERE: [&str; 6] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
];
/// Objects as they are, nothing fetched from anywhere, nothing written, no question asked.
const MANNERS: [(&str, &str); 6] = [
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("LC_ALL", "C"),
];
/// How much of git's complaints is kept: the first line says it.
const COMPLAINT: u64 = 4_096;

/// A repository: a folder with a `.git` in it, or a bare one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Repository {
    folder: PathBuf,
}

impl Repository {
    /// The repository that a file or folder lies in.
    pub(super) fn around(path: &Path) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        let folder = path.ancestors().find(|folder| is_one(folder))?;
        Some(Self { folder: folder.to_owned() })
    }

    /// How it is shown.
    pub(super) fn name(&self) -> String {
        shown(&self.folder)
    }

    /// Starts git.
    pub(super) fn start(&self, arguments: &[&str], input: Stdio) -> Result<Git, String> {
        let mut command = Command::new("git");
        for name in ELSEWHERE {
            command.env_remove(name);
        }
        // A folder that only looks like a repository must not lead to one further up.
        let above = self.folder.parent().unwrap_or(&self.folder);
        command.envs(MANNERS).env("GIT_CEILING_DIRECTORIES", above);
        command.arg("-C").arg(&self.folder).args(arguments);
        let started = command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        match started {
            Ok(mut child) => Ok(Git { complaint: child.stderr.take().map(listen), child }),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(format!(
                "the history of {} was not read: the program git is missing; install it, or ask for \
                 --no-git-history",
                self.name()
            )),
            Err(error) => Err(self.failed(&error.to_string())),
        }
    }

    /// Why its history was not read, or not all of it.
    pub(super) fn failed(&self, why: &str) -> String {
        format!("the history of {} was not read to its end: {why}", self.name())
    }

    /// What git says, on one line.
    pub(super) fn ask(&self, arguments: &[&str]) -> Result<String, String> {
        let mut git = self.start(arguments, Stdio::null())?;
        let mut said = String::new();
        let output = git.child.stdout.take();
        let read = output.map_or(Ok(0), |mut output| output.read_to_string(&mut said));
        read.map_err(|error| self.failed(&error.to_string()))?;
        git.end().map_err(|why| self.failed(&why))?;
        Ok(said.trim().to_owned())
    }
}

fn is_one(folder: &Path) -> bool {
    let bare = ["HEAD", "objects", "refs"];
    folder.join(".git").exists()
        || (bare.iter().all(|part| folder.join(part).exists()) && folder.join("HEAD").is_file())
}

/// Git at work. It is ended when this is dropped.
pub(super) struct Git {
    pub(super) child: Child,
    complaint: Option<JoinHandle<String>>,
}

impl Git {
    /// Waits for its end, and says why it failed if it did.
    pub(super) fn end(mut self) -> Result<(), String> {
        let status = self.child.wait().map_err(|error| error.to_string())?;
        let complaint = self.complaint.take().and_then(|reader| reader.join().ok());
        if status.success() {
            return Ok(());
        }
        let complaint = complaint.unwrap_or_default();
        let line = complaint.lines().find(|line| !line.trim().is_empty());
        Err(line
            .map_or_else(|| format!("git ended with {status}"), |line| format!("git says: {line}")))
    }
}

impl Drop for Git {
    fn drop(&mut self) {
        // Both fail only when it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads what it complains of: all of it, so that it never waits for us, and keeps the beginning.
fn listen(mut complaints: ChildStderr) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut kept = Vec::new();
        let _ = complaints.by_ref().take(COMPLAINT).read_to_end(&mut kept);
        let _ = io::copy(&mut complaints, &mut io::sink());
        String::from_utf8_lossy(&kept).into_owned()
    })
}
