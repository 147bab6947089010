//! Connections, as rows.

use bloom_domain::access::Access;
use bloom_domain::api_keys::LastUse;
use bloom_domain::clients::Client;
use bloom_domain::connections::{Connection, Consent};
use bloom_domain::ids::{AccountId, ClientId, ConnectionId};
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::Reach;
use bloom_oauth::scope::Scopes;

use crate::statement::statements;
use crate::{Error, Row, Tx, clients, last_use};

statements! {
    /// A new connection.
    INSERT = "INSERT INTO connections (id, account_id, client_id, created_at) \
              VALUES (?1, ?2, ?3, ?4)";
    /// The connection through which an owned client acts by itself, unless there is one.
    INSERT_ALONE = "INSERT INTO connections (id, account_id, client_id, created_at, workspaces, acts_alone) \
                    VALUES (?1, ?2, ?3, ?4, ?5, 1) ON CONFLICT DO NOTHING";
    /// The connection of a person with a client that is in force, and what they agreed to for a site.
    FIND_IN_FORCE = "SELECT n.id, n.created_at, n.workspaces, s.site, s.access, s.scopes, s.version, \
                     n.ends_at \
                     FROM connections n \
                     LEFT JOIN consents s ON s.connection_id = n.id AND s.site = ?3 \
                     WHERE n.account_id = ?1 AND n.client_id = ?2 AND n.revoked_at IS NULL \
                     AND n.acts_alone = 0 AND (n.ends_at IS NULL OR n.ends_at > ?4)";
    /// Remembers what a person has agreed to for a site.
    PUT_CONSENT = "INSERT INTO consents (connection_id, site, access, scopes, version) \
                   VALUES (?1, ?2, ?3, ?4, ?5) \
                   ON CONFLICT (connection_id, site) DO UPDATE SET access = ?3, scopes = ?4, version = ?5";
    /// The workspaces that a client may act in from now on.
    SET_REACH = "UPDATE connections SET workspaces = ?2 WHERE id = ?1";
    /// Until when the person lets the client in.
    SET_END = "UPDATE connections SET ends_at = ?2 WHERE id = ?1";
    /// A connection of a person with a client that has ended makes room for another.
    CLOSE = "UPDATE connections SET revoked_at = ends_at \
             WHERE account_id = ?1 AND client_id = ?2 AND revoked_at IS NULL AND ends_at <= ?3";
    /// The newest connection of a person with a client that is over, and whether it ended by itself.
    FIND_LAST = "SELECT id, CAST(CASE WHEN ends_at <= COALESCE(revoked_at, ends_at) THEN 1 ELSE 0 END AS BIGINT) \
                 FROM connections WHERE account_id = ?1 AND client_id = ?2 AND acts_alone = 0 \
                 AND (revoked_at IS NOT NULL OR ends_at <= ?3) \
                 ORDER BY COALESCE(revoked_at, ends_at) DESC, id DESC LIMIT 1";
    /// Connections that have ended are closed, a batch at a time.
    CLOSE_ENDED = "UPDATE connections SET revoked_at = ends_at WHERE id IN (SELECT id FROM connections \
                   WHERE revoked_at IS NULL AND ends_at <= ?1 LIMIT ?2)";
    /// A person's connections, newest first, once for each of their consents.
    LIST_OF = "SELECT n.id, n.created_at, n.revoked_at, n.last_used_at, n.last_used_address, \
               n.last_used_agent, n.last_used_operation, c.id, c.metadata, c.created_at, \
               c.disabled_at, c.owner_id, c.workspaces, c.secret_digest, c.paused_at, \
               c.document_url, c.verified_at, \
               s.site, s.access, s.scopes, s.version, n.workspaces, n.ends_at \
               FROM connections n JOIN clients c ON c.id = n.client_id \
               JOIN consents s ON s.connection_id = n.id \
               WHERE n.account_id = ?1 ORDER BY n.created_at DESC, n.id DESC, s.site";
    /// How many of a person's connections let an app in.
    COUNT_IN_FORCE = "SELECT count(*) FROM connections n \
                      WHERE n.account_id = ?1 AND n.revoked_at IS NULL \
                      AND (n.ends_at IS NULL OR n.ends_at > ?2) \
                      AND EXISTS (SELECT 1 FROM consents s WHERE s.connection_id = n.id)";
    /// Whether a person has revoked a client after a time; what has ended by itself does not count.
    WAS_REVOKED_SINCE = "SELECT CAST(1 AS BIGINT) FROM connections \
                         WHERE account_id = ?1 AND client_id = ?2 AND acts_alone = 0 AND revoked_at > ?3 \
                         AND (ends_at IS NULL OR ends_at > revoked_at) LIMIT 1";
    /// Takes a connection that is in force until the end of the transaction.
    TAKE_IN_FORCE = "UPDATE connections SET account_id = account_id \
                     WHERE account_id = ?1 AND id = ?2 AND revoked_at IS NULL \
                     AND (ends_at IS NULL OR ends_at > ?3)";
    /// Revokes a connection that is in force.
    REVOKE = "UPDATE connections SET revoked_at = ?3 \
              WHERE account_id = ?1 AND id = ?2 AND revoked_at IS NULL";
    /// Revokes every connection of a client.
    REVOKE_ALL_OF = "UPDATE connections SET revoked_at = ?2 WHERE client_id = ?1 AND revoked_at IS NULL";
    /// Revokes the connection through which a client acts by itself.
    REVOKE_ALONE = "UPDATE connections SET revoked_at = ?2 \
                    WHERE client_id = ?1 AND acts_alone = 1 AND revoked_at IS NULL";
    /// The connection through which a client acts by itself.
    FIND_ALONE = "SELECT id FROM connections \
                  WHERE client_id = ?1 AND acts_alone = 1 AND revoked_at IS NULL";
    /// One row when a connection is a person's, revoked or not.
    IS_OF = "SELECT id FROM connections WHERE account_id = ?1 AND id = ?2";
    /// The client of a person's connection.
    CLIENT_OF = "SELECT c.id, c.metadata, c.created_at, c.disabled_at, c.owner_id, c.workspaces, c.secret_digest, \
                 c.paused_at, c.document_url, c.verified_at \
                 FROM connections n JOIN clients c ON c.id = n.client_id \
                 WHERE n.account_id = ?1 AND n.id = ?2";
    /// Notes a use, unless a later one is noted.
    NOTE_USE = "UPDATE connections SET last_used_at = ?2, last_used_address = ?3, \
                last_used_agent = ?4, last_used_operation = ?5 \
                WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)";
    /// Notes that an app came back, unless that was noted not long ago.
    NOTE_RETURN = "UPDATE connections SET returned_at = ?2 \
                   WHERE id = ?1 AND (returned_at IS NULL OR returned_at <= ?3)";
    /// Connections revoked long ago go once their grants have, a batch at a time. Their grants are counted
    /// and not anti-joined: PostgreSQL would read all of both tables for a batch.
    DELETE_REVOKED = "DELETE FROM connections WHERE id IN (SELECT n.id FROM connections n \
                      WHERE n.revoked_at <= ?1 \
                      AND (SELECT count(*) FROM grants g WHERE g.connection_id = n.id) = 0 LIMIT ?2)";
    /// Where the apps of an account were used from is nobody's any more.
    FORGET_USES = "UPDATE connections SET last_used_at = NULL, last_used_address = NULL, \
                   last_used_agent = NULL, last_used_operation = NULL \
                   WHERE account_id = ?1 AND last_used_at IS NOT NULL";
}

