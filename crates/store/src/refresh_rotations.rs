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
    /// The end of a stretch of rows, in their order.
    WALK = "SELECT grant_id, generation FROM refresh_rotations WHERE (grant_id, generation) > (?1, ?2) \
            ORDER BY grant_id, generation LIMIT ?3";
    /// Salts of a stretch whose time is over are erased.
    DELETE_BEFORE = "DELETE FROM refresh_rotations WHERE (grant_id, generation) > (?1, ?2) \
                     AND (grant_id, generation) <= (?3, ?4) AND rotated_at <= ?5";
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

/// A rotation's place in the order of all: its grant, and the generation that was used.
pub type Place = (GrantId, i64);

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

/// Goes over the next `limit` rotations after a place and erases those made at or before a time. Gives where
/// it stopped; `None` at the end of the table.
pub fn sweep(
    tx: &mut Tx<'_>,
    (grant, generation): Place,
    made_before: Timestamp,
    limit: i64,
) -> Result<Option<Place>, Error> {
    let rows = tx.query(&WALK, &[grant.into(), generation.into(), limit.into()])?;
    let Some(last) = rows.last() else {
        return Ok(None);
    };
    let last = (GrantId::from_bytes(last.id16(0)?), last.int(1)?);
    let params =
        [grant.into(), generation.into(), last.0.into(), last.1.into(), made_before.into()];
    tx.execute(&DELETE_BEFORE, &params)?;
    Ok(Some(last))
}
