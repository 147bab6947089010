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
    /// The request's id, for the person who runs the server to find the cause in the log.
    pub(crate) reference: Option<String>,
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
            reference: None,
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
