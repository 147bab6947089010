//! Clients, as rows: by an id that is drawn from their metadata, or random when somebody owns them.

use bloom_domain::clients::{Authentication, Client, Owned};
use bloom_domain::digest::Digest;
use bloom_domain::ids::{AccountId, ClientId};
use bloom_domain::time::Timestamp;
use bloom_oauth::client_authentication::AuthMethod;
use bloom_oauth::client_document::DocumentUrl;

use crate::statement::statements;
use crate::{Error, Row, Tx, connections};

statements! {
    /// Takes a client that is not refused until the end of the transaction.
    TAKE_ENABLED = "UPDATE clients SET created_at = created_at \
                    WHERE id = ?1 AND disabled_at IS NULL AND paused_at IS NULL AND deleted_at IS NULL";
    /// A new client, unless it is there.
    INSERT = "INSERT INTO clients (id, metadata, created_at, used_at, owner_id, workspaces, auth_method, \
              secret_digest, management_digest) VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, ?8) \
              ON CONFLICT DO NOTHING";
    /// One client.
    FIND = "SELECT id, metadata, created_at, disabled_at, owner_id, workspaces, secret_digest, paused_at, \
            document_url, verified_at \
            FROM clients WHERE id = ?1 AND deleted_at IS NULL";
    /// Whether a client is refused, and when it was last let in.
    STANDING = "SELECT COALESCE(disabled_at, paused_at), used_at FROM clients \
                WHERE id = ?1 AND deleted_at IS NULL";
    /// Every client, newest first.
    LIST = "SELECT id, metadata, created_at, disabled_at, owner_id, workspaces, secret_digest, paused_at, \
            document_url, verified_at \
            FROM clients WHERE deleted_at IS NULL ORDER BY created_at DESC, id";
    /// An account's own, newest first.
    LIST_OWNED = "SELECT id, metadata, created_at, disabled_at, owner_id, workspaces, secret_digest, paused_at, \
            document_url, verified_at \
                  FROM clients WHERE owner_id = ?1 AND deleted_at IS NULL \
                  ORDER BY created_at DESC, id DESC";
    /// A client with a document, as that says now.
    PUT_DOCUMENT = "INSERT INTO clients (id, metadata, created_at, used_at, document_url) \
                    VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) DO UPDATE SET metadata = ?2, used_at = ?4, \
                    verified_at = CASE WHEN clients.metadata = ?2 THEN clients.verified_at END";
    /// The operator vouches for a client.
    VERIFY = "UPDATE clients SET verified_at = ?2 \
              WHERE id = ?1 AND verified_at IS NULL AND deleted_at IS NULL";
    /// They do no longer.
    UNVERIFY = "UPDATE clients SET verified_at = NULL WHERE id = ?1 AND verified_at IS NOT NULL";
    /// How many there are that registered themselves: neither somebody's, nor with a document.
    COUNT = "SELECT count(*) FROM clients WHERE owner_id IS NULL AND document_url IS NULL";
    /// How many an account owns.
    COUNT_OWNED = "SELECT count(*) FROM clients WHERE owner_id = ?1 AND deleted_at IS NULL";
    /// Notes a use, unless one about as late is noted.
    NOTE_USE = "UPDATE clients SET used_at = ?2 WHERE id = ?1 AND used_at < ?3";
    /// Refuses a client from now on.
    DISABLE = "UPDATE clients SET disabled_at = ?2 \
               WHERE id = ?1 AND disabled_at IS NULL AND deleted_at IS NULL";
    /// Takes that back.
    ENABLE = "UPDATE clients SET disabled_at = NULL \
              WHERE id = ?1 AND disabled_at IS NOT NULL AND deleted_at IS NULL";
    /// Takes the row of a client that somebody owns until the transaction ends.
    TAKE_OWNED = "UPDATE clients SET used_at = used_at \
                  WHERE id = ?1 AND owner_id IS NOT NULL AND deleted_at IS NULL";
    /// What an owned client says of itself from now on.
    SET_METADATA = "UPDATE clients SET metadata = ?3, auth_method = ?4, secret_digest = ?5, workspaces = ?6, \
                    verified_at = CASE WHEN metadata = ?3 THEN verified_at END \
                    WHERE id = ?1 AND owner_id = ?2 AND deleted_at IS NULL";
    /// Another secret.
    SET_SECRET = "UPDATE clients SET secret_digest = ?3 \
                  WHERE id = ?1 AND owner_id = ?2 AND deleted_at IS NULL AND auth_method IS NOT NULL";
    /// Another registration access token.
    SET_MANAGEMENT = "UPDATE clients SET management_digest = ?3 \
                      WHERE id = ?1 AND owner_id = ?2 AND deleted_at IS NULL";
    /// Switches an owned client off.
    PAUSE = "UPDATE clients SET paused_at = ?3 \
             WHERE id = ?1 AND owner_id = ?2 AND paused_at IS NULL AND deleted_at IS NULL";
    /// Switches it on again.
    RESUME = "UPDATE clients SET paused_at = NULL \
              WHERE id = ?1 AND owner_id = ?2 AND paused_at IS NOT NULL AND deleted_at IS NULL";
    /// An owned client is gone, with everything by which it could prove itself.
    DELETE_OWNED = "UPDATE clients SET deleted_at = ?3, secret_digest = NULL, management_digest = NULL \
                    WHERE id = ?1 AND owner_id = ?2 AND deleted_at IS NULL";
    /// Whose the client is that a registration access token manages.
    FIND_MANAGED = "SELECT owner_id FROM clients \
                    WHERE id = ?1 AND management_digest = ?2 AND deleted_at IS NULL";
    /// The end of a stretch of clients, in the order of their last use.
    WALK = "SELECT used_at, id FROM clients WHERE (used_at, id) > (?1, ?2) AND used_at <= ?3 \
            ORDER BY used_at, id LIMIT ?4";
    /// Clients of a stretch that nobody has let in for long go, and those that nobody ever has sooner. One
    /// that the operator refuses stays refused, and one that is owned stays until its owner deletes it, and
    /// then as long as a connection tells of it. Those are counted like the grants of a connection.
    DELETE_IDLE = "DELETE FROM clients WHERE id IN (SELECT c.id FROM clients c \
                   WHERE (c.used_at, c.id) > (?1, ?2) AND (c.used_at, c.id) <= (?3, ?4) \
                   AND (c.deleted_at IS NOT NULL \
                   OR c.owner_id IS NULL AND (c.used_at <= ?5 OR c.used_at = c.created_at) \
                   AND c.disabled_at IS NULL AND c.verified_at IS NULL) \
                   AND (SELECT count(*) FROM connections n WHERE n.client_id = c.id) = 0) RETURNING id";
}

