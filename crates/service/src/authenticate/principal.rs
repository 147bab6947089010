//! What comes out of authentication, the same whatever came in.

use std::sync::Arc;

use bloom_domain::access::BloomScope;
use bloom_domain::accounts::Account;
use bloom_domain::api_keys::Maker;
use bloom_domain::audit::Actor;
use bloom_domain::ids::AccountId;
use bloom_domain::plans::Door;
use bloom_domain::senders::Sender;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::Reach;
use bloom_oauth::scope::Scopes;

use super::{PrincipalClaim, Via};
use crate::audit::Author;
use crate::last_use::LastUseSlot;
use crate::operations::Operation;
use crate::rate_limit::SharedWindow;
use crate::verdicts::{Facts, TokenFacts, Verdict};
use crate::{Error, Service};

/// A person, proven by a credential: the permission to ask for something in their name.
#[derive(Clone)]
pub struct Principal {
    pub(super) verdict: Arc<Verdict>,
    pub(super) authenticated_at: Timestamp,
    pub(super) door: Door,
}

impl Principal {
    /// The account the credential acts for.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.verdict.facts.account
    }

    /// The id of that account.
    #[must_use]
    pub fn account_id(&self) -> AccountId {
        self.verdict.facts.account.id
    }

    /// How they proved it.
    #[must_use]
    pub fn via(&self) -> Via {
        self.verdict.facts.via
    }

    /// With which credential theirs was made, if it is a key that was, and that one, and so on. What it spends is
    /// spent out of their budgets too.
    pub(crate) fn makers(&self) -> &[Maker] {
        &self.verdict.facts.makers
    }

    /// The same person, asking by another face than the API's. Some plans open only one of them.
    #[must_use]
    pub fn at(self, door: Door) -> Self {
        Self { door, ..self }
    }

    /// The face by which they ask.
    pub(crate) fn door(&self) -> Door {
        self.door
    }

    /// Whether the credential may be used for an operation: a matter of its access, not of its kind.
    #[must_use]
    pub fn may(&self, operation: &Operation) -> bool {
        operation.scope.is_none_or(|scope| self.verdict.facts.access.allows(scope))
    }

    /// Them, as the audit names them: by what they presented.
    pub(crate) fn author(&self, service: &Service, sender: &Sender) -> Result<Author, Error> {
        let actor = match (self.via(), self.verdict.facts.token) {
            (_, Some(token)) => Actor::App(token.client),
            (Via::ApiKey(id), None) => Actor::ApiKey(id),
            // A connection without a token presents nothing.
            (Via::Connection(_), None) => Actor::Anybody,
        };
        Author::new(service, actor, sender)
    }

    /// What a write asks again.
    pub(crate) fn claim(&self, service: &Service) -> PrincipalClaim {
        let Facts { via, token, access, old_until, .. } = self.verdict.facts;
        PrincipalClaim {
            account: self.account_id(),
            via,
            token,
            access,
            is_old_secret: old_until.is_some(),
            at: self.authenticated_at,
            max_grant_lifetime: service.settings.max_grant_lifetime,
        }
    }

    /// The scopes of the access token; of an API key there are none.
    pub(crate) fn scopes(&self) -> Scopes {
        Scopes::parse(self.granted_scope()).unwrap_or_default()
    }

    /// The same as the token says them.
    pub(crate) fn granted_scope(&self) -> &str {
        self.verdict.facts.scopes.as_deref().unwrap_or_default()
    }

    /// The access token by which they proved it, and when that ends.
    pub(crate) fn access_token(&self) -> Option<(TokenFacts, Timestamp)> {
        self.verdict.facts.token.zip(self.verdict.facts.expires_at)
    }

    /// Whether more access can be asked for at the authorization endpoint; the owner of an API key gives
    /// it more in another way.
    #[must_use]
    pub fn can_ask_for_more(&self) -> bool {
        self.verdict.facts.scopes.is_some()
    }

    /// What has to be asked for to do more: all that an access token has, and what it lacks. A client that asked for the missing scope alone would lose the others by that.
    #[must_use]
    pub fn scopes_with(&self, lacking: BloomScope) -> Scopes {
        let access = self.verdict.facts.access;
        let has = |scope: &BloomScope| self.can_ask_for_more() && access.allows(*scope);
        let bloom = BloomScope::ALL.into_iter().filter(has).chain([lacking]);
        let bloom: Vec<_> = bloom.map(BloomScope::as_str).collect();
        self.scopes().iter().chain(bloom).map(str::to_owned).collect()
    }

    /// The workspaces that the credential reaches, of those that the person belongs to.
    pub(crate) fn reach(&self) -> &Reach {
        &self.verdict.facts.reach
    }

    /// When they did: the time of the request.
    #[must_use]
    pub fn authenticated_at(&self) -> Timestamp {
        self.authenticated_at
    }

    /// Until when the credential is good, if it is a secret that its key had before: there is a new one.
    #[must_use]
    pub fn old_until(&self) -> Option<Timestamp> {
        self.verdict.facts.old_until
    }

    pub(crate) fn window(&self) -> &SharedWindow {
        &self.verdict.window
    }

    pub(crate) fn last_use(&self) -> &LastUseSlot {
        &self.verdict.last_use
    }
}
