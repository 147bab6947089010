//! Links in mails about a person's own account, as rows: by the digest of the link's token.

use bloom_domain::account_links::Purpose;
use bloom_domain::accounts::Account;
use bloom_domain::digest::Digest;
use bloom_domain::email::Email;
use bloom_domain::ids::AccountId;
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Tx, accounts};

statements! {
    /// A new link.
    INSERT = "INSERT INTO account_links (digest, purpose, account_id, email, created_at, expires_at) \
              VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    /// A link that works, and its account.
    FIND = "SELECT l.email, a.id, a.email, a.name, a.created_at, a.banned_at, a.email_verified_at \
            FROM account_links l JOIN accounts a ON a.id = l.account_id \
            WHERE l.digest = ?1 AND l.purpose = ?2 AND l.expires_at > ?3";
    /// Where the link of an account for a purpose went, while it works.
    FIND_OF = "SELECT email, expires_at FROM account_links \
               WHERE account_id = ?1 AND purpose = ?2 AND expires_at > ?3";
    /// Spends a link that works.
    SPEND = "DELETE FROM account_links WHERE digest = ?1 AND purpose = ?2 AND expires_at > ?3";
    /// Links of an account for one purpose end.
    DELETE_FOR = "DELETE FROM account_links WHERE account_id = ?1 AND purpose = ?2";
    /// All links of an account end.
    DELETE_OF = "DELETE FROM account_links WHERE account_id = ?1";
    /// Rows of links whose time is over go, a batch at a time.
    DELETE_EXPIRED = "DELETE FROM account_links WHERE digest IN (SELECT digest FROM account_links \
                      WHERE expires_at <= ?1 LIMIT ?2)";
}

/// A link that works.
pub struct Found {
    /// The mailbox that it went to.
    pub email: Email,
    /// Whose it is.
    pub account: Account,
}

/// Writes a new link, good from `at` on.
pub fn insert(
    tx: &mut Tx<'_>,
    digest: &Digest,
    purpose: Purpose,
    (account, email): (AccountId, &Email),
    at: Timestamp,
) -> Result<(), Error> {
    let params = [
        digest.as_bytes().into(),
        purpose.as_str().into(),
        account.into(),
        email.as_str().into(),
        at.into(),
        at.plus(purpose.lifetime()).into(),
    ];
    tx.execute(&INSERT, &params).map(drop)
}

/// The link with a digest, if it works for a purpose at `now`.
pub fn find(
    tx: &mut Tx<'_>,
    digest: &Digest,
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<Found>, Error> {
    let params = [digest.as_bytes().into(), purpose.as_str().into(), now.into()];
    let row = tx.query_opt(&FIND, &params)?;
    row.map(|row| {
        let email = Email::parse(row.text(0)?);
        let email = email.map_err(|_| row.unexpected(0, "an email address"))?;
        Ok(Found { email, account: accounts::read(&row, 1)? })
    })
    .transpose()
}

/// The mailbox that an account's link for a purpose went to, and when the link ends, while it works at `now`.
pub fn find_of(
    tx: &mut Tx<'_>,
    account: AccountId,
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<(Email, Timestamp)>, Error> {
    let params = [account.into(), purpose.as_str().into(), now.into()];
    let row = tx.query_opt(&FIND_OF, &params)?;
    row.map(|row| {
        let email = Email::parse(row.text(0)?);
        Ok((email.map_err(|_| row.unexpected(0, "an email address"))?, row.timestamp(1)?))
    })
    .transpose()
}

/// Spends a link; `false` when it does not work for the purpose at `now`, or did its work before.
pub fn spend(
    tx: &mut Tx<'_>,
    digest: &Digest,
    purpose: Purpose,
    now: Timestamp,
) -> Result<bool, Error> {
    let params = [digest.as_bytes().into(), purpose.as_str().into(), now.into()];
    Ok(tx.execute(&SPEND, &params)? == 1)
}

/// Ends an account's links for one purpose.
pub fn delete_for(tx: &mut Tx<'_>, account: AccountId, purpose: Purpose) -> Result<(), Error> {
    tx.execute(&DELETE_FOR, &[account.into(), purpose.as_str().into()]).map(drop)
}

/// Ends every link of an account.
pub fn delete_of(tx: &mut Tx<'_>, account: AccountId) -> Result<(), Error> {
    tx.execute(&DELETE_OF, &[account.into()]).map(drop)
}

/// Deletes at most `limit` rows of links whose time is over at `now`.
pub fn delete_expired(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<u64, Error> {
    tx.execute(&DELETE_EXPIRED, &[now.into(), limit.into()])
}
