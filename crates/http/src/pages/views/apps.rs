//! The apps that a person is connected with, as the settings list them.

#[cfg(test)]
use super::AppKind;
use super::{AppIdentity, LastUsed, Moment};

/// An app in the list.
#[derive(Debug, Clone)]
pub(crate) struct AppRow {
    /// The connection's id, as it stands in paths.
    pub(crate) id: String,
    /// Which app it is.
    pub(crate) app: AppIdentity,
    /// Whether it was also let in on a device, beside the hosts that are named.
    pub(crate) is_also_on_this_device: bool,
    /// What it can do, in a few words.
    pub(crate) access: String,
    /// The names of the workspaces that it can act in; none when that is all of them.
    pub(crate) workspaces: Option<String>,
    /// The names of the keys that it made, and that they made, as far as they work.
    pub(crate) keys: Vec<String>,
    /// When it was allowed first.
    pub(crate) connected: Moment,
    /// What it has spent, against its budget when it has one.
    pub(crate) spent: String,
    /// Whether its budget limits something: itself while it is let in, or keys that it made.
    pub(crate) limits: bool,
    /// How often it was used: `12 requests in the last 30 days`.
    pub(crate) requests: String,
    /// Its latest request; none when there was none.
    pub(crate) last_used: Option<LastUsed>,
    /// When it ends by itself, if it does.
    pub(crate) until: Option<Moment>,
    /// Whether its requests are good.
    pub(crate) state: AppState,
}

/// Whether the requests of an app are good.
#[derive(Debug, Clone)]
pub(crate) enum AppState {
    /// They are.
    Allowed,
    /// The operator refuses them, until they take the app again.
    Refused,
    /// They are refused, until it is allowed anew.
    Revoked {
        /// Since when.
        when: Moment,
    },
    /// They are, since the time has come that was chosen when it was allowed.
    Ended {
        /// Which.
        when: Moment,
    },
}

impl AppState {
    pub(super) fn can_be_revoked(&self) -> bool {
        !matches!(self, Self::Revoked { .. } | Self::Ended { .. })
    }
}

#[cfg(test)]
impl AppRow {
    pub(super) fn sample(app: AppIdentity, last_used: Option<&str>, state: AppState) -> Self {
        Self {
            id: "01935a2e-7b1c-7def-8a90-3c5d1e2f4a6c".into(),
            app,
            is_also_on_this_device: false,
            access: "Everything but API keys".into(),
            workspaces: None,
            keys: Vec::new(),
            connected: Moment::sample("3 weeks ago"),
            spent: "12 credits this month, no budget".into(),
            limits: state.can_be_revoked(),
            requests: "12 requests in the last 30 days".into(),
            last_used: last_used.map(LastUsed::sample),
            until: None,
            state,
        }
    }

    pub(super) fn samples() -> Vec<Self> {
        let ended = AppState::Ended { when: Moment::sample("an hour ago") };
        let revoked = AppState::Revoked { when: Moment::sample("8 days ago") };
        vec![
            Self {
                is_also_on_this_device: true,
                workspaces: Some("Personal, Analytical Engines".into()),
                ..Self::sample(
                    AppIdentity::sample_unverified(),
                    Some("4 minutes ago"),
                    AppState::Allowed,
                )
            },
            Self {
                access: "read, keys:admin".into(),
                keys: vec!["nightly import".into(), "ci".into()],
                until: Some(Moment::sample("in 5 days")),
                ..Self::sample(AppIdentity::sample_on_this_device(), None, AppState::Allowed)
            },
            Self::sample(AppIdentity::sample_verified(), Some("2 months ago"), revoked),
            Self::sample(AppIdentity::sample_unverified(), Some("2 hours ago"), ended),
        ]
    }

    pub(super) fn samples_hostile() -> Vec<Self> {
        let hostile = || String::from(super::tests::HOSTILE);
        let moment = Moment::sample_hostile;
        let app = |kind, state| Self {
            id: hostile(),
            app: AppIdentity::sample(&hostile(), kind),
            is_also_on_this_device: true,
            access: hostile(),
            workspaces: Some(hostile()),
            keys: vec![hostile()],
            connected: moment(),
            spent: hostile(),
            limits: true,
            requests: hostile(),
            last_used: Some(LastUsed { when: moment(), address: hostile(), operation: hostile() }),
            until: Some(moment()),
            state,
        };
        vec![
            app(AppKind::Unverified { host: hostile() }, AppState::Allowed),
            app(AppKind::Unverified { host: hostile() }, AppState::Allowed),
            app(AppKind::OnThisDevice, AppState::Revoked { when: moment() }),
        ]
    }
}
