//! `/settings`: the account, and its API keys under `#api-keys`, and the connected
//! apps under `#apps`.

#[cfg(test)]
mod samples;

use askama::Template;
use bloom_domain::workspaces::Role;

use super::{
    AppKind, AppRow, AppState, Field, KeyOptions, Layout, PartLinks, Plans, Problem, Snippet,
    curl_line, problems,
};

/// The page at `/settings`.
#[derive(Debug, Template)]
#[template(path = "settings.html")]
pub(crate) struct Settings {
    /// The frame.
    pub(crate) layout: Layout,
    /// The public origin of this server, without a slash at its end.
    pub(crate) origin: String,
    /// Whose settings these are.
    pub(crate) account: AccountDetails,
    /// What was just done, as one sentence ("The key “ci” is revoked."), or nothing.
    pub(crate) done: Option<String>,
    /// Why something on this page was refused as a whole, or nothing.
    pub(crate) refusal: Option<String>,
    /// The name of a key to create, as typed.
    pub(crate) key_name: Field,
    /// What that key is to be narrowed to.
    pub(crate) key_options: KeyOptions,
    /// A key whose secret this answer, and no later one, shows.
    pub(crate) new_key: Option<NewKey>,
    /// The plans of the person's workspaces; none while billing is off.
    pub(crate) plans: Option<Plans>,
    /// The keys, newest first, revoked ones too.
    pub(crate) keys: Vec<KeyRow>,
    /// The ways to the others.
    pub(crate) more_keys: Option<PartLinks>,
    /// The team workspaces of the person.
    pub(crate) teams: Vec<TeamRow>,
    /// The ways to the others.
    pub(crate) more_teams: Option<PartLinks>,
    /// The name of a workspace to create, as typed.
    pub(crate) workspace_name: Field,
    /// The apps that were ever allowed, newest first, revoked ones too.
    pub(crate) apps: Vec<AppRow>,
    /// The ways to the others.
    pub(crate) more_apps: Option<PartLinks>,
}

/// The account as its owner sees it.
#[derive(Debug, Clone)]
pub(crate) struct AccountDetails {
    /// The address that signs in.
    pub(crate) email: String,
    /// The chosen name.
    pub(crate) name: Option<String>,
}

/// A key that was created or replaced by this very request. `Debug` keeps the secret back.
#[derive(Clone)]
pub(crate) struct NewKey {
    /// The key's id, as it stands in paths.
    pub(crate) id: String,
    /// The secret that the key had before, where it was rotated and that one is still good.
    pub(crate) old: Option<OldSecret>,
    /// The key's name.
    pub(crate) name: String,
    /// The whole secret.
    pub(crate) secret: String,
    /// A command that uses it; see [`curl_line`].
    pub(crate) curl: String,
    /// The same in what else people use.
    pub(crate) snippets: Vec<Snippet>,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewKey").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A key in the list.
#[derive(Debug, Clone)]
pub(crate) struct KeyRow {
    /// The key's id, as it stands in paths.
    pub(crate) id: String,
    /// The key's name.
    pub(crate) name: String,
    /// The secret shortened in its middle: `bloom_sk_Ab12…wXyZ`.
    pub(crate) hint: String,
    /// When it was created.
    pub(crate) created: Moment,
    /// With what, when not by the person: `the app Example`.
    pub(crate) made_by: Option<String>,
    /// Its scopes, when it has some only.
    pub(crate) may: Option<String>,
    /// Its workspaces, when it reaches some only.
    pub(crate) workspaces: Option<String>,
    /// From where it may be used, when not from anywhere.
    pub(crate) addresses: Option<String>,
    /// When it ends or has ended by itself, when it does.
    pub(crate) expires: Option<Moment>,
    /// How often it was used: `12 requests in the last 30 days`.
    pub(crate) requests: String,
    /// What it has spent, against its budget when it has one.
    pub(crate) spent: String,
    /// Whether its budget limits something: itself while it works, or what it made.
    pub(crate) limits: bool,
    /// Whose budgets it shares: `the budget of the app Example: 3 of 40 credits in total`.
    pub(crate) shares: Option<String>,
    /// The latest request with it; none when there was none.
    pub(crate) last_used: Option<LastUsed>,
    /// The secret that it had before, while that one is good.
    pub(crate) old_secret: Option<OldSecret>,
    /// Whether it works, and not for long any more.
    pub(crate) ends_soon: bool,
    /// Whether it is good for requests.
    pub(crate) state: KeyState,
}

impl KeyRow {
    /// Whether its end is to be told besides its state.
    pub(super) fn ends_soon_too(&self) -> bool {
        self.ends_soon && matches!(self.state, KeyState::Rotated)
    }
}

/// The secret that a key had before its rotation.
#[derive(Debug, Clone)]
pub(crate) struct OldSecret {
    /// The secret shortened in its middle.
    pub(crate) hint: String,
    /// Until when it is good.
    pub(crate) until: Moment,
    /// When it was used last since the rotation; none when it was not.
    pub(crate) last_used: Option<Moment>,
}

/// A time in the three spellings that a page needs.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    /// For machines: `2026-11-02T03:51:07Z`.
    pub(crate) iso: String,
    /// For the title: `2 November 2026, 03:51:07 UTC`.
    pub(crate) exact: String,
    /// For the text: `4 minutes ago`, `just now`.
    pub(crate) relative: String,
}