/// Takes a client until the end of the transaction; `false` when the operator refuses it.
pub fn take_enabled(tx: &mut Tx<'_>, id: ClientId) -> Result<bool, Error> {
    Ok(tx.execute(&TAKE_ENABLED, &[id.into()])? == 1)
}

/// How many columns [`read`] reads.
pub(crate) const COLUMNS: usize = 10;

/// Writes a client; `false` when it is there. `management` stands for the token that manages it.
pub fn insert(
    tx: &mut Tx<'_>,
    client: &Client,
    management: Option<&Digest>,
) -> Result<bool, Error> {
    let owned = client.owned.as_ref();
    let params = [
        client.id.into(),
        metadata(client).into(),
        client.created_at.into(),
        owned.map(|owned| owned.account).into(),
        owned.and_then(|owned| owned.reach.to_stored()).into(),
        method(client).into(),
        secret(client).into(),
        management.map(|digest| *digest.as_bytes()).into(),
    ];
    Ok(tx.execute(&INSERT, &params)? == 1)
}

/// One client.
pub fn find(tx: &mut Tx<'_>, id: ClientId) -> Result<Option<Client>, Error> {
    tx.query_opt(&FIND, &[id.into()])?.map(|row| read(&row, 0)).transpose()
}

/// What a client may do now, without what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether the operator refuses it, or its owner has switched it off.
    pub is_refused: bool,
    /// When it was last let in, to within [`bloom_domain::clients::USED_RESOLUTION`].
    pub used_at: Timestamp,
}

