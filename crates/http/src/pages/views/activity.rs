//! `/settings/activity` and `/settings/workspaces/{id}/activity`: what was done with the account, and in a team.

use askama::Template;

use super::{Layout, Moment};

/// The page of an account or of a team.
#[derive(Debug, Template)]
#[template(path = "activity.html")]
pub(crate) struct Activity {
    /// The frame.
    pub(crate) layout: Layout,
    /// The team's name; none for the reader's account.
    pub(crate) team: Option<String>,
    /// This page, without a query.
    pub(crate) path: String,
    /// Some records, newest first.
    pub(crate) records: Vec<ActivityRow>,
    /// Whether these are the newest there are.
    pub(crate) is_first: bool,
    /// The number that older records are before; none when these are the oldest.
    pub(crate) older: Option<i64>,
}

/// A record as its owner reads it.
#[derive(Debug, Clone)]
pub(crate) struct ActivityRow {
    /// What was done, in a few words.
    pub(crate) what: String,
    /// When.
    pub(crate) when: Moment,
    /// What it was done to: of what kind, and what it is called.
    pub(crate) about: Option<(&'static str, String)>,
    /// By whom, in a few words.
    pub(crate) by: &'static str,
    /// What they are called.
    pub(crate) by_name: Option<String>,
    /// The address the request came from.
    pub(crate) address: Option<String>,
    /// What the program there called itself.
    pub(crate) agent: Option<String>,
    /// What was different afterwards.
    pub(crate) changes: Vec<ActivityChange>,
}

/// One thing that was different afterwards.
#[derive(Debug, Clone)]
pub(crate) struct ActivityChange {
    /// What it is called.
    pub(crate) name: String,
    /// What it was.
    pub(crate) before: Option<String>,
    /// What it is.
    pub(crate) after: Option<String>,
}

#[cfg(test)]
impl ActivityRow {
    fn sample(what: &str, by: &'static str, changes: Vec<ActivityChange>) -> Self {
        Self {
            what: what.into(),
            when: Moment::sample("4 minutes ago"),
            about: None,
            by,
            by_name: None,
            address: Some("203.0.113.7".into()),
            agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101".into()),
            changes,
        }
    }
}

#[cfg(test)]
impl Activity {
    /// Every state of the page.
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let change = |name: &str, before: Option<&str>, after: &str| ActivityChange {
            name: name.into(),
            before: before.map(Into::into),
            after: Some(after.into()),
        };
        let key = vec![change("Name", None, "ci"), change("Key", Some("…wXyZ"), "…Ab12")];
        let empty = || Self {
            layout: Layout::sample_signed_in(),
            team: None,
            path: "/settings/activity".into(),
            records: Vec::new(),
            is_first: true,
            older: None,
        };
        let some = vec![
            ActivityRow::sample("API key replaced", "You", key),
            ActivityRow {
                about: Some(("Key", "nightly".into())),
                by_name: Some("Bloom CLI".into()),
                ..ActivityRow::sample("API key revoked", "The app", Vec::new())
            },
            ActivityRow::sample("Signed in", "You", Vec::new()),
            ActivityRow {
                address: None,
                agent: None,
                ..ActivityRow::sample("Account suspended", "The operator", Vec::new())
            },
        ];
        let role = vec![
            change("Role", Some("member"), "admin"),
            change("Member", None, "bob@example.com"),
        ];
        let team = vec![ActivityRow {
            address: None,
            agent: None,
            by_name: Some("ada@example.com".into()),
            ..ActivityRow::sample("Role in a workspace changed", "", role)
        }];
        let hostile = || String::from(super::tests::HOSTILE);
        let hostile_row = ActivityRow {
            what: hostile(),
            when: Moment { iso: hostile(), exact: hostile(), relative: hostile() },
            about: Some(("Key", hostile())),
            by: "The app",
            by_name: Some(hostile()),
            address: Some(hostile()),
            agent: Some(hostile()),
            changes: vec![ActivityChange {
                name: hostile(),
                before: Some(hostile()),
                after: Some(hostile()),
            }],
        };
        vec![
            ("activity, nothing yet", empty()),
            ("activity, nothing older", Self { is_first: false, ..empty() }),
            ("activity", Self { records: some, older: Some(12), ..empty() }),
            (
                "activity-of-a-team",
                Self { team: Some("Newsroom".into()), records: team, ..empty() },
            ),
            ("activity-of-a-team, nothing", Self { team: Some("Newsroom".into()), ..empty() }),
            (
                "activity-hostile",
                Self { team: Some(hostile()), records: vec![hostile_row], ..empty() },
            ),
        ]
    }
}