/// The latest request with a key or of an app.
#[derive(Debug, Clone)]
pub(crate) struct LastUsed {
    /// When it came.
    pub(crate) when: Moment,
    /// The address it came from.
    pub(crate) address: String,
    /// The id of the operation it asked for: `account.get`. Empty: for none.
    pub(crate) operation: String,
}

/// Whether a key is good for requests.
#[derive(Debug, Clone)]
pub(crate) enum KeyState {
    /// It is.
    Active,
    /// It is, and so is the secret that it had before.
    Rotated,
    /// It is, and will not be soon.
    Expiring,
    /// It has ended by itself.
    Expired,
    /// It is refused for ever.
    Revoked {
        /// Since when.
        when: Moment,
        /// By whose hand.
        by: RevokedBy,
    },
}

impl KeyState {
    /// The word on its badge.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Rotated => "Rotated",
            Self::Expiring => "Expires soon",
            Self::Expired => "Expired",
            Self::Revoked { .. } => "Revoked",
        }
    }

    /// The colour of the badge.
    pub(super) fn badge(&self) -> &'static str {
        match self {
            Self::Active => "badge badge-good",
            Self::Rotated | Self::Expiring => "badge badge-look",
            Self::Expired | Self::Revoked { .. } => "badge",
        }
    }

    /// Whether requests with it are good.
    pub(crate) fn works(&self) -> bool {
        !matches!(self, Self::Expired | Self::Revoked { .. })
    }
}

/// A team workspace in the list.
#[derive(Debug, Clone)]
pub(crate) struct TeamRow {
    /// Its id, as it stands in paths.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// What the person is there.
    pub(crate) role: Role,
    /// How many belong to it.
    pub(crate) members: i64,
    /// Whether it is deleted, and can still be restored.
    pub(crate) is_deleted: bool,
}

/// By whose hand a key was revoked, as its owner reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RevokedBy {
    /// The reader.
    You,
    /// Whoever runs the server.
    Operator,
    /// A secret scanner, which found it in public.
    Scanner,
    /// Somebody who had it.
    Finder,
    /// A key or an app that manages keys.
    Credential,
    /// Whoever had it.
    Itself,
    /// The end of the app that it came from.
    AppDeleted,
}

impl RevokedBy {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::You => "by you",
            Self::Operator => "by the operator",
            Self::Scanner => "because it leaked: a secret scanner found it in public",
            Self::Finder => "because somebody reported it as leaked",
            Self::Credential => "by an API key or app of yours",
            Self::Itself => "with the key itself",
            Self::AppDeleted => "with the app that it came from, which was deleted",
        }
    }
}

impl Settings {
    fn problems(&self) -> Vec<Problem> {
        let name = ("key-name", self.key_name.error.as_ref());
        let team = ("team-name", self.workspace_name.error.as_ref());
        let options = self.key_options.errors();
        let fields: Vec<_> = [name].into_iter().chain(options).chain([team]).collect();
        problems(self.refusal.as_ref(), &fields)
    }

    fn curl(&self) -> String {
        curl_line(&self.origin, "$BLOOM_API_KEY")
    }
}
