//! `/authorize`: where a person decides whether an app may use Bloom as them.

use askama::Template;

use super::{AppIdentity, AppKind, Layout, Moment};

/// The page at `/authorize`.
#[derive(Debug, Template)]
#[template(path = "consent.html")]
pub(crate) struct Consent {
    /// The frame.
    pub(crate) layout: Layout,
    /// The authorization request, sealed; goes back with the answer.
    pub(crate) sealed: String,
    /// Who asks.
    pub(crate) app: AppIdentity,
    /// Where the answer goes, in words a person can check: `https://app.example`,
    /// `127.0.0.1 on this device`, `com.example.app`.
    pub(crate) answer_goes_to: String,
    /// The signed-in account's address.
    pub(crate) account: String,
    /// Signs in as somebody else, then comes back here.
    pub(crate) switch_account_href: String,
    /// What is granted, one line each, in Bloom's own terms ("See your brands, images and credits").
    pub(crate) access: Vec<String>,
    /// What the app does not get ("It cannot make or revoke API keys."), or nothing.
    pub(crate) not_granted: Option<String>,
    /// The names of the workspaces that the app can act in.
    pub(crate) workspaces: Vec<String>,
    /// Since when the person has had this app connected, when they have.
    pub(crate) connected_since: Option<Moment>,
}

#[cfg(test)]
impl Consent {
    fn sample(app: AppIdentity, answer_goes_to: &str) -> Self {
        Self {
            layout: Layout::sample_signed_in(),
            sealed: "sample-sealed-request".into(),
            app,
            answer_goes_to: answer_goes_to.into(),
            account: "ada@example.com".into(),
            switch_account_href: "/sign-in?next=%2Fauthorize%3Frequest%3Dsample".into(),
            access: vec![
                "See your brands, images and credits".into(),
                "Make images, which spends your credits".into(),
                "Change and delete your brands and images".into(),
            ],
            not_granted: Some("It cannot make or revoke API keys, or change your password.".into()),
            workspaces: vec!["Ada Lovelace".into()],
            connected_since: None,
        }
    }

    fn sample_hostile() -> Self {
        let hostile = || String::from(super::tests::HOSTILE);
        Self {
            layout: Layout { signed_in_as: Some(hostile()), form_token: hostile() },
            sealed: hostile(),
            app: AppIdentity::sample(&hostile(), AppKind::Unverified { host: hostile() }),
            answer_goes_to: hostile(),
            account: hostile(),
            switch_account_href: hostile(),
            access: vec![hostile()],
            not_granted: Some(hostile()),
            workspaces: vec![hostile(), hostile()],
            connected_since: Some(Moment { iso: hostile(), exact: hostile(), relative: hostile() }),
        }
    }

    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let endless = "N".repeat(300);
        let right_to_left = "تطبيق الصور \u{202E}gnp.exe";
        let host = format!("{}.example", "h".repeat(63));
        vec![
            ("consent", Self::sample(AppIdentity::sample_unverified(), "https://studio.example")),
            (
                "consent-on-this-device",
                Self::sample(AppIdentity::sample_on_this_device(), "127.0.0.1 on this device"),
            ),
            (
                "consent-again",
                Self {
                    workspaces: vec!["Ada Lovelace".into(), "Analytical Engines".into()],
                    connected_since: Some(Moment::sample("3 weeks ago")),
                    not_granted: None,
                    access: vec!["See your brands, images and credits".into()],
                    ..Self::sample(AppIdentity::sample_unverified(), "https://studio.example")
                },
            ),
            (
                "consent-strange-names",
                Self {
                    account: format!("{endless}@x.example"),
                    workspaces: vec![endless.clone(), right_to_left.into(), String::new()],
                    ..Self::sample(
                        AppIdentity::sample(&endless, AppKind::Unverified { host: host.clone() }),
                        &format!("https://{host}"),
                    )
                },
            ),
            (
                "consent-right-to-left",
                Self {
                    account: format!("{right_to_left}@x.example"),
                    workspaces: Vec::new(),
                    ..Self::sample(
                        AppIdentity::sample(right_to_left, AppKind::OnThisDevice),
                        "com.example.app",
                    )
                },
            ),
            ("consent-hostile", Self::sample_hostile()),
        ]
    }
}
