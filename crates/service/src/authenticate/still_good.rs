//! Whether a credential is still good, for a request that has been under way for a while.

use bloom_domain::accounts::AccountState;
use bloom_domain::api_keys::ApiKey;
use bloom_domain::ids::ApiKeyId;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use store::Tx;

use super::{Principal, PrincipalClaim, Via};
use crate::verdicts::{Facts, Standing};
use crate::{Error, Service};

impl Principal {
    /// The ids of what the credential hangs on: a change of one may have ended it.
    pub(crate) fn hangs_on(&self) -> impl Iterator<Item = [u8; 16]> {
        let Facts { via, token, account, .. } = &self.verdict.facts;
        let of_token = token
            .map(|token| [*token.id.as_bytes(), *token.grant.as_bytes(), *token.client.as_bytes()]);
        let of_both = [*via.id(), *account.id.as_bytes()];
        of_both.into_iter().chain(of_token.into_iter().flatten())
    }

    /// When the credential ends by itself, if it does.
    pub(crate) fn ends_at(&self) -> Option<Timestamp> {
        let Facts { expires_at, old_until, .. } = &self.verdict.facts;
        expires_at.iter().chain(old_until).min().copied()
    }

    /// What it was found to be good by.
    pub(crate) fn standing(&self) -> &Standing {
        &self.verdict.standing
    }

    /// Whether the credential is still good. Asked when something happened to what it hangs on.
    ///
    /// # Errors
    /// [`Error::CredentialRevoked`], [`Error::AccountBanned`].
    pub(crate) async fn is_still_good(&self, service: &Service) -> Result<(), Error> {
        let now = service.now();
        if self.ends_at().is_some_and(|end| end <= now) {
            return Err(Error::CredentialRevoked);
        }
        let claim = self.claim(service);
        service.store.write(move |tx| claim.is_still_good(tx, now)).await?
    }
}

impl PrincipalClaim {
    fn is_still_good(
        self,
        tx: &mut Tx<'_>,
        now: Timestamp,
    ) -> Result<Result<(), Error>, store::Error> {
        match self.via {
            Via::Connection(_) => Ok(self.check(tx)?.map(drop)),
            Via::ApiKey(id) => self.key_is_still_good(tx, id, now),
        }
    }

    /// A write asks for the secret that is the key's now. To go on waiting, one is enough that the key has been
    /// given another for since, and that goes on for a while.
    fn key_is_still_good(
        self,
        tx: &mut Tx<'_>,
        id: ApiKeyId,
        now: Timestamp,
    ) -> Result<Result<(), Error>, store::Error> {
        let state = store::accounts::take(tx, self.account)?;
        if state.is_some_and(AccountState::is_banned) {
            return Ok(Err(Error::AccountBanned));
        }
        let is_good = |key: &ApiKey| goes_on(key, (self.at, self.is_old_secret), now);
        let key = store::api_keys::find(tx, self.account, id)?;
        Ok(key.filter(is_good).map(drop).ok_or(Error::CredentialRevoked))
    }
}

/// Whether a key goes on with the secret that was presented at a time: its own then, or the one before.
pub(super) fn goes_on(
    key: &ApiKey,
    (at, is_old_secret): (Timestamp, bool),
    now: Timestamp,
) -> bool {
    let is_rotated = key.rotated_at.is_some_and(|rotated| at < rotated);
    let old_goes_on = key.old_secret.as_ref().is_some_and(|old| now < old.until);
    key.works(now)
        && match (is_rotated, is_old_secret) {
            (false, false) => true,
            (false, true) | (true, false) => old_goes_on,
            (true, true) => false,
        }
}
