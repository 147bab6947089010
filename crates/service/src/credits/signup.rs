//! Credits for signing up, where billing is on.

use bloom_domain::audit::Action;
use bloom_domain::credits::{CreditGrant, GrantKind, NEVER};
use bloom_domain::ids::{CreditGrantId, WorkspaceId};
use bloom_domain::time::Timestamp;
use bloom_store as store;
use store::Tx;

use super::grants::{fresh, record, told, write};
use crate::audit::{Author, Difference};
use crate::{Error, Service};

/// What a new account's own workspace gets, if the default plan gives anything.
pub(crate) fn signup_grant(
    service: &Service,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Option<CreditGrant>, Error> {
    let billing = service.settings.billing.as_deref();
    let Some(amount) = billing.and_then(|billing| billing.plans.default_plan().signup) else {
        return Ok(None);
    };
    let id = CreditGrantId::new(now, &service.entropy.draw()?);
    let source = format!("signup:{workspace}");
    Ok(Some(fresh(id, workspace, GrantKind::Signup, source, amount, (now, NEVER))))
}

/// Grants it in the transaction that makes the account.
pub(crate) fn grant_signup(
    tx: &mut Tx<'_>,
    author: &Author,
    grant: &CreditGrant,
) -> Result<(), store::Error> {
    // The workspace is new, so nothing was granted to it before.
    if write(tx, grant, "credits.signup", grant.effective)?.is_ok() {
        let after = told(grant, grant.amount.get());
        let difference = Difference { after, ..Difference::default() };
        record(tx, author, Action::CreditsGranted, grant.workspace, difference)?;
    }
    Ok(())
}
