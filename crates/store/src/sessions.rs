//! Browser sessions, as rows: by the digest of the cookie's secret.

use bloom_domain::accounts::Account;
use bloom_domain::digest::Digest;
use bloom_domain::ids::AccountId;
use bloom_domain::sessions::SessionTimes;
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Tx, accounts};

statements! {
    /// A new session.
    INSERT = "INSERT INTO sessions (digest, account_id, created_at, seen_at) VALUES (?1, ?2, ?3, ?4)";
    /// A session and its account.
    FIND = "SELECT s.created_at, s.seen_at, a.id, a.email, a.name, a.created_at, a.banned_at \
            FROM sessions s JOIN accounts a ON a.id = s.account_id WHERE s.digest = ?1";
    /// One row when a session is there and is of an account.
    IS_OF = "SELECT digest FROM sessions WHERE digest = ?1 AND account_id = ?2";
    /// A session was seen.
    TOUCH = "UPDATE sessions SET seen_at = ?2 WHERE digest = ?1 AND seen_at < ?2";
    /// One session ends.
    DELETE = "DELETE FROM sessions WHERE digest = ?1";
    /// All sessions of an account end.
    DELETE_OF = "DELETE FROM sessions WHERE account_id = ?1";
    /// Rows of sessions that have ended by themselves go, a batch at a time.
    DELETE_ENDED = "DELETE FROM sessions WHERE digest IN (SELECT digest FROM sessions \
                    WHERE seen_at <= ?1 OR created_at <= ?2 LIMIT ?3)";
}

/// Writes a new session.
pub fn insert(
    tx: &mut Tx<'_>,
    digest: &Digest,
    account: AccountId,
    times: SessionTimes,
) -> Result<(), Error> {
    let params =
        [digest.as_bytes().into(), account.into(), times.created_at.into(), times.seen_at.into()];
    tx.execute(&INSERT, &params).map(drop)
}

/// The session with a digest, live or not, and its account.
pub fn find(tx: &mut Tx<'_>, digest: &Digest) -> Result<Option<(SessionTimes, Account)>, Error> {
    let row = tx.query_opt(&FIND, &[digest.as_bytes().into()])?;
    row.map(|row| {
        let times = SessionTimes { created_at: row.timestamp(0)?, seen_at: row.timestamp(1)? };
        Ok((times, accounts::read(&row, 2)?))
    })
    .transpose()
}

/// Whether a session is still there and is of this account.
pub fn is_of(tx: &mut Tx<'_>, digest: &Digest, account: AccountId) -> Result<bool, Error> {
    Ok(tx.query_opt(&IS_OF, &[digest.as_bytes().into(), account.into()])?.is_some())
}

/// Notes that a session was seen.
pub fn touch(tx: &mut Tx<'_>, digest: &Digest, at: Timestamp) -> Result<(), Error> {
    tx.execute(&TOUCH, &[digest.as_bytes().into(), at.into()]).map(drop)
}

/// Ends a session; `false` when there is none.
pub fn delete(tx: &mut Tx<'_>, digest: &Digest) -> Result<bool, Error> {
    Ok(tx.execute(&DELETE, &[digest.as_bytes().into()])? == 1)
}

/// Ends every session of an account.
pub fn delete_of(tx: &mut Tx<'_>, account: AccountId) -> Result<u64, Error> {
    tx.execute(&DELETE_OF, &[account.into()])
}

/// Deletes at most `limit` rows of sessions last seen, or begun, at or before these times.
pub fn delete_ended(
    tx: &mut Tx<'_>,
    idle_since: Timestamp,
    created_before: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    tx.execute(&DELETE_ENDED, &[idle_since.into(), created_before.into(), limit.into()])
}