/// Where a consent begins in a listed row: behind the columns of its client.
const CONSENT: usize = 7 + clients::COLUMNS;

/// A connection that is in force, and what was agreed to for one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// The connection.
    pub id: ConnectionId,
    /// Since when the client is let in.
    pub created_at: Timestamp,
    /// The workspaces that the client may act in.
    pub reach: Reach,
    /// Until when, if not until its person revokes it.
    pub ends_at: Option<Timestamp>,
    /// What was agreed to for the place that was asked about.
    pub consent: Option<Consent>,
}

/// Writes a new connection.
pub fn insert(
    tx: &mut Tx<'_>,
    id: ConnectionId,
    account: AccountId,
    client: ClientId,
    at: Timestamp,
) -> Result<(), Error> {
    tx.execute(&INSERT, &[id.into(), account.into(), client.into(), at.into()]).map(drop)
}

/// Writes the connection through which an owned client acts by itself; `false` when there is one.
pub fn insert_alone(
    tx: &mut Tx<'_>,
    id: ConnectionId,
    (owner, client): (AccountId, ClientId),
    reach: &Reach,
    at: Timestamp,
) -> Result<bool, Error> {
    let params = [id.into(), owner.into(), client.into(), at.into(), reach.to_stored().into()];
    Ok(tx.execute(&INSERT_ALONE, &params)? == 1)
}

