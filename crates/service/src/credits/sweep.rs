//! What the ledgers need done by the clock: writing off what has ended, voiding what nobody ends.
//!
//! Balances do not wait for it. A workspace at a time, so that nobody is kept out for long.

use bloom_domain::credits;
use bloom_domain::ids::WorkspaceId;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use store::Tx;
use store::credit_movements::Cause;

use super::corrupt;
use super::endings::Ending;
use crate::work::Work;
use crate::{Error, Service};

/// How many are looked for at a time.
pub(super) const BATCH: i64 = 100;

/// Whether there are no more: nothing that cannot be done is tried again and again.
pub(super) fn is_last(found: usize) -> bool {
    found < usize::try_from(BATCH).unwrap_or(usize::MAX)
}

/// Writes off what is left of credits that have ended.
pub(crate) async fn expire(service: &Service) -> Result<(), Error> {
    let now = service.now();
    loop {
        let due = service.store.read(move |tx| store::credits::due(tx, now, BATCH)).await?;
        let is_last = is_last(due.len());
        for workspace in due {
            service.store.write(move |tx| expire_in(tx, workspace, now)).await?;
        }
        if is_last {
            return Ok(());
        }
    }
}

fn expire_in(tx: &mut Tx<'_>, workspace: WorkspaceId, now: Timestamp) -> Result<(), store::Error> {
    let ledger = store::credits::take(tx, workspace)?;
    let mut movements = Vec::new();
    for mut grant in store::credits::ended(tx, workspace, now, BATCH)? {
        movements.extend(credits::expire(&mut grant, now).map_err(corrupt)?);
    }
    let cause = Cause { operation: "credits.expire", hold: None, at: now };
    store::credit_movements::record(tx, &ledger, cause, &movements)
}

/// Voids the holds that nobody has ended in time.
pub(crate) async fn reap(service: &Service) -> Result<(), Error> {
    let now = service.now();
    loop {
        let dead = service.store.read(move |tx| store::credit_holds::dead(tx, now, BATCH)).await?;
        let is_last = is_last(dead.len());
        for hold in dead {
            let work = Work::of(hold.id, hold.workspace, &hold.operation);
            let ending = Ending::new(service)?;
            service.store.write(move |tx| ending.void_all(tx, &work)).await?;
        }
        if is_last {
            return Ok(());
        }
    }
}
