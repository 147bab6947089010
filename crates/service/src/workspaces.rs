//! Workspaces within a person's reach. Membership is read on every request.

use bloom_domain::workspaces::Workspace;
use bloom_store as store;

use crate::{Error, Principal, Service};

/// The caller's workspaces: the personal one first, then teams by name.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(service: &Service, principal: &Principal) -> Result<Vec<Workspace>, Error> {
    let account = principal.account_id();
    Ok(service.store.read(move |tx| store::workspaces::list_of(tx, account)).await?)
}
