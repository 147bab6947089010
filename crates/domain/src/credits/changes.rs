//! What happens to a grant besides being spent: it comes, it ends, its money is given back.

use super::amounts::{Amount, LedgerError};
use super::grants::{CreditGrant, GrantKind};
use super::movements::{Draft, Movement, MovementKind};
use crate::time::Timestamp;

/// Why credits cannot be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakeBackError {
    /// They were not bought.
    NotATopup,
    /// So many were never bought with it.
    AboveGranted {
        /// So many were.
        granted: i64,
    },
    /// What is stored cannot be.
    Ledger(LedgerError),
}

impl From<LedgerError> for TakeBackError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// The movements with which a new grant comes. If its kind does so, it pays what is owed first.
///
/// # Errors
/// [`LedgerError`] when what is stored cannot be.
pub fn open(grant: &mut CreditGrant, debt: i64) -> Result<Vec<Movement>, LedgerError> {
    let (id, amount) = (grant.id, grant.amount.get());
    let pays = if grant.kind.pays_debts() { debt.min(amount) } else { 0 };
    let mut draft = Draft::on(std::slice::from_mut(grant), debt);
    draft.push(id, MovementKind::Granted, amount)?;
    draft.push(id, MovementKind::Repaid, pays)?;
    Ok(draft.into_movements())
}

/// The movement with which what is left of a grant ends; none before its time, and none when nothing
/// is left.
///
/// # Errors
/// [`LedgerError`] when what is stored cannot be.
pub fn expire(grant: &mut CreditGrant, now: Timestamp) -> Result<Vec<Movement>, LedgerError> {
    if now < grant.expires {
        return Ok(Vec::new());
    }
    let (id, left) = (grant.id, grant.buckets.available);
    let mut draft = Draft::on(std::slice::from_mut(grant), 0);
    draft.push(id, MovementKind::Expired, left)?;
    Ok(draft.into_movements())
}

/// Takes bought credits back, because the money for `total` of them was given back in all: what is
/// available goes, the rest is owed. A total that was reached before changes nothing, so it does not
/// matter how often, or in which order, one hears of it.
///
/// # Errors
/// [`TakeBackError::NotATopup`], [`TakeBackError::AboveGranted`].
pub fn take_back(
    grant: &mut CreditGrant,
    debt: i64,
    total: Amount,
) -> Result<Vec<Movement>, TakeBackError> {
    if grant.kind != GrantKind::Topup {
        return Err(TakeBackError::NotATopup);
    }
    if total > grant.amount {
        return Err(TakeBackError::AboveGranted { granted: grant.amount.get() });
    }
    let (id, more) = (grant.id, (total.get() - grant.reclaimed).max(0));
    let available = more.min(grant.buckets.available);
    grant.reclaimed = grant.reclaimed.max(total.get());
    let mut draft = Draft::on(std::slice::from_mut(grant), debt);
    draft.push(id, MovementKind::TakenBack, available)?;
    draft.push(id, MovementKind::Owed, more - available)?;
    Ok(draft.into_movements())
}
