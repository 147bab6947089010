//! What a write by a credential asks again: a credential may end while its request is on its way.

use std::time::Duration;

use bloom_domain::access::Access;
use bloom_domain::accounts::AccountState;
use bloom_domain::api_keys::{ApiKey, Narrowing};
use bloom_domain::ids::{AccountId, ApiKeyId, ConnectionId};
use bloom_domain::networks::Addresses;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use store::Tx;

use super::Via;
use crate::Error;
use crate::verdicts::TokenFacts;

/// With which credential a request came. It may have been revoked while the request was on its way, and a
/// key that it makes would outlive it; so such a write begins with [`PrincipalClaim::check`].
#[derive(Clone, Copy)]
pub(crate) struct PrincipalClaim {
    pub(crate) account: AccountId,
    pub(crate) via: Via,
    pub(super) token: Option<TokenFacts>,
    pub(super) access: Access,
    /// Whether it is a secret that its key had before.
    pub(super) is_old_secret: bool,
    pub(super) at: Timestamp,
    /// The longest a grant lives.
    pub(super) max_grant_lifetime: Option<Duration>,
}

impl PrincipalClaim {
    /// What the credential is narrowed to, if it is still in force. That holds for the rest of the
    /// transaction: the rows it hangs on are taken, so that a revocation comes wholly before this or wholly
    /// after.
    pub(crate) fn check(self, tx: &mut Tx<'_>) -> Result<Result<Narrowing, Error>, store::Error> {
        let state = store::accounts::take(tx, self.account)?;
        if state.is_some_and(AccountState::is_banned) {
            return Ok(Err(Error::AccountBanned));
        }
        let found = match (self.via, self.token) {
            (Via::ApiKey(id), _) => self.check_key(tx, id)?,
            (Via::Connection(id), Some(token)) => self.check_token(tx, id, token)?,
            (Via::Connection(_), None) => None,
        };
        Ok(found.ok_or(Error::CredentialRevoked))
    }

    fn check_key(self, tx: &mut Tx<'_>, id: ApiKeyId) -> Result<Option<Narrowing>, store::Error> {
        if !store::api_keys::take(tx, self.account, id)? {
            return Ok(None);
        }
        let key = store::api_keys::find(tx, self.account, id)?;
        let is_presented = |key: &ApiKey| {
            let old = key.old_secret.as_ref().filter(|_| self.is_old_secret);
            key.rotated_at.is_none_or(|rotated| rotated <= self.at)
                && old.is_none_or(|old| self.at < old.until)
        };
        let works = |key: &ApiKey| key.works(self.at) && is_presented(key);
        Ok(key.filter(works).map(|key| key.narrowing))
    }

    fn check_token(
        self,
        tx: &mut Tx<'_>,
        connection: ConnectionId,
        token: TokenFacts,
    ) -> Result<Option<Narrowing>, store::Error> {
        // From the client down, as everybody takes them who ends or changes one.
        let is_in_force = store::clients::take_enabled(tx, token.client)?
            && store::connections::take_in_force(tx, self.account, connection, self.at)?
            && store::grants::take_in_force(tx, token.grant)?;
        if !is_in_force {
            return Ok(None);
        }
        let found = store::grants::find_for_access_token(tx, token.grant, token.id)?;
        let grant = store::grants::find(tx, token.grant)?;
        let (Some(found), Some(grant)) = (found.filter(|found| !found.is_token_revoked), grant)
        else {
            return Ok(None);
        };
        let grant_ends_at = self.max_grant_lifetime.map(|most| grant.grant.created_at.plus(most));
        Ok(Some(Narrowing {
            access: self.access,
            reach: found.reach,
            addresses: Addresses::Any,
            expires_at: grant_ends_at.into_iter().chain(found.connected_until).min(),
        }))
    }
}
