//! Credits that come each month.

use bloom_domain::audit::{Action, Actor};
use bloom_domain::credits::{self, Amount, GrantKind, NEVER};
use bloom_domain::ids::{CreditGrantId, WorkspaceId};
use bloom_domain::time::Timestamp;
use bloom_store as store;
use serde_json::{Value, json};
use store::Tx;
use store::credit_movements::Cause;
use store::monthly_credits::MonthlyCredits;

use super::grants::{fresh, open, record, told};
use super::sweep::{BATCH, is_last};
use crate::audit::{Author, Difference};
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
    let author = Author::here(service, Actor::Operator)?;
    let set = move |tx: &mut Tx<'_>| {
        let known = store::monthly_credits::find(tx, workspace)?;
        store::monthly_credits::set(tx, workspace, amount, anchor, NEVER)?;
        let before = known.map(|known| (known.amount, known.anchor, known.ends));
        if before == Some((amount, anchor, NEVER)) {
            return Ok(());
        }
        let before = known.map_or(Value::Null, |known| told_each(known.amount, known.ends));
        let difference = Difference { before, after: told_each(amount, NEVER) };
        record(tx, &author, Action::MonthlyCreditsSet, workspace, difference)
    };
    Ok(service.store.write(set).await?)
}

/// What comes each month, as the audit tells it.
fn told_each(amount: Amount, ends: Timestamp) -> Value {
    let until = (ends < NEVER).then(|| ends.to_string());
    json!({ "credits": amount.get(), "until": until })
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
    let (author, now) = (Author::here(service, Actor::Operator)?, service.now());
    let stop = move |tx: &mut Tx<'_>| {
        let known = store::monthly_credits::find(tx, workspace)?;
        if !store::monthly_credits::stop(tx, workspace, now)? {
            return Ok(());
        }
        let told = |ends| known.map_or(Value::Null, |known| told_each(known.amount, ends));
        let before = told(known.map_or(now, |known| known.ends));
        let difference = Difference { before, after: told(now) };
        record(tx, &author, Action::MonthlyCreditsSet, workspace, difference)
    };
    Ok(service.store.write(stop).await?)
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
    author: &Author,
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
        grant_in(tx, &monthly, author, (id, now))?;
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
            let author = Author::here(service, Actor::Server)?;
            let grant = move |tx: &mut Tx<'_>| grant_in(tx, &monthly, &author, (id, now));
            service.store.write(grant).await?;
        }
        if is_last {
            return Ok(());
        }
    }
}

fn grant_in(
    tx: &mut Tx<'_>,
    monthly: &MonthlyCredits,
    author: &Author,
    (id, now): (CreditGrantId, Timestamp),
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
    if let Some((grant, movements)) = open(tx, &ledger, grant)? {
        let cause = Cause { operation: "credits.monthly", hold: None, at: now };
        store::credit_movements::record(tx, &ledger, cause, &movements)?;
        let after = told(&grant, grant.amount.get());
        let difference = Difference { after, ..Difference::default() };
        record(tx, author, Action::CreditsGranted, grant.workspace, difference)?;
    }
    Ok(())
}
