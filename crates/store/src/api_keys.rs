//! API keys, as rows. The secret is never among them, only its digest.

use bloom_domain::accounts::Account;
use bloom_domain::api_keys::{
    ApiKey, KeyHint, KeyInBrief, KeyState, LastUse, Maker, Narrowing, OldSecret, PREFIX, RevokedBy,
};
use bloom_domain::digest::Digest;
use bloom_domain::ids::{AccountId, ApiKeyId, ClientId, ConnectionId};
use bloom_domain::networks::Addresses;
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Row, Tx, Value, accounts, connections, last_use};

statements! {
    /// Whom a digest belongs to: the one statement of a cold authentication.
    FIND_BY_DIGEST = "SELECT k.id, k.revoked_at, k.access, k.workspaces, k.addresses, k.expires_at, \
                      CASE WHEN k.digest = ?1 THEN NULL ELSE k.old_until END, \
                      k.maker_kind, k.maker_id, \
                      a.id, a.email, a.name, a.created_at, a.banned_at, a.email_verified_at \
                      FROM api_keys k JOIN accounts a ON a.id = k.account_id \
                      WHERE k.digest = ?1 OR k.old_digest = ?1";
    /// A new key, unless another has its secret.
    INSERT = "INSERT INTO api_keys (id, account_id, name, digest, first_four, last_four, created_at, \
              access, workspaces, addresses, expires_at, maker_kind, maker_id, prefix) \
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
              ON CONFLICT (digest) DO NOTHING";
    /// An owner's keys, newest first.
    LIST_OF = "SELECT id, account_id, name, first_four, last_four, created_at, replaced_at, \
               revoked_at, revoked_by, last_used_at, last_used_address, last_used_agent, \
               last_used_operation, access, workspaces, addresses, expires_at, old_until, \
               old_first_four, old_last_four, old_used_at, maker_kind, maker_id, prefix, old_prefix \
               FROM api_keys WHERE account_id = ?1 ORDER BY created_at DESC, id DESC";
    /// Some of an owner's keys, in the same order.
    LIST_SOME_OF = "SELECT id, account_id, name, first_four, last_four, created_at, replaced_at, \
                    revoked_at, revoked_by, last_used_at, last_used_address, last_used_agent, \
                    last_used_operation, access, workspaces, addresses, expires_at, old_until, \
                    old_first_four, old_last_four, old_used_at, maker_kind, maker_id, prefix, old_prefix \
                    FROM api_keys WHERE account_id = ?1 ORDER BY created_at DESC, id DESC \
                    LIMIT ?2 OFFSET ?3";
    /// An owner's keys that were made with a credential, and those that made one, in brief. Most owners have none:
    /// SQLite reads the side of a CROSS JOIN first that is written first, and so looks at no other key.
    LIST_KIN = "SELECT k.id, k.name, k.maker_kind, k.maker_id, k.revoked_at, k.expires_at \
                FROM (SELECT id FROM api_keys WHERE account_id = ?1 AND maker_id IS NOT NULL \
                UNION SELECT maker_id FROM api_keys WHERE account_id = ?1 AND maker_id IS NOT NULL) AS kin \
                CROSS JOIN api_keys AS k WHERE k.id = kin.id AND k.account_id = ?1";
    /// Keys that are not revoked and began with a client: it made them, or a key did that came from it.
    LIST_MADE_BY_CLIENT = "WITH RECURSIVE made (id, account_id) AS (\
                           SELECT k.id, k.account_id FROM connections n \
                           JOIN api_keys k ON k.account_id = n.account_id AND k.maker_id = n.id \
                           WHERE n.client_id = ?1 \
                           UNION SELECT k.id, k.account_id FROM made m \
                           JOIN api_keys k ON k.account_id = m.account_id AND k.maker_id = m.id) \
                           SELECT k.account_id, k.id FROM made m JOIN api_keys k ON k.id = m.id \
                           WHERE k.revoked_at IS NULL";
    /// How many keys an owner has.
    COUNT_OF = "SELECT count(*) FROM api_keys WHERE account_id = ?1";
    /// One key of an owner.
    FIND = "SELECT id, account_id, name, first_four, last_four, created_at, replaced_at, \
            revoked_at, revoked_by, last_used_at, last_used_address, last_used_agent, \
            last_used_operation, access, workspaces, addresses, expires_at, old_until, \
            old_first_four, old_last_four, old_used_at, maker_kind, maker_id, prefix, old_prefix \
            FROM api_keys WHERE account_id = ?1 AND id = ?2";
    /// With which credential a key of an owner was made.
    FIND_MAKER = "SELECT maker_kind, maker_id FROM api_keys WHERE account_id = ?1 AND id = ?2";
    /// How many of an owner's keys work.
    COUNT_WORKING = "SELECT count(*) FROM api_keys WHERE account_id = ?1 AND revoked_at IS NULL \
                     AND (expires_at IS NULL OR expires_at > ?2)";
    /// Takes a key until the end of the transaction.
    TAKE = "UPDATE api_keys SET account_id = account_id WHERE account_id = ?1 AND id = ?2";
    /// Revokes a key that is not revoked.
    REVOKE = "UPDATE api_keys SET revoked_at = ?3, revoked_by = ?4 \
              WHERE account_id = ?1 AND id = ?2 AND revoked_at IS NULL";
    /// Gives a key that works another secret. The one that it had goes on for a while, never past the
    /// key's end; the one before that is forgotten.
    ROTATE = "UPDATE api_keys SET old_digest = digest, old_first_four = first_four, \
              old_last_four = last_four, old_prefix = prefix, prefix = NULL, old_used_at = NULL, \
              old_until = CASE WHEN expires_at < ?7 THEN expires_at ELSE ?7 END, \
              digest = ?3, first_four = ?4, last_four = ?5, replaced_at = ?6 \
              WHERE account_id = ?1 AND id = ?2 AND revoked_at IS NULL \
              AND (expires_at IS NULL OR expires_at > ?6) \
              AND (CAST(?8 AS TEXT) IS NULL OR first_four || last_four = ?8)";
    /// Ends the old secret of a key that works, while it is still good.
    END_OVERLAP = "UPDATE api_keys SET old_until = ?3 WHERE account_id = ?1 AND id = ?2 \
                   AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?3) \
                   AND old_until > ?3";
    /// Narrows a key that works, or lets it do more.
    NARROW = "UPDATE api_keys SET access = ?4, workspaces = ?5, addresses = ?6, expires_at = ?7 \
              WHERE account_id = ?1 AND id = ?2 AND revoked_at IS NULL \
              AND (expires_at IS NULL OR expires_at > ?3)";
    /// Notes a use, unless a later one is noted.
    NOTE_USE = "UPDATE api_keys SET last_used_at = ?2, last_used_address = ?3, last_used_agent = ?4, \
                last_used_operation = ?5 \
                WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)";
    /// Notes a use of the old secret, unless a later one is noted or the key was rotated since.
    NOTE_OLD_USE = "UPDATE api_keys SET old_used_at = ?2 WHERE id = ?1 AND replaced_at <= ?2 \
                    AND (old_used_at IS NULL OR old_used_at < ?2)";
    /// Keys of an account go, a batch at a time.
    DELETE_OF = "DELETE FROM api_keys WHERE id IN (SELECT id FROM api_keys WHERE account_id = ?1 LIMIT ?2)";
}

