//! The files of the repository, read once and handed to every check.
//!
//! The folders are walked rather than asked of git: git refuses to answer in a clone that another user
//! owns, and an unpacked release has no git at all.

use crate::Failure;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold nothing of ours, wherever they stand.
const NOT_OURS: &[&str] = &[".git", "target", "node_modules", "__pycache__"];

/// A text file of ours.
pub(crate) struct TextFile {
    /// Relative to the root, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl TextFile {
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension() == Some(OsStr::new(extension))
    }
}

/// The repository as it lies on disk, tracked or not.
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    pub(crate) files: Vec<TextFile>,
}

impl Tree {
    pub(crate) fn read() -> Result<Self, Failure> {
        let root = root()?;
        let mut tree = Self { files: Vec::new(), root };
        let ignored = rooted_ignores(&tree.root);
        let mut pending = vec![tree.root.clone()];
        while let Some(folder) = pending.pop() {
            let entries =
                fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
            for entry in entries.flatten() {
                let Ok(kind) = entry.file_type() else { continue };
                let path = relative(&tree.root, &entry.path());
                let name = entry.file_name();
                if ignored.contains(&path) || NOT_OURS.iter().any(|skip| name == *skip) {
                    continue;
                }
                if kind.is_dir() {
                    pending.push(entry.path());
                } else if kind.is_file()
                    // What is not UTF-8 is an image or a font, and a vanished file was never ours.
                    && let Ok(text) = fs::read_to_string(entry.path())
                {
                    tree.files.push(TextFile { path, text });
                }
            }
        }
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    pub(crate) fn with_extension(&self, extension: &str) -> impl Iterator<Item = &TextFile> {
        self.files.iter().filter(move |file| file.has_extension(extension))
    }

    /// The text of one file, empty when it does not exist.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.files.iter().find(|file| file.path == path).map_or("", |file| &file.text)
    }
}

/// The folder above this crate. Asked of the environment at run time, because several clones may share
/// one target folder and with it one compiled xtask.
pub(crate) fn root() -> Result<PathBuf, Failure> {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let root = here.as_deref().and_then(Path::parent).map(Path::to_owned);
    root.ok_or_else(|| "run me as `cargo xtask`".to_owned())
}

/// `path` below `root`, with forward slashes.
pub(crate) fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// The `/name` lines of the root's ignore file: data folders and builds that a desk leaves behind.
fn rooted_ignores(root: &Path) -> Vec<String> {
    let text = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
    text.lines().filter_map(|line| line.trim().strip_prefix('/')).map(str::to_owned).collect()
}
