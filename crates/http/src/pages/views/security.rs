//! `/settings/security` and the pages that it leads to.

use askama::Template;

use super::{
    AskPasskey, Field, IdentityRow, Layout, Moment, PartLinks, PasskeyRow, Problem, problems,
};

/// The page at `/settings/security`.
#[derive(Debug, Template)]
#[template(path = "security.html")]
pub(crate) struct Security {
    /// The frame.
    pub(crate) layout: Layout,
    /// What the person wants to be called.
    pub(crate) name: Field,
    /// The address that signs in.
    pub(crate) email: String,
    /// The address that a link went to which would make it theirs, and when the link ends.
    pub(crate) asked: Option<(String, Moment)>,
    /// Whether the person is known to read what is sent there.
    pub(crate) is_verified: bool,
    /// What was just done, as one sentence, or nothing.
    pub(crate) done: Option<String>,
    /// Whether there is a password.
    pub(crate) has_password: bool,
    /// What people call the OpenID provider; none where there is none.
    pub(crate) provider: Option<String>,
    /// The identities there.
    pub(crate) identities: Vec<IdentityRow>,
    /// The passkeys.
    pub(crate) passkeys: Vec<PasskeyRow>,
    /// Every live session, the one seen last first.
    pub(crate) sessions: Vec<SessionRow>,
    /// The ways to the others.
    pub(crate) more_sessions: Option<PartLinks>,
    /// How many API keys work.
    pub(crate) keys: i64,
    /// How many apps are connected.
    pub(crate) apps: i64,
}

/// A session in the list.
#[derive(Debug, Clone)]
pub(crate) struct SessionRow {
    /// Its id, as it stands in paths.
    pub(crate) id: String,
    /// The browser and the system: `Firefox on Linux`.
    pub(crate) device: String,
    /// What the browser calls itself, in full.
    pub(crate) agent: String,
    /// From where it was seen last, when that can be told.
    pub(crate) address: Option<String>,
    /// When it began.
    pub(crate) signed_in: Moment,
    /// When it was seen last.
    pub(crate) seen: Moment,
    /// Whether it is the reader's own.
    pub(crate) is_this_one: bool,
}

/// The page on which a person proves that it is still them.
#[derive(Debug, Template)]
#[template(path = "proof.html")]
pub(crate) struct Proof {
    /// The frame.
    pub(crate) layout: Layout,
    /// Whose password is asked for.
    pub(crate) email: String,
    /// Whether there is a password.
    pub(crate) has_password: bool,
    /// What to ask an authenticator for; none for who has no passkey.
    pub(crate) passkey: Option<AskPasskey>,
    /// What people call the OpenID provider; none for who has no identity there.
    pub(crate) provider: Option<String>,
    /// What is wrong with it.
    pub(crate) password_error: Option<String>,
    /// Where to go afterwards: a path on this server that the handler has checked.
    pub(crate) next: Option<String>,
}

/// The page on which a person chooses another password.
#[derive(Debug, Template)]
#[template(path = "new_password.html")]
pub(crate) struct NewPassword {
    /// The frame.
    pub(crate) layout: Layout,
    /// Whose password it becomes.
    pub(crate) email: String,
    /// What is wrong with it.
    pub(crate) password_error: Option<String>,
    /// The path that the form is sent to.
    pub(crate) action: String,
}

impl Security {
    fn problems(&self) -> Vec<Problem> {
        problems(None, &[("account-name", self.name.error.as_ref())])
    }
}

impl Proof {
    fn problems(&self) -> Vec<Problem> {
        problems(None, &[("password", self.password_error.as_ref())])
    }
}

impl NewPassword {
    fn problems(&self) -> Vec<Problem> {
        problems(None, &[("password", self.password_error.as_ref())])
    }
}

#[cfg(test)]
impl SessionRow {
    fn sample(device: &str, is_this_one: bool) -> Self {
        Self {
            id: format!("01935a2e-7b1c-7def-8a90-3c5d1e2f4a6{}", u8::from(is_this_one)),
            device: device.into(),
            agent: "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0".into(),
            address: Some("203.0.113.7".into()),
            signed_in: Moment::sample("3 days ago"),
            seen: Moment::sample("4 minutes ago"),
            is_this_one,
        }
    }
}

#[cfg(test)]
impl Security {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let hostile = || String::from(super::tests::HOSTILE);
        let page = || Self {
            layout: Layout::sample_signed_in(),
            name: Field { value: "Ada Lovelace".into(), error: None },
            email: "ada@example.com".into(),
            asked: Some(("new@example.com".into(), Moment::sample("in 23 hours"))),
            is_verified: false,
            done: None,
            has_password: true,
            provider: None,
            identities: Vec::new(),
            passkeys: Vec::new(),
            sessions: vec![SessionRow::sample("Firefox on Linux", true)],
            more_sessions: None,
            keys: 0,
            apps: 0,
        };
        let elsewhere = SessionRow::sample("Safari on iPhone", false);
        vec![
            ("security", page()),
            (
                "security-elsewhere",
                Self {
                    done: Some("That browser is signed out.".into()),
                    sessions: vec![SessionRow::sample("Firefox on Linux", true), elsewhere],
                    more_sessions: Some(PartLinks::sample()),
                    asked: None,
                    is_verified: true,
                    has_password: false,
                    provider: Some("Work".into()),
                    identities: vec![IdentityRow::sample()],
                    passkeys: vec![PasskeyRow::sample()],
                    keys: 3,
                    apps: 1,
                    ..page()
                },
            ),
            (
                "security-hostile",
                Self {
                    email: hostile(),
                    asked: Some((hostile(), Moment::sample_hostile())),
                    done: Some(hostile()),
                    provider: Some(hostile()),
                    identities: vec![IdentityRow::sample_hostile()],
                    passkeys: vec![PasskeyRow::sample_hostile()],
                    sessions: vec![SessionRow {
                        id: hostile(),
                        device: hostile(),
                        agent: hostile(),
                        address: Some(hostile()),
                        signed_in: Moment::sample_hostile(),
                        seen: Moment::sample_hostile(),
                        is_this_one: false,
                    }],
                    ..page()
                },
            ),
        ]
    }
}

#[cfg(test)]
impl Proof {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let hostile = || String::from(super::tests::HOSTILE);
        let page = |next: Option<String>, password_error: Option<String>| Self {
            layout: Layout::sample_signed_in(),
            email: "ada@example.com".into(),
            has_password: true,
            passkey: Some(AskPasskey::sample()),
            provider: None,
            password_error,
            next,
        };
        let next = || Some("/settings/security/password".into());
        vec![
            ("proof", page(next(), None)),
            ("proof-refused", page(next(), Some("The password is not right. Check it.".into()))),
            (
                "proof-without-a-password",
                Self { has_password: false, provider: Some("Work".into()), ..page(next(), None) },
            ),
            (
                "proof-hostile",
                Self {
                    email: hostile(),
                    provider: Some(hostile()),
                    ..page(Some(hostile()), Some(hostile()))
                },
            ),
        ]
    }
}

#[cfg(test)]
impl NewPassword {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let hostile = || String::from(super::tests::HOSTILE);
        let page = |password_error: Option<String>| Self {
            layout: Layout::sample_signed_in(),
            email: "ada@example.com".into(),
            password_error,
            action: "/settings/security/password".into(),
        };
        let hostile_page = Self { email: hostile(), action: hostile(), ..page(Some(hostile())) };
        vec![
            ("new-password", page(None)),
            ("new-password-refused", page(Some("Use at least 8 characters.".into()))),
            ("new-password-hostile", hostile_page),
        ]
    }
}
