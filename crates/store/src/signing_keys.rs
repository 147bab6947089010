//! Keys that sign tokens, their seeds sealed.

use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Tx};

statements! {
    /// The key with the next number, unless another node was first.
    INSERT = "INSERT INTO signing_keys (number, public_key, seed, created_at, signs_from) \
              VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    /// All of them, in the order in which they sign.
    LIST = "SELECT number, public_key, seed, signs_from FROM signing_keys ORDER BY number";
    /// Keys up to a number go.
    DELETE_THROUGH = "DELETE FROM signing_keys WHERE number <= ?1";
}

/// A key as it is stored.
#[derive(Clone)]
pub struct StoredSigningKey {
    /// The keys sign in the order of their numbers.
    pub number: i64,
    /// The public key.
    pub public_key: [u8; 32],
    /// The seed of the private key, sealed.
    pub seed: Vec<u8>,
    /// When it begins to sign.
    pub signs_from: Timestamp,
}

/// Writes a key; `false` when there is one with its number.
pub fn insert(tx: &mut Tx<'_>, key: &StoredSigningKey, at: Timestamp) -> Result<bool, Error> {
    let params = [
        key.number.into(),
        key.public_key.into(),
        key.seed.clone().into(),
        at.into(),
        key.signs_from.into(),
    ];
    Ok(tx.execute(&INSERT, &params)? == 1)
}

/// All keys, in the order in which they sign.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<StoredSigningKey>, Error> {
    let rows = tx.query(&LIST, &[])?;
    rows.iter()
        .map(|row| {
            Ok(StoredSigningKey {
                number: row.int(0)?,
                public_key: row.bytes(1)?,
                seed: row.blob(2)?.to_vec(),
                signs_from: row.timestamp(3)?,
            })
        })
        .collect()
}

/// Deletes the keys up to a number.
pub fn delete_through(tx: &mut Tx<'_>, number: i64) -> Result<(), Error> {
    tx.execute(&DELETE_THROUGH, &[number.into()]).map(drop)
}