/// How a client stands. What a client of nobody is never changes, so this is all there is to read anew of it.
pub fn standing(tx: &mut Tx<'_>, id: ClientId) -> Result<Option<Standing>, Error> {
    let read = |row: Row| {
        Ok(Standing { is_refused: row.opt_int(0)?.is_some(), used_at: row.timestamp(1)? })
    };
    tx.query_opt(&STANDING, &[id.into()])?.map(read).transpose()
}

/// Every client, newest first.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Client>, Error> {
    tx.query(&LIST, &[])?.iter().map(|row| read(row, 0)).collect()
}

/// An account's own, newest first.
pub fn list_owned(tx: &mut Tx<'_>, owner: AccountId) -> Result<Vec<Client>, Error> {
    tx.query(&LIST_OWNED, &[owner.into()])?.iter().map(|row| read(row, 0)).collect()
}

/// How many there are that registered themselves.
pub fn count(tx: &mut Tx<'_>) -> Result<i64, Error> {
    tx.query_opt(&COUNT, &[])?.map_or(Ok(0), |row| row.int(0))
}

/// How many an account owns.
pub fn count_owned(tx: &mut Tx<'_>, owner: AccountId) -> Result<i64, Error> {
    tx.query_opt(&COUNT_OWNED, &[owner.into()])?.map_or(Ok(0), |row| row.int(0))
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

/// Writes what a client's document says at `at`.
pub fn put_document(tx: &mut Tx<'_>, client: &Client, at: Timestamp) -> Result<(), Error> {
    let url = client.document.as_ref().map(DocumentUrl::as_str);
    let params = [
        client.id.into(),
        metadata(client).into(),
        client.created_at.into(),
        at.into(),
        url.into(),
    ];
    tx.execute(&PUT_DOCUMENT, &params).map(drop)
}

/// Vouches for a client; `false` when it is not there or is vouched for.
pub fn verify(tx: &mut Tx<'_>, id: ClientId, at: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(&VERIFY, &[id.into(), at.into()])? == 1)
}

/// Takes that back.
pub fn unverify(tx: &mut Tx<'_>, id: ClientId) -> Result<bool, Error> {
    Ok(tx.execute(&UNVERIFY, &[id.into()])? == 1)
}

/// Takes an owned client until the transaction ends: whoever changes it comes wholly before or after.
/// `false` when there is none.
pub fn take_owned(tx: &mut Tx<'_>, id: ClientId) -> Result<bool, Error> {
    Ok(tx.execute(&TAKE_OWNED, &[id.into()])? == 1)
}

/// Writes what an owned client is now: its metadata, its secret and where it may act by itself.
pub fn set_metadata(tx: &mut Tx<'_>, client: &Client) -> Result<bool, Error> {
    let owned = client.owned.as_ref();
    let params = [
        client.id.into(),
        owned.map(|owned| owned.account).into(),
        metadata(client).into(),
        method(client).into(),
        secret(client).into(),
        owned.and_then(|owned| owned.reach.to_stored()).into(),
    ];
    Ok(tx.execute(&SET_METADATA, &params)? == 1)
}

/// Gives an owned client another secret; `false` when it has none.
pub fn set_secret(
    tx: &mut Tx<'_>,
    id: ClientId,
    owner: AccountId,
    secret: &Digest,
) -> Result<bool, Error> {
    Ok(tx.execute(&SET_SECRET, &[id.into(), owner.into(), secret.as_bytes().into()])? == 1)
}

/// Gives an owned client another registration access token.
pub fn set_management(
    tx: &mut Tx<'_>,
    id: ClientId,
    owner: AccountId,
    token: &Digest,
) -> Result<bool, Error> {
    Ok(tx.execute(&SET_MANAGEMENT, &[id.into(), owner.into(), token.as_bytes().into()])? == 1)
}

/// Switches an owned client off; `false` when it is off.
pub fn pause(
    tx: &mut Tx<'_>,
    id: ClientId,
    owner: AccountId,
    at: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.execute(&PAUSE, &[id.into(), owner.into(), at.into()])? == 1)
}

/// Switches an owned client on again; `false` when it is on.
pub fn resume(tx: &mut Tx<'_>, id: ClientId, owner: AccountId) -> Result<bool, Error> {
    Ok(tx.execute(&RESUME, &[id.into(), owner.into()])? == 1)
}

