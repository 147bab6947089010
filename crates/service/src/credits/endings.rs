//! Ending what is held, item by item.
//!
//! An image is settled or voided in the transaction that ends it: `Ending::end_item` takes part in its
//! caller's. Whatever ended before stays ended, so each of them may be said twice.

use std::collections::BTreeSet;

use bloom_domain::credits::{self, Amount, GrantKind, REFUND_LIFETIME, Resolved, SettleError};
use bloom_domain::ids::CreditGrantId;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use store::Tx;
use store::credit_holds::FoundParts;
use store::credit_movements::Cause;
use store::credits::TakenLedger;

use super::corrupt;
use super::grants::{fresh, open};
use crate::work::Work;
use crate::{Error, Service};

/// How an item ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemEnd {
    /// So many credits were spent.
    pub settled: i64,
    /// So many went back.
    pub voided: i64,
    /// Whether it ended now: `false` when it had ended before, however it was meant to end now.
    pub is_new: bool,
}

/// Spends what an item holds, or less of it; the rest goes back.
///
/// # Errors
/// [`Error::CreditItemNotFound`], [`Error::AboveHeld`].
pub async fn settle(
    service: &Service,
    work: &Work,
    item: u32,
    amount: Amount,
) -> Result<ItemEnd, Error> {
    let (work, ending) = (work.clone(), Ending::new(service)?);
    service.store.write(move |tx| ending.end_item(tx, &work, item, Some(amount))).await?
}

/// Lets go of what an item holds.
///
/// # Errors
/// [`Error::CreditItemNotFound`].
pub async fn void(service: &Service, work: &Work, item: u32) -> Result<ItemEnd, Error> {
    let (work, ending) = (work.clone(), Ending::new(service)?);
    service.store.write(move |tx| ending.end_item(tx, &work, item, None)).await?
}

/// An end of what is held.
pub(crate) struct Ending {
    /// The grant that gives back what cannot go back to where it came from.
    refund: CreditGrantId,
    now: Timestamp,
}

impl Ending {
    pub(crate) fn new(service: &Service) -> Result<Self, Error> {
        let now = service.now();
        Ok(Self { refund: CreditGrantId::new(now, &service.entropy.draw()?), now })
    }

    /// Ends an item in the transaction of whoever has done it or given it up: spends so many credits,
    /// or none.
    pub(crate) fn end_item(
        &self,
        tx: &mut Tx<'_>,
        work: &Work,
        item: u32,
        spent: Option<Amount>,
    ) -> Result<Result<ItemEnd, Error>, store::Error> {
        let ledger = store::credits::take(tx, work.workspace())?;
        let mut found = store::credit_holds::parts_of_item(tx, work.hold(), item)?;
        if found.held.is_empty() {
            return Ok(ended_before(&found));
        }
        let (grants, parts) = (&mut found.grants, &found.held);
        let resolved = match spent {
            None => credits::void(grants, ledger.debt, parts, self.now).map_err(corrupt)?,
            Some(amount) => match credits::settle(grants, ledger.debt, parts, amount, self.now) {
                Ok(resolved) => resolved,
                Err(SettleError::AboveHeld { held }) => {
                    return Ok(Err(Error::AboveHeld { held }));
                }
                Err(SettleError::Ledger(error)) => return Err(corrupt(error)),
            },
        };
        let source = format!("refund:{}:{item}", work.hold());
        self.write(tx, &ledger, work, source, &resolved)?;
        let settled = resolved.parts.iter().map(|part| part.settled).sum();
        let all: i64 = resolved.parts.iter().map(|part| part.part.amount.get()).sum();
        Ok(Ok(ItemEnd { settled, voided: all - settled, is_new: true }))
    }

    /// Voids whatever a hold still holds.
    pub(crate) fn void_all(&self, tx: &mut Tx<'_>, work: &Work) -> Result<(), store::Error> {
        let ledger = store::credits::take(tx, work.workspace())?;
        let mut found = store::credit_holds::open_parts(tx, work.hold())?;
        if found.held.is_empty() {
            return Ok(());
        }
        let voided = credits::void(&mut found.grants, ledger.debt, &found.held, self.now);
        let source = format!("refund:{}", work.hold());
        self.write(tx, &ledger, work, source, &voided.map_err(corrupt)?)
    }

    fn write(
        &self,
        tx: &mut Tx<'_>,
        ledger: &TakenLedger,
        work: &Work,
        source: String,
        resolved: &Resolved,
    ) -> Result<(), store::Error> {
        let items: BTreeSet<_> = resolved.parts.iter().map(|ended| ended.part.item).collect();
        let items = i64::try_from(items.len()).unwrap_or(i64::MAX);
        store::credit_holds::end(tx, work.hold(), items, &resolved.parts)?;
        let unspent = resolved.parts.iter().map(|ended| ended.part.amount.get() - ended.settled);
        store::credit_spending::uncount(tx, work.hold(), unspent.sum())?;
        let mut movements = resolved.movements.clone();
        if let Some(amount) = resolved.refund {
            let span = (self.now, self.now.plus(REFUND_LIFETIME));
            let kind = GrantKind::Refund;
            let grant = fresh(self.refund, ledger.workspace, kind, source, amount, span);
            let opened = open(tx, ledger, grant)?.ok_or(store::Error::Conflict)?;
            movements.extend(opened.1);
        }
        let cause = Cause { operation: work.operation(), hold: Some(work.hold()), at: self.now };
        store::credit_movements::record(tx, ledger, cause, &movements)
    }
}

fn ended_before(found: &FoundParts) -> Result<ItemEnd, Error> {
    if found.ended.is_empty() {
        return Err(Error::CreditItemNotFound);
    }
    let settled = found.ended.iter().map(|part| part.settled).sum();
    let all: i64 = found.ended.iter().map(|part| part.part.amount.get()).sum();
    Ok(ItemEnd { settled, voided: all - settled, is_new: false })
}
