//! `/sign-up`, and the same form at `/setup/{token}` for the very first account.

use askama::Template;

use super::{AddressForm, Field, Layout, Problem, problems};
use crate::pages::next;

/// The page that makes an account, or says why it does not.
#[derive(Debug, Template)]
#[template(path = "sign_up.html")]
pub(crate) struct SignUp {
    /// The frame.
    pub(crate) layout: Layout,
    /// Where to go afterwards: a path on this server that the handler has checked.
    pub(crate) next: Option<String>,
    /// What people call the OpenID provider; none where there is none.
    pub(crate) provider: Option<String>,
    /// Whether the reader may make an account here.
    pub(crate) state: SignUpState,
}

/// Whether a stranger may make an account.
#[derive(Debug, Clone)]
pub(crate) enum SignUpState {
    /// Yes, with this form.
    Form(SignUpForm),
    /// Yes, with a link that goes to an address.
    ByMail(AddressForm),
    /// A mail is on its way to this address.
    Sent(String),
    /// Only with an invitation, and the reader came without one.
    ByInvitation,
    /// No.
    Closed,
}

/// The form, empty or after a refusal.
#[derive(Debug, Clone)]
pub(crate) struct SignUpForm {
    /// Whose account it is to be.
    pub(crate) purpose: Purpose,
    /// The path that the form is sent to: `/sign-up`, `/sign-up/{token}` or `/setup/{token}`.
    pub(crate) action: String,
    /// The name as typed.
    pub(crate) name: Field,
    /// The address as typed.
    pub(crate) email: Field,
    /// What is wrong with the password.
    pub(crate) password_error: Option<String>,
    /// Why the form as a whole was refused.
    pub(crate) refusal: Option<String>,
}

/// Which account is about to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The first of this server, through the setup link.
    First,
    /// One more, by whoever comes.
    Open,
    /// One more, by whoever has the link that went to the address.
    Mailbox,
}

impl SignUp {
    /// Whether an account can be made, or signed in to, another way: the first of a server cannot, and whoever has a
    /// link has found theirs.
    fn has_other_ways(&self) -> bool {
        match &self.state {
            SignUpState::Form(form) => form.purpose == Purpose::Open,
            SignUpState::ByMail(_) | SignUpState::ByInvitation | SignUpState::Closed => true,
            SignUpState::Sent(_) => false,
        }
    }

    fn sign_in_href(&self) -> String {
        next::link("/sign-in", self.next.as_deref())
    }

    fn sign_up_href(&self) -> String {
        next::link("/sign-up", self.next.as_deref())
    }

    fn problems(&self) -> Vec<Problem> {
        match &self.state {
            SignUpState::Form(form) => problems(
                form.refusal.as_ref(),
                &[
                    ("name", form.name.error.as_ref()),
                    ("email", form.email.error.as_ref()),
                    ("password", form.password_error.as_ref()),
                ],
            ),
            SignUpState::ByMail(form) => form.problems(),
            SignUpState::Sent(_) | SignUpState::ByInvitation | SignUpState::Closed => Vec::new(),
        }
    }

    /// Heading and title of the page.
    fn heading(&self) -> &'static str {
        match &self.state {
            SignUpState::Form(SignUpForm { purpose: Purpose::First, .. }) => "Set up Bloom",
            SignUpState::Form(_) | SignUpState::ByMail(_) => "Create your account",
            SignUpState::Sent(_) => "Look into your mails",
            SignUpState::ByInvitation => "Accounts are by invitation",
            SignUpState::Closed => "Sign-up is closed",
        }
    }
}

#[cfg(test)]
impl SignUp {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let page = |state| Self {
            layout: Layout::sample_stranger(),
            next: None,
            provider: Some("Work".into()),
            state,
        };
        let form = |purpose, action: &str| SignUpForm {
            purpose,
            action: action.into(),
            name: Field::default(),
            email: Field::default(),
            password_error: None,
            refusal: None,
        };
        let refused = SignUpForm {
            name: Field { value: "Ada Lovelace".into(), error: None },
            email: Field {
                value: "ada@example".into(),
                error: Some("Enter an email address such as name@example.com.".into()),
            },
            password_error: Some("Use at least 8 characters.".into()),
            ..form(Purpose::Open, "/sign-up")
        };
        let hostile = SignUpForm {
            name: Field {
                value: super::tests::HOSTILE.into(),
                error: Some(super::tests::HOSTILE.into()),
            },
            email: Field { value: super::tests::HOSTILE.into(), error: None },
            password_error: Some(super::tests::HOSTILE.into()),
            refusal: Some(super::tests::HOSTILE.into()),
            ..form(Purpose::Open, super::tests::HOSTILE)
        };
        let link = SignUpForm {
            email: Field { value: "ada@example.com".into(), error: None },
            ..form(Purpose::Mailbox, "/sign-up/sample-link")
        };
        vec![
            ("sign-up", page(SignUpState::Form(form(Purpose::Open, "/sign-up")))),
            (
                "sign-up-for-an-app",
                Self {
                    next: Some("/authorize?request=sample%2Brequest".into()),
                    ..page(SignUpState::Form(form(Purpose::Open, "/sign-up")))
                },
            ),
            ("setup", page(SignUpState::Form(form(Purpose::First, "/setup/sample-setup-token")))),
            ("sign-up-refused", page(SignUpState::Form(refused))),
            ("sign-up-by-mail", page(SignUpState::ByMail(AddressForm::default()))),
            ("sign-up-by-mail-hostile", page(SignUpState::ByMail(AddressForm::sample_hostile()))),
            ("sign-up-sent", page(SignUpState::Sent("ada@example.com".into()))),
            ("sign-up-sent-hostile", page(SignUpState::Sent(super::tests::HOSTILE.into()))),
            ("sign-up-link", page(SignUpState::Form(link.clone()))),
            (
                "sign-up-link-hostile",
                page(SignUpState::Form(SignUpForm {
                    purpose: Purpose::Mailbox,
                    ..hostile.clone()
                })),
            ),
            ("sign-up-by-invitation", page(SignUpState::ByInvitation)),
            ("sign-up-closed", page(SignUpState::Closed)),
            (
                "sign-up-hostile",
                Self {
                    next: Some(super::tests::HOSTILE.into()),
                    ..page(SignUpState::Form(hostile))
                },
            ),
        ]
    }
}
