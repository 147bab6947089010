//! Plans: what a workspace may do while billing is on. Every gate is here.
//!
//! 1. While billing is off there is nothing to ask, and nothing is asked.
//! 2. A read is admitted when the plan of any workspace within the credential's reach opens the face by
//!    which it came (`admit`). What that needs is known without a statement, until something of it
//!    changes.
//! 3. A charge is decided on the plan of the workspace that pays, in the transaction that holds the
//!    credits (`Gate`): the plan, then a feature, then the payment. The credits come last, in the ledger.
//! 4. Team workspaces and their seats are gates of the pages (`may_have_teams`, `seats`).

use std::sync::Arc;

use bloom_domain::credits::{Amount, NEVER};
use bloom_domain::ids::{AccountId, WorkspaceId};
use bloom_domain::plans::{Door, Entitlements, Feature, Plan, PlanTable};
use bloom_domain::subscriptions::{DAWN, Subscription, SubscriptionState, in_force};
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{MAX_PEOPLE, Role, Workspace};
use bloom_store as store;
use store::Tx;

pub use crate::billing::WebhookSecret;
use crate::credits::monthly;
use crate::verdicts::{Standing, Subject};
use crate::{Error, Principal, Service, SignedIn};

/// What the operator decides about money.
#[derive(Debug, Clone)]
pub struct Billing {
    /// The plans there are.
    pub plans: PlanTable,
    /// With which the payment provider signs; several while one replaces another, none when it tells
    /// nothing.
    pub webhook_secrets: Vec<WebhookSecret>,
    /// Where people look after their payments.
    pub manage_url: Option<String>,
}

/// What a workspace may do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rights {
    entitlements: Entitlements,
    is_paused: bool,
}

impl Billing {
    /// Billing with these plans, of which only the operator tells who has which.
    #[must_use]
    pub fn with(plans: PlanTable) -> Self {
        Self { plans, webhook_secrets: Vec::new(), manage_url: None }
    }

    /// The plan that counts for a workspace with these subscriptions, as far as the table has it. A
    /// subscription that is over leaves the default plan.
    fn plan_of(
        &self,
        subscriptions: &[Subscription],
    ) -> (Option<&Plan>, Option<SubscriptionState>) {
        let latest = in_force(subscriptions).and_then(|one| Some((one.state()?, one)));
        let Some((state, one)) = latest else {
            return (Some(self.plans.default_plan()), None);
        };
        if state == SubscriptionState::Canceled {
            return (Some(self.plans.default_plan()), Some(state));
        }
        let name = one.latest.as_ref().map_or("", |latest| &latest.plan);
        (self.plans.find(name), Some(state))
    }

    /// Whoever has a plan that the table does not have any more is entitled to the default one's.
    fn rights(&self, subscriptions: &[Subscription]) -> Rights {
        let (plan, state) = self.plan_of(subscriptions);
        let plan = plan.unwrap_or_else(|| self.plans.default_plan());
        Rights {
            entitlements: plan.entitlements,
            is_paused: state == Some(SubscriptionState::Paused),
        }
    }
}

/// What is known of the plans of a person's workspaces.
pub(crate) struct KnownPlans {
    workspaces: Vec<(WorkspaceId, Rights)>,
    pub(crate) standing: Standing,
}

/// Whether a read by this face may be answered: a gate that comes after everything about the request
/// itself, and so is asked by each verb.
///
/// # Errors
/// [`Error::PlanUpgradeRequired`].
pub(crate) async fn admit(service: &Service, principal: &Principal) -> Result<(), Error> {
    let Some(billing) = &service.settings.billing else { return Ok(()) };
    let door = principal.door();
    if billing.plans.all_admit(door) {
        return Ok(());
    }
    let known = known(service, billing, principal).await?;
    let mut reached =
        known.workspaces.iter().filter(|(id, _)| principal.reach().contains(*id)).peekable();
    let is_open = match reached.peek() {
        None => billing.plans.default_plan().entitlements.admits(door),
        Some(_) => reached.any(|(_, rights)| rights.entitlements.admits(door)),
    };
    if is_open { Ok(()) } else { Err(Error::PlanUpgradeRequired) }
}

