//! Clients, as rows: by an id that is drawn from their metadata.

use bloom_domain::clients::Client;
use bloom_domain::ids::ClientId;
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Row, Tx};

statements! {
    /// Takes a client that is not refused until the end of the transaction.
    TAKE_ENABLED = "UPDATE clients SET created_at = created_at WHERE id = ?1 AND disabled_at IS NULL";
    /// A new client, unless it is there.
    INSERT = "INSERT INTO clients (id, metadata, created_at, used_at) VALUES (?1, ?2, ?3, ?3) \
              ON CONFLICT DO NOTHING";
    /// One client.
    FIND = "SELECT id, metadata, created_at, disabled_at FROM clients WHERE id = ?1";
    /// Every client, newest first.
    LIST = "SELECT id, metadata, created_at, disabled_at FROM clients ORDER BY created_at DESC, id";
    /// How many there are.
    COUNT = "SELECT count(*) FROM clients";
    /// Notes a use, unless one about as late is noted.
    NOTE_USE = "UPDATE clients SET used_at = ?2 WHERE id = ?1 AND used_at < ?3";
    /// Refuses a client from now on.
    DISABLE = "UPDATE clients SET disabled_at = ?2 WHERE id = ?1 AND disabled_at IS NULL";
    /// Takes that back.
    ENABLE = "UPDATE clients SET disabled_at = NULL WHERE id = ?1 AND disabled_at IS NOT NULL";
    /// Clients that nobody has let in for long go, a batch at a time, and those that nobody ever has
    /// sooner. One that the operator refuses stays refused.
    DELETE_IDLE = "DELETE FROM clients WHERE id IN (SELECT c.id FROM clients c WHERE c.used_at <= ?3 \
                   AND (c.used_at <= ?1 OR c.used_at = c.created_at) AND c.disabled_at IS NULL \
                   AND NOT EXISTS (SELECT 1 FROM connections n WHERE n.client_id = c.id) LIMIT ?2)";
}

/// Takes a client until the end of the transaction; `false` when the operator refuses it.
pub fn take_enabled(tx: &mut Tx<'_>, id: ClientId) -> Result<bool, Error> {
    Ok(tx.execute(&TAKE_ENABLED, &[id.into()])? == 1)
}

/// Writes a client; `false` when it is there.
pub fn insert(tx: &mut Tx<'_>, client: &Client) -> Result<bool, Error> {
    // A struct of strings always serializes.
    let metadata = serde_json::to_string(&client.metadata).unwrap_or_default();
    let params = [client.id.into(), metadata.into(), client.created_at.into()];
    Ok(tx.execute(&INSERT, &params)? == 1)
}

/// One client.
pub fn find(tx: &mut Tx<'_>, id: ClientId) -> Result<Option<Client>, Error> {
    tx.query_opt(&FIND, &[id.into()])?.map(|row| read(&row, 0)).transpose()
}

/// Every client, newest first.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Client>, Error> {
    tx.query(&LIST, &[])?.iter().map(|row| read(row, 0)).collect()
}

/// How many there are.
pub fn count(tx: &mut Tx<'_>) -> Result<i64, Error> {
    tx.query_opt(&COUNT, &[])?.map_or(Ok(0), |row| row.int(0))
}

/// Notes a use at `at`, unless one after `since` is noted.
pub fn note_use(
    tx: &mut Tx<'_>,
    id: ClientId,
    at: Timestamp,
    since: Timestamp,
) -> Result<(), Error> {
    tx.execute(&NOTE_USE, &[id.into(), at.into(), since.into()]).map(drop)
}

/// Refuses a client; `false` when it is not there or is refused already.
pub fn disable(tx: &mut Tx<'_>, id: ClientId, at: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(&DISABLE, &[id.into(), at.into()])? == 1)
}

/// Takes a client again; `false` when it is not there or is not refused.
pub fn enable(tx: &mut Tx<'_>, id: ClientId) -> Result<bool, Error> {
    Ok(tx.execute(&ENABLE, &[id.into()])? == 1)
}

/// Deletes at most `limit` clients that nobody is connected with: last used by `used_before`, or never,
/// and registered by `new_before`.
pub fn delete_idle(
    tx: &mut Tx<'_>,
    used_before: Timestamp,
    new_before: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    tx.execute(&DELETE_IDLE, &[used_before.into(), limit.into(), new_before.into()])
}

/// Reads the four columns of a client from `first` on.
pub(crate) fn read(row: &Row, first: usize) -> Result<Client, Error> {
    let metadata = serde_json::from_str(row.text(first + 1)?);
    Ok(Client {
        id: ClientId::from_bytes(row.id16(first)?),
        metadata: metadata.map_err(|_| row.unexpected(first + 1, "client metadata"))?,
        created_at: row.timestamp(first + 2)?,
        disabled_at: row.opt_timestamp(first + 3)?,
    })
}
