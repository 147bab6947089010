//! Credits that come each month.

use bloom_domain::credits::{self, Amount, GrantKind, NEVER};
use bloom_domain::ids::{CreditGrantId, WorkspaceId};
use bloom_domain::time::Timestamp;
use bloom_store as store;
use store::Tx;
use store::credit_movements::Cause;
use store::monthly_credits::MonthlyCredits;

use super::grants::{fresh, open};
use super::sweep::{BATCH, is_last};
use crate::{Error, Operator, Service};

/// Lets a workspace have credits each month, beginning with the one that begins at `anchor`. Saying so
/// twice brings no month's credits twice.
///
/// # Errors
/// When the database cannot be written.
pub async fn begin(
    service: &Service,
    _operator: &Operator,
    workspace: WorkspaceId,
    amount: Amount,
    anchor: Timestamp,
) -> Result<(), Error> {
    let set =
        move |tx: &mut Tx<'_>| store::monthly_credits::set(tx, workspace, amount, anchor, NEVER);
    Ok(service.store.write(set).await?)
}

/// Lets no more credits come. Those of the running month stay until it ends.
///
/// # Errors
/// When the database cannot be written.
pub async fn end(
    service: &Service,
    _operator: &Operator,
    workspace: WorkspaceId,
) -> Result<(), Error> {
    let now = service.now();
    service.store.write(move |tx| store::monthly_credits::stop(tx, workspace, now)).await?;
    Ok(())
}

/// When the next credits come, if any do. Those of a month that is not paid for yet come when it begins
/// and is.
pub(crate) fn next(monthly: &MonthlyCredits, now: Timestamp) -> Option<Timestamp> {
    let MonthlyCredits { ends, next, .. } = *monthly;
    let until_paid = Some(ends).filter(|ends| *ends > now && *ends < NEVER);
    if next < ends { Some(next) } else { until_paid }
}

/// What a workspace is to get each month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Months {
    /// How many credits.
    pub(crate) amount: Amount,
    /// The beginning of the first month.
    pub(crate) anchor: Timestamp,
    /// From when on none come.
    pub(crate) ends: Timestamp,
}

/// Lets a workspace have credits each month, or none; those of a month that has begun come at once. In
/// the transaction of whoever decides it, who has taken the workspace.
pub(crate) fn follow(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    wanted: Option<Months>,
    (id, now): (CreditGrantId, Timestamp),
) -> Result<(), store::Error> {
    let Some(Months { amount, anchor, ends }) = wanted else {
        return store::monthly_credits::stop(tx, workspace, now).map(drop);
    };
    let known = store::monthly_credits::find(tx, workspace)?;
    if known.is_some_and(|known| (known.amount, known.anchor, known.ends) == (amount, anchor, ends))
    {
        return Ok(());
    }
    store::monthly_credits::set(tx, workspace, amount, anchor, ends)?;
    if anchor <= now && anchor < ends {
        let monthly = MonthlyCredits { workspace, amount, anchor, ends, next: anchor };
        grant_in(tx, &monthly, id, now)?;
    }
    Ok(())
}

/// Grants the credits of the months that have begun. After a long sleep only the running month's: those
/// of the others would have ended by now.
pub(crate) async fn grant_due(service: &Service) -> Result<(), Error> {
    let now = service.now();
    loop {
        let due = move |tx: &mut Tx<'_>| store::monthly_credits::due(tx, now, BATCH);
        let due = service.store.read(due).await?;
        let is_last = is_last(due.len());
        for monthly in due {
            let id = CreditGrantId::new(now, &service.entropy.draw()?);
            service.store.write(move |tx| grant_in(tx, &monthly, id, now)).await?;
        }
        if is_last {
            return Ok(());
        }
    }
}

fn grant_in(
    tx: &mut Tx<'_>,
    monthly: &MonthlyCredits,
    id: CreditGrantId,
    now: Timestamp,
) -> Result<(), store::Error> {
    let ledger = store::credits::take(tx, monthly.workspace)?;
    let Some(period) = credits::period(monthly.anchor, now) else {
        return Err(store::Error::Corrupt("a month that no calendar holds".to_owned()));
    };
    // Whoever is second finds that somebody has moved on. A month that begins when no more are to come
    // was slept through until then.
    if !store::monthly_credits::move_on(tx, monthly, period.end)? || period.start >= monthly.ends {
        return Ok(());
    }
    let grant = fresh(
        id,
        monthly.workspace,
        GrantKind::Monthly,
        period.reference(monthly.workspace),
        monthly.amount,
        (period.start, period.end),
    );
    if let Some((_, movements)) = open(tx, &ledger, grant)? {
        let cause = Cause { operation: "credits.monthly", hold: None, at: now };
        store::credit_movements::record(tx, &ledger, cause, &movements)?;
    }
    Ok(())
}
