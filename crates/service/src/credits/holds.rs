//! Holding credits for a job.
//!
//! A job holds its credits in the transaction that makes it: `HoldDraft::run` takes part in its
//! caller's. What it refuses it has not written, so the caller may go on. It refuses in this order: no
//! such workspace, the plan, a feature, a payment, credits.

use std::time::Duration;

use bloom_domain::api_keys::Maker;
use bloom_domain::credits::{
    self, Amount, ChargedVia, CreditGrant, GrantKind, Held, HoldState, ItemState, NEVER, PaidWork,
    Reference, Refusal, Spender,
};
use bloom_domain::ids::{CreditGrantId, CreditHoldId, WorkspaceId};
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Reach, Workspace, WorkspaceChoice};
use bloom_store as store;
use store::Tx;
use store::credit_holds::NewHold;
use store::credit_movements::Cause;
use store::credits::TakenLedger;

use super::grants::fresh;
use super::{budgets, corrupt};
use crate::plans::Gate;
use crate::work::{HeldCredits, Work};
use crate::{Error, Operator, Principal, Service, SignedIn, workspaces};

/// What a job asks for.
#[derive(Debug, Clone)]
pub struct HoldOrder {
    /// What is to be done.
    pub work: PaidWork,
    /// The job's name: the same one holds once.
    pub reference: Reference,
    /// After this long it is voided if nobody has ended it.
    pub lifetime: Duration,
}

/// Holds what a job costs in a workspace of the caller.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::PlanUpgradeRequired`], [`Error::FeatureNotEntitled`],
/// [`Error::PaymentRequired`], [`Error::CreditsOwed`], [`Error::InsufficientCredits`],
/// [`Error::OverBudget`],
/// [`Error::CreditReferenceTaken`] when something else is held under this reference.
pub async fn hold(
    service: &Service,
    principal: &Principal,
    choice: WorkspaceChoice,
    order: HoldOrder,
) -> Result<HeldCredits, Error> {
    let draft = HoldDraft::new(service, principal, choice, order)?;
    service.store.write(move |tx| draft.run(tx)).await?
}

/// Whether work still holds something. Nothing that costs money outside is asked for without.
///
/// # Errors
/// When the database cannot be read.
pub async fn is_live(service: &Service, work: &Work) -> Result<bool, Error> {
    let (id, now) = (work.hold(), service.now());
    let found = service.store.read(move |tx| store::credit_holds::find_open(tx, id)).await?;
    Ok(found.is_some_and(|hold| now < hold.until))
}

/// Takes up work that holds something, after whoever had it is gone; `None` when it holds nothing any
/// more, or is about to be voided.
///
/// # Errors
/// When the database cannot be read.
pub async fn take_up(
    service: &Service,
    _operator: &Operator,
    id: CreditHoldId,
) -> Result<Option<Work>, Error> {
    let now = service.now();
    let found = service.store.read(move |tx| store::credit_holds::find_open(tx, id)).await?;
    let live = found.filter(|hold| now < hold.until);
    Ok(live.map(|hold| Work::of(id, hold.workspace, &hold.operation)))
}

/// A hold, ready to be written.
pub(crate) struct HoldDraft {
    id: CreditHoldId,
    /// The grant that makes up for what is missing, where credits are unlimited.
    cover: CreditGrantId,
    choice: WorkspaceChoice,
    /// The workspaces that the credential reaches.
    reach: Reach,
    spender: Spender,
    /// With what the spender's key was made.
    makers: Box<[Maker]>,
    reference: Reference,
    operation: &'static str,
    items: Vec<Amount>,
    /// What the plan of the workspace must include; nothing where credits are unlimited.
    gate: Option<Gate>,
    now: Timestamp,
    until: Timestamp,
}

/// Who asks for a hold.
struct Payer {
    reach: Reach,
    spender: Spender,
    /// What made the key, whose budgets count as well.
    makers: Box<[Maker]>,
    gate: Option<Gate>,
}

