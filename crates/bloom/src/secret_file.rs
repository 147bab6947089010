//! The root secret's file, `DATA/secret`: made once, for its owner alone.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use bloom_service::entropy::Entropy;
use bloom_service::root_secret::{self, RootSecrets};
use bloom_store::Database;

use crate::command::Answer;
use crate::data_folder::{DataFolder, replace_private, write_private};
use crate::failure::Failure;
use crate::node::Node;

/// The permission of group and others to read.
const OTHERS_READ: u32 = 0o044;

/// A database in the folder was made after its secret: without one, a new secret would fit nothing
/// and hide what is wrong.
pub(crate) fn not_lost(folder: &DataFolder, database: &Database) -> Result<(), Failure> {
    let path = folder.secret_path();
    match database {
        Database::Sqlite { path: file }
            if file.exists() && matches!(path.try_exists(), Ok(false)) =>
        {
            Err(Failure::machine(format!(
                "the root secret is missing: put {} back from a backup; the database cannot be \
                 used without it",
                path.display()
            )))
        }
        _ => Ok(()),
    }
}

/// The secrets in the file; a folder without one gets a new secret.
pub(crate) fn read_or_make(folder: &DataFolder, entropy: &Entropy) -> Result<RootSecrets, Failure> {
    let path = folder.secret_path();
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            warn_if_others_read(&path);
            RootSecrets::parse(&text)
                .map_err(|error| Failure::machine(format!("{}: {error}", path.display())))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let secrets =
                RootSecrets { current: root_secret::draw(entropy)?, previous: Vec::new() };
            write_private(&path, secrets.expose().as_bytes()).map_err(|error| {
                Failure::machine(format!("cannot write {}: {error}", path.display()))
            })?;
            Ok(secrets)
        }
        Err(error) => Err(Failure::machine(format!("cannot read {}: {error}", path.display()))),
    }
}

/// Makes a new root secret: first it is safe in the file, together with the one it replaces, then
/// the database learns of it. A crash in between is made good by the next start.
pub(crate) async fn rotate(node: &Node) -> Result<Answer, Failure> {
    if node.secret_is_configured {
        return Err(Failure::usage(
            "the root secret is configured: move secret.current to the front of secret.previous, \
             set a new secret.current of 64 hexadecimal digits, and restart every node",
        ));
    }
    let secrets =
        read_or_make(&node.folder, &node.entropy)?.rotated(root_secret::draw(&node.entropy)?);
    let path = node.folder.secret_path();
    replace_private(&path, secrets.expose().as_bytes())
        .map_err(|error| Failure::machine(format!("cannot write {}: {error}", path.display())))?;
    root_secret::rotate(&node.service, &node.operator, &secrets).await.map_err(|error| {
        Failure::machine(format!(
            "the new secret is in {}, but the database does not know it yet: {error:?}; restart \
             the server",
            path.display()
        ))
    })?;
    Ok(Answer::Rotated { fingerprint: secrets.current.fingerprint().to_string() })
}

/// Nothing is refused for it: a group may have been given it on purpose, for a backup say.
fn warn_if_others_read(path: &Path) {
    let is_open = std::fs::metadata(path).is_ok_and(|found| found.mode() & OTHERS_READ != 0);
    if is_open {
        let path = path.display();
        tracing::warn!("others can read the root secret; close it to them with: chmod 600 {path}");
    }
}
