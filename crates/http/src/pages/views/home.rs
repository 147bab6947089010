//! `/`: what this server is, and the right next thing to do.

use askama::Template;

use super::{Layout, curl_line};

/// The page at `/`.
#[derive(Debug, Template)]
#[template(path = "home.html")]
pub(crate) struct Home {
    /// The frame.
    pub(crate) layout: Layout,
    /// The public origin of this server, without a slash at its end.
    pub(crate) origin: String,
    /// The one action that the page offers.
    pub(crate) first_step: FirstStep,
}

/// What the reader can best do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstStep {
    /// No account exists yet: whoever runs the server has a setup link.
    SetUp,
    /// A stranger may make an account.
    CreateAccount,
    /// A stranger may not make an account, but may have one.
    SignIn,
    /// Somebody is signed in.
    CreateKey,
}

impl Home {
    fn curl(&self) -> String {
        curl_line(&self.origin, "$BLOOM_API_KEY")
    }
}

#[cfg(test)]
impl Home {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let home = |layout, first_step| Self {
            layout,
            origin: "http://localhost:8080".into(),
            first_step,
        };
        vec![
            ("home", home(Layout::sample_stranger(), FirstStep::CreateAccount)),
            ("home-before-setup", home(Layout::sample_stranger(), FirstStep::SetUp)),
            ("home-closed", home(Layout::sample_stranger(), FirstStep::SignIn)),
            ("home-signed-in", home(Layout::sample_signed_in(), FirstStep::CreateKey)),
        ]
    }
}
