//! Credits: what a workspace can spend, and where it comes from.
//!
//! 1. Every write takes the workspace's ledger first, so that one decides at a time; then it reads,
//!    decides by the rules of `bloom-domain`, and writes what was decided ([`holds`],
//!    [`endings`]).
//! 2. Whatever may come twice, such as a webhook, the scheduler, or a request that is sent again, has a
//!    reference, and the second time changes nothing.
//! 3. What has ended counts for nothing at once. That it is written off later is for the books
//!    (`sweep`).
//! 4. Whoever belongs to a workspace may read its ledger; who else spent what is for those who look after it
//!    ([`history`]).
//! 5. A key or an app may have a budget, which counts in every workspace ([`budgets`]).

pub mod budgets;
pub mod endings;
mod grants;
pub mod history;
pub mod holds;
pub mod monthly;
mod signup;
pub(crate) mod sweep;
mod topups;

use bloom_domain::credits::{
    CreditBalance, CreditGrant, LedgerError, LedgerLine, Spender, Standing,
};
use bloom_domain::email::Email;
use bloom_domain::ids::WorkspaceId;
use bloom_domain::workspaces::{WorkspaceChoice, WorkspaceKind};
use bloom_store as store;
use store::Tx;

use crate::{Error, Operator, Principal, Service, accounts, plans, workspaces};

pub use grants::{GrantOrder, Granted, grant, take_back};
pub(crate) use signup::{grant_signup, signup_grant};
pub(crate) use topups::Topups;

/// What a workspace has, and where it came from.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// What it comes to now.
    pub standing: Standing,
    /// Every grant there ever was, oldest first.
    pub grants: Vec<CreditGrant>,
}

/// What can be spent in a workspace of the caller.
///
/// # Errors
/// [`Error::WorkspaceNotFound`] for a workspace outside the caller's reach,
/// [`Error::PlanUpgradeRequired`].
pub async fn get(
    service: &Service,
    principal: &Principal,
    choice: WorkspaceChoice,
) -> Result<CreditBalance, Error> {
    let (workspace, now) =
        (workspaces::resolve(service, principal, choice).await?.id, service.now());
    let spender = Spender { account: principal.account_id(), via: principal.via().into() };
    plans::admit(service, principal).await?;
    let makers: Box<[_]> = principal.makers().into();
    let read = service.store.read(move |tx| {
        let standing = store::credits::standing(tx, workspace, now)?;
        let monthly = store::monthly_credits::find(tx, workspace)?;
        Ok((standing, monthly, budgets::left(tx, spender, &makers, now)?))
    });
    let (standing, monthly, budget_left) = read.await?;
    let next = monthly.and_then(|monthly| monthly::next(&monthly, now));
    Ok(CreditBalance {
        balance: standing.balance(),
        unlimited: service.settings.billing.is_none(),
        held: standing.held,
        monthly: standing.monthly,
        topup: standing.topup,
        next_refresh_at: next,
        budget_left,
    })
}

/// What a workspace has, and every grant.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(
    service: &Service,
    _operator: &Operator,
    workspace: WorkspaceId,
) -> Result<Ledger, Error> {
    let now = service.now();
    let read = service.store.read(move |tx| {
        let standing = store::credits::standing(tx, workspace, now)?;
        Ok(Ledger { standing, grants: store::credits::list_of(tx, workspace)? })
    });
    Ok(read.await?)
}

/// The movements of a workspace after a place in its ledger, oldest first: at most so many.
///
/// # Errors
/// When the database cannot be read.
pub async fn export(
    service: &Service,
    _operator: &Operator,
    workspace: WorkspaceId,
    after: (i64, i64),
    limit: i64,
) -> Result<Vec<LedgerLine>, Error> {
    let page = move |tx: &mut Tx<'_>| store::credit_movements::page_of(tx, workspace, after, limit);
    Ok(service.store.read(page).await?)
}

/// The workspace of an account that is meant: the personal one when none is named.
///
/// # Errors
/// [`Error::AccountNotFound`], [`Error::WorkspaceNotFound`].
pub async fn workspace_of(
    service: &Service,
    operator: &Operator,
    owner: &Email,
    named: Option<WorkspaceId>,
) -> Result<WorkspaceId, Error> {
    let account = accounts::find(service, operator, owner).await?.id;
    let all = service.store.read(move |tx| store::workspaces::list_of(tx, account)).await?;
    let is_meant = |workspace: &&bloom_domain::workspaces::Workspace| match named {
        None => workspace.kind == WorkspaceKind::Personal,
        Some(id) => workspace.id == id,
    };
    all.iter().find(is_meant).map(|workspace| workspace.id).ok_or(Error::WorkspaceNotFound)
}

/// A ledger that does not add up is for the operator, and nothing is written.
pub(crate) fn corrupt(error: LedgerError) -> store::Error {
    store::Error::Corrupt(error.to_string())
}
