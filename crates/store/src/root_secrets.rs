//! Fingerprints of the root secrets that the database has belonged to.

use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Tx};

statements! {
    /// The fingerprint of the current root secret.
    CURRENT = "SELECT fingerprint FROM root_secrets ORDER BY made_current_at DESC LIMIT 1";
    /// Makes a fingerprint the current one.
    INSERT = "INSERT INTO root_secrets (fingerprint, made_current_at) VALUES (?1, ?2) \
              ON CONFLICT (fingerprint) DO UPDATE SET made_current_at = ?2";
}

/// The fingerprint of the current root secret; `None` in a database that belongs to none yet.
pub fn current(tx: &mut Tx<'_>) -> Result<Option<[u8; 16]>, Error> {
    tx.query_opt(&CURRENT, &[])?.map(|row| row.bytes(0)).transpose()
}

/// Makes a fingerprint the current one.
pub fn insert(tx: &mut Tx<'_>, fingerprint: &[u8; 16], at: Timestamp) -> Result<(), Error> {
    tx.execute(&INSERT, &[fingerprint.into(), at.into()]).map(drop)
}