impl HoldDraft {
    pub(crate) fn new(
        service: &Service,
        principal: &Principal,
        choice: WorkspaceChoice,
        order: HoldOrder,
    ) -> Result<Self, Error> {
        let spender = Spender { account: principal.account_id(), via: principal.via().into() };
        let gate = Gate::of(service, principal, order.work.feature());
        let reach = principal.reach().clone();
        let makers = principal.makers().into();
        Self::of(service, Payer { reach, spender, makers, gate }, choice, order)
    }

    /// For a person at a browser. No plan closes the pages; what the work itself needs counts there, too.
    pub(crate) fn of_person(
        service: &Service,
        person: &SignedIn,
        choice: WorkspaceChoice,
        order: HoldOrder,
    ) -> Result<Self, Error> {
        let account = person.account().id;
        let spender = Spender { account, via: ChargedVia::browser_of(account) };
        let gate = Gate::of_page(service, order.work.feature());
        let makers = Box::default();
        Self::of(service, Payer { reach: Reach::All, spender, makers, gate }, choice, order)
    }

    fn of(
        service: &Service,
        payer: Payer,
        choice: WorkspaceChoice,
        order: HoldOrder,
    ) -> Result<Self, Error> {
        let now = service.now();
        // The face has asked for no more variants than there may be.
        let items = order.work.items().map_err(|error| Error::Internal(error.to_string()))?;
        let Payer { reach, spender, makers, gate } = payer;
        Ok(Self {
            id: CreditHoldId::new(now, &service.entropy.draw()?),
            cover: CreditGrantId::new(now, &service.entropy.draw()?),
            choice,
            reach,
            spender,
            makers,
            reference: order.reference,
            operation: order.work.operation(),
            items,
            gate,
            now,
            until: now.plus(order.lifetime),
        })
    }

    /// The hold's id, for what is written beside it.
    pub(crate) fn id(&self) -> CreditHoldId {
        self.id
    }

    /// Holds the credits in the transaction of whoever needs them.
    pub(crate) fn run(&self, tx: &mut Tx<'_>) -> Result<Result<HeldCredits, Error>, store::Error> {
        let account = self.spender.account;
        let found = workspaces::find_in(tx, account, &self.reach, self.choice)?;
        let Some(Workspace { id: workspace, .. }) = found else {
            return Ok(Err(Error::not_there(self.choice)));
        };
        if let Some(gate) = &self.gate
            && let Err(refusal) = gate.check(tx, workspace)?
        {
            // What is held already was asked for when the plan was another.
            return self.before(tx, workspace, refusal);
        }
        let ledger = store::credits::take(tx, workspace)?;
        let mut grants = store::credits::spendable(tx, workspace, self.now)?;
        let cover = self.cover(workspace, &grants)?;
        grants.extend(cover.clone());
        let debt = if self.is_unlimited() { 0 } else { ledger.debt };
        let decided = credits::hold(&mut grants, debt, &self.items, self.now).map_err(corrupt)?;
        match decided {
            Ok(held) => self.hold(tx, &ledger, cover, held),
            // It may be that this very job holds what is missing.
            Err(Refusal::InDebt { debt }) => {
                self.before(tx, workspace, Error::CreditsOwed { debt })
            }
            Err(Refusal::Insufficient { balance, needed }) => {
                self.before(tx, workspace, Error::InsufficientCredits { balance, needed })
            }
        }
    }

    /// Holds what can be held, unless the job does already or the budget is against it.
    fn hold(
        &self,
        tx: &mut Tx<'_>,
        ledger: &TakenLedger,
        cover: Option<CreditGrant>,
        held: Held,
    ) -> Result<Result<HeldCredits, Error>, store::Error> {
        let needed = credits::total(&self.items).map_err(corrupt)?;
        if let Err(over) = budgets::check(tx, self.spender, &self.makers, needed, self.now)? {
            // It may be that this very job has spent it.
            return self.before(tx, ledger.workspace, over);
        }
        if !store::credit_holds::insert(tx, &self.row(ledger.workspace))? {
            return self.before(tx, ledger.workspace, Error::CreditReferenceTaken);
        }
        let place = (ledger.workspace, self.now);
        store::credit_spending::count(tx, self.spender, &self.makers, place, needed)?;
        self.write(tx, ledger, cover, held)?;
        Ok(Ok(self.held(ledger.workspace)))
    }

