//! Accounts, as rows.

use bloom_domain::accounts::{Account, AccountState};
use bloom_domain::email::Email;
use bloom_domain::ids::AccountId;
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Row, Tx};

statements! {
    /// A new account, unless the address is taken.
    INSERT = "INSERT INTO accounts (id, email, name, password_hash, created_at) \
              VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    /// The account with an address, and its password hash.
    FIND_BY_EMAIL = "SELECT id, email, name, created_at, banned_at, email_verified_at, password_hash \
                     FROM accounts WHERE email = ?1 AND deleted_at IS NULL";
    /// One account.
    FIND = "SELECT id, email, name, created_at, banned_at, email_verified_at \
            FROM accounts WHERE id = ?1 AND deleted_at IS NULL";
    /// Every account, oldest first.
    LIST = "SELECT id, email, name, created_at, banned_at, email_verified_at \
            FROM accounts WHERE deleted_at IS NULL ORDER BY created_at, id";
    /// One row when there is any account.
    EXIST = "SELECT id FROM accounts WHERE deleted_at IS NULL LIMIT 1";
    /// Takes the account's row until the end of the transaction.
    TAKE = "UPDATE accounts SET created_at = created_at WHERE id = ?1";
    /// Whether the account is suspended.
    FIND_STATE = "SELECT banned_at FROM accounts WHERE id = ?1";
    /// The hash of an account's password.
    FIND_PASSWORD = "SELECT password_hash FROM accounts WHERE id = ?1";
    /// Suspends an account that is not.
    BAN = "UPDATE accounts SET banned_at = ?2 WHERE id = ?1 AND banned_at IS NULL";
    /// Restores an account that is suspended.
    UNBAN = "UPDATE accounts SET banned_at = NULL WHERE id = ?1 AND banned_at IS NOT NULL AND deleted_at IS NULL";
    /// Another name, or none.
    SET_NAME = "UPDATE accounts SET name = ?2 WHERE id = ?1";
    /// Another password.
    SET_PASSWORD = "UPDATE accounts SET password_hash = ?2 WHERE id = ?1";
    /// The address is known to be the person's, unless it is another one by now.
    VERIFY_EMAIL = "UPDATE accounts SET email_verified_at = COALESCE(email_verified_at, ?3) \
                    WHERE id = ?1 AND email = ?2";
    /// Another address that is known to be the person's, unless it is taken.
    SET_EMAIL = "UPDATE accounts SET email = ?2, email_verified_at = ?3 WHERE id = ?1 \
                 AND NOT EXISTS (SELECT 1 FROM accounts WHERE email = ?2)";
    /// What made an account somebody's is gone.
    DELETE = "UPDATE accounts SET email = ?2, name = NULL, password_hash = ?3, banned_at = ?4, \
              email_verified_at = NULL, deleted_at = ?4 WHERE id = ?1 AND deleted_at IS NULL";
    /// Deleted accounts of which not everything is erased.
    LIST_TO_ERASE = "SELECT id FROM accounts WHERE deleted_at <= ?1 AND erased_at IS NULL \
                     ORDER BY deleted_at LIMIT ?2";
    /// Everything of it is.
    NOTE_ERASED = "UPDATE accounts SET erased_at = ?2 WHERE id = ?1 AND deleted_at IS NOT NULL";
}

/// Writes a new account; `false` when the address is taken.
pub fn insert(tx: &mut Tx<'_>, account: &Account, password_hash: &str) -> Result<bool, Error> {
    let params = [
        account.id.into(),
        account.email.as_str().into(),
        account.name.as_deref().into(),
        password_hash.into(),
        account.created_at.into(),
    ];
    Ok(tx.execute(&INSERT, &params)? == 1)
}

/// The account with an address.
pub fn find_by_email(tx: &mut Tx<'_>, email: &Email) -> Result<Option<Account>, Error> {
    tx.query_opt(&FIND_BY_EMAIL, &[email.as_str().into()])?.map(|row| read(&row, 0)).transpose()
}

/// One account.
pub fn find(tx: &mut Tx<'_>, id: AccountId) -> Result<Option<Account>, Error> {
    tx.query_opt(&FIND, &[id.into()])?.map(|row| read(&row, 0)).transpose()
}

/// The account with an address, and the hash of its password.
pub fn find_with_password(
    tx: &mut Tx<'_>,
    email: &Email,
) -> Result<Option<(Account, String)>, Error> {
    let row = tx.query_opt(&FIND_BY_EMAIL, &[email.as_str().into()])?;
    row.map(|row| Ok((read(&row, 0)?, row.text(6)?.to_owned()))).transpose()
}

