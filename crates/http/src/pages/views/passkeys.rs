//! `/settings/security/passkeys`, and what the pages need on which a passkey is used.

use askama::Template;

use super::{Field, Layout, Moment, Problem, problems};

/// What a page asks an authenticator for.
#[derive(Debug, Clone)]
pub(crate) struct AskPasskey {
    /// Bound to this browser, in base64url.
    pub(crate) challenge: String,
    /// The name under which authenticators know this server.
    pub(crate) site: String,
}

/// A passkey in the list.
#[derive(Debug, Clone)]
pub(crate) struct PasskeyRow {
    /// Its id, as it stands in paths.
    pub(crate) id: String,
    /// What the person calls it.
    pub(crate) name: String,
    /// When it was added.
    pub(crate) added: Moment,
    /// When it was used last; none when it was not.
    pub(crate) last_used: Option<Moment>,
}

/// The page on which a person adds a passkey.
#[derive(Debug, Template)]
#[template(path = "new_passkey.html")]
pub(crate) struct NewPasskey {
    /// The frame.
    pub(crate) layout: Layout,
    /// What to ask for; none where browsers have no passkeys.
    pub(crate) ask: Option<AskPasskey>,
    /// The account's id, in base64url.
    pub(crate) user: String,
    /// The account's address.
    pub(crate) email: String,
    /// The passkeys that it has, as their authenticators name them, with spaces between.
    pub(crate) known: String,
    /// The numbers of the algorithms, with spaces between.
    pub(crate) algorithms: String,
    /// The name as typed.
    pub(crate) name: Field,
    /// Why it was refused as a whole.
    pub(crate) refusal: Option<String>,
}

impl NewPasskey {
    fn problems(&self) -> Vec<Problem> {
        problems(self.refusal.as_ref(), &[("name", self.name.error.as_ref())])
    }
}

#[cfg(test)]
impl AskPasskey {
    pub(super) fn sample() -> Self {
        Self { challenge: "c2FtcGxl".into(), site: "bloom.example".into() }
    }
}

#[cfg(test)]
impl PasskeyRow {
    pub(super) fn sample() -> Self {
        Self {
            id: "01935a2e-7b1c-7def-8a90-3c5d1e2f4a60".into(),
            name: "Phone".into(),
            added: Moment::sample("3 weeks ago"),
            last_used: Some(Moment::sample("2 days ago")),
        }
    }

    pub(super) fn sample_hostile() -> Self {
        let hostile = || String::from(super::tests::HOSTILE);
        let moment = Moment::sample_hostile;
        Self { id: hostile(), name: hostile(), added: moment(), last_used: Some(moment()) }
    }
}

#[cfg(test)]
impl NewPasskey {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let hostile = || String::from(super::tests::HOSTILE);
        let page = || Self {
            layout: Layout::sample_signed_in(),
            ask: Some(AskPasskey::sample()),
            user: "dXNlcg".into(),
            email: "ada@example.com".into(),
            known: String::new(),
            algorithms: "-8 -7 -257".into(),
            name: Field { value: "Firefox on Linux".into(), error: None },
            refusal: None,
        };
        vec![
            ("new-passkey", page()),
            ("new-passkey-none-here", Self { ask: None, ..page() }),
            ("new-passkey-refused", Self { refusal: Some("It took too long.".into()), ..page() }),
            (
                "new-passkey-hostile",
                Self {
                    ask: Some(AskPasskey { challenge: hostile(), site: hostile() }),
                    user: hostile(),
                    email: hostile(),
                    known: hostile(),
                    algorithms: hostile(),
                    name: Field { value: hostile(), error: Some(hostile()) },
                    refusal: Some(hostile()),
                    ..page()
                },
            ),
        ]
    }
}