async fn known(
    service: &Service,
    billing: &Billing,
    principal: &Principal,
) -> Result<Arc<KnownPlans>, Error> {
    let (account, now) = (principal.account_id(), service.now());
    let hears_others = service.store.hears_other_writers();
    if let Some(known) = service.verdicts.find_plans(account, now, hears_others) {
        return Ok(known);
    }
    let as_of = service.verdicts.sequence();
    let list = move |tx: &mut Tx<'_>| store::subscriptions::list_for(tx, account);
    let all = service.store.read(list).await?;
    let subjects = std::iter::once(Subject::of(account.as_bytes()))
        .chain(all.iter().map(|one| Subject::of(one.workspace.as_bytes())));
    let standing = Standing { subjects: subjects.collect(), as_of, filled_at: now };
    let there = all.iter().filter(|one| !one.is_deleted);
    let workspaces = there.map(|one| (one.workspace, billing.rights(&one.subscriptions))).collect();
    let known = Arc::new(KnownPlans { workspaces, standing });
    service.verdicts.keep_plans(account, known.clone());
    Ok(known)
}

/// What a charge asks of the plan of the workspace that pays.
pub(crate) struct Gate {
    billing: Arc<Billing>,
    /// The face by which it is asked for; none for the pages, which no plan closes.
    door: Option<Door>,
    feature: Option<Feature>,
}

impl Gate {
    /// The gate before something of a caller; `None` while billing is off.
    pub(crate) fn of(
        service: &Service,
        principal: &Principal,
        feature: Option<Feature>,
    ) -> Option<Self> {
        let billing = service.settings.billing.clone()?;
        Some(Self { billing, door: Some(principal.door()), feature })
    }

    /// The gate before something that a person asks for at a browser.
    pub(crate) fn of_page(service: &Service, feature: Option<Feature>) -> Option<Self> {
        let billing = service.settings.billing.clone()?;
        Some(Self { billing, door: None, feature })
    }

    /// Whether the plan of the workspace opens the face, for what costs nothing.
    pub(crate) fn admits(
        &self,
        tx: &mut Tx<'_>,
        workspace: WorkspaceId,
    ) -> Result<Result<(), Error>, store::Error> {
        let rights = rights_of(tx, &self.billing, workspace)?;
        let is_open = self.door.is_none_or(|door| rights.entitlements.admits(door));
        Ok(if is_open { Ok(()) } else { Err(Error::PlanUpgradeRequired) })
    }

    /// Whether the workspace may be charged, but for its credits.
    pub(crate) fn check(
        &self,
        tx: &mut Tx<'_>,
        workspace: WorkspaceId,
    ) -> Result<Result<(), Error>, store::Error> {
        let Rights { entitlements, is_paused } = rights_of(tx, &self.billing, workspace)?;
        let lacks = |feature: &Feature| !entitlements.includes(*feature);
        Ok(match self.feature.filter(lacks) {
            _ if self.door.is_some_and(|door| !entitlements.admits(door)) => {
                Err(Error::PlanUpgradeRequired)
            }
            Some(feature) => Err(Error::FeatureNotEntitled(feature)),
            None if is_paused => Err(Error::PaymentRequired),
            None => Ok(()),
        })
    }
}

/// Whether the plan of a workspace includes something.
pub(crate) fn includes(
    tx: &mut Tx<'_>,
    billing: Option<&Billing>,
    workspace: WorkspaceId,
    feature: Feature,
) -> Result<bool, store::Error> {
    let Some(billing) = billing else { return Ok(true) };
    Ok(rights_of(tx, billing, workspace)?.entitlements.includes(feature))
}

