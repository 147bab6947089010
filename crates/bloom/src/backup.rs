//! `bloom backup`: a new folder that can be used as a data folder.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::command::Answer;
use crate::data_folder::{FILES, write_private};
use crate::failure::Failure;
use crate::node::Node;

/// Copies the database, as of one moment, the root secret, and the files of images. Writers go on meanwhile.
pub(crate) async fn make(node: &Node, to: PathBuf) -> Result<Answer, Failure> {
    if !node.is_embedded && node.secret_is_configured && node.files.is_none() {
        return Err(Failure::usage(
            "nothing to back up here: the database is PostgreSQL, which pg_dump backs up, the root secret is \
             configured, and the files of images lie in a bucket",
        ));
    }
    DirBuilder::new().mode(0o700).create(&to).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::usage(format!("{} exists already; name a new folder", to.display()))
        }
        _ => failed("make", &to, &error),
    })?;
    if let Err(failure) = fill(node, &to).await {
        // Half a backup is worse than none. The folder is ours: it was not there before.
        let _ = std::fs::remove_dir_all(&to);
        return Err(failure);
    }
    Ok(Answer::BackedUp {
        to,
        holds_database: node.is_embedded,
        holds_secret: !node.secret_is_configured,
        holds_files: node.files.is_some(),
    })
}

async fn fill(node: &Node, to: &Path) -> Result<(), Failure> {
    // What the database names is there before it and after it: what is deleted meanwhile has been copied by then,
    // and what is made meanwhile is copied afterwards.
    copy_files(node, to).await?;
    if node.is_embedded {
        let (store, file) = (node.store.clone(), to.join("bloom.db"));
        tokio::task::spawn_blocking(move || store.backup_to(&file))
            .await
            .map_err(|error| failed("write to", to, &error))?
            .map_err(|error| failed("write to", to, &error))?;
        copy_files(node, to).await?;
    }
    if !node.secret_is_configured {
        let secret = std::fs::read(node.folder.secret_path())
            .map_err(|error| failed("copy the root secret to", to, &error))?;
        write_private(&to.join("secret"), &secret)
            .map_err(|error| failed("copy the root secret to", to, &error))?;
    }
    Ok(())
}

async fn copy_files(node: &Node, to: &Path) -> Result<(), Failure> {
    let Some(files) = node.files.clone() else { return Ok(()) };
    let copies = to.join(FILES);
    tokio::task::spawn_blocking(move || copy_folder(&files, &copies))
        .await
        .map_err(|error| failed("copy the files of images to", to, &error))?
        .map_err(|error| failed("copy the files of images to", to, &error))
}

/// Copies what is not there yet. A file has its name from its first whole moment on and never changes, so that a
/// second name for it, which costs no room, is as good as a copy where the file system has that.
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    private_folder(to)?;
    for entry in std::fs::read_dir(from)? {
        let (from, kind, to) = {
            let entry = entry?;
            (entry.path(), entry.file_type()?, to.join(entry.file_name()))
        };
        if kind.is_dir() {
            copy_folder(&from, &to)?;
            continue;
        }
        if kind.is_file() && !to.exists() {
            let copied =
                std::fs::hard_link(&from, &to).or_else(|_| std::fs::copy(&from, &to).map(drop));
            match copied {
                // It was deleted, or was still being written under another name.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                copied => copied?,
            }
        }
    }
    Ok(())
}

fn private_folder(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

fn failed(what: &str, to: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::machine(format!("cannot {what} {}: {error}", to.display()))
}
