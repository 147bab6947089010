//! `/sign-in`.

use askama::Template;

use super::{AskPasskey, Field, Layout, Problem, problems};
use crate::pages::next;

/// The page at `/sign-in`, empty or after a refusal.
#[derive(Debug, Template)]
#[template(path = "sign_in.html")]
pub(crate) struct SignIn {
    /// The frame.
    pub(crate) layout: Layout,
    /// What to ask an authenticator for; none where browsers have no passkeys.
    pub(crate) passkey: Option<AskPasskey>,
    /// What people call the OpenID provider; none where there is none.
    pub(crate) provider: Option<String>,
    /// Whether the provider is to ask who they are even if it knows them.
    pub(crate) again: bool,
    /// What was just done, as one sentence ("You are signed out everywhere."), or nothing.
    pub(crate) done: Option<String>,
    /// What signing in is for, as one sentence ("Sign in to answer “Example App”."), or nothing.
    pub(crate) asking: Option<String>,
    /// The address as typed.
    pub(crate) email: Field,
    /// What is wrong with the password, when that can be said of it alone ("Enter your password.").
    pub(crate) password_error: Option<String>,
    /// Why the form as a whole was refused ("The email or the password is not right.").
    pub(crate) refusal: Option<String>,
    /// Where to go afterwards: a path on this server that the handler has checked.
    pub(crate) next: Option<String>,
}

impl SignIn {
    fn sign_up_href(&self) -> String {
        next::link("/sign-up", self.next.as_deref())
    }

    fn problems(&self) -> Vec<Problem> {
        problems(
            self.refusal.as_ref(),
            &[("email", self.email.error.as_ref()), ("password", self.password_error.as_ref())],
        )
    }
}

#[cfg(test)]
impl SignIn {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let empty = || Self {
            layout: Layout::sample_stranger(),
            passkey: Some(AskPasskey::sample()),
            provider: None,
            again: false,
            done: None,
            asking: None,
            email: Field::default(),
            password_error: None,
            refusal: None,
            next: None,
        };
        let typed = |value: &str| Field { value: value.into(), error: None };
        vec![
            ("sign-in", empty()),
            ("sign-in-without-passkeys", Self { passkey: None, ..empty() }),
            (
                "sign-in-after-sign-out",
                Self { done: Some("You are signed out everywhere.".into()), ..empty() },
            ),
            (
                "sign-in-for-an-app",
                Self {
                    asking: Some("Sign in to answer “Pressroom”.".into()),
                    next: Some("/authorize?request=sample%2Brequest".into()),
                    ..empty()
                },
            ),
            (
                "sign-in-with-a-provider",
                Self {
                    provider: Some("Work".into()),
                    again: true,
                    next: Some("/settings/security/openid".into()),
                    ..empty()
                },
            ),
            (
                "sign-in-refused",
                Self {
                    email: typed("ada@example.com"),
                    refusal: Some("The email or the password is not right. Check both.".into()),
                    next: Some("/settings#api-keys".into()),
                    ..empty()
                },
            ),
            (
                "sign-in-nothing-typed",
                Self {
                    email: Field {
                        error: Some("Enter an email address such as name@example.com.".into()),
                        ..Field::default()
                    },
                    password_error: Some("Enter your password.".into()),
                    ..empty()
                },
            ),
            (
                "sign-in-hostile",
                Self {
                    provider: Some(super::tests::HOSTILE.into()),
                    done: Some(super::tests::HOSTILE.into()),
                    asking: Some(super::tests::HOSTILE.into()),
                    email: Field {
                        value: super::tests::HOSTILE.into(),
                        error: Some(super::tests::HOSTILE.into()),
                    },
                    refusal: Some(super::tests::HOSTILE.into()),
                    next: Some(super::tests::HOSTILE.into()),
                    ..empty()
                },
            ),
        ]
    }
}
