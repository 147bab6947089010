//! Requests that are done once, as rows.

use bloom_domain::ids::AccountId;
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Tx, Value};

statements! {
    /// Takes a key that is new or long forgotten; whoever else wants it waits for the transaction to end.
    TAKE = "INSERT INTO idempotency_keys \
            (account_id, operation, key_digest, request_digest, created_at) VALUES (?1, ?2, ?3, ?4, ?5) \
            ON CONFLICT (account_id, operation, key_digest) \
            DO UPDATE SET request_digest = ?4, sealed = NULL, created_at = ?5 \
            WHERE idempotency_keys.created_at <= ?6";
    /// Keeps the answer of a request.
    KEEP = "UPDATE idempotency_keys SET sealed = ?4 \
            WHERE account_id = ?1 AND operation = ?2 AND key_digest = ?3";
    /// Lets go of a key whose request was refused.
    RELEASE = "DELETE FROM idempotency_keys WHERE account_id = ?1 AND operation = ?2 AND key_digest = ?3";
    /// What a key was used for, and the answer.
    FIND = "SELECT request_digest, sealed FROM idempotency_keys \
            WHERE account_id = ?1 AND operation = ?2 AND key_digest = ?3 AND created_at > ?4";
    /// Old ones go, a batch at a time.
    DELETE_OLD = "DELETE FROM idempotency_keys WHERE (account_id, operation, key_digest) IN \
                  (SELECT account_id, operation, key_digest FROM idempotency_keys \
                  WHERE created_at <= ?1 LIMIT ?2)";
}

/// A key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StoredKey {
    /// Whose it is.
    pub account: AccountId,
    /// The id of the operation it counts for.
    pub operation: &'static str,
    /// SHA-256 of the key.
    pub digest: [u8; 32],
}

/// What a key was used for.
pub struct KeptAnswer {
    /// SHA-256 of what was asked for.
    pub request_digest: [u8; 32],
    /// The answer, sealed.
    pub sealed: Vec<u8>,
}

/// Takes a key for the rest of the transaction, if nothing newer than `expired` stands under it. `false` when
/// something does; it is committed then.
pub fn take(
    tx: &mut Tx<'_>,
    key: &StoredKey,
    request_digest: &[u8; 32],
    now: Timestamp,
    expired: Timestamp,
) -> Result<bool, Error> {
    let [account, operation, digest] = params(key);
    let params = [account, operation, digest, request_digest.into(), now.into(), expired.into()];
    Ok(tx.execute(&TAKE, &params)? == 1)
}

/// Keeps the answer of the request that has taken a key.
pub fn keep(tx: &mut Tx<'_>, key: &StoredKey, sealed: &[u8]) -> Result<(), Error> {
    let [account, operation, digest] = params(key);
    tx.execute(&KEEP, &[account, operation, digest, sealed.into()]).map(drop)
}

/// Lets go of a key that was taken in the same transaction.
pub fn release(tx: &mut Tx<'_>, key: &StoredKey) -> Result<(), Error> {
    tx.execute(&RELEASE, &params(key)).map(drop)
}

/// What stands under a key that is newer than `expired`.
pub fn find(
    tx: &mut Tx<'_>,
    key: &StoredKey,
    expired: Timestamp,
) -> Result<Option<KeptAnswer>, Error> {
    let [account, operation, digest] = params(key);
    let row = tx.query_opt(&FIND, &[account, operation, digest, expired.into()])?;
    row.map(|row| Ok(KeptAnswer { request_digest: row.bytes(0)?, sealed: row.blob(1)?.to_vec() }))
        .transpose()
}

/// Deletes at most `limit` that were taken at or before a time.
pub fn delete_old(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> Result<u64, Error> {
    tx.execute(&DELETE_OLD, &[before.into(), limit.into()])
}

fn params(key: &StoredKey) -> [Value; 3] {
    [key.account.into(), key.operation.into(), (&key.digest).into()]
}
