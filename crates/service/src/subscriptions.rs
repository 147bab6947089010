//! Subscriptions: what becomes of a workspace when something is heard of what it has subscribed to.
//!
//! Whoever hears something takes the subscription's row, then its workspace's: what follows for the
//! workspace is decided by one at a time, from all of its subscriptions.

use std::sync::Arc;

use bloom_domain::audit::{Action, Actor, Subject};
use bloom_domain::credits::NEVER;
use bloom_domain::ids::{CreditGrantId, WorkspaceId};
use bloom_domain::plans::PlanTable;
use bloom_domain::subscriptions::{Snapshot, Subscription, SubscriptionState, Version, in_force};
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::GRACE;
use bloom_store as store;
use serde_json::{Value, json};
use store::{Change, Tx};

use crate::audit::{Author, Difference};
use crate::credits::monthly::{self, Months};
use crate::plans::{self, Billing, Held};
use crate::{Error, Operator, Service, workspaces};

/// Somebody who heard something of a subscription.
pub(crate) struct Hearing {
    pub(crate) billing: Arc<Billing>,
    pub(crate) author: Author,
    /// The grant of a month that may have begun.
    pub(crate) grant: CreditGrantId,
    pub(crate) now: Timestamp,
}

impl Hearing {
    pub(crate) fn new(service: &Service, actor: Actor) -> Result<Self, Error> {
        let billing = service.settings.billing.clone().ok_or(Error::BillingOff)?;
        let (author, now) = (Author::here(service, actor)?, service.now());
        let grant = CreditGrantId::new(now, &service.entropy.draw()?);
        Ok(Self { billing, author, grant, now })
    }

    /// Lets something change a subscription that this transaction has taken, and its workspace follow.
    /// `cause` goes into the record, if it is something.
    pub(crate) fn change(
        &self,
        tx: &mut Tx<'_>,
        mut subscription: Subscription,
        change: impl FnOnce(&mut Subscription),
        cause: Option<&str>,
    ) -> Result<Result<(), Error>, store::Error> {
        let before = subscription.clone();
        change(&mut subscription);
        if subscription == before {
            return Ok(Ok(()));
        }
        let Some(workspace) = subscription.workspace else {
            // Whose it is will be heard of later.
            return store::subscriptions::write(tx, &subscription).map(Ok);
        };
        if !store::workspaces::take(tx, workspace)? {
            return Ok(Err(Error::WorkspaceNotFound));
        }
        // Nobody is to pay for what nobody could ever reach, so nothing is heard of that but its end.
        let is_over = subscription.state() == Some(SubscriptionState::Canceled);
        let gone = self.now.minus(GRACE);
        if !is_over && !store::workspaces::is_reached(tx, workspace, gone)? {
            return Ok(Err(Error::WorkspaceNotFound));
        }
        let write = |tx: &mut Tx<'_>| store::subscriptions::write(tx, &subscription);
        self.follow(tx, workspace, write, cause).map(Ok)
    }

    /// Forgets a subscription of a workspace; `false` when there was none.
    fn forget(
        &self,
        tx: &mut Tx<'_>,
        workspace: WorkspaceId,
        reference: &str,
    ) -> Result<bool, store::Error> {
        let mut was_there = false;
        let delete = |tx: &mut Tx<'_>| {
            was_there = store::subscriptions::delete(tx, reference)?;
            Ok(())
        };
        store::workspaces::take(tx, workspace)?;
        self.follow(tx, workspace, delete, None)?;
        Ok(was_there)
    }

    /// Writes, and draws the consequences for a workspace that this transaction has taken.
    fn follow(
        &self,
        tx: &mut Tx<'_>,
        workspace: WorkspaceId,
        write: impl FnOnce(&mut Tx<'_>) -> Result<(), store::Error>,
        cause: Option<&str>,
    ) -> Result<(), store::Error> {
        let before = told(&store::subscriptions::list_of(tx, workspace)?);
        write(tx)?;
        let all = store::subscriptions::list_of(tx, workspace)?;
        let known = store::monthly_credits::find(tx, workspace)?;
        let wanted = months(&self.billing.plans, &all, known.map(|known| known.amount));
        monthly::follow(tx, workspace, wanted, &self.author, (self.grant, self.now))?;
        let mut after = told(&all);
        if before != after {
            if let Some(cause) = cause {
                after["event"] = cause.into();
            }
            let whose = workspaces::whose(tx, workspace)?;
            let (subject, difference) =
                (Subject::Workspace(workspace), Difference { before, after });
            self.author.record(tx, Action::PlanChanged, subject, whose, difference);
        }
        tx.changed(Change::Workspace(workspace));
        Ok(())
    }
}