    fn is_unlimited(&self) -> bool {
        self.gate.is_none()
    }

    /// Where credits are unlimited, what is missing is granted with the hold, so that every movement
    /// names a grant there too.
    fn cover(
        &self,
        workspace: WorkspaceId,
        grants: &[CreditGrant],
    ) -> Result<Option<CreditGrant>, store::Error> {
        if !self.is_unlimited() {
            return Ok(None);
        }
        let there = credits::standing(grants, 0, self.now).map_err(corrupt)?.available;
        let missing = credits::total(&self.items).map_err(corrupt)? - there;
        let Ok(missing) = Amount::new(missing) else { return Ok(None) };
        let source = CreditGrant::covering(self.id);
        let span = (self.now, NEVER);
        let mut grant = fresh(self.cover, workspace, GrantKind::Operator, source, missing, span);
        grant.buckets.available = missing.get();
        Ok(Some(grant))
    }

    fn write(
        &self,
        tx: &mut Tx<'_>,
        ledger: &TakenLedger,
        cover: Option<CreditGrant>,
        held: Held,
    ) -> Result<(), store::Error> {
        let mut movements = Vec::new();
        if let Some(grant) = cover {
            let movement = credits::Movement {
                grant: grant.id,
                kind: credits::MovementKind::Granted,
                amount: grant.amount,
            };
            if !store::credits::insert(tx, &grant)? {
                return Err(store::Error::Conflict);
            }
            movements.push(movement);
        }
        movements.extend(held.movements);
        store::credit_holds::insert_parts(tx, self.id, &held.parts)?;
        let cause = Cause { operation: self.operation, hold: Some(self.id), at: self.now };
        store::credit_movements::record(tx, ledger, cause, &movements)
    }

    /// What the same job holds since before; otherwise the refusal.
    fn before(
        &self,
        tx: &mut Tx<'_>,
        workspace: WorkspaceId,
        refusal: Error,
    ) -> Result<Result<HeldCredits, Error>, store::Error> {
        let reference = self.reference.as_str();
        let known = store::credit_holds::find_by_reference(tx, workspace, reference)?;
        Ok(match known {
            None => Err(refusal),
            Some(state) if self.is_same(&state) => {
                let work = Work::of(state.id, workspace, self.operation);
                Ok(HeldCredits { state, is_new: false, work })
            }
            Some(_) => Err(Error::CreditReferenceTaken),
        })
    }

    fn is_same(&self, known: &HoldState) -> bool {
        let costs = known.items.iter().map(|item| match *item {
            ItemState::Held { credits } => credits,
            ItemState::Ended { settled, voided } => settled + voided,
        });
        known.operation == self.operation && costs.eq(self.items.iter().map(|item| item.get()))
    }

    fn row(&self, workspace: WorkspaceId) -> NewHold {
        NewHold {
            id: self.id,
            workspace,
            reference: self.reference.to_string(),
            operation: self.operation.to_owned(),
            // As many as one request may ask for.
            items: i64::try_from(self.items.len()).unwrap_or(i64::MAX),
            spender: self.spender,
            at: self.now,
            until: self.until,
        }
    }

    fn held(&self, workspace: WorkspaceId) -> HeldCredits {
        let items = self.items.iter().map(|item| ItemState::Held { credits: item.get() });
        let state = HoldState {
            id: self.id,
            reference: self.reference.to_string(),
            operation: self.operation.to_owned(),
            until: self.until,
            items: items.collect(),
        };
        let work = Work::of(self.id, workspace, self.operation);
        HeldCredits { state, is_new: true, work }
    }
}