/// Every account, oldest first.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Account>, Error> {
    tx.query(&LIST, &[])?.iter().map(|row| read(row, 0)).collect()
}

/// Whether there is any account.
pub fn exist(tx: &mut Tx<'_>) -> Result<bool, Error> {
    Ok(tx.query_opt(&EXIST, &[])?.is_some())
}

/// Takes the account's row until the end of the transaction, so that decisions over what belongs to
/// it run one after the other; gives its state, if it exists.
pub fn take(tx: &mut Tx<'_>, id: AccountId) -> Result<Option<AccountState>, Error> {
    if tx.execute(&TAKE, &[id.into()])? == 0 {
        return Ok(None);
    }
    tx.query_opt(&FIND_STATE, &[id.into()])?.map(|row| state(&row, 0)).transpose()
}

/// The hash of an account's password.
pub fn find_password(tx: &mut Tx<'_>, id: AccountId) -> Result<Option<String>, Error> {
    let row = tx.query_opt(&FIND_PASSWORD, &[id.into()])?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// Suspends an account; `false` when it already was.
pub fn ban(tx: &mut Tx<'_>, id: AccountId, at: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(&BAN, &[id.into(), at.into()])? == 1)
}

/// Restores an account; `false` when it was not suspended.
pub fn unban(tx: &mut Tx<'_>, id: AccountId) -> Result<bool, Error> {
    Ok(tx.execute(&UNBAN, &[id.into()])? == 1)
}

/// Sets what the person wants to be called.
pub fn set_name(tx: &mut Tx<'_>, id: AccountId, name: Option<&str>) -> Result<bool, Error> {
    Ok(tx.execute(&SET_NAME, &[id.into(), name.into()])? == 1)
}

/// Sets another password hash.
pub fn set_password(tx: &mut Tx<'_>, id: AccountId, password_hash: &str) -> Result<bool, Error> {
    Ok(tx.execute(&SET_PASSWORD, &[id.into(), password_hash.into()])? == 1)
}

/// Notes that an address is known to be the person's; `false` when the account has another one by now.
pub fn verify_email(
    tx: &mut Tx<'_>,
    id: AccountId,
    email: &Email,
    at: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.execute(&VERIFY_EMAIL, &[id.into(), email.as_str().into(), at.into()])? == 1)
}

/// Gives an account another address, which is known to be the person's; `false` when it is taken.
pub fn set_email(
    tx: &mut Tx<'_>,
    id: AccountId,
    email: &Email,
    verified_at: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.execute(&SET_EMAIL, &[id.into(), email.as_str().into(), verified_at.into()])? == 1)
}

/// Takes from an account what made it somebody's; `false` when it was deleted before. The row stays with an
/// address that no mail reaches and a hash that no password fits.
pub fn delete(
    tx: &mut Tx<'_>,
    id: AccountId,
    (nobody, no_password): (&Email, &str),
    at: Timestamp,
) -> Result<bool, Error> {
    let params = [id.into(), nobody.as_str().into(), no_password.into(), at.into()];
    Ok(tx.execute(&DELETE, &params)? == 1)
}

/// At most `limit` accounts that were deleted at or before a time and not erased since.
pub fn list_to_erase(
    tx: &mut Tx<'_>,
    deleted_before: Timestamp,
    limit: i64,
) -> Result<Vec<AccountId>, Error> {
    let rows = tx.query(&LIST_TO_ERASE, &[deleted_before.into(), limit.into()])?;
    rows.iter().map(|row| row.id16(0).map(AccountId::from_bytes)).collect()
}

/// Notes that nothing of a deleted account is left to erase.
pub fn note_erased(tx: &mut Tx<'_>, id: AccountId, at: Timestamp) -> Result<(), Error> {
    tx.execute(&NOTE_ERASED, &[id.into(), at.into()]).map(drop)
}

/// Reads `id, email, name, created_at, banned_at, email_verified_at` from column `first` on.
pub(crate) fn read(row: &Row, first: usize) -> Result<Account, Error> {
    let email = Email::parse(row.text(first + 1)?)
        .map_err(|_| row.unexpected(first + 1, "an email address"))?;
    Ok(Account {
        id: AccountId::from_bytes(row.id16(first)?),
        email,
        name: row.opt_text(first + 2)?.map(str::to_owned),
        created_at: row.timestamp(first + 3)?,
        state: state(row, first + 4)?,
        email_verified_at: row.opt_timestamp(first + 5)?,
    })
}

fn state(row: &Row, index: usize) -> Result<AccountState, Error> {
    let banned = row.opt_timestamp(index)?;
    Ok(banned.map_or(AccountState::Active, |at| AccountState::Banned { at }))
}
