//! All brands and images of a workspace go: that of an account that was deleted, or a team that nobody restored.

use bloom_domain::ids::WorkspaceId;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use store::{Change, Tx};

use crate::{Error, Service};

/// How many of each one transaction deletes.
const BATCH: i64 = 100;

/// Deletes them, batch by batch; their files go with the next sweep of files. What is under way for them ends by
/// itself, and costs nothing. Saying it twice does no harm.
///
/// # Errors
/// When the database cannot be written; what is left goes the next time.
pub(crate) async fn empty(service: &Service, workspace: WorkspaceId) -> Result<(), Error> {
    let now = service.now();
    while service.store.write(move |tx| empty_some(tx, workspace, now)).await? > 0 {}
    Ok(())
}

fn empty_some(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<usize, store::Error> {
    let images = store::images::some_of_workspace(tx, workspace, BATCH)?;
    for (id, blob) in &images {
        store::images::delete(tx, *id)?;
        if let Some(blob) = blob {
            store::images::doom_blob(tx, blob, now)?;
        }
        tx.changed(Change::Image(*id));
    }
    let brands = store::brands::page(tx, workspace, store::brands::AFTER_ALL, BATCH)?;
    for line in &brands {
        let found = store::brands::find_any(tx, line.id)?;
        if let Some(logo) = found.and_then(|found| found.brand.logo) {
            store::images::doom_blob(tx, &logo.blob, now)?;
        }
        store::brands::delete(tx, line.id, now)?;
        tx.changed(Change::Brand(line.id));
    }
    Ok(images.len() + brands.len())
}
