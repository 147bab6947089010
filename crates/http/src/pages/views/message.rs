//! Errors and dead ends: what happened, and the way out.

use askama::Template;

use super::Layout;
use crate::pages::{forms, next, passkeys, seen};

/// A page that only says something.
#[derive(Debug, Template)]
#[template(path = "message.html")]
pub(crate) struct Message {
    /// The frame.
    pub(crate) layout: Layout,
    /// What happened, in a few words without a full stop: heading and title of the page.
    pub(crate) title: String,
    /// What it means and what to do, in a sentence or two.
    pub(crate) text: String,
    /// The way out.
    pub(crate) action: Option<Link>,
    /// The token with which whoever is signed in signs out, where that is the way out.
    pub(crate) leaves: Option<String>,
    /// The way back to the app that sent the reader here, with its error: the one link that may lead
    /// to another origin.
    pub(crate) back: Option<Link>,
    /// One line for whoever makes the app
    /// ("invalid_request: code_challenge_method must be S256").
    pub(crate) details: Option<String>,
    /// The form that ended here, to be sent again.
    pub(crate) again: Option<SendAgain>,
    /// The request's id, for the person who runs the server to find the cause in the log.
    pub(crate) reference: Option<String>,
}

/// A form that failed, with all that was typed.
#[derive(Debug, Clone)]
pub(crate) struct SendAgain {
    /// The path that it is sent to.
    pub(crate) action: String,
    /// Its fields as they were sent, the token among them.
    pub(crate) fields: Vec<(String, String)>,
    /// What comes before it is sent again.
    pub(crate) first: Before,
    /// Whether it had a password, which is never kept.
    pub(crate) asks_password: bool,
}

/// What a person does before they send a form again.
#[derive(Debug, Clone)]
pub(crate) enum Before {
    /// They sign in, in another tab: this one holds what was typed.
    SignIn,
    /// They show that it is still them, in another tab.
    Prove,
    /// They wait a little.
    Wait,
    /// They look whether it is what they want. It is sent from the account with this address; from none where an
    /// account is only made.
    Look(Option<String>),
    /// Nothing: what it was for is not there any more, so that it is only shown.
    Nothing,
}

impl SendAgain {
    fn can_be_sent(&self) -> bool {
        !matches!(self.first, Before::Nothing)
    }

    fn is_after_another_page(&self) -> bool {
        matches!(self.first, Before::SignIn | Before::Prove)
    }

    /// A password that was not looked at has nothing wrong with it.
    fn no_problem(&self) -> Option<String> {
        None
    }

    /// Whether anything was typed or chosen.
    pub(crate) fn says_something(&self) -> bool {
        self.shown().next().is_some()
    }

    /// What is shown of it: what was typed or chosen.
    fn shown(&self) -> impl Iterator<Item = (String, &str)> {
        let is_typed = |name: &str| {
            ![forms::TOKEN, next::NEXT, seen::SEEN].contains(&name)
                && !name.starts_with(passkeys::FIELDS)
        };
        let said = self
            .fields
            .iter()
            .filter(move |(name, value)| is_typed(name) && !value.trim().is_empty());
        said.map(|(name, value)| (name.replace(['-', '_'], " "), value.as_str()))
    }
}

impl Message {
    /// Whether its action comes first, in a tab of its own: this one holds what was typed.
    fn goes_elsewhere_first(&self) -> bool {
        self.again.as_ref().is_some_and(SendAgain::is_after_another_page)
    }
}

/// Somewhere to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// What is done there; begins with a verb.
    pub(crate) label: String,
    /// A path on this server, but for [`Message::back`] and the plans, which are bought elsewhere.
    pub(crate) href: String,
}