/// What authentication needs of a key.
#[derive(Debug, Clone)]
pub struct FoundApiKey {
    /// The key.
    pub id: ApiKeyId,
    /// Whether it is revoked.
    pub is_revoked: bool,
    /// What it is narrowed to.
    pub narrowing: Narrowing,
    /// Until when the secret is good, if it is the old one.
    pub old_until: Option<Timestamp>,
    /// With which credential the key was made.
    pub made_by: Option<Maker>,
    /// Whom it acts for.
    pub account: Account,
}

/// The key with a digest, or that had it before its rotation, and its account.
pub fn find_by_digest(tx: &mut Tx<'_>, digest: &Digest) -> Result<Option<FoundApiKey>, Error> {
    let row = tx.query_opt(&FIND_BY_DIGEST, &[digest.as_bytes().into()])?;
    row.map(|row| {
        Ok(FoundApiKey {
            id: ApiKeyId::from_bytes(row.id16(0)?),
            is_revoked: row.opt_int(1)?.is_some(),
            narrowing: read_narrowing(&row, 2)?,
            old_until: row.opt_timestamp(6)?,
            made_by: read_maker(&row, 7)?,
            account: accounts::read(&row, 9)?,
        })
    })
    .transpose()
}

/// Writes a new key; `false` when another has its secret.
pub fn insert(tx: &mut Tx<'_>, key: &ApiKey, digest: &Digest) -> Result<bool, Error> {
    let [access, workspaces, addresses, expires_at] = narrowed(&key.narrowing);
    let [maker_kind, maker_id] = made_by(key.made_by);
    let params = [
        key.id.into(),
        key.account.into(),
        key.name.as_str().into(),
        digest.as_bytes().into(),
        key.hint.first_four.as_str().into(),
        key.hint.last_four.as_str().into(),
        key.created_at.into(),
        access,
        workspaces,
        addresses,
        expires_at,
        maker_kind,
        maker_id,
        (key.hint.prefix != PREFIX).then_some(&*key.hint.prefix).into(),
    ];
    Ok(tx.execute(&INSERT, &params)? == 1)
}

