//! Connections: an account, and a client that its person let in.
//!
//! A connection is what the person sees and revokes; revoking it ends all its grants. Connecting again
//! afterwards makes another connection, so what was revoked stays revoked.

use crate::access::Access;
use crate::api_keys::LastUse;
use crate::clients::Client;
use crate::ids::{AccountId, ConnectionId};
use crate::time::Timestamp;
use bloom_oauth::redirect_uri::{RedirectKind, RedirectUri};
use bloom_oauth::scope::Scopes;

/// A connection, and what its person has agreed to so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Never changes.
    pub id: ConnectionId,
    /// Who let the client in.
    pub account: AccountId,
    /// Whom they let in.
    pub client: Client,
    /// What the person has agreed to, over all authorizations.
    pub consent: Consent,
    /// When they first did.
    pub created_at: Timestamp,
    /// The latest request through it.
    pub last_use: Option<LastUse>,
    /// Since when it is revoked.
    pub revoked_at: Option<Timestamp>,
}

/// What a person has agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// What the client may do.
    pub access: Access,
    /// The scopes, Bloom's and OpenID Connect's.
    pub scopes: Scopes,
    /// The sites that answers may go to: hosts, with a port if there is one.
    pub sites: Scopes,
}

impl Consent {
    /// The consent that one authorization asks for.
    #[must_use]
    pub fn asked(access: Access, scopes: Scopes, redirect: &RedirectUri) -> Self {
        let sites = match redirect.kind() {
            RedirectKind::Site(host) => std::iter::once(host.clone()).collect(),
            RedirectKind::Loopback | RedirectKind::PrivateUse(_) => Scopes::default(),
        };
        Self { access, scopes, sites }
    }

    /// Whether this was agreed to before, so that the person need not be asked. An answer to an app on
    /// the device can be caught by another app there, so it is always asked for.
    #[must_use]
    pub fn is_covered_by(&self, earlier: &Self) -> bool {
        let within = |these: &Scopes, those: &Scopes| these.iter().all(|one| those.contains(one));
        !self.sites.is_empty()
            && self.access.is_within(earlier.access)
            && within(&self.scopes, &earlier.scopes)
            && within(&self.sites, &earlier.sites)
    }

    /// Both together: what is remembered when the person has agreed again.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        let join = |these: &Scopes, those: &Scopes| {
            these.iter().chain(those.iter()).map(str::to_owned).collect()
        };
        Self {
            access: self.access.joined(other.access),
            scopes: join(&self.scopes, &other.scopes),
            sites: join(&self.sites, &other.sites),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{BloomScope, ScopeSet};

    fn consent(access: Access, scopes: &str, redirect: &str) -> Consent {
        let redirect = RedirectUri::parse(redirect, &[]).unwrap();
        Consent::asked(access, Scopes::parse(scopes).unwrap(), &redirect)
    }

    #[test]
    fn only_what_was_agreed_to_is_remembered() {
        let read = Access::Named([BloomScope::Read].into_iter().collect::<ScopeSet>());
        let site = "https://app.example/cb";
        let earlier = consent(read, "openid read", site);
        assert!(consent(read, "read", "https://app.example/other").is_covered_by(&earlier));
        assert!(!consent(Access::All, "read", site).is_covered_by(&earlier), "wider access");
        assert!(!consent(read, "email", site).is_covered_by(&earlier), "another scope");
        assert!(!consent(read, "read", "https://b.example/cb").is_covered_by(&earlier));
        assert!(!consent(read, "read", "https://app.example:444/cb").is_covered_by(&earlier));
    }

    #[test]
    fn an_app_on_the_device_is_always_asked_for() {
        for redirect in ["http://127.0.0.1/cb", "com.example.app:/cb"] {
            let asked = consent(Access::All, "", redirect);
            assert!(!asked.is_covered_by(&asked), "{redirect}");
        }
    }

    #[test]
    fn agreeing_again_adds_and_never_takes_away() {
        let read = Access::Named([BloomScope::Read].into_iter().collect::<ScopeSet>());
        let one = consent(Access::All, "openid", "https://a.example/cb");
        let two = consent(read, "email read", "https://b.example/cb");
        let both = one.joined(&two);
        assert!(one.is_covered_by(&both) && two.is_covered_by(&both));
        assert_eq!(both.access, Access::All);
    }
}
