//! Connections: an account, and a client that its person let in.
//!
//! A connection is what the person sees and revokes; revoking it ends all its grants. Connecting again
//! afterwards makes another connection, so what was revoked stays revoked.

use std::time::Duration;

use crate::access::{Access, ScopeSet};
use crate::api_keys::LastUse;
use crate::clients::Client;
use crate::ids::ConnectionId;
use crate::time::Timestamp;
use crate::workspaces::Reach;
use bloom_oauth::redirect_uri::{RedirectKind, RedirectUri};
use bloom_oauth::scope::Scopes;

const DAY: Duration = Duration::from_secs(86_400);
/// That an app came back without a question is recorded at most this often.
pub const RETURN_RESOLUTION: Duration = Duration::from_secs(3_600);

/// A connection, and what its person has agreed to so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Never changes.
    pub id: ConnectionId,
    /// Whom the person let in.
    pub client: Client,
    /// What they have agreed to, once for each place where answers go.
    pub consents: Vec<Consent>,
    /// The workspaces that the client may act in.
    pub reach: Reach,
    /// When they first did.
    pub created_at: Timestamp,
    /// Until when they did, if not until they revoke it.
    pub ends_at: Option<Timestamp>,
    /// The latest request through it.
    pub last_use: Option<LastUse>,
    /// Since when it is revoked.
    pub revoked_at: Option<Timestamp>,
}

impl Connection {
    /// All that the client may do, wherever the answer went.
    #[must_use]
    pub fn access(&self) -> Access {
        let accesses = self.consents.iter().map(|consent| consent.access);
        accesses.reduce(Access::joined).unwrap_or(Access::Named(ScopeSet::default()))
    }

    /// Whether it lets the client in at a time.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.ended_at(now).is_none()
    }

    /// Since when it lets nobody in any more, because the time that its person had chosen has come.
    #[must_use]
    pub fn ended_at(&self, now: Timestamp) -> Option<Timestamp> {
        let revoked = self.revoked_at.unwrap_or(now);
        self.ends_at.filter(|end| *end <= revoked)
    }

    /// The sites where answers went.
    pub fn sites(&self) -> impl Iterator<Item = &str> {
        self.consents.iter().filter_map(|consent| consent.site.as_deref())
    }

    /// Whether answers also went to an app on a device, where anything can catch them.
    #[must_use]
    pub fn is_on_a_device(&self) -> bool {
        self.consents.iter().any(|consent| consent.site.is_none())
    }
}

/// How long a person lets a client in, as they choose it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Until {
    /// As they were shown that it is; until they revoke it when they were shown nothing.
    #[default]
    AsBefore,
    /// Until they revoke it.
    Revoked,
    /// For so many days from now.
    Days(u32),
}

impl Until {
    /// The numbers of days that can be chosen.
    pub const DAYS: [u32; 5] = [1, 7, 30, 90, 365];

    /// When the connection ends by itself, if it does.
    #[must_use]
    pub fn ends_at(self, shown: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::AsBefore => shown,
            Self::Revoked => None,
            Self::Days(days) => Some(now.plus(DAY * days)),
        }
    }
}

/// What a person has agreed to, for answers that go to one place.
///
/// Each place stands by itself: what was given to one site, or to an app on the device, says nothing
/// about another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// The site's host, with a port if there is one; `None` for an app on the device.
    pub site: Option<String>,
    /// What the client may do.
    pub access: Access,
    /// The scopes, Bloom's and OpenID Connect's.
    pub scopes: Scopes,
    /// What stands for the client's metadata as it was then, when it is one that can change.
    pub version: Option<Version>,
}

/// What stands for metadata: another for each change.
pub type Version = [u8; 32];

impl Consent {
    /// The consent that one authorization asks for.
    #[must_use]
    pub fn asked(
        access: Access,
        scopes: Scopes,
        redirect: &RedirectUri,
        version: Option<Version>,
    ) -> Self {
        Self { site: site_of(redirect), access, scopes, version }
    }

    /// Whether this was agreed to before, so that the person need not be asked. An answer to an app on
    /// the device can be caught by another app there, so it is always asked for.
    #[must_use]
    pub fn is_covered_by(&self, earlier: &Self) -> bool {
        self.site.is_some()
            && self.site == earlier.site
            && self.version == earlier.version
            && self.access.is_within(earlier.access)
            && self.scopes.iter().all(|scope| earlier.scopes.contains(scope))
    }

    /// Both together, when the person has agreed again for the same place; `other` is the later one.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        let scopes = self.scopes.iter().chain(other.scopes.iter()).map(str::to_owned).collect();
        let (site, version) = (self.site.clone(), other.version);
        Self { site, access: self.access.joined(other.access), scopes, version }
    }
}

/// The site that an answer goes to; `None` for an app on the device.
#[must_use]
pub fn site_of(redirect: &RedirectUri) -> Option<String> {
    match redirect.kind() {
        RedirectKind::Site(host) => Some(host.clone()),
        RedirectKind::Loopback | RedirectKind::PrivateUse(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::BloomScope;

    const SITE: &str = "https://app.example/cb";

    fn read() -> Access {
        Access::Named(std::iter::once(BloomScope::Read).collect())
    }

    fn consent(access: Access, scopes: &str, redirect: &str) -> Consent {
        let redirect = RedirectUri::parse(redirect, &[]).unwrap();
        Consent::asked(access, Scopes::parse(scopes).unwrap(), &redirect, None)
    }

    #[test]
    fn only_what_was_agreed_to_is_remembered() {
        let earlier = consent(read(), "openid read", SITE);
        assert!(consent(read(), "read", "https://app.example/other").is_covered_by(&earlier));
        assert!(!consent(Access::All, "read", SITE).is_covered_by(&earlier), "wider access");
        assert!(!consent(read(), "email", SITE).is_covered_by(&earlier), "another scope");
        assert!(!consent(read(), "read", "https://b.example/cb").is_covered_by(&earlier));
        assert!(!consent(read(), "read", "https://app.example:444/cb").is_covered_by(&earlier));
        let changed = Consent { version: Some([1; 32]), ..earlier.clone() };
        assert!(!changed.is_covered_by(&earlier) && !earlier.is_covered_by(&changed), "changed");
        let both = earlier.joined(&changed);
        assert!(changed.is_covered_by(&both) && !earlier.is_covered_by(&both));
    }

    #[test]
    fn an_app_on_the_device_is_always_asked_for() {
        for redirect in ["http://127.0.0.1/cb", "https://localhost/cb", "com.example.app:/cb"] {
            let asked = consent(Access::All, "", redirect);
            assert!(!asked.is_covered_by(&asked), "{redirect}");
        }
    }

    #[test]
    fn agreeing_again_for_a_place_adds_and_never_takes_away() {
        let one = consent(read(), "openid", SITE);
        let two = consent(Access::All, "email read", SITE);
        let both = one.joined(&two);
        assert!(one.is_covered_by(&both) && two.is_covered_by(&both));
        assert_eq!(both.access, Access::All);
    }
}