/// An owner's keys, newest first, revoked ones included.
pub fn list_of(tx: &mut Tx<'_>, owner: AccountId) -> Result<Vec<ApiKey>, Error> {
    tx.query(&LIST_OF, &[owner.into()])?.iter().map(read).collect()
}

/// At most `limit` of an owner's keys after the first `offset`, newest first, revoked ones included.
pub fn list_some_of(
    tx: &mut Tx<'_>,
    owner: AccountId,
    limit: i64,
    offset: i64,
) -> Result<Vec<ApiKey>, Error> {
    let params = [owner.into(), limit.into(), offset.into()];
    tx.query(&LIST_SOME_OF, &params)?.iter().map(read).collect()
}

/// An owner's keys that were made with a credential, and those that made one: in brief, revoked ones included, in no
/// order.
pub fn list_kin(
    tx: &mut Tx<'_>,
    owner: AccountId,
    now: Timestamp,
) -> Result<Vec<KeyInBrief>, Error> {
    let read = |row: &Row| {
        Ok(KeyInBrief {
            id: ApiKeyId::from_bytes(row.id16(0)?),
            name: row.text(1)?.to_owned(),
            made_by: read_maker(row, 2)?,
            works: row.opt_int(4)?.is_none() && row.opt_timestamp(5)?.is_none_or(|end| end > now),
        })
    };
    tx.query(&LIST_KIN, &[owner.into()])?.iter().map(read).collect()
}

/// One key of an owner; a foreign id answers as a missing one.
pub fn find(tx: &mut Tx<'_>, owner: AccountId, id: ApiKeyId) -> Result<Option<ApiKey>, Error> {
    tx.query_opt(&FIND, &[owner.into(), id.into()])?.as_ref().map(read).transpose()
}

/// A maker of a key of an owner and the makers of that one, the nearest first. There is an end to them: each was
/// there before what it made, and none ever changes.
pub fn makers_from(
    tx: &mut Tx<'_>,
    owner: AccountId,
    nearest: Option<Maker>,
) -> Result<Vec<Maker>, Error> {
    let mut makers = Vec::new();
    let mut next = nearest;
    while let Some(maker) = next {
        makers.push(maker);
        next = match maker {
            Maker::Connection(_) => None,
            Maker::ApiKey(id) => maker_of(tx, owner, id)?,
        };
    }
    Ok(makers)
}

/// With which credential a key of an owner was made.
pub fn maker_of(tx: &mut Tx<'_>, owner: AccountId, id: ApiKeyId) -> Result<Option<Maker>, Error> {
    let found = tx.query_opt(&FIND_MAKER, &[owner.into(), id.into()])?;
    found.map_or(Ok(None), |row| read_maker(&row, 0))
}