/// Notes at `at` that an app came back; `false` when one after `since` is noted.
pub fn note_return(
    tx: &mut Tx<'_>,
    id: ConnectionId,
    at: Timestamp,
    since: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.execute(&NOTE_RETURN, &[id.into(), at.into(), since.into()])? == 1)
}

/// The connection through which an owned client acts by itself.
pub fn find_alone(tx: &mut Tx<'_>, client: ClientId) -> Result<Option<ConnectionId>, Error> {
    let row = tx.query_opt(&FIND_ALONE, &[client.into()])?;
    row.map(|row| row.id16(0).map(ConnectionId::from_bytes)).transpose()
}

/// Revokes every connection of a client, its own included.
pub fn revoke_all_of(tx: &mut Tx<'_>, client: ClientId, at: Timestamp) -> Result<u64, Error> {
    tx.execute(&REVOKE_ALL_OF, &[client.into(), at.into()])
}

/// Revokes the connection through which a client acts by itself, if there is one.
pub fn revoke_alone(tx: &mut Tx<'_>, client: ClientId, at: Timestamp) -> Result<(), Error> {
    tx.execute(&REVOKE_ALONE, &[client.into(), at.into()]).map(drop)
}

/// The connection of a person with a client that is in force at a time, and what was agreed to for a site.
pub fn find_in_force(
    tx: &mut Tx<'_>,
    account: AccountId,
    (client, site): (ClientId, Option<&str>),
    at: Timestamp,
) -> Result<Option<InForce>, Error> {
    let params = [account.into(), client.into(), site.unwrap_or_default().into(), at.into()];
    let row = tx.query_opt(&FIND_IN_FORCE, &params)?;
    row.map(|row| {
        Ok(InForce {
            id: ConnectionId::from_bytes(row.id16(0)?),
            created_at: row.timestamp(1)?,
            reach: reach(&row, 2)?,
            consent: row.opt_text(3)?.map(|_| consent(&row, 3)).transpose()?,
            ends_at: row.opt_timestamp(7)?,
        })
    })
    .transpose()
}

/// The client of a person's connection, in force or not.
pub fn client_of(
    tx: &mut Tx<'_>,
    account: AccountId,
    id: ConnectionId,
) -> Result<Option<Client>, Error> {
    let row = tx.query_opt(&CLIENT_OF, &[account.into(), id.into()])?;
    row.map(|row| clients::read(&row, 0)).transpose()
}

/// Remembers what a person has agreed to, in place of what they had for the same site.
pub fn put_consent(tx: &mut Tx<'_>, id: ConnectionId, consent: &Consent) -> Result<(), Error> {
    let params = [
        id.into(),
        consent.site.as_deref().unwrap_or_default().into(),
        consent.access.to_string().into(),
        consent.scopes.to_string().into(),
        consent.version.into(),
    ];
    tx.execute(&PUT_CONSENT, &params).map(drop)
}

/// Sets the workspaces that a client may act in.
pub fn set_reach(tx: &mut Tx<'_>, id: ConnectionId, reach: &Reach) -> Result<(), Error> {
    tx.execute(&SET_REACH, &[id.into(), reach.to_stored().into()]).map(drop)
}

/// Sets until when a person lets a client in; `None` for until they revoke it.
pub fn set_end(tx: &mut Tx<'_>, id: ConnectionId, ends_at: Option<Timestamp>) -> Result<(), Error> {
    tx.execute(&SET_END, &[id.into(), ends_at.into()]).map(drop)
}

/// Closes a connection of a person with a client that has ended by a time, so that there can be another.
pub fn close(
    tx: &mut Tx<'_>,
    account: AccountId,
    client: ClientId,
    at: Timestamp,
) -> Result<(), Error> {
    tx.execute(&CLOSE, &[account.into(), client.into(), at.into()]).map(drop)
}

