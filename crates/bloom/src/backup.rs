//! `bloom backup`: a new folder that can be used as a data folder.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::command::Answer;
use crate::data_folder::write_private;
use crate::failure::Failure;
use crate::node::Node;

/// Copies the database, as of one moment, and the root secret. Writers go on meanwhile.
pub(crate) async fn make(node: &Node, to: PathBuf) -> Result<Answer, Failure> {
    if !node.is_embedded && node.secret_is_configured {
        return Err(Failure::usage(
            "nothing to back up here: the database is PostgreSQL, which pg_dump backs up, and the \
             root secret is configured",
        ));
    }
    DirBuilder::new().mode(0o700).create(&to).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
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
    })
}

async fn fill(node: &Node, to: &Path) -> Result<(), Failure> {
    if node.is_embedded {
        let (store, file) = (node.store.clone(), to.join("bloom.db"));
        tokio::task::spawn_blocking(move || store.backup_to(&file))
            .await
            .map_err(|error| failed("write to", to, &error))?
            .map_err(|error| failed("write to", to, &error))?;
    }
    if !node.secret_is_configured {
        let secret = std::fs::read(node.folder.secret_path())
            .map_err(|error| failed("copy the root secret to", to, &error))?;
        write_private(&to.join("secret"), &secret)
            .map_err(|error| failed("copy the root secret to", to, &error))?;
    }
    Ok(())
}

fn failed(what: &str, to: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::machine(format!("cannot {what} {}: {error}", to.display()))
}
