//! The root secret's file, `DATA/secret`: made once, for its owner alone.

use std::io;

use bloom_service::entropy::Entropy;
use bloom_service::root_secret::{self, RootSecrets};

use crate::command::Answer;
use crate::data_folder::{DataFolder, sync_folder_of, write_private};
use crate::failure::Failure;
use crate::node::Node;

/// The secrets in the file; a folder without one gets a new secret.
pub(crate) fn read_or_make(folder: &DataFolder, entropy: &Entropy) -> Result<RootSecrets, Failure> {
    let path = folder.secret_path();
    match std::fs::read_to_string(&path) {
        Ok(text) => RootSecrets::parse(&text)
            .map_err(|error| Failure::machine(format!("{}: {error}", path.display()))),
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
    replace(&path, secrets.expose().as_bytes())
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

fn replace(path: &std::path::Path, content: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    write_private(&fresh, content)?;
    std::fs::rename(&fresh, path)?;
    sync_folder_of(path)
}
