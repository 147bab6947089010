//! The end-session endpoint: an app asks a person to sign out.

use askama::Template;

use super::Layout;

/// The page for somebody who is signed in.
#[derive(Debug, Template)]
#[template(path = "end_session.html")]
pub(crate) struct EndSession {
    /// The frame.
    pub(crate) layout: Layout,
    /// The signed-in account's address.
    pub(crate) account: String,
    /// The app that asks, by the name it gives itself, if it is known.
    pub(crate) app: Option<String>,
    /// Whether the app asks about another account than this one.
    pub(crate) is_about_another: bool,
    /// The way back to it, if it has one.
    pub(crate) back: Option<ThereAndBack>,
    /// One line for whoever makes the app, when the way back is not one.
    pub(crate) details: Option<String>,
}

/// The way back to an app.
#[derive(Debug)]
pub(crate) struct ThereAndBack {
    /// Where it leads, as a person reads it ("https://app.example").
    pub(crate) to: String,
    /// The same, sealed, to be brought along.
    pub(crate) sealed: String,
}

#[cfg(test)]
impl EndSession {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let back = |to: &str| {
            Some(ThereAndBack { to: to.into(), sealed: "sample-sealed-way-back".into() })
        };
        let plain = || Self {
            layout: Layout::sample_signed_in(),
            account: "ada@example.com".into(),
            app: Some("Pressroom".into()),
            is_about_another: false,
            back: back("https://pressroom.example"),
            details: None,
        };
        let hostile = || String::from(super::tests::HOSTILE);
        vec![
            ("end-session", plain()),
            ("end-session-unknown-app", Self { app: None, back: None, ..plain() }),
            (
                "end-session-no-way-back",
                Self {
                    back: None,
                    details: Some(
                        "invalid_request: post_logout_redirect_uri is not one of those that the \
                         client registered"
                            .into(),
                    ),
                    ..plain()
                },
            ),
            ("end-session-of-another", Self { is_about_another: true, ..plain() }),
            (
                "end-session-hostile",
                Self {
                    layout: Layout { signed_in_as: Some(hostile()), form_token: hostile() },
                    account: hostile(),
                    app: Some(hostile()),
                    is_about_another: true,
                    back: Some(ThereAndBack { to: hostile(), sealed: hostile() }),
                    details: Some(hostile()),
                },
            ),
        ]
    }
}
