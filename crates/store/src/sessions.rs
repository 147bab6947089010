//! Browser sessions, as rows: by the digest of the cookie's secret.

use bloom_domain::accounts::Account;
use bloom_domain::digest::Digest;
use bloom_domain::ids::{AccountId, SessionId};
use bloom_domain::senders::Sender;
use bloom_domain::sessions::{Session, SessionTimes};
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Row, Tx, accounts};

statements! {
    /// A new session.
    INSERT = "INSERT INTO sessions \
              (digest, account_id, id, created_at, seen_at, proven_at, address, agent) \
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    /// A session and its account.
    FIND = "SELECT s.id, s.created_at, s.seen_at, s.proven_at, \
            a.id, a.email, a.name, a.created_at, a.banned_at, a.email_verified_at \
            FROM sessions s JOIN accounts a ON a.id = s.account_id WHERE s.digest = ?1";
    /// The sessions of an account that have not ended by themselves, the one seen last first.
    LIST_OF = "SELECT id, created_at, seen_at, proven_at, address, agent FROM sessions \
               WHERE account_id = ?1 AND seen_at > ?2 AND created_at > ?3 \
               ORDER BY seen_at DESC, id";
    /// One row when a session is there and is of an account.
    IS_OF = "SELECT digest FROM sessions WHERE digest = ?1 AND account_id = ?2";
    /// A session was seen.
    TOUCH = "UPDATE sessions SET seen_at = ?2, address = ?3, agent = ?4 \
             WHERE digest = ?1 AND seen_at < ?2";
    /// The person of a session has proven that it is them.
    PROVE = "UPDATE sessions SET proven_at = ?3 WHERE digest = ?1 AND account_id = ?2";
    /// One session ends.
    DELETE = "DELETE FROM sessions WHERE digest = ?1";
    /// A session of an account ends.
    DELETE_ONE = "DELETE FROM sessions WHERE id = ?1 AND account_id = ?2";
    /// All sessions of an account end.
    DELETE_OF = "DELETE FROM sessions WHERE account_id = ?1";
    /// Rows of sessions that were not seen for long go, a batch at a time.
    DELETE_IDLE = "DELETE FROM sessions WHERE digest IN \
                   (SELECT digest FROM sessions WHERE seen_at <= ?1 LIMIT ?2)";
    /// Rows of sessions that began long ago go, a batch at a time.
    DELETE_OLD = "DELETE FROM sessions WHERE digest IN \
                  (SELECT digest FROM sessions WHERE created_at <= ?1 LIMIT ?2)";
}

/// A session behind a digest, live or not.
pub struct Found {
    /// Its name.
    pub id: SessionId,
    /// When it began, and when it was seen.
    pub times: SessionTimes,
    /// Whose it is.
    pub account: Account,
}

/// Writes a new session.
pub fn insert(
    tx: &mut Tx<'_>,
    digest: &Digest,
    account: AccountId,
    session: &Session,
) -> Result<(), Error> {
    let Session { id, times, sender } = session;
    let params = [
        digest.as_bytes().into(),
        account.into(),
        id.into(),
        times.created_at.into(),
        times.seen_at.into(),
        times.proven_at.into(),
        address(sender).into(),
        sender.agent.as_str().into(),
    ];
    tx.execute(&INSERT, &params).map(drop)
}

/// The session with a digest, live or not, and its account.
pub fn find(tx: &mut Tx<'_>, digest: &Digest) -> Result<Option<Found>, Error> {
    let row = tx.query_opt(&FIND, &[digest.as_bytes().into()])?;
    row.map(|row| {
        let id = SessionId::from_bytes(row.id16(0)?);
        Ok(Found { id, times: times(&row, 1)?, account: accounts::read(&row, 4)? })
    })
    .transpose()
}

/// The sessions of an account that were seen, and began, after these times; the one seen last first.
pub fn list_of(
    tx: &mut Tx<'_>,
    account: AccountId,
    seen_after: Timestamp,
    created_after: Timestamp,
) -> Result<Vec<Session>, Error> {
    let params = [account.into(), seen_after.into(), created_after.into()];
    let read = |row: &Row| {
        let address = row.opt_text(4)?.map(str::parse).transpose();
        let sender = Sender {
            address: address.map_err(|_| row.unexpected(4, "an address"))?,
            agent: row.text(5)?.to_owned(),
        };
        Ok(Session { id: SessionId::from_bytes(row.id16(0)?), times: times(row, 1)?, sender })
    };
    tx.query(&LIST_OF, &params)?.iter().map(read).collect()
}

/// Whether a session is still there and is of this account.
pub fn is_of(tx: &mut Tx<'_>, digest: &Digest, account: AccountId) -> Result<bool, Error> {
    Ok(tx.query_opt(&IS_OF, &[digest.as_bytes().into(), account.into()])?.is_some())
}

/// Notes that a session was seen, and from where.
pub fn touch(
    tx: &mut Tx<'_>,
    digest: &Digest,
    at: Timestamp,
    sender: &Sender,
) -> Result<(), Error> {
    let agent = sender.agent.as_str();
    let params = [digest.as_bytes().into(), at.into(), address(sender).into(), agent.into()];
    tx.execute(&TOUCH, &params).map(drop)
}

/// Notes that the person of a session has proven that it is them.
pub fn prove(
    tx: &mut Tx<'_>,
    digest: &Digest,
    account: AccountId,
    at: Timestamp,
) -> Result<(), Error> {
    let params = [digest.as_bytes().into(), account.into(), at.into()];
    tx.execute(&PROVE, &params).map(drop)
}

/// Ends a session; `false` when there is none.
pub fn delete(tx: &mut Tx<'_>, digest: &Digest) -> Result<bool, Error> {
    Ok(tx.execute(&DELETE, &[digest.as_bytes().into()])? == 1)
}

/// Ends a session of an account; `false` when there is none.
pub fn delete_one(tx: &mut Tx<'_>, account: AccountId, id: SessionId) -> Result<bool, Error> {
    Ok(tx.execute(&DELETE_ONE, &[id.into(), account.into()])? == 1)
}

/// Ends every session of an account.
pub fn delete_of(tx: &mut Tx<'_>, account: AccountId) -> Result<u64, Error> {
    tx.execute(&DELETE_OF, &[account.into()])
}

/// Deletes at most `limit` rows of sessions last seen at or before a time.
pub fn delete_idle(tx: &mut Tx<'_>, idle_since: Timestamp, limit: i64) -> Result<u64, Error> {
    tx.execute(&DELETE_IDLE, &[idle_since.into(), limit.into()])
}

/// Deletes at most `limit` rows of sessions begun at or before a time.
pub fn delete_old(tx: &mut Tx<'_>, created_before: Timestamp, limit: i64) -> Result<u64, Error> {
    tx.execute(&DELETE_OLD, &[created_before.into(), limit.into()])
}

/// Reads `created_at, seen_at, proven_at` from column `first` on.
fn times(row: &Row, first: usize) -> Result<SessionTimes, Error> {
    Ok(SessionTimes {
        created_at: row.timestamp(first)?,
        seen_at: row.timestamp(first + 1)?,
        proven_at: row.timestamp(first + 2)?,
    })
}

fn address(sender: &Sender) -> Option<String> {
    sender.address.map(|address| address.to_string())
}
