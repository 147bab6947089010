//! Setup links, as rows: by the digest of the link's token.

use bloom_domain::digest::Digest;
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Tx};

statements! {
    /// A new link.
    INSERT = "INSERT INTO setup_links (digest, created_at, expires_at) VALUES (?1, ?2, ?3)";
    /// One row when the link works.
    IS_LIVE = "SELECT digest FROM setup_links \
               WHERE digest = ?1 AND used_at IS NULL AND expires_at > ?2";
    /// Spends a link that works.
    SPEND = "UPDATE setup_links SET used_at = ?2 \
             WHERE digest = ?1 AND used_at IS NULL AND expires_at > ?2";
    /// Rows of links whose time is over go.
    DELETE_EXPIRED = "DELETE FROM setup_links WHERE expires_at <= ?1";
    /// Earlier links end.
    DELETE_ALL = "DELETE FROM setup_links";
}

/// Writes a new link.
pub fn insert(
    tx: &mut Tx<'_>,
    digest: &Digest,
    at: Timestamp,
    expires_at: Timestamp,
) -> Result<(), Error> {
    tx.execute(&INSERT, &[digest.as_bytes().into(), at.into(), expires_at.into()]).map(drop)
}

/// Whether a link works at `now`.
pub fn is_live(tx: &mut Tx<'_>, digest: &Digest, now: Timestamp) -> Result<bool, Error> {
    Ok(tx.query_opt(&IS_LIVE, &[digest.as_bytes().into(), now.into()])?.is_some())
}

/// Spends a link; `false` when it does not work at `now`, or did its work before.
pub fn spend(tx: &mut Tx<'_>, digest: &Digest, now: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(&SPEND, &[digest.as_bytes().into(), now.into()])? == 1)
}

/// Deletes the rows of links whose time is over at `now`, used or not.
pub fn delete_expired(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, Error> {
    tx.execute(&DELETE_EXPIRED, &[now.into()])
}

/// Ends every link.
pub fn delete_all(tx: &mut Tx<'_>) -> Result<(), Error> {
    tx.execute(&DELETE_ALL, &[]).map(drop)
}
