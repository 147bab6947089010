//! Files beside the database, of which none stays that no row names.
//!
//! 1. Before a file is written it is announced: a row says that it goes after a while. Its name is new, so whoever does
//!    the same work again writes another file.
//! 2. The transaction that writes the row which names the file takes that back. Whoever does not come so far, because
//!    their lease or their process ended, leaves the announcement behind.
//! 3. A file whose row is deleted is doomed in the same transaction.
//! 4. Housekeeping deletes files whose time has come, each with its small version: that is written before it, and has no
//!    row of its own.

use std::time::Duration;

use bloom_domain::time::Timestamp;
use bloom_store as store;
use bloom_studio::picture::Picture;
use bloom_studio::raster;
use store::Tx;

use crate::blobs::BlobKey;
use crate::{Error, Service};

/// How long it may take from the announcement of a file to the row that names it.
const ANNOUNCED: Duration = Duration::from_secs(3_600);
/// How far from its time a file must be for a row to name it: clocks of nodes differ, and deleting takes time.
const MARGIN: Duration = Duration::from_secs(600);
/// How long one waits between tries to write a file that may have been paid for.
const WAITS: [Duration; 3] =
    [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(4)];
/// How many are looked for at a time.
const BATCH: i64 = 100;

/// A file will be written soon.
pub(crate) fn announce(tx: &mut Tx<'_>, key: &BlobKey, now: Timestamp) -> Result<(), store::Error> {
    store::images::doom_blob(tx, key.as_str(), now.plus(ANNOUNCED))
}

/// What a file is made of.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) bytes: Vec<u8>,
    /// What lists show of it, if it is worth having.
    pub(crate) small: Option<Vec<u8>>,
}

impl Written {
    /// A file, and the small version of what it shows.
    pub(crate) fn of(bytes: Vec<u8>, picture: &Picture) -> Self {
        let small = raster::small(picture).filter(|small| small.len() < bytes.len());
        Self { bytes, small }
    }

    /// A file without a small version.
    pub(crate) fn alone(bytes: Vec<u8>) -> Self {
        Self { bytes, small: None }
    }
}

/// Announces a file, and writes it.
///
/// # Errors
/// When the database or the files cannot be reached.
pub(crate) async fn put(service: &Service, key: &BlobKey, written: Written) -> Result<(), Error> {
    let (announced, now) = (key.clone(), service.now());
    service.store.write(move |tx| announce(tx, &announced, now)).await?;
    put_announced(service, key, written).await
}

/// Writes a file that was announced.
///
/// # Errors
/// When the files cannot be reached.
pub(crate) async fn put_announced(
    service: &Service,
    key: &BlobKey,
    Written { bytes, small }: Written,
) -> Result<(), Error> {
    if let Some(small) = small {
        service.blobs.put(&key.small(), small).await?;
    }
    Ok(service.blobs.put(key, bytes).await?)
}

/// The same for what may have been paid for and would have to be made again: tries it some more.
///
/// # Errors
/// When the files cannot be reached for some seconds.
pub(crate) async fn put_patiently(
    service: &Service,
    key: &BlobKey,
    written: &Written,
) -> Result<(), Error> {
    for wait in WAITS {
        match put_announced(service, key, written.clone()).await {
            Ok(()) => return Ok(()),
            Err(error) => tracing::warn!(%error, again_in = ?wait, "a file could not be stored"),
        }
        tokio::time::sleep(wait).await;
    }
    put_announced(service, key, written.clone()).await
}

/// A file that was announced is named by a row of this transaction. One that comes too late undoes the transaction.
pub(crate) fn keep(tx: &mut Tx<'_>, key: &str, now: Timestamp) -> Result<(), store::Error> {
    match store::images::spare_blob(tx, key, now.plus(MARGIN))? {
        true => Ok(()),
        false => Err(store::Error::Corrupt(format!("the file {key} was to be kept too late"))),
    }
}

/// Deletes files whose time has come.
///
/// # Errors
/// When the database or the files cannot be reached; what is left goes the next time.
pub(crate) async fn sweep(service: &Service) -> Result<(), Error> {
    let now = service.now();
    loop {
        let doomed = service.store.read(move |tx| store::images::doomed_blobs(tx, now, BATCH));
        let doomed = doomed.await?;
        let is_last = i64::try_from(doomed.len()).unwrap_or(i64::MAX) < BATCH;
        for key in doomed {
            let blob = BlobKey::from_stored(&key);
            service.blobs.delete(&blob.small()).await?;
            service.blobs.delete(&blob).await?;
            service.store.write(move |tx| store::images::forget_blob(tx, &key)).await?;
        }
        if is_last {
            return Ok(());
        }
    }
}