/// The newest connection of a person with a client that is over by a time, when it ended by itself and nobody revoked
/// it.
pub fn find_ended(
    tx: &mut Tx<'_>,
    account: AccountId,
    client: ClientId,
    at: Timestamp,
) -> Result<Option<ConnectionId>, Error> {
    let row = tx.query_opt(&FIND_LAST, &[account.into(), client.into(), at.into()])?;
    let Some(row) = row else { return Ok(None) };
    Ok((row.int(1)? == 1).then_some(ConnectionId::from_bytes(row.id16(0)?)))
}

/// Closes at most `limit` connections that have ended by a time.
pub fn close_ended(tx: &mut Tx<'_>, at: Timestamp, limit: i64) -> Result<u64, Error> {
    tx.execute(&CLOSE_ENDED, &[at.into(), limit.into()])
}

/// How many of a person's connections let an app in.
pub fn count_in_force(tx: &mut Tx<'_>, account: AccountId, now: Timestamp) -> Result<i64, Error> {
    tx.query_opt(&COUNT_IN_FORCE, &[account.into(), now.into()])?.map_or(Ok(0), |row| row.int(0))
}

/// A person's connections, newest first, revoked ones included.
pub fn list_of(tx: &mut Tx<'_>, account: AccountId) -> Result<Vec<Connection>, Error> {
    let mut connections: Vec<Connection> = Vec::new();
    for row in tx.query(&LIST_OF, &[account.into()])? {
        let id = ConnectionId::from_bytes(row.id16(0)?);
        match connections.last_mut().filter(|last| last.id == id) {
            Some(last) => last.consents.push(consent(&row, CONSENT)?),
            None => connections.push(read(&row)?),
        }
    }
    Ok(connections)
}

/// Whether a person has revoked a client after a time.
pub fn was_revoked_since(
    tx: &mut Tx<'_>,
    account: AccountId,
    client: ClientId,
    at: Timestamp,
) -> Result<bool, Error> {
    let params = [account.into(), client.into(), at.into()];
    Ok(tx.query_opt(&WAS_REVOKED_SINCE, &params)?.is_some())
}

/// Takes a connection until the end of the transaction; `false` when it is not in force at a time.
pub fn take_in_force(
    tx: &mut Tx<'_>,
    account: AccountId,
    id: ConnectionId,
    at: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.execute(&TAKE_IN_FORCE, &[account.into(), id.into(), at.into()])? == 1)
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
    tx.execute(&NOTE_USE, &last_use::params(id.into(), last_use)).map(drop)
}

/// Forgets from where the apps of an account were used.
pub fn forget_uses(tx: &mut Tx<'_>, account: AccountId) -> Result<(), Error> {
    tx.execute(&FORGET_USES, &[account.into()]).map(drop)
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
    Ok(Connection {
        id: ConnectionId::from_bytes(row.id16(0)?),
        created_at: row.timestamp(1)?,
        revoked_at: row.opt_timestamp(2)?,
        last_use: last_use::read(row, 3)?,
        client: clients::read(row, 7)?,
        consents: vec![consent(row, CONSENT)?],
        reach: reach(row, CONSENT + 4)?,
        ends_at: row.opt_timestamp(CONSENT + 5)?,
    })
}

fn consent(row: &Row, first: usize) -> Result<Consent, Error> {
    let site = row.text(first)?;
    let scopes = Scopes::parse(row.text(first + 2)?);
    Ok(Consent {
        site: (!site.is_empty()).then(|| site.to_owned()),
        access: access(row, first + 1)?,
        scopes: scopes.map_err(|_| row.unexpected(first + 2, "scopes"))?,
        version: row.opt_blob(first + 3)?.map(|_| row.bytes(first + 3)).transpose()?,
    })
}

/// Reads the workspaces that a client may act in.
pub(crate) fn reach(row: &Row, index: usize) -> Result<Reach, Error> {
    Reach::from_stored(row.opt_text(index)?)
        .ok_or_else(|| row.unexpected(index, "ids of workspaces"))
}

/// Reads an access set.
pub(crate) fn access(row: &Row, index: usize) -> Result<Access, Error> {
    Access::from_stored(row.text(index)?).ok_or_else(|| row.unexpected(index, "an access set"))
}
