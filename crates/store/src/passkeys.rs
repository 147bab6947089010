//! Passkeys, as rows.

use bloom_domain::ids::{AccountId, PasskeyId};
use bloom_domain::passkeys::Passkey;
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Row, Tx};

statements! {
    /// A new passkey, unless the authenticator's is known.
    INSERT = "INSERT INTO passkeys \
              (id, account_id, credential_id, public_key, sign_count, name, created_at) \
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
    /// An account's, in the order in which they were added.
    LIST_OF = "SELECT id, account_id, credential_id, public_key, sign_count, name, created_at, \
               last_used_at FROM passkeys WHERE account_id = ?1 ORDER BY created_at, id";
    /// The one that an authenticator names so.
    FIND = "SELECT id, account_id, credential_id, public_key, sign_count, name, created_at, \
            last_used_at FROM passkeys WHERE credential_id = ?1";
    /// It was used, by the authenticator that had counted so far.
    USE = "UPDATE passkeys SET sign_count = ?4, last_used_at = ?5 \
           WHERE id = ?1 AND account_id = ?2 AND sign_count = ?3";
    /// One of an account's goes.
    DELETE = "DELETE FROM passkeys WHERE id = ?1 AND account_id = ?2";
    /// All of an account's go.
    DELETE_OF = "DELETE FROM passkeys WHERE account_id = ?1";
}

/// Writes a new passkey; `false` when the authenticator's is known already, here or elsewhere.
pub fn insert(tx: &mut Tx<'_>, passkey: &Passkey) -> Result<bool, Error> {
    let params = [
        passkey.id.into(),
        passkey.account.into(),
        passkey.credential_id.as_slice().into(),
        passkey.public_key.as_slice().into(),
        passkey.sign_count.into(),
        passkey.name.as_str().into(),
        passkey.created_at.into(),
    ];
    Ok(tx.execute(&INSERT, &params)? == 1)
}

/// An account's passkeys, in the order in which they were added.
pub fn list_of(tx: &mut Tx<'_>, account: AccountId) -> Result<Vec<Passkey>, Error> {
    tx.query(&LIST_OF, &[account.into()])?.iter().map(read).collect()
}

/// The passkey that an authenticator names so.
pub fn find(tx: &mut Tx<'_>, credential_id: &[u8]) -> Result<Option<Passkey>, Error> {
    tx.query_opt(&FIND, &[credential_id.into()])?.as_ref().map(read).transpose()
}

/// Notes a use; `false` when it is gone, or was used since it was read.
pub fn note_use(
    tx: &mut Tx<'_>,
    passkey: &Passkey,
    sign_count: u32,
    at: Timestamp,
) -> Result<bool, Error> {
    let params = [
        passkey.id.into(),
        passkey.account.into(),
        passkey.sign_count.into(),
        sign_count.into(),
        at.into(),
    ];
    Ok(tx.execute(&USE, &params)? == 1)
}

/// Removes a passkey of an account; `false` when there is none.
pub fn delete(tx: &mut Tx<'_>, account: AccountId, id: PasskeyId) -> Result<bool, Error> {
    Ok(tx.execute(&DELETE, &[id.into(), account.into()])? == 1)
}

/// Removes every passkey of an account.
pub fn delete_of(tx: &mut Tx<'_>, account: AccountId) -> Result<(), Error> {
    tx.execute(&DELETE_OF, &[account.into()]).map(drop)
}

fn read(row: &Row) -> Result<Passkey, Error> {
    Ok(Passkey {
        id: PasskeyId::from_bytes(row.id16(0)?),
        account: AccountId::from_bytes(row.id16(1)?),
        credential_id: row.blob(2)?.to_vec(),
        public_key: row.blob(3)?.to_vec(),
        sign_count: u32::try_from(row.int(4)?).map_err(|_| row.unexpected(4, "a count"))?,
        name: row.text(5)?.to_owned(),
        created_at: row.timestamp(6)?,
        last_used_at: row.opt_timestamp(7)?,
    })
}
