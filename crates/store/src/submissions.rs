//! Forms that make something and were sent, as rows.

use bloom_domain::ids::AccountId;
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Tx};

statements! {
    /// A form is sent, unless it was; whoever else sends it waits for the transaction to end.
    TAKE = "INSERT INTO submissions (digest, account_id, attempt, sent_at) VALUES (?1, ?2, ?3, ?4) \
            ON CONFLICT DO NOTHING";
    /// What became of a form.
    FIND = "SELECT sent_at, led_to, page FROM submissions WHERE digest = ?1";
    /// Keeps the answer of the request that took it: where that led.
    KEEP_PLACE = "UPDATE submissions SET led_to = ?3 WHERE digest = ?1 AND attempt = ?2";
    /// The same: the page that it was.
    KEEP_PAGE = "UPDATE submissions SET page = ?3 WHERE digest = ?1 AND attempt = ?2";
    /// Lets go of a form whose request was refused.
    RELEASE = "DELETE FROM submissions WHERE digest = ?1 AND attempt = ?2";
    /// Old pages are forgotten, a batch at a time.
    FORGET_PAGES = "UPDATE submissions SET page = NULL WHERE digest IN \
                    (SELECT digest FROM submissions WHERE page IS NOT NULL AND sent_at <= ?1 LIMIT ?2)";
    /// Old ones go, a batch at a time.
    DELETE_OLD = "DELETE FROM submissions WHERE digest IN \
                  (SELECT digest FROM submissions WHERE sent_at <= ?1 LIMIT ?2)";
}

/// A form as one request sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// SHA-256 of what is sent.
    pub digest: [u8; 32],
    /// Tells the request from another with the same form.
    pub number: [u8; 16],
}

/// What became of a form that was sent.
pub struct Sent {
    /// When it was.
    pub at: Timestamp,
    /// Where it led.
    pub led_to: Option<String>,
    /// The page that it was answered with, sealed.
    pub page: Option<Vec<u8>>,
}

/// Takes a form in the transaction of what it makes; `false` when it was sent before.
pub fn take(
    tx: &mut Tx<'_>,
    attempt: &Attempt,
    account: AccountId,
    now: Timestamp,
) -> Result<bool, Error> {
    let Attempt { digest, number } = attempt;
    Ok(tx.execute(&TAKE, &[digest.into(), account.into(), number.into(), now.into()])? == 1)
}

/// What became of a form, if it was sent.
pub fn find(tx: &mut Tx<'_>, digest: &[u8; 32]) -> Result<Option<Sent>, Error> {
    let row = tx.query_opt(&FIND, &[digest.into()])?;
    row.map(|row| {
        Ok(Sent {
            at: row.timestamp(0)?,
            led_to: row.opt_text(1)?.map(str::to_owned),
            page: row.opt_blob(2)?.map(<[u8]>::to_vec),
        })
    })
    .transpose()
}

/// Keeps where the request that took a form was led.
pub fn keep_place(tx: &mut Tx<'_>, attempt: &Attempt, led_to: &str) -> Result<(), Error> {
    let Attempt { digest, number } = attempt;
    tx.execute(&KEEP_PLACE, &[digest.into(), number.into(), led_to.into()]).map(drop)
}

/// Keeps the page that the request that took a form was answered with.
pub fn keep_page(tx: &mut Tx<'_>, attempt: &Attempt, sealed: &[u8]) -> Result<(), Error> {
    let Attempt { digest, number } = attempt;
    tx.execute(&KEEP_PAGE, &[digest.into(), number.into(), sealed.into()]).map(drop)
}

/// Lets go of a form, if this request took it.
pub fn release(tx: &mut Tx<'_>, attempt: &Attempt) -> Result<(), Error> {
    let Attempt { digest, number } = attempt;
    tx.execute(&RELEASE, &[digest.into(), number.into()]).map(drop)
}

/// Forgets at most `limit` pages of forms that were sent at or before a time.
pub fn forget_pages(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> Result<u64, Error> {
    tx.execute(&FORGET_PAGES, &[before.into(), limit.into()])
}

/// Deletes at most `limit` that were sent at or before a time.
pub fn delete_old(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> Result<u64, Error> {
    tx.execute(&DELETE_OLD, &[before.into(), limit.into()])
}
