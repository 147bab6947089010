//! Events of the payment provider that were dealt with, as rows.

use bloom_domain::time::Timestamp;

use crate::statement::statements;
use crate::{Error, Tx};

statements! {
    /// One more, unless it is there. Whoever comes second waits until the first is done.
    INSERT = "INSERT INTO billing_events (id, kind, created_at, received_at) \
              VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
}

/// Notes that an event is dealt with in this transaction; `false` when it was before.
pub fn insert(
    tx: &mut Tx<'_>,
    (id, kind): (&str, &str),
    created: Timestamp,
    received: Timestamp,
) -> Result<bool, Error> {
    let params = [id.into(), kind.into(), created.into(), received.into()];
    Ok(tx.execute(&INSERT, &params)? == 1)
}