#[cfg(test)]
impl Message {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let message = |title: &str, text: &str, action: Option<(&str, &str)>| Self {
            layout: Layout::sample_stranger(),
            title: title.into(),
            text: text.into(),
            action: action.map(|(label, href)| Link { label: label.into(), href: href.into() }),
            leaves: None,
            back: None,
            details: None,
            again: None,
            reference: None,
        };
        let again = |value: &str, first: Before| SendAgain {
            action: "/images".into(),
            fields: vec![
                ("form_token".into(), "sample-form-token".into()),
                ("prompt".into(), value.into()),
                ("ratio".into(), "1:1".into()),
            ],
            first,
            asks_password: false,
        };
        let sign_up = |first: Before| SendAgain {
            action: "/sign-up".into(),
            fields: vec![
                ("form_token".into(), "sample-form-token".into()),
                ("next".into(), "/authorize?request=x".into()),
                ("name".into(), "Ada Lovelace".into()),
                ("email".into(), "ada@example.com".into()),
            ],
            first,
            asks_password: true,
        };
        let link = |label: &str, href: &str| Link { label: label.into(), href: href.into() };
        let busy = message(
            "The server is busy",
            "Nothing was changed. Wait a few seconds, then load this page again.",
            None,
        );
        vec![
            (
                "message-gone",
                Self {
                    again: Some(again("A poster for the summer sale", Before::Nothing)),
                    ..message(
                        "It is not there any more",
                        "What this form is for was deleted or ended meanwhile, or is not yours. Nothing was changed.",
                        Some(("Go to your images", "/images")),
                    )
                },
            ),
            (
                "message-form-expired",
                message(
                    "This form has expired",
                    "The page was open for too long, or you signed in elsewhere meanwhile. \
                     Nothing was changed. Open the form again and send it once more.",
                    Some(("Sign in", "/sign-in")),
                ),
            ),
            (
                "message-form-kept",
                Self {
                    layout: Layout::sample_signed_in(),
                    again: Some(again(
                        "\"Spring sale\" in red",
                        Before::Look(Some("ada@example.com".into())),
                    )),
                    ..message(
                        "This form has expired",
                        "The page was open for too long, or you signed in or out meanwhile.",
                        Some(("Go to the start page", "/")),
                    )
                },
            ),
            (
                "message-signed-out-kept",
                Self {
                    again: Some(again("\"Spring sale\" in red", Before::SignIn)),
                    ..message(
                        "You are signed out",
                        "Your session has ended, so nothing was done now.",
                        Some(("Sign in", "/sign-in?next=%2Fimages")),
                    )
                },
            ),
            (
                "message-proof-kept",
                Self {
                    layout: Layout::sample_signed_in(),
                    again: Some(again("This laptop", Before::Prove)),
                    ..message(
                        "Confirm first that it is you",
                        "You did so too long ago for what this form asks for, so nothing was done now.",
                        Some(("Confirm that it is you", "/settings/security/confirm")),
                    )
                },
            ),
            (
                "message-sign-up-kept",
                Self {
                    again: Some(sign_up(Before::Look(None))),
                    ..message(
                        "This form has expired",
                        "The page was open for too long.",
                        Some(("Go to the start page", "/")),
                    )
                },
            ),
            (
                "message-sign-up-busy",
                Self {
                    again: Some(sign_up(Before::Wait)),
                    ..message("The server is busy", "Wait.", None)
                },
            ),
            (
                "message-suspended",
                Self {
                    leaves: Some("sample-form-token".into()),
                    ..message(
                        "Your account is suspended",
                        "Nothing is lost. Ask the person who runs this server.",
                        None,
                    )
                },
            ),
            (
                "message-kept-hostile",
                Self {
                    again: Some(SendAgain {
                        action: super::tests::HOSTILE.into(),
                        fields: vec![
                            ("form_token".into(), super::tests::HOSTILE.into()),
                            (super::tests::HOSTILE.into(), super::tests::HOSTILE.into()),
                        ],
                        first: Before::Look(Some(super::tests::HOSTILE.into())),
                        asks_password: true,
                    }),
                    ..message("This form has expired", "It was not taken.", None)
                },
            ),
            (
                "message-link-used",
                message(
                    "This link was already used",
                    "The first account exists. Sign in with it, or ask the person who runs this \
                     server for a new link.",
                    Some(("Sign in", "/sign-in")),
                ),
            ),
            (
                "message-not-found",
                message(
                    "Page not found",
                    "There is nothing at this address. Check it for a typing mistake.",
                    Some(("Go to the start page", "/")),
                ),
            ),
            ("message-busy", Self { reference: Some("req_01JB2Q7Z8M4K".into()), ..busy }),
            (
                "message-app-failed",
                Self {
                    back: Some(link(
                        "Go back to Pressroom",
                        "https://app.example/callback?error=invalid_request&state=4fQ&iss=x",
                    )),
                    details: Some("invalid_request: code_challenge_method must be S256".into()),
                    ..message(
                        "This app cannot be connected",
                        "The app asked in a way that Bloom does not take. Nothing was changed. \
                         Tell whoever makes the app.",
                        None,
                    )
                },
            ),
            (
                "message-hostile",
                Self {
                    layout: Layout {
                        signed_in_as: Some(super::tests::HOSTILE.into()),
                        form_token: super::tests::HOSTILE.into(),
                    },
                    leaves: Some(super::tests::HOSTILE.into()),
                    back: Some(link(super::tests::HOSTILE, super::tests::HOSTILE)),
                    details: Some(super::tests::HOSTILE.into()),
                    reference: Some(super::tests::HOSTILE.into()),
                    ..message(
                        super::tests::HOSTILE,
                        super::tests::HOSTILE,
                        Some((super::tests::HOSTILE, super::tests::HOSTILE)),
                    )
                },
            ),
        ]
    }
}
