//! `/settings/security/openid`, and the identities on the page before it.

use askama::Template;

use super::{Layout, Moment};

/// An identity in the list.
#[derive(Debug, Clone)]
pub(crate) struct IdentityRow {
    /// Its id, as it stands in paths.
    pub(crate) id: String,
    /// The address that the provider told, or else who they are there.
    pub(crate) name: String,
    /// The provider.
    pub(crate) issuer: String,
    /// Whether the provider is the one that is configured.
    pub(crate) works: bool,
    /// When it was linked.
    pub(crate) added: Moment,
    /// When it was used last; none when it was not.
    pub(crate) last_used: Option<Moment>,
}

/// The page on which an identity is linked.
#[derive(Debug, Template)]
#[template(path = "link_identity.html")]
pub(crate) struct LinkIdentity {
    /// The frame.
    pub(crate) layout: Layout,
    /// What people call the provider.
    pub(crate) provider: String,
}

#[cfg(test)]
impl IdentityRow {
    pub(super) fn sample() -> Self {
        Self {
            id: "01935a2e-7b1c-7def-8a90-3c5d1e2f4a61".into(),
            name: "ada@work.example".into(),
            issuer: "https://id.work.example".into(),
            works: true,
            added: Moment::sample("3 weeks ago"),
            last_used: None,
        }
    }

    pub(super) fn sample_hostile() -> Self {
        let hostile = || String::from(super::tests::HOSTILE);
        let moment = Moment::sample_hostile;
        Self {
            id: hostile(),
            name: hostile(),
            issuer: hostile(),
            works: false,
            added: moment(),
            last_used: Some(moment()),
        }
    }
}

#[cfg(test)]
impl LinkIdentity {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let page =
            |provider: &str| Self { layout: Layout::sample_signed_in(), provider: provider.into() };
        vec![
            ("link-identity", page("Work")),
            ("link-identity-hostile", page(super::tests::HOSTILE)),
        ]
    }
}
