//! How imported keys look, as rows.

use bloom_domain::api_keys::KeyShape;
use bloom_domain::ids::AccountId;

use crate::statement::statements;
use crate::{Error, Row, Tx};

statements! {
    /// A shape of an account's keys, unless it is there.
    INSERT = "INSERT INTO key_shapes (account_id, prefix, length) VALUES (?1, ?2, ?3) \
              ON CONFLICT DO NOTHING";
    /// How many an account has brought.
    COUNT_OF = "SELECT count(*) FROM key_shapes WHERE account_id = ?1";
    /// All of them, whosever they are.
    LIST = "SELECT DISTINCT prefix, length FROM key_shapes";
}

/// Adds a shape to an account's; `false` when it is among them.
pub fn insert(tx: &mut Tx<'_>, account: AccountId, shape: &KeyShape) -> Result<bool, Error> {
    // A shape is not longer than some hundred characters.
    let len = i64::try_from(shape.length()).unwrap_or(i64::MAX);
    Ok(tx.execute(&INSERT, &[account.into(), shape.prefix().into(), len.into()])? == 1)
}

/// How many an account has brought.
pub fn count_of(tx: &mut Tx<'_>, account: AccountId) -> Result<i64, Error> {
    tx.query_opt(&COUNT_OF, &[account.into()])?.map_or(Ok(0), |row| row.int(0))
}

/// All of them, whosever they are.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<KeyShape>, Error> {
    tx.query(&LIST, &[])?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<KeyShape, Error> {
    let len = usize::try_from(row.int(1)?).unwrap_or(usize::MAX);
    KeyShape::new(row.text(0)?, len).map_err(|_| row.unexpected(0, "a shape of keys"))
}
