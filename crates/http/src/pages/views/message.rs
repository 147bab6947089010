//! Errors and dead ends: what happened, and the way out.

use askama::Template;

use super::Layout;

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
    /// Whose account it is sent from, when that may be another than before.
    pub(crate) as_whom: Option<String>,
    /// Whether somebody has to sign in first.
    pub(crate) is_after_sign_in: bool,
}

impl SendAgain {
    /// What is shown of it: what was typed or chosen.
    fn shown(&self) -> impl Iterator<Item = (String, &str)> {
        let said = self
            .fields
            .iter()
            .filter(|(name, value)| name != crate::pages::forms::TOKEN && !value.trim().is_empty());
        said.map(|(name, value)| (name.replace(['-', '_'], " "), value.as_str()))
    }
}

impl Message {
    /// Whether signing in comes first, in a page of its own: this one holds what was typed.
    fn signs_in_first(&self) -> bool {
        self.again.as_ref().is_some_and(|again| again.is_after_sign_in)
    }
}

/// Somewhere to go.
#[derive(Debug, Clone)]
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
            back: None,
            details: None,
            again: None,
            reference: None,
        };
        let again = |value: &str, is_after_sign_in: bool| SendAgain {
            action: "/images".into(),
            fields: vec![
                ("form_token".into(), "sample-form-token".into()),
                ("prompt".into(), value.into()),
                ("ratio".into(), "1:1".into()),
            ],
            as_whom: (!is_after_sign_in).then(|| "ada@example.com".into()),
            is_after_sign_in,
        };
        let link = |label: &str, href: &str| Link { label: label.into(), href: href.into() };
        let busy = message(
            "The server is busy",
            "Nothing was changed. Wait a few seconds, then load this page again.",
            None,
        );
        vec![
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
                    again: Some(again("\"Spring sale\" in red", false)),
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
                    again: Some(again("\"Spring sale\" in red", true)),
                    ..message(
                        "You are signed out",
                        "Your session has ended, so nothing was done now.",
                        Some(("Sign in", "/sign-in?next=%2Fimages")),
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
                        as_whom: Some(super::tests::HOSTILE.into()),
                        is_after_sign_in: false,
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
