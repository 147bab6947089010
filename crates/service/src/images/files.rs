//! Files whose image is gone go as well, a little later.

use bloom_store as store;

use crate::blobs::BlobKey;
use crate::{Error, Service};

/// How many are looked for at a time.
const BATCH: i64 = 100;

/// Deletes files whose image is gone.
///
/// # Errors
/// When the database or the files cannot be reached; what is left goes the next time.
pub(crate) async fn sweep(service: &Service) -> Result<(), Error> {
    loop {
        let doomed = service.store.read(|tx| store::images::doomed_blobs(tx, BATCH)).await?;
        let is_last = i64::try_from(doomed.len()).unwrap_or(i64::MAX) < BATCH;
        for key in doomed {
            service.blobs.delete(&BlobKey::from_stored(&key)).await?;
            service.store.write(move |tx| store::images::forget_blob(tx, &key)).await?;
        }
        if is_last {
            return Ok(());
        }
    }
}
