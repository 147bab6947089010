//! Credits: what a workspace can spend.

use bloom_domain::credits::CreditBalance;
use bloom_domain::plans::Plan;
use bloom_domain::workspaces::WorkspaceChoice;

use crate::{Error, Principal, Service, workspaces};

/// What can be spent in a workspace of the caller.
///
/// # Errors
/// [`Error::WorkspaceNotFound`] for a workspace outside the caller's reach.
pub async fn get(
    service: &Service,
    principal: &Principal,
    choice: WorkspaceChoice,
) -> Result<CreditBalance, Error> {
    workspaces::resolve(service, principal, choice).await?;
    // No credits are granted on this plan, and none are needed.
    Ok(CreditBalance { balance: 0, unlimited: Plan::SelfHosted.has_unlimited_credits() })
}
