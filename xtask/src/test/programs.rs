//! Where other people's programs are, and which user to run them as.

use crate::Failure;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The first of `names` that some folder of PATH, or one of `more`, holds.
pub(super) fn find(names: &[&str], more: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).chain(more.iter().cloned()).collect();
    let candidates =
        names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    candidates.into_iter().find(|program| program.is_file())
}

/// Whether we are root, who may install packages but may not run PostgreSQL.
pub(super) fn are_root() -> bool {
    id(&[]) == Some(0)
}

/// User and group of the first of these accounts that exists.
pub(super) fn unprivileged() -> Result<(u32, u32), Failure> {
    let ids = |name| Some((id(&[name])?, group(name)?));
    ["postgres", "nobody"].into_iter().find_map(ids).ok_or_else(|| {
        "PostgreSQL does not run as root, and there is no user postgres or nobody".to_owned()
    })
}

fn id(names: &[&str]) -> Option<u32> {
    ask_id("-u", names)
}

fn group(name: &str) -> Option<u32> {
    ask_id("-g", &[name])
}

fn ask_id(flag: &str, names: &[&str]) -> Option<u32> {
    let output = Command::new("id").arg(flag).args(names).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// A port that was free a moment ago. Nobody can promise more.
pub(super) fn free_port() -> Result<u16, Failure> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address.map(|address| address.port()).map_err(|e| format!("no free port: {e}"))
}

/// `path` as text for an argument; what we make ourselves is UTF-8.
pub(super) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