/// Keys of whomever that are not revoked and began with a client, whatever became of its connections.
pub fn list_made_by_client(
    tx: &mut Tx<'_>,
    client: ClientId,
) -> Result<Vec<(AccountId, ApiKeyId)>, Error> {
    let read =
        |row: &Row| Ok((AccountId::from_bytes(row.id16(0)?), ApiKeyId::from_bytes(row.id16(1)?)));
    tx.query(&LIST_MADE_BY_CLIENT, &[client.into()])?.iter().map(read).collect()
}

/// How many keys an owner has, revoked ones included.
pub fn count_of(tx: &mut Tx<'_>, owner: AccountId) -> Result<i64, Error> {
    tx.query_opt(&COUNT_OF, &[owner.into()])?.map_or(Ok(0), |row| row.int(0))
}

/// How many of an owner's keys work: neither revoked nor expired.
pub fn count_working(tx: &mut Tx<'_>, owner: AccountId, now: Timestamp) -> Result<i64, Error> {
    tx.query_opt(&COUNT_WORKING, &[owner.into(), now.into()])?.map_or(Ok(0), |row| row.int(0))
}

/// Takes a key until the end of the transaction; `false` when it is not the owner's.
pub fn take(tx: &mut Tx<'_>, owner: AccountId, id: ApiKeyId) -> Result<bool, Error> {
    Ok(tx.execute(&TAKE, &[owner.into(), id.into()])? == 1)
}

/// Revokes a key; `false` when it is not the owner's or was revoked before.
pub fn revoke(
    tx: &mut Tx<'_>,
    owner: AccountId,
    id: ApiKeyId,
    at: Timestamp,
    by: RevokedBy,
) -> Result<bool, Error> {
    Ok(tx.execute(&REVOKE, &[owner.into(), id.into(), at.into(), by.as_str().into()])? == 1)
}

/// Another secret for a key.
#[derive(Debug, Clone)]
pub struct NewSecret {
    /// Its digest.
    pub digest: Digest,
    /// What can be shown of it.
    pub hint: KeyHint,
    /// When the key gets it.
    pub at: Timestamp,
    /// When the one it has ends, if the key does not end before.
    pub old_until: Timestamp,
    /// The one it must have for that; any when there is none.
    pub seen: Option<KeyHint>,
}

/// Gives a key another secret; `false` when it is not the owner's, does not work, or has another secret
/// than the one that was seen.
pub fn rotate(
    tx: &mut Tx<'_>,
    owner: AccountId,
    id: ApiKeyId,
    secret: &NewSecret,
) -> Result<bool, Error> {
    let seen = secret.seen.as_ref().map(|hint| format!("{}{}", hint.first_four, hint.last_four));
    let params = [
        owner.into(),
        id.into(),
        secret.digest.as_bytes().into(),
        secret.hint.first_four.as_str().into(),
        secret.hint.last_four.as_str().into(),
        secret.at.into(),
        secret.old_until.into(),
        seen.into(),
    ];
    Ok(tx.execute(&ROTATE, &params)? == 1)
}

/// Ends the old secret of a key; `false` when the key is not the owner's or does not work, or there is
/// none that is still good.
pub fn end_overlap(
    tx: &mut Tx<'_>,
    owner: AccountId,
    id: ApiKeyId,
    at: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.execute(&END_OVERLAP, &[owner.into(), id.into(), at.into()])? == 1)
}

/// Sets what a key is narrowed to; `false` when it is not the owner's or does not work.
pub fn narrow(
    tx: &mut Tx<'_>,
    owner: AccountId,
    id: ApiKeyId,
    at: Timestamp,
    narrowing: &Narrowing,
) -> Result<bool, Error> {
    let [access, workspaces, addresses, expires_at] = narrowed(narrowing);
    let params = [owner.into(), id.into(), at.into(), access, workspaces, addresses, expires_at];
    Ok(tx.execute(&NARROW, &params)? == 1)
}

/// Notes a key's use, unless a later one is noted.
pub fn note_use(tx: &mut Tx<'_>, id: ApiKeyId, last_use: &LastUse) -> Result<(), Error> {
    tx.execute(&NOTE_USE, &last_use::params(id.into(), last_use)).map(drop)
}