/// Whether a person may make team workspaces, by the plan of their own workspace.
pub(crate) fn may_have_teams(
    tx: &mut Tx<'_>,
    billing: Option<&Billing>,
    account: AccountId,
) -> Result<bool, store::Error> {
    let Some(billing) = billing else { return Ok(true) };
    let Some(own) = store::workspaces::find_personal(tx, account)? else { return Ok(false) };
    Ok(rights_of(tx, billing, own.id)?.entitlements.teams)
}

/// How many people a workspace has room for, by its own plan.
pub(crate) fn seats(
    tx: &mut Tx<'_>,
    billing: Option<&Billing>,
    workspace: WorkspaceId,
) -> Result<i64, store::Error> {
    let Some(billing) = billing else { return Ok(MAX_PEOPLE) };
    Ok(rights_of(tx, billing, workspace)?.entitlements.seats)
}

fn rights_of(
    tx: &mut Tx<'_>,
    billing: &Billing,
    workspace: WorkspaceId,
) -> Result<Rights, store::Error> {
    Ok(billing.rights(&store::subscriptions::list_of(tx, workspace)?))
}

/// The plan of a workspace, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The plan's name.
    pub name: String,
    /// The plan; `None` when the table does not have it any more.
    pub plan: Option<Plan>,
    /// The state of the subscription; `None` for a workspace that never had one.
    pub state: Option<SubscriptionState>,
    /// Whether the operator set it.
    pub is_operators: bool,
    /// The id that the payment provider gave the subscription, or what stands for it.
    pub subscription: Option<String>,
    /// How many credits come each month.
    pub monthly: i64,
    /// When the next ones come, if any do.
    pub next_refresh_at: Option<Timestamp>,
    /// Until when it is paid for, where the payment provider says so.
    pub paid_until: Option<Timestamp>,
}

/// The plan of a workspace in a transaction.
pub(crate) fn held(
    tx: &mut Tx<'_>,
    billing: &Billing,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Held, store::Error> {
    let all = store::subscriptions::list_of(tx, workspace)?;
    let (plan, state) = billing.plan_of(&all);
    let one = in_force(&all);
    let name = match plan {
        Some(plan) => plan.name.clone(),
        None => one.and_then(|one| one.latest.as_ref()).map(|l| l.plan.clone()).unwrap_or_default(),
    };
    let months = store::monthly_credits::find(tx, workspace)?;
    let brings = state.is_some_and(SubscriptionState::brings_credits);
    let next = months.filter(|_| brings).and_then(|months| monthly::next(&months, now));
    let amount = match plan {
        Some(plan) => plan.monthly,
        // As it was agreed.
        None => months.map(|months| months.amount),
    };
    let until = one.map(Subscription::brings_credits_until);
    Ok(Held {
        name,
        plan: plan.cloned(),
        state,
        is_operators: one.is_some_and(Subscription::is_operators),
        subscription: one.map(|one| one.reference.clone()),
        monthly: amount.filter(|_| brings).map_or(0, Amount::get),
        next_refresh_at: next,
        paid_until: until.filter(|until| *until > DAWN && *until < NEVER),
    })
}

/// A workspace of a person, with its plan.
#[derive(Debug, Clone)]
pub struct WorkspacePlan {
    /// The workspace.
    pub workspace: Workspace,
    /// Whether the person owns it, and so looks after its payments.
    pub is_owner: bool,
    /// Its plan.
    pub held: Held,
}

/// The plans of the person's workspaces, their own first; none while billing is off.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(service: &Service, person: &SignedIn) -> Result<Vec<WorkspacePlan>, Error> {
    let Some(billing) = service.settings.billing.clone() else { return Ok(Vec::new()) };
    let (account, now) = (person.account().id, service.now());
    let list = move |tx: &mut Tx<'_>| {
        let mut plans = Vec::new();
        for workspace in store::workspaces::list_of(tx, account)? {
            let member = store::members::find(tx, workspace.id, account)?;
            let is_owner = member.is_some_and(|member| member.role == Role::Owner);
            let held = held(tx, &billing, workspace.id, now)?;
            plans.push(WorkspacePlan { workspace, is_owner, held });
        }
        Ok(plans)
    };
    Ok(service.store.read(list).await?)
}