/// Ends an owned client; its connections are another statement.
pub fn delete_owned(
    tx: &mut Tx<'_>,
    id: ClientId,
    owner: AccountId,
    at: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.execute(&DELETE_OWNED, &[id.into(), owner.into(), at.into()])? == 1)
}

/// Whose the client is that one of some registration access tokens manages.
pub fn find_managed(
    tx: &mut Tx<'_>,
    id: ClientId,
    tokens: &[Digest],
) -> Result<Option<AccountId>, Error> {
    for token in tokens {
        if let Some(row) = tx.query_opt(&FIND_MANAGED, &[id.into(), token.as_bytes().into()])? {
            return row.id16(0).map(AccountId::from_bytes).map(Some);
        }
    }
    Ok(None)
}

/// A client's place in the order of last uses.
pub type Place = (Timestamp, ClientId);

/// Goes over the next `limit` clients after a place, as long as they were last used at or before
/// `new_before`, and deletes those that nobody has let in: since `used_before`, or ever. Gives where it
/// stopped, and which are gone; `None` at the end.
pub fn sweep(
    tx: &mut Tx<'_>,
    (used_at, id): Place,
    used_before: Timestamp,
    new_before: Timestamp,
    limit: i64,
) -> Result<Option<(Place, Vec<ClientId>)>, Error> {
    let rows = tx.query(&WALK, &[used_at.into(), id.into(), new_before.into(), limit.into()])?;
    let Some(last) = rows.last() else {
        return Ok(None);
    };
    let last = (last.timestamp(0)?, ClientId::from_bytes(last.id16(1)?));
    let params = [used_at.into(), id.into(), last.0.into(), last.1.into(), used_before.into()];
    let gone = tx.query(&DELETE_IDLE, &params)?;
    let gone = gone.iter().map(|row| Ok(ClientId::from_bytes(row.id16(0)?)));
    Ok(Some((last, gone.collect::<Result<_, Error>>()?)))
}

/// Reads the columns of a client from `first` on.
pub(crate) fn read(row: &Row, first: usize) -> Result<Client, Error> {
    let metadata = serde_json::from_str(row.text(first + 1)?);
    let owned = match row.opt_blob(first + 4)? {
        None => None,
        Some(_) => Some(Owned {
            account: AccountId::from_bytes(row.id16(first + 4)?),
            reach: connections::reach(row, first + 5)?,
            secret: digest(row, first + 6)?,
            paused_at: row.opt_timestamp(first + 7)?,
        }),
    };
    let document = match row.opt_text(first + 8)? {
        None => None,
        Some(url) => {
            let url = DocumentUrl::parse(url);
            Some(url.ok_or_else(|| row.unexpected(first + 8, "the URL of a document"))?)
        }
    };
    Ok(Client {
        id: ClientId::from_bytes(row.id16(first)?),
        metadata: metadata.map_err(|_| row.unexpected(first + 1, "client metadata"))?,
        created_at: row.timestamp(first + 2)?,
        disabled_at: row.opt_timestamp(first + 3)?,
        verified_at: row.opt_timestamp(first + 9)?,
        owned,
        document,
    })
}

/// Reads how a client proves itself: its method and what stands for its secret.
pub(crate) fn authentication(row: &Row, first: usize) -> Result<Authentication, Error> {
    let method = match row.opt_text(first)? {
        None => AuthMethod::None,
        Some(word) => AuthMethod::from_word(word)
            .ok_or_else(|| row.unexpected(first, "a method of authentication"))?,
    };
    Ok(Authentication { method, secret: digest(row, first + 1)? })
}

fn digest(row: &Row, index: usize) -> Result<Option<Digest>, Error> {
    let digest = row.opt_blob(index)?.map(|_| row.bytes(index)).transpose()?;
    Ok(digest.map(Digest::from_bytes))
}

fn metadata(client: &Client) -> String {
    // A struct of strings always serializes.
    serde_json::to_string(&client.metadata).unwrap_or_default()
}

fn method(client: &Client) -> Option<&'static str> {
    let method = client.metadata.token_endpoint_auth_method;
    (method != AuthMethod::None).then(|| method.as_str())
}

fn secret(client: &Client) -> Option<[u8; 32]> {
    client.owned.as_ref().and_then(|owned| owned.secret).map(|digest| *digest.as_bytes())
}
