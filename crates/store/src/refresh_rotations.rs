//! Rotations of refresh tokens that are so recent that a used one may still be answered.

use bloom_domain::digest::Digest;
use bloom_domain::ids::GrantId;
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Tx};

statements! {
    /// A rotation.
    INSERT = "INSERT INTO refresh_rotations (grant_id, generation, salt, successor_digest, \
              rotated_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    /// The rotations of a grant from a generation on, in order.
    LIST_FROM = "SELECT generation, salt, successor_digest, rotated_at \
                 FROM refresh_rotations WHERE grant_id = ?1 AND generation >= ?2 ORDER BY generation \
                 LIMIT ?3";
    /// Salts whose time is over are erased, a batch at a time.
    DELETE_BEFORE = "DELETE FROM refresh_rotations WHERE (grant_id, generation) IN \
                     (SELECT grant_id, generation FROM refresh_rotations \
                      WHERE rotated_at <= ?1 LIMIT ?2)";
}

/// The step from one refresh token to its successor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshRotation {
    /// The generation that was used.
    pub generation: u32,
    /// What, with the used refresh token and a key of the server, gives its successor.
    pub salt: [u8; 16],
    /// The digest of that successor.
    pub successor: Digest,
    /// When it was used.
    pub rotated_at: Timestamp,
}

/// Writes a rotation.
pub fn insert(tx: &mut Tx<'_>, grant: GrantId, rotation: &RefreshRotation) -> Result<(), Error> {
    let RefreshRotation { generation, salt, successor, rotated_at } = *rotation;
    let params = [
        grant.into(),
        generation.into(),
        salt.into(),
        successor.as_bytes().into(),
        rotated_at.into(),
    ];
    tx.execute(&INSERT, &params).map(drop)
}

/// At most `limit` rotations of a grant from a generation on, as far as they are kept, in order.
pub fn list_from(
    tx: &mut Tx<'_>,
    grant: GrantId,
    generation: u32,
    limit: i64,
) -> Result<Vec<RefreshRotation>, Error> {
    let rows = tx.query(&LIST_FROM, &[grant.into(), generation.into(), limit.into()])?;
    rows.iter()
        .map(|row| {
            let generation = u32::try_from(row.int(0)?);
            Ok(RefreshRotation {
                generation: generation.map_err(|_| row.unexpected(0, "a generation"))?,
                salt: row.bytes(1)?,
                successor: Digest::from_bytes(row.bytes(2)?),
                rotated_at: row.timestamp(3)?,
            })
        })
        .collect()
}

/// Erases at most `limit` rotations made at or before a time.
pub fn delete_before(tx: &mut Tx<'_>, time: Timestamp, limit: i64) -> Result<u64, Error> {
    tx.execute(&DELETE_BEFORE, &[time.into(), limit.into()])
}
