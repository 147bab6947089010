//! Whether the right to upload one file without a credential is still good: the one place that says when it ends.
//!
//! It was asked for with a credential, and ends with it, whatever ends that: a right is no more than its giver has.

use bloom_domain::digest::Digest;
use bloom_domain::ids::WorkspaceId;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use store::Tx;
use store::upload_tokens::{UploadKind, UploadRight};

use crate::authenticate::Remembered;

/// The good right under one of the digests that a token may have, and under which.
pub(crate) fn find(
    tx: &mut Tx<'_>,
    digests: &[Digest],
    kind: UploadKind,
    now: Timestamp,
) -> Result<Option<(Digest, UploadRight)>, store::Error> {
    look(tx, digests, (kind, now), Remembered::stands)
}

/// The same for a write: what its credential hangs on is taken, so that a revocation comes wholly before or wholly after.
/// A write begins with it, as every write by a credential does.
pub(crate) fn hold(
    tx: &mut Tx<'_>,
    digests: &[Digest],
    kind: UploadKind,
    now: Timestamp,
) -> Result<Option<(Digest, UploadRight)>, store::Error> {
    look(tx, digests, (kind, now), Remembered::hold)
}

fn look(
    tx: &mut Tx<'_>,
    digests: &[Digest],
    (kind, now): (UploadKind, Timestamp),
    stands: fn(Remembered, &mut Tx<'_>, WorkspaceId, Timestamp) -> Result<bool, store::Error>,
) -> Result<Option<(Digest, UploadRight)>, store::Error> {
    for digest in digests {
        let Some(right) = store::upload_tokens::find(tx, digest, kind, now)? else { continue };
        let is_good = match &right.via {
            // Nothing of a session is kept: what was given at a browser ends by itself.
            None => true,
            Some(via) => match Remembered::new(right.account, via, right.given_at) {
                Some(credential) => stands(credential, tx, right.workspace, now)?,
                None => false,
            },
        };
        return Ok(is_good.then_some((*digest, right)));
    }
    Ok(None)
}
