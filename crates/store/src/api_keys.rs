//! API keys, as rows. The secret is never among them, only its digest.

use bloom_domain::accounts::Account;
use bloom_domain::api_keys::{ApiKey, KeyHint, KeyState, LastUse, RevokedBy};
use bloom_domain::digest::Digest;
use bloom_domain::ids::{AccountId, ApiKeyId};
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Row, Tx, accounts, last_use};

statements! {
    /// Whom a digest belongs to: the one statement of a cold authentication.
    FIND_BY_DIGEST = "SELECT k.id, k.revoked_at, a.id, a.email, a.name, a.created_at, a.banned_at \
                      FROM api_keys k JOIN accounts a ON a.id = k.account_id WHERE k.digest = ?1";
    /// A new key.
    INSERT = "INSERT INTO api_keys (id, account_id, name, digest, first_four, last_four, created_at) \
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    /// An owner's keys, newest first.
    LIST_OF = "SELECT id, account_id, name, first_four, last_four, created_at, replaced_at, \
               revoked_at, revoked_by, last_used_at, last_used_address, last_used_agent, \
               last_used_operation FROM api_keys WHERE account_id = ?1 ORDER BY created_at DESC, id DESC";
    /// One key of an owner.
    FIND = "SELECT id, account_id, name, first_four, last_four, created_at, replaced_at, \
            revoked_at, revoked_by, last_used_at, last_used_address, last_used_agent, \
            last_used_operation FROM api_keys WHERE account_id = ?1 AND id = ?2";
    /// How many of an owner's keys work.
    COUNT_ACTIVE = "SELECT count(*) FROM api_keys WHERE account_id = ?1 AND revoked_at IS NULL";
    /// Revokes a key that works.
    REVOKE = "UPDATE api_keys SET revoked_at = ?3, revoked_by = ?4 \
              WHERE account_id = ?1 AND id = ?2 AND revoked_at IS NULL";
    /// Gives a key that works another secret.
    REPLACE = "UPDATE api_keys SET digest = ?3, first_four = ?4, last_four = ?5, replaced_at = ?6 \
               WHERE account_id = ?1 AND id = ?2 AND revoked_at IS NULL";
    /// Notes a use, unless a later one is noted.
    NOTE_USE = "UPDATE api_keys SET last_used_at = ?2, last_used_address = ?3, last_used_agent = ?4, \
                last_used_operation = ?5 \
                WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)";
}

/// What authentication needs of a key.
#[derive(Debug, Clone)]
pub struct FoundApiKey {
    /// The key.
    pub id: ApiKeyId,
    /// Whether it is revoked.
    pub is_revoked: bool,
    /// Whom it acts for.
    pub account: Account,
}

/// The key with a digest, and its account.
pub fn find_by_digest(tx: &mut Tx<'_>, digest: &Digest) -> Result<Option<FoundApiKey>, Error> {
    let row = tx.query_opt(&FIND_BY_DIGEST, &[digest.as_bytes().into()])?;
    row.map(|row| {
        Ok(FoundApiKey {
            id: ApiKeyId::from_bytes(row.id16(0)?),
            is_revoked: row.opt_int(1)?.is_some(),
            account: accounts::read(&row, 2)?,
        })
    })
    .transpose()
}

/// Writes a new key.
pub fn insert(tx: &mut Tx<'_>, key: &ApiKey, digest: &Digest) -> Result<(), Error> {
    let params = [
        key.id.into(),
        key.account.into(),
        key.name.as_str().into(),
        digest.as_bytes().into(),
        key.hint.first_four.as_str().into(),
        key.hint.last_four.as_str().into(),
        key.created_at.into(),
    ];
    tx.execute(&INSERT, &params).map(drop)
}

/// An owner's keys, newest first, revoked ones included.
pub fn list_of(tx: &mut Tx<'_>, owner: AccountId) -> Result<Vec<ApiKey>, Error> {
    tx.query(&LIST_OF, &[owner.into()])?.iter().map(read).collect()
}

/// One key of an owner; a foreign id answers as a missing one.
pub fn find(tx: &mut Tx<'_>, owner: AccountId, id: ApiKeyId) -> Result<Option<ApiKey>, Error> {
    tx.query_opt(&FIND, &[owner.into(), id.into()])?.as_ref().map(read).transpose()
}

/// How many of an owner's keys work.
pub fn count_active(tx: &mut Tx<'_>, owner: AccountId) -> Result<i64, Error> {
    tx.query_opt(&COUNT_ACTIVE, &[owner.into()])?.map_or(Ok(0), |row| row.int(0))
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

/// Gives a key another secret; `false` when it is not the owner's or is revoked.
pub fn replace(
    tx: &mut Tx<'_>,
    owner: AccountId,
    id: ApiKeyId,
    digest: &Digest,
    hint: &KeyHint,
    at: Timestamp,
) -> Result<bool, Error> {
    let params = [
        owner.into(),
        id.into(),
        digest.as_bytes().into(),
        hint.first_four.as_str().into(),
        hint.last_four.as_str().into(),
        at.into(),
    ];
    Ok(tx.execute(&REPLACE, &params)? == 1)
}

/// Notes a key's use, unless a later one is noted.
pub fn note_use(tx: &mut Tx<'_>, id: ApiKeyId, last_use: &LastUse) -> Result<(), Error> {
    tx.execute(&NOTE_USE, &last_use::params(id.into(), last_use)).map(drop)
}

fn read(row: &Row) -> Result<ApiKey, Error> {
    Ok(ApiKey {
        id: ApiKeyId::from_bytes(row.id16(0)?),
        account: AccountId::from_bytes(row.id16(1)?),
        name: row.text(2)?.to_owned(),
        hint: KeyHint { first_four: row.text(3)?.to_owned(), last_four: row.text(4)?.to_owned() },
        created_at: row.timestamp(5)?,
        replaced_at: row.opt_timestamp(6)?,
        state: read_state(row)?,
        last_use: last_use::read(row, 9)?,
    })
}

fn read_state(row: &Row) -> Result<KeyState, Error> {
    let Some(at) = row.opt_timestamp(7)? else {
        return Ok(KeyState::Active);
    };
    let by = RevokedBy::from_stored(row.text(8)?);
    let by = by.ok_or_else(|| row.unexpected(8, "who revokes keys"))?;
    Ok(KeyState::Revoked { at, by })
}
