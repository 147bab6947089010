//! Credits come, and what was bought goes when its money is given back.

use bloom_domain::audit::{Action, Actor, Subject};
use bloom_domain::credits::{
    self, Amount, Buckets, CreditGrant, GrantKind, Movement, NEVER, Reference, TakeBackError,
};
use bloom_domain::ids::{CreditGrantId, WorkspaceId};
use bloom_domain::time::Timestamp;
use bloom_store as store;
use serde_json::{Value, json};
use store::Tx;
use store::credit_movements::Cause;
use store::credits::TakenLedger;

use super::corrupt;
use crate::audit::{Author, Difference};
use crate::{Error, Operator, Service, workspaces};

/// Credits that somebody is to get.
#[derive(Debug, Clone)]
pub struct GrantOrder {
    /// Who.
    pub workspace: WorkspaceId,
    /// Why.
    pub kind: GrantKind,
    /// How many.
    pub amount: Amount,
    /// When they end; `None` for never.
    pub expires: Option<Timestamp>,
    /// The name of the order: the same one counts once.
    pub reference: Reference,
}

/// Credits that were granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// As they stand.
    pub grant: CreditGrant,
    /// Whether they are there since now: `false` when the same was ordered before.
    pub is_new: bool,
}

/// Grants credits.
///
/// # Errors
/// [`Error::CreditReferenceTaken`] when other credits were granted under this reference before,
/// [`Error::CannotGrant`] when there are no such credits.
pub async fn grant(
    service: &Service,
    _operator: &Operator,
    order: GrantOrder,
) -> Result<Granted, Error> {
    let now = service.now();
    check(&order, now)?;
    let expires = order.expires.unwrap_or(NEVER);
    let source = source(order.kind, &order.reference);
    let id = CreditGrantId::new(now, &service.entropy.draw()?);
    let grant = fresh(id, order.workspace, order.kind, source, order.amount, (now, expires));
    let author = Author::here(service, Actor::Operator)?;
    let write = move |tx: &mut Tx<'_>| {
        let outcome = write(tx, &grant, "credits.grant", now)?;
        if let Ok(granted) = &outcome
            && granted.is_new
        {
            let after = told(&granted.grant, granted.grant.amount.get());
            let difference = Difference { after, ..Difference::default() };
            record(tx, &author, Action::CreditsGranted, granted.grant.workspace, difference)?;
        }
        Ok(outcome)
    };
    service.store.write(write).await?
}

/// Credits as the audit tells them.
pub(super) fn told(grant: &CreditGrant, credits: i64) -> Value {
    json!({ "kind": grant.kind.as_str(), "credits": credits, "source": grant.source })
}

/// Records what happened to the credits of a workspace: for its owner, and for whoever looks after it.
pub(super) fn record(
    tx: &mut Tx<'_>,
    author: &Author,
    action: Action,
    workspace: WorkspaceId,
    difference: Difference,
) -> Result<(), store::Error> {
    let whose = workspaces::whose(tx, workspace)?;
    author.record(tx, action, Subject::Workspace(workspace), whose, difference);
    Ok(())
}

fn check(order: &GrantOrder, now: Timestamp) -> Result<(), Error> {
    match (order.kind, order.expires) {
        (GrantKind::Monthly | GrantKind::Refund, _) => {
            Err(Error::CannotGrant("monthly credits and refunds come by themselves"))
        }
        (GrantKind::Topup, Some(_)) => Err(Error::CannotGrant("bought credits never end")),
        (_, Some(expires)) if expires <= now || expires > NEVER => {
            Err(Error::CannotGrant("the end of the credits must be ahead"))
        }
        _ => Ok(()),
    }
}

