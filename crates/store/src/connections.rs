//! Connections, as rows.

use bloom_domain::access::Access;
use bloom_domain::api_keys::LastUse;
use bloom_domain::connections::{Connection, Consent};
use bloom_domain::ids::{AccountId, ClientId, ConnectionId};
use bloom_domain::time::Timestamp;
use bloom_oauth::scope::Scopes;

use crate::statement::statements;
use crate::{Error, Row, Tx, clients};

statements! {
    /// A new connection.
    INSERT = "INSERT INTO connections (id, account_id, client_id, access, scopes, sites, created_at) \
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    /// What a person has agreed to with a client, if they are connected.
    FIND_IN_FORCE = "SELECT id, access, scopes, sites FROM connections \
                     WHERE account_id = ?1 AND client_id = ?2 AND revoked_at IS NULL";
    /// Remembers what a person has agreed to.
    SET_CONSENT = "UPDATE connections SET access = ?2, scopes = ?3, sites = ?4 \
                   WHERE id = ?1 AND revoked_at IS NULL";
    /// A person's connections, newest first.
    LIST_OF = "SELECT n.id, n.account_id, n.access, n.scopes, n.sites, n.created_at, n.revoked_at, \
               n.last_used_at, n.last_used_address, n.last_used_agent, n.last_used_operation, \
               c.id, c.metadata, c.created_at, c.disabled_at \
               FROM connections n JOIN clients c ON c.id = n.client_id \
               WHERE n.account_id = ?1 ORDER BY n.created_at DESC, n.id DESC";
    /// Revokes a connection that is in force.
    REVOKE = "UPDATE connections SET revoked_at = ?3 \
              WHERE account_id = ?1 AND id = ?2 AND revoked_at IS NULL";
    /// One row when a connection is a person's, revoked or not.
    IS_OF = "SELECT id FROM connections WHERE account_id = ?1 AND id = ?2";
    /// Notes a use, unless a later one is noted.
    NOTE_USE = "UPDATE connections SET last_used_at = ?2, last_used_address = ?3, \
                last_used_agent = ?4, last_used_operation = ?5 \
                WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)";
    /// Connections revoked long ago go once their grants have, a batch at a time.
    DELETE_REVOKED = "DELETE FROM connections WHERE id IN (SELECT n.id FROM connections n \
                      WHERE n.revoked_at <= ?1 \
                      AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.connection_id = n.id) LIMIT ?2)";
}

/// Writes a new connection.
pub fn insert(
    tx: &mut Tx<'_>,
    id: ConnectionId,
    account: AccountId,
    client: ClientId,
    consent: &Consent,
    at: Timestamp,
) -> Result<(), Error> {
    let params = [
        id.into(),
        account.into(),
        client.into(),
        consent.access.to_string().into(),
        consent.scopes.to_string().into(),
        consent.sites.to_string().into(),
        at.into(),
    ];
    tx.execute(&INSERT, &params).map(drop)
}

/// The connection of a person with a client that is in force, and what was agreed to.
pub fn find_in_force(
    tx: &mut Tx<'_>,
    account: AccountId,
    client: ClientId,
) -> Result<Option<(ConnectionId, Consent)>, Error> {
    let row = tx.query_opt(&FIND_IN_FORCE, &[account.into(), client.into()])?;
    row.map(|row| Ok((ConnectionId::from_bytes(row.id16(0)?), consent(&row, 1)?))).transpose()
}

/// Remembers what a person has agreed to.
pub fn set_consent(tx: &mut Tx<'_>, id: ConnectionId, consent: &Consent) -> Result<(), Error> {
    let params = [
        id.into(),
        consent.access.to_string().into(),
        consent.scopes.to_string().into(),
        consent.sites.to_string().into(),
    ];
    tx.execute(&SET_CONSENT, &params).map(drop)
}

/// A person's connections, newest first, revoked ones included.
pub fn list_of(tx: &mut Tx<'_>, account: AccountId) -> Result<Vec<Connection>, Error> {
    tx.query(&LIST_OF, &[account.into()])?.iter().map(read).collect()
}

/// Revokes a connection; `false` when it is not the person's or was revoked before.
pub fn revoke(
    tx: &mut Tx<'_>,
    account: AccountId,
    id: ConnectionId,
    at: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.execute(&REVOKE, &[account.into(), id.into(), at.into()])? == 1)
}

/// Whether a connection is a person's, revoked or not.
pub fn is_of(tx: &mut Tx<'_>, account: AccountId, id: ConnectionId) -> Result<bool, Error> {
    Ok(tx.query_opt(&IS_OF, &[account.into(), id.into()])?.is_some())
}

/// Notes a use, unless a later one is noted.
pub fn note_use(tx: &mut Tx<'_>, id: ConnectionId, last_use: &LastUse) -> Result<(), Error> {
    let params = [
        id.into(),
        last_use.at.into(),
        last_use.address.as_str().into(),
        last_use.agent.as_str().into(),
        last_use.operation.as_str().into(),
    ];
    tx.execute(&NOTE_USE, &params).map(drop)
}

/// Deletes at most `limit` connections revoked at or before a time.
pub fn delete_revoked(
    tx: &mut Tx<'_>,
    revoked_before: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    tx.execute(&DELETE_REVOKED, &[revoked_before.into(), limit.into()])
}

fn read(row: &Row) -> Result<Connection, Error> {
    let text = |index| Ok(row.opt_text(index)?.unwrap_or_default().to_owned());
    let last_use = match row.opt_timestamp(7)? {
        Some(at) => Some(LastUse { at, address: text(8)?, agent: text(9)?, operation: text(10)? }),
        None => None,
    };
    Ok(Connection {
        id: ConnectionId::from_bytes(row.id16(0)?),
        account: AccountId::from_bytes(row.id16(1)?),
        consent: consent(row, 2)?,
        created_at: row.timestamp(5)?,
        revoked_at: row.opt_timestamp(6)?,
        last_use,
        client: clients::read(row, 11)?,
    })
}

fn consent(row: &Row, first: usize) -> Result<Consent, Error> {
    let set =
        |index, what| Scopes::parse(row.text(index)?).map_err(|_| row.unexpected(index, what));
    Ok(Consent {
        access: access(row, first)?,
        scopes: set(first + 1, "scopes")?,
        sites: set(first + 2, "sites")?,
    })
}

/// Reads an access set.
pub(crate) fn access(row: &Row, index: usize) -> Result<Access, Error> {
    Access::from_stored(row.text(index)?).ok_or_else(|| row.unexpected(index, "an access set"))
}
