//! The pages about the address of an account, and about a forgotten password.

use askama::Template;

use super::{Field, Layout, Problem, problems};

/// The page on which a person asks for another address.
#[derive(Debug, Template)]
#[template(path = "new_email.html")]
pub(crate) struct NewEmail {
    /// The frame.
    pub(crate) layout: Layout,
    /// The address that the account has.
    pub(crate) current: String,
    /// The new one as typed.
    pub(crate) email: Field,
    /// Where a link has just gone.
    pub(crate) sent_to: Option<String>,
    /// Whether mails are files that somebody passes on.
    pub(crate) is_by_hand: bool,
}

/// The page of a link that shows a mailbox to be the reader's.
#[derive(Debug, Template)]
#[template(path = "confirm_email.html")]
pub(crate) struct ConfirmEmail {
    /// The frame.
    pub(crate) layout: Layout,
    /// The mailbox that the link went to.
    pub(crate) email: String,
    /// Whether it becomes the account's address; else it is.
    pub(crate) is_change: bool,
    /// The account that is signed in.
    pub(crate) account: Option<String>,
    /// Where a stranger signs in and comes back.
    pub(crate) sign_in_href: String,
    /// The path of the link, which the form is sent to.
    pub(crate) path: String,
}

/// The page on which somebody asks for a link to choose a new password with.
#[derive(Debug, Template)]
#[template(path = "ask_reset.html")]
pub(crate) struct AskReset {
    /// The frame.
    pub(crate) layout: Layout,
    /// The address as typed.
    pub(crate) email: Field,
    /// Where a link has gone, if there is such an account.
    pub(crate) sent_to: Option<String>,
    /// Whether mails are files that somebody passes on.
    pub(crate) is_by_hand: bool,
}

impl NewEmail {
    fn problems(&self) -> Vec<Problem> {
        problems(None, &[("email", self.email.error.as_ref())])
    }
}

impl AskReset {
    fn problems(&self) -> Vec<Problem> {
        problems(None, &[("email", self.email.error.as_ref())])
    }
}

#[cfg(test)]
fn hostile() -> String {
    super::tests::HOSTILE.into()
}

#[cfg(test)]
fn hostile_field() -> Field {
    Field { value: hostile(), error: Some(hostile()) }
}

#[cfg(test)]
impl NewEmail {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let page = || Self {
            layout: Layout::sample_signed_in(),
            current: "ada@example.com".into(),
            email: Field::default(),
            sent_to: None,
            is_by_hand: false,
        };
        let refused = Field {
            value: "ada".into(),
            error: Some("Enter an email address such as name@example.com.".into()),
        };
        vec![
            ("new-email", page()),
            ("new-email-refused", Self { email: refused, ..page() }),
            (
                "new-email-sent",
                Self { sent_to: Some("new@example.com".into()), is_by_hand: true, ..page() },
            ),
            ("new-email-hostile", Self { current: hostile(), email: hostile_field(), ..page() }),
            ("new-email-sent-hostile", Self { sent_to: Some(hostile()), ..page() }),
        ]
    }
}

#[cfg(test)]
impl ConfirmEmail {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let page = |is_change| Self {
            layout: Layout::sample_signed_in(),
            email: "new@example.com".into(),
            is_change,
            account: Some("ada@example.com".into()),
            sign_in_href: "/sign-in?next=%2Fverify-email%2Fsample".into(),
            path: "/verify-email/sample".into(),
        };
        let stranger = |is_change| Self {
            layout: Layout::sample_stranger(),
            account: None,
            ..page(is_change)
        };
        vec![
            ("verify-email", page(false)),
            ("verify-email-stranger", stranger(false)),
            ("change-email", page(true)),
            ("change-email-stranger", stranger(true)),
            (
                "change-email-hostile",
                Self {
                    email: hostile(),
                    account: Some(hostile()),
                    sign_in_href: hostile(),
                    path: hostile(),
                    ..page(true)
                },
            ),
        ]
    }
}

#[cfg(test)]
impl AskReset {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let page = || Self {
            layout: Layout::sample_stranger(),
            email: Field::default(),
            sent_to: None,
            is_by_hand: false,
        };
        let sent = |to: String, is_by_hand| Self { sent_to: Some(to), is_by_hand, ..page() };
        vec![
            ("ask-reset", page()),
            ("ask-reset-by-hand", Self { is_by_hand: true, ..page() }),
            ("ask-reset-sent", sent("ada@example.com".into(), false)),
            ("ask-reset-sent-by-hand", sent("ada@example.com".into(), true)),
            ("ask-reset-hostile", Self { email: hostile_field(), ..page() }),
            ("ask-reset-sent-hostile", sent(hostile(), false)),
        ]
    }
}