/// Writes a grant that was ordered, unless the same was ordered before.
pub(super) fn write(
    tx: &mut Tx<'_>,
    grant: &CreditGrant,
    operation: &str,
    now: Timestamp,
) -> Result<Result<Granted, Error>, store::Error> {
    let ledger = store::credits::take(tx, grant.workspace)?;
    if let Some(opened) = open(tx, &ledger, grant.clone())? {
        let cause = Cause { operation, hold: None, at: now };
        store::credit_movements::record(tx, &ledger, cause, &opened.1)?;
        return Ok(Ok(Granted { grant: opened.0, is_new: true }));
    }
    let known = store::credits::find_by_source(tx, &grant.source)?;
    let same =
        |known: &CreditGrant| known.workspace == grant.workspace && known.amount == grant.amount;
    Ok(known
        .filter(same)
        .map(|known| Granted { grant: known, is_new: false })
        .ok_or(Error::CreditReferenceTaken))
}

/// Writes a new grant; gives it with the movements that are still to be recorded, or `None` when its
/// source has one.
pub(super) fn open(
    tx: &mut Tx<'_>,
    ledger: &TakenLedger,
    mut grant: CreditGrant,
) -> Result<Option<(CreditGrant, Vec<Movement>)>, store::Error> {
    if !store::credits::insert(tx, &grant)? {
        return Ok(None);
    }
    let movements = credits::open(&mut grant, ledger.debt).map_err(corrupt)?;
    Ok(Some((grant, movements)))
}

/// A grant of which nothing has moved yet, with its first instant and its end.
pub(super) fn fresh(
    id: CreditGrantId,
    workspace: WorkspaceId,
    kind: GrantKind,
    source: String,
    amount: Amount,
    (effective, expires): (Timestamp, Timestamp),
) -> CreditGrant {
    let buckets = Buckets::default();
    CreditGrant { id, workspace, kind, source, effective, expires, amount, reclaimed: 0, buckets }
}

/// What credits that were ordered come from. No order can be mistaken for what comes by itself.
pub(super) fn source(kind: GrantKind, reference: &Reference) -> String {
    format!("{}:{reference}", kind.as_str())
}

/// Takes back what was bought under a reference, because the money for `total` of it was given back in
/// all. What is spent or held is owed.
///
/// # Errors
/// [`Error::CreditGrantNotFound`], [`Error::AboveGranted`].
pub async fn take_back(
    service: &Service,
    _operator: &Operator,
    reference: &Reference,
    total: Amount,
) -> Result<CreditGrant, Error> {
    let (now, source) = (service.now(), source(GrantKind::Topup, reference));
    let author = Author::here(service, Actor::Operator)?;
    let take_back = move |tx: &mut Tx<'_>| take_back_in(tx, &author, &source, total, now);
    service.store.write(take_back).await?
}

/// The same in the transaction of whoever heard of it.
pub(super) fn take_back_in(
    tx: &mut Tx<'_>,
    author: &Author,
    source: &str,
    total: Amount,
    now: Timestamp,
) -> Result<Result<CreditGrant, Error>, store::Error> {
    let Some(found) = store::credits::find_by_source(tx, source)? else {
        return Ok(Err(Error::CreditGrantNotFound));
    };
    let ledger = store::credits::take(tx, found.workspace)?;
    // Only what is read after the ledger was taken stays true.
    let Some(mut grant) = store::credits::find_by_source(tx, source)? else {
        return Ok(Err(Error::CreditGrantNotFound));
    };
    let before = grant.reclaimed;
    let movements = match credits::take_back(&mut grant, ledger.debt, total) {
        Ok(movements) => movements,
        Err(TakeBackError::NotATopup) => return Ok(Err(Error::CreditGrantNotFound)),
        Err(TakeBackError::AboveGranted { granted }) => {
            return Ok(Err(Error::AboveGranted { granted }));
        }
        Err(TakeBackError::Ledger(error)) => return Err(corrupt(error)),
    };
    if grant.reclaimed != before {
        store::credits::reclaim(tx, grant.id, before, grant.reclaimed)?;
        let cause = Cause { operation: "credits.take_back", hold: None, at: now };
        store::credit_movements::record(tx, &ledger, cause, &movements)?;
        let before = told(&grant, grant.amount.get() - before);
        let after = told(&grant, grant.amount.get() - grant.reclaimed);
        let (action, difference) = (Action::CreditsTakenBack, Difference { before, after });
        record(tx, author, action, grant.workspace, difference)?;
    }
    Ok(Ok(grant))
}
