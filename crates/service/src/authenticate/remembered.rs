//! A credential with which something was given that outlives its request, and ends with it: an upload address.

use bloom_domain::access::BloomScope;
use bloom_domain::ids::{AccessTokenId, AccountId, ApiKeyId, ConnectionId, GrantId, WorkspaceId};
use bloom_domain::time::Timestamp;
use bloom_store as store;
use store::Tx;
use store::upload_tokens::AskedWith;

use super::still_good::goes_on;
use super::{PrincipalClaim, Via, makers_and_app};

/// A credential as a row remembers it.
#[derive(Clone, Copy)]
pub(crate) struct Remembered {
    account: AccountId,
    via: Via,
    token: Option<(GrantId, AccessTokenId)>,
    is_old_secret: bool,
    /// When it was presented.
    at: Timestamp,
}

impl PrincipalClaim {
    /// What a row has to keep, so that what it gives ends with the credential.
    pub(crate) fn asked_with(&self) -> AskedWith {
        let (kind, id) = self.via.stored();
        let token = self.token.map(|token| (token.grant, token.id));
        AskedWith { kind, id, token, is_old_secret: self.is_old_secret }
    }
}

impl Remembered {
    /// The credential that a row remembers; `None` when it is of no kind there is.
    pub(crate) fn new(account: AccountId, via: &AskedWith, at: Timestamp) -> Option<Self> {
        let AskedWith { kind, id, token, is_old_secret } = via;
        let via = match kind.as_str() {
            "api_key" => Via::ApiKey(ApiKeyId::from_bytes(*id)),
            "connection" => Via::Connection(ConnectionId::from_bytes(*id)),
            _ => return None,
        };
        Some(Self { account, via, token: *token, is_old_secret: *is_old_secret, at })
    }

    /// Whether a request with it to write in a workspace would be taken. That an access token ends by itself does not
    /// count: what it stands for goes on, and its app has the next one already.
    pub(crate) fn stands(
        self,
        tx: &mut Tx<'_>,
        workspace: WorkspaceId,
        now: Timestamp,
    ) -> Result<bool, store::Error> {
        match (self.via, self.token) {
            (Via::ApiKey(id), _) => {
                let Some(key) = store::api_keys::find(tx, self.account, id)? else {
                    return Ok(false);
                };
                let (_, app) = makers_and_app(tx, self.account, key.made_by)?;
                Ok(goes_on(&key, (self.at, self.is_old_secret), now)
                    && !app.is_some_and(|app| app.is_refused())
                    && key.narrowing.access.allows(BloomScope::Write)
                    && key.narrowing.reach.contains(workspace))
            }
            (Via::Connection(_), Some((grant, token))) => {
                let found = store::grants::find_for_access_token(tx, grant, token)?;
                Ok(found.is_some_and(|found| {
                    found.is_in_force
                        && found.connected_until.is_none_or(|end| now < end)
                        && !found.is_client_disabled
                        && !found.is_token_revoked
                        && found.reach.contains(workspace)
                }))
            }
            (Via::Connection(_), None) => Ok(false),
        }
    }

    /// The same for the rest of the transaction.
    pub(crate) fn hold(
        self,
        tx: &mut Tx<'_>,
        workspace: WorkspaceId,
        now: Timestamp,
    ) -> Result<bool, store::Error> {
        store::accounts::take(tx, self.account)?;
        match (self.via, self.token) {
            (Via::ApiKey(id), _) => {
                store::api_keys::take(tx, self.account, id)?;
            }
            (Via::Connection(id), Some((grant, token))) => {
                let found = store::grants::find_for_access_token(tx, grant, token)?;
                // From the client down, as everybody takes them.
                if let Some(found) = found {
                    store::clients::take_enabled(tx, found.client)?;
                    store::connections::take_in_force(tx, self.account, id, now)?;
                    store::grants::take_in_force(tx, grant)?;
                }
            }
            (Via::Connection(_), None) => {}
        }
        self.stands(tx, workspace, now)
    }
}
