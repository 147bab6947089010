//! A folder for one run, outside of the clone.

use super::programs;
use crate::Failure;
use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::PathBuf;

/// Makes the folder, private to `owner` when one is given. Whoever asks for it sees to its removal.
pub(super) fn folder(name: &str, owner: Option<(u32, u32)>) -> Result<PathBuf, Failure> {
    let path = std::env::temp_dir().join(format!("bloom-{name}-{}", std::process::id()));
    let made = DirBuilder::new().mode(0o700).create(&path);
    let made = made.and_then(|()| match owner {
        Some((user, group)) => chown(&path, Some(user), Some(group)),
        None => Ok(()),
    });
    made.map(|()| path.clone()).map_err(|e| format!("{}: {e}", programs::text(&path)))
}
