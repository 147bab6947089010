//! The pages about the address of an account, and about a forgotten password.

use askama::Template;

use super::{Field, Layout, Problem, problems};

/// A form that asks for an address alone, to which a mail goes.
#[derive(Debug, Clone, Default)]
pub(crate) struct AddressForm {
    /// The address as typed.
    pub(crate) email: Field,
    /// Why no mail goes to any address now.
    pub(crate) refusal: Option<String>,
}

/// The page on which a person asks for another address.
#[derive(Debug, Template)]
#[template(path = "new_email.html")]
pub(crate) struct NewEmail {
    /// The frame.
    pub(crate) layout: Layout,
    /// The address that the account has.
    pub(crate) current: String,
    /// The new one.
    pub(crate) form: AddressForm,
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
    /// The address of the account.
    pub(crate) form: AddressForm,
    /// Where a link has gone, if there is such an account.
    pub(crate) sent_to: Option<String>,
    /// Whether mails are files that somebody passes on.
    pub(crate) is_by_hand: bool,
}

impl AddressForm {
    /// The form with an address in it.
    pub(crate) fn with(address: impl Into<String>) -> Self {
        Self { email: Field { value: address.into(), error: None }, refusal: None }
    }

    pub(super) fn problems(&self) -> Vec<Problem> {
        problems(self.refusal.as_ref(), &[("email", self.email.error.as_ref())])
    }
}

impl NewEmail {
    fn problems(&self) -> Vec<Problem> {
        self.form.problems()
    }
}

impl AskReset {
    fn problems(&self) -> Vec<Problem> {
        self.form.problems()
    }
}

#[cfg(test)]
fn hostile() -> String {
    super::tests::HOSTILE.into()
}

#[cfg(test)]
impl AddressForm {
    pub(super) fn sample_hostile() -> Self {
        let email = Field { value: hostile(), error: Some(hostile()) };
        Self { email, refusal: Some(hostile()) }
    }

    pub(super) fn sample_refused() -> Self {
        let error = "Enter an email address such as name@example.com.".into();
        Self { email: Field { value: "ada".into(), error: Some(error) }, refusal: None }
    }

    pub(super) fn sample_no_mail() -> Self {
        let text = "This server can send no mail at the moment. Nothing was sent.";
        Self { refusal: Some(text.into()), ..Self::with("ada@example.com") }
    }
}

#[cfg(test)]
impl NewEmail {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let page = || Self {
            layout: Layout::sample_signed_in(),
            current: "ada@example.com".into(),
            form: AddressForm::default(),
            sent_to: None,
            is_by_hand: false,
        };
        vec![
            ("new-email", page()),
            ("new-email-refused", Self { form: AddressForm::sample_refused(), ..page() }),
            ("new-email-no-mail", Self { form: AddressForm::sample_no_mail(), ..page() }),
            (
                "new-email-sent",
                Self { sent_to: Some("new@example.com".into()), is_by_hand: true, ..page() },
            ),
            (
                "new-email-hostile",
                Self { current: hostile(), form: AddressForm::sample_hostile(), ..page() },
            ),
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
            form: AddressForm::default(),
            sent_to: None,
            is_by_hand: false,
        };
        let sent = |to: String, is_by_hand| Self { sent_to: Some(to), is_by_hand, ..page() };
        vec![
            ("ask-reset", page()),
            ("ask-reset-by-hand", Self { is_by_hand: true, ..page() }),
            ("ask-reset-sent", sent("ada@example.com".into(), false)),
            ("ask-reset-sent-by-hand", sent("ada@example.com".into(), true)),
            ("ask-reset-no-mail", Self { form: AddressForm::sample_no_mail(), ..page() }),
            ("ask-reset-hostile", Self { form: AddressForm::sample_hostile(), ..page() }),
            ("ask-reset-sent-hostile", sent(hostile(), false)),
        ]
    }
}