/// Deletes at most `limit` keys of an account, and with them where they were used from.
pub fn delete_of(tx: &mut Tx<'_>, account: AccountId, limit: i64) -> Result<u64, Error> {
    tx.execute(&DELETE_OF, &[account.into(), limit.into()])
}

/// Notes a use of the secret that a key had before its rotation.
pub fn note_old_use(tx: &mut Tx<'_>, id: ApiKeyId, at: Timestamp) -> Result<(), Error> {
    tx.execute(&NOTE_OLD_USE, &[id.into(), at.into()]).map(drop)
}

fn read(row: &Row) -> Result<ApiKey, Error> {
    Ok(ApiKey {
        id: ApiKeyId::from_bytes(row.id16(0)?),
        account: AccountId::from_bytes(row.id16(1)?),
        name: row.text(2)?.to_owned(),
        hint: read_hint(row, 3, 23)?,
        created_at: row.timestamp(5)?,
        rotated_at: row.opt_timestamp(6)?,
        state: read_state(row)?,
        last_use: last_use::read(row, 9)?,
        narrowing: read_narrowing(row, 13)?,
        old_secret: read_old_secret(row, 17)?,
        made_by: read_maker(row, 21)?,
    })
}

fn read_hint(row: &Row, first: usize, prefix: usize) -> Result<KeyHint, Error> {
    let (first_four, last_four) = (row.text(first)?, row.text(first + 1)?);
    let prefix = row.opt_text(prefix)?.map_or(PREFIX.into(), |prefix| prefix.to_owned().into());
    Ok(KeyHint { prefix, first_four: first_four.to_owned(), last_four: last_four.to_owned() })
}

fn read_old_secret(row: &Row, first: usize) -> Result<Option<OldSecret>, Error> {
    let Some(until) = row.opt_timestamp(first)? else {
        return Ok(None);
    };
    let (hint, last_used_at) = (read_hint(row, first + 1, 24)?, row.opt_timestamp(first + 3)?);
    Ok(Some(OldSecret { hint, until, last_used_at }))
}

fn made_by(maker: Option<Maker>) -> [Value; 2] {
    match maker {
        None => [Value::Null, Value::Null],
        Some(Maker::ApiKey(id)) => ["api_key".into(), id.into()],
        Some(Maker::Connection(id)) => ["connection".into(), id.into()],
    }
}

fn read_maker(row: &Row, first: usize) -> Result<Option<Maker>, Error> {
    let Some(kind) = row.opt_text(first)? else {
        return Ok(None);
    };
    let id = row.id16(first + 1)?;
    match kind {
        "api_key" => Ok(Some(Maker::ApiKey(ApiKeyId::from_bytes(id)))),
        "connection" => Ok(Some(Maker::Connection(ConnectionId::from_bytes(id)))),
        _ => Err(row.unexpected(first, "a kind of maker")),
    }
}

fn read_narrowing(row: &Row, first: usize) -> Result<Narrowing, Error> {
    let addresses = Addresses::from_stored(row.opt_text(first + 2)?);
    Ok(Narrowing {
        access: connections::access(row, first)?,
        reach: connections::reach(row, first + 1)?,
        addresses: addresses.ok_or_else(|| row.unexpected(first + 2, "networks"))?,
        expires_at: row.opt_timestamp(first + 3)?,
    })
}

/// A narrowing as it is stored, in the order of the columns.
fn narrowed(narrowing: &Narrowing) -> [Value; 4] {
    [
        narrowing.access.to_string().into(),
        narrowing.reach.to_stored().into(),
        narrowing.addresses.to_stored().into(),
        narrowing.expires_at.into(),
    ]
}

fn read_state(row: &Row) -> Result<KeyState, Error> {
    let Some(at) = row.opt_timestamp(7)? else {
        return Ok(KeyState::Active);
    };
    let by = RevokedBy::from_stored(row.text(8)?);
    let by = by.ok_or_else(|| row.unexpected(8, "who revokes keys"))?;
    Ok(KeyState::Revoked { at, by })
}