/// Whether somebody pays for a subscription of a workspace, however late.
pub(crate) fn is_paid_for(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<bool, store::Error> {
    let all = store::subscriptions::list_of(tx, workspace)?;
    let mut theirs = all.iter().filter(|one| !one.is_operators()).filter_map(Subscription::state);
    Ok(theirs.any(|state| state != SubscriptionState::Canceled))
}

/// A workspace's plan as the audit tells it.
fn told(all: &[Subscription]) -> Value {
    let Some(one) = in_force(all) else {
        return json!({ "plan": null });
    };
    let (plan, state) = (one.latest.as_ref().map(|latest| &latest.plan), one.state());
    let state = state.map(SubscriptionState::as_str);
    json!({ "plan": plan, "state": state, "subscription": one.reference })
}

/// What comes each month. A plan that the table does not have any more goes on as it was agreed.
fn months(
    plans: &PlanTable,
    all: &[Subscription],
    agreed: Option<bloom_domain::credits::Amount>,
) -> Option<Months> {
    let one = in_force(all)?;
    one.state().filter(|state| state.brings_credits())?;
    let name = &one.latest.as_ref()?.plan;
    let amount = plans.find(name).map_or(agreed, |plan| plan.monthly)?;
    Some(Months { amount, anchor: one.first_month()?, ends: one.brings_credits_until() })
}

/// What the operator gives a workspace.
#[derive(Debug, Clone)]
pub struct PlanOrder {
    /// To whom.
    pub workspace: WorkspaceId,
    /// The plan's name.
    pub plan: String,
    /// In which state.
    pub state: SubscriptionState,
    /// The beginning of its first month; `None` for that of what the operator set before, else now.
    pub anchor: Option<Timestamp>,
}

/// Gives a workspace a plan. It stands before whatever the payment provider says, until it is taken
/// away.
///
/// # Errors
/// [`Error::BillingOff`], [`Error::PlanNotFound`], [`Error::WorkspaceNotFound`].
pub async fn set(service: &Service, _operator: &Operator, order: PlanOrder) -> Result<Held, Error> {
    let hearing = Hearing::new(service, Actor::Operator)?;
    if hearing.billing.plans.find(&order.plan).is_none() {
        return Err(Error::PlanNotFound(order.plan));
    }
    let set = move |tx: &mut Tx<'_>| {
        let (workspace, now) = (order.workspace, hearing.now);
        let reference = Subscription::operators(workspace);
        let known = store::subscriptions::take(tx, &reference)?;
        let before = known.latest.as_ref();
        let anchor = order.anchor.or(before.map(|before| before.anchor)).unwrap_or(now);
        let latest = Snapshot {
            plan: order.plan,
            price: String::new(),
            state: order.state,
            anchor,
            period: (anchor, NEVER),
            created: before.map_or(now, |before| before.created),
            at: now,
            version: Version::new(now, 0, anchor, ""),
        };
        let same = |before: &Snapshot| {
            (&before.plan, before.state, before.anchor)
                == (&latest.plan, latest.state, latest.anchor)
        };
        // Saying it twice changes nothing, not even when it was said.
        let latest = before.filter(|before| same(before)).cloned().unwrap_or(latest);
        let set = |one: &mut Subscription| {
            one.workspace = Some(workspace);
            one.latest = Some(latest);
        };
        if let Err(refused) = hearing.change(tx, known, set, None)? {
            tx.abandon();
            return Ok(Err(refused));
        }
        plans::held(tx, &hearing.billing, workspace, now).map(Ok)
    };
    service.store.write(set).await?
}

/// Takes away what the operator gave: what the payment provider says counts again. Gives the plan that
/// the workspace has now, and whether there was anything to take away.
///
/// # Errors
/// [`Error::BillingOff`].
pub async fn clear(
    service: &Service,
    _operator: &Operator,
    workspace: WorkspaceId,
) -> Result<(Held, bool), Error> {
    let hearing = Hearing::new(service, Actor::Operator)?;
    let clear = move |tx: &mut Tx<'_>| {
        let reference = Subscription::operators(workspace);
        let was_there = match store::subscriptions::find(tx, &reference)? {
            None => false,
            Some(_) => hearing.forget(tx, workspace, &reference)?,
        };
        Ok((plans::held(tx, &hearing.billing, workspace, hearing.now)?, was_there))
    };
    Ok(service.store.write(clear).await?)
}

/// The plan of a workspace.
///
/// # Errors
/// [`Error::BillingOff`].
pub async fn get(
    service: &Service,
    _operator: &Operator,
    workspace: WorkspaceId,
) -> Result<Held, Error> {
    let billing = service.settings.billing.clone().ok_or(Error::BillingOff)?;
    let now = service.now();
    Ok(service.store.read(move |tx| plans::held(tx, &billing, workspace, now)).await?)
}

/// How many subscriptions that are not over there are to each plan, those that the table does not have
/// any more included.
///
/// # Errors
/// When the database cannot be read.
pub async fn count(service: &Service, _operator: &Operator) -> Result<Vec<(String, i64)>, Error> {
    Ok(service.store.read(store::subscriptions::count_by_plan).await?)
}
