//! Access tokens that were revoked alone, until they would have ended.

use bloom_domain::ids::AccessTokenId;
use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Tx};

statements! {
    /// Revokes an access token.
    INSERT = "INSERT INTO revoked_access_tokens (id, ends_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    /// Those that would have ended go, a batch at a time.
    DELETE_ENDED = "DELETE FROM revoked_access_tokens WHERE id IN \
                    (SELECT id FROM revoked_access_tokens WHERE ends_at <= ?1 LIMIT ?2)";
}

/// Revokes an access token that would end at a time; `false` when it was revoked before.
pub fn insert(tx: &mut Tx<'_>, id: AccessTokenId, ends_at: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(&INSERT, &[id.into(), ends_at.into()])? == 1)
}

/// Deletes at most `limit` rows of tokens that would have ended by a time.
pub fn delete_ended(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<u64, Error> {
    tx.execute(&DELETE_ENDED, &[now.into(), limit.into()])
}
