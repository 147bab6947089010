//! Mails on their way, as rows.

use bloom_domain::ids::MailId;
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Row, Tx};

statements! {
    /// A new mail, due at once.
    INSERT = "INSERT INTO mails (id, sealed, written_at, attempts, due_at) VALUES (?1, ?2, ?3, 0, ?3)";
    /// Mails that are due, the longest waiting first.
    DUE = "SELECT id, sealed, written_at, attempts FROM mails WHERE due_at <= ?1 \
           ORDER BY due_at, id LIMIT ?2";
    /// Takes a mail that is still as it was read.
    CLAIM = "UPDATE mails SET attempts = attempts + 1, due_at = ?4 \
             WHERE id = ?1 AND attempts = ?2 AND due_at <= ?3";
    /// Puts off a mail that nobody else has taken since.
    PUT_OFF = "UPDATE mails SET due_at = ?3 WHERE id = ?1 AND attempts = ?2";
    /// A mail has arrived, or is given up.
    DELETE = "DELETE FROM mails WHERE id = ?1";
    /// Every mail becomes due.
    HURRY = "UPDATE mails SET due_at = ?1 WHERE due_at > ?1";
    /// When the next one is due.
    NEXT = "SELECT MIN(due_at) FROM mails";
    /// How many there are, and since when the oldest.
    COUNT = "SELECT COUNT(*), MIN(written_at) FROM mails";
}

/// A mail as it is stored.
pub struct StoredMail {
    /// Its id, which is also its name in the world.
    pub id: MailId,
    /// Address, subject and text, sealed.
    pub sealed: Vec<u8>,
    /// When it was written.
    pub written_at: Timestamp,
    /// How often it has been taken to be delivered.
    pub attempts: i64,
}

/// Writes a new mail, due at once.
pub fn insert(tx: &mut Tx<'_>, mail: &StoredMail) -> Result<(), Error> {
    let params = [mail.id.into(), mail.sealed.as_slice().into(), mail.written_at.into()];
    tx.execute(&INSERT, &params).map(drop)
}

/// Takes at most `limit` mails that are due at `now`: until `until` nobody else does.
pub fn claim(
    tx: &mut Tx<'_>,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<StoredMail>, Error> {
    let mut claimed = Vec::new();
    for row in tx.query(&DUE, &[now.into(), limit.into()])? {
        let mut mail = read(&row)?;
        let params = [mail.id.into(), mail.attempts.into(), now.into(), until.into()];
        if tx.execute(&CLAIM, &params)? == 1 {
            mail.attempts += 1;
            claimed.push(mail);
        }
    }
    Ok(claimed)
}

/// Puts a mail off that was taken for its `attempts`th attempt; `false` when somebody took it since.
pub fn put_off(
    tx: &mut Tx<'_>,
    id: MailId,
    attempts: i64,
    until: Timestamp,
) -> Result<bool, Error> {
    Ok(tx.execute(&PUT_OFF, &[id.into(), attempts.into(), until.into()])? == 1)
}

/// Deletes a mail; `false` when it is gone already.
pub fn delete(tx: &mut Tx<'_>, id: MailId) -> Result<bool, Error> {
    Ok(tx.execute(&DELETE, &[id.into()])? == 1)
}

/// Makes every mail due at `now`, those too that are put off or taken.
pub fn hurry(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, Error> {
    tx.execute(&HURRY, &[now.into()])
}

/// When the next mail is due, if there is one.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>, Error> {
    tx.query_opt(&NEXT, &[])?.map_or(Ok(None), |row| row.opt_timestamp(0))
}

/// How many mails wait, and when the oldest was written.
pub fn count(tx: &mut Tx<'_>) -> Result<(i64, Option<Timestamp>), Error> {
    let row = tx.query_opt(&COUNT, &[])?;
    row.map_or(Ok((0, None)), |row| Ok((row.int(0)?, row.opt_timestamp(1)?)))
}

fn read(row: &Row) -> Result<StoredMail, Error> {
    Ok(StoredMail {
        id: MailId::from_bytes(row.id16(0)?),
        sealed: row.blob(1)?.to_vec(),
        written_at: row.timestamp(2)?,
        attempts: row.int(3)?,
    })
}
