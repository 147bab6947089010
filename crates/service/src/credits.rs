//! Credits: what a workspace can spend.

use bloom_domain::credits::CreditBalance;
use bloom_domain::plans::Plan;
use bloom_domain::workspaces::WorkspaceChoice;
use bloom_store as store;

use crate::{Error, Principal, Service};

/// What can be spent in a workspace of the caller.
///
/// # Errors
/// [`Error::WorkspaceNotFound`] for a workspace outside the caller's reach.
pub async fn get(
    service: &Service,
    principal: &Principal,
    choice: WorkspaceChoice,
) -> Result<CreditBalance, Error> {
    if let WorkspaceChoice::Team(id) = choice {
        let account = principal.account_id();
        let is_in_reach =
            service.store.read(move |tx| store::workspaces::is_in_reach(tx, account, id)).await?;
        if !is_in_reach {
            return Err(Error::WorkspaceNotFound);
        }
    }
    // No credits are granted on this plan, and none are needed.
    Ok(CreditBalance { balance: 0, unlimited: Plan::SelfHosted.has_unlimited_credits() })
}
