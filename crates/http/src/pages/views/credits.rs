//! `/settings/…/credits`: what became of a workspace's credits.

use askama::Template;

use super::{Layout, Link, Moment};

/// The page.
#[derive(Debug, Template)]
#[template(path = "credits.html")]
pub(crate) struct CreditsPage {
    /// The frame.
    pub(crate) layout: Layout,
    /// What the workspace is called; none for the person's own.
    pub(crate) workspace: Option<String>,
    /// This page, without a query.
    pub(crate) path: String,
    /// Where to go back to.
    pub(crate) back_href: String,
    /// What the workspace has and used; only above the newest movements.
    pub(crate) overview: Option<CreditsOverview>,
    /// Whether the reader sees who else spent what.
    pub(crate) sees_all: bool,
    /// The movements, newest first.
    pub(crate) rows: Vec<MovementRow>,
    /// Where older ones are.
    pub(crate) older_href: Option<String>,
    /// Where the API is.
    pub(crate) origin: String,
}

/// What a workspace has, and what it used.
#[derive(Debug, Clone)]
pub(crate) struct CreditsOverview {
    /// How many credits can be spent.
    pub(crate) balance: i64,
    /// Whether that limits nothing.
    pub(crate) is_unlimited: bool,
    /// How many running jobs hold.
    pub(crate) held: i64,
    /// How many are owed.
    pub(crate) debt: i64,
    /// What is the matter with the plan, and what to do about it.
    pub(crate) advice: Option<String>,
    /// How many come each month once they are paid for; none when a time is set or none come.
    pub(crate) awaited: Option<i64>,
    /// How many credits come next, and when.
    pub(crate) next: Option<(i64, Moment)>,
    /// What can be spent, in the order in which it is.
    pub(crate) grants: Vec<GrantRow>,
    /// What was used day by day; none when nothing was.
    pub(crate) chart: Option<DayChart>,
    /// What was used, by whom and with what: a table each.
    pub(crate) shares: Vec<ShareTable>,
}

/// Credits that came together.
#[derive(Debug, Clone)]
pub(crate) struct GrantRow {
    /// Why there are any.
    pub(crate) label: &'static str,
    /// How many can be spent.
    pub(crate) credits: i64,
    /// When they end; none when they never do.
    pub(crate) ends: Option<Moment>,
}

/// Bars for days, as they are drawn and as they are read.
#[derive(Debug, Clone)]
pub(crate) struct DayChart {
    /// What it shows, as a sentence.
    pub(crate) summary: String,
    /// The bars from left to right, in a box of 100 by 100 for each.
    pub(crate) bars: Vec<DayBar>,
    /// The most on one day.
    pub(crate) most: i64,
}

/// A day.
#[derive(Debug, Clone)]
pub(crate) struct DayBar {
    /// Such as "12 November".
    pub(crate) day: String,
    /// How much was used on it.
    pub(crate) credits: i64,
    /// How high its bar is, of 100.
    pub(crate) height: i64,
}

impl DayChart {
    fn width(&self) -> usize {
        self.bars.len() * 100
    }

    fn first(&self) -> &str {
        self.bars.first().map_or("", |bar| &bar.day)
    }

    fn last(&self) -> &str {
        self.bars.last().map_or("", |bar| &bar.day)
    }

    /// The days on which something was used.
    fn busy(&self) -> impl Iterator<Item = &DayBar> {
        self.bars.iter().rev().filter(|bar| bar.credits > 0)
    }
}

/// What was used by some who have something in common.
#[derive(Debug, Clone)]
pub(crate) struct ShareTable {
    /// What the rows are: "API keys".
    pub(crate) title: &'static str,
    /// What one is: "Key".
    pub(crate) column: &'static str,
    /// The most first.
    pub(crate) rows: Vec<ShareRow>,
}

/// What was used by one.
#[derive(Debug, Clone)]
pub(crate) struct ShareRow {
    /// What it is called.
    pub(crate) name: String,
    /// Whose it is, when that has to be said.
    pub(crate) whose: Option<String>,
    /// How much.
    pub(crate) credits: i64,
    /// How long its bar is, of 100.
    pub(crate) width: i64,
}

/// A movement.
#[derive(Debug, Clone)]
pub(crate) struct MovementRow {
    /// When.
    pub(crate) when: Moment,
    /// What happened, in a few words.
    pub(crate) what: &'static str,
    /// How many, with a sign where it changes what can be spent.
    pub(crate) credits: String,
    /// Which credits: "Monthly".
    pub(crate) of: &'static str,
    /// What those came from, for whoever looks closely.
    pub(crate) source: String,
    /// What it was for.
    pub(crate) purpose: String,
    /// The name by which the job knows it.
    pub(crate) reference: Option<String>,
    /// The images that it was for, as far as they are there.
    pub(crate) images: Vec<Link>,
    /// By whom.
    pub(crate) who: Option<String>,
    /// With what.
    pub(crate) with: Option<String>,
}

impl CreditsPage {
    /// What the page of the person's own credits is called.
    pub(crate) const OWN_HEADING: &str = "Your credits";

    fn heading(&self) -> String {
        match &self.workspace {
            Some(name) => format!("Credits of {name}"),
            None => Self::OWN_HEADING.to_owned(),
        }
    }

    fn curl(&self) -> String {
        format!("curl {}/api/v1/credits -H \"x-api-key: $BLOOM_API_KEY\"", self.origin)
    }

    fn has_nothing(&self) -> bool {
        self.rows.is_empty() && self.overview.is_some()
    }
}

#[cfg(test)]
impl CreditsPage {
    /// Every state of the page.
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let hostile = || String::from(super::tests::HOSTILE);
        let empty = || Self {
            layout: Layout::sample_signed_in(),
            workspace: None,
            path: "/settings/credits".into(),
            back_href: "/settings#plan".into(),
            overview: Some(CreditsOverview::sample_empty()),
            sees_all: true,
            rows: Vec::new(),
            older_href: None,
            origin: "http://localhost:4600".into(),
        };
        let team = || Self {
            workspace: Some("Newsroom".into()),
            path: "/settings/workspaces/01935a2e-7b1c-7def-8a90-3c5d1e2f4a6b/credits".into(),
            back_href: "/settings/workspaces/01935a2e-7b1c-7def-8a90-3c5d1e2f4a6b".into(),
            overview: Some(CreditsOverview::sample()),
            rows: MovementRow::samples(),
            older_href: Some("/settings/credits?before=AAAAAAAAAAgAAAAAAAAAAA".into()),
            ..empty()
        };
        let mut evil = CreditsOverview::sample();
        evil.shares[0].rows[0].name = hostile();
        evil.shares[0].rows[0].whose = Some(hostile());
        let evil_row = MovementRow {
            source: hostile(),
            purpose: hostile(),
            reference: Some(hostile()),
            images: vec![Link { label: hostile(), href: hostile() }],
            who: Some(hostile()),
            with: Some(hostile()),
            ..MovementRow::samples().remove(0)
        };
        vec![
            ("credits-nothing-yet", empty()),
            ("credits-of-a-team", team()),
            ("credits-of-a-member", Self { sees_all: false, ..team() }),
            ("credits-older", Self { overview: None, older_href: None, ..team() }),
            (
                "credits-hostile",
                Self {
                    workspace: Some(hostile()),
                    overview: Some(evil),
                    rows: vec![evil_row],
                    ..team()
                },
            ),
        ]
    }
}

#[cfg(test)]
impl CreditsOverview {
    fn sample_empty() -> Self {
        Self {
            balance: 0,
            is_unlimited: true,
            held: 0,
            debt: 0,
            advice: Some("This plan is paused. Ask the person who runs this server.".into()),
            awaited: None,
            next: None,
            grants: Vec::new(),
            chart: None,
            shares: Vec::new(),
        }
    }

    fn sample() -> Self {
        let used = [
            0, 4, 12, 0, 0, 3, 8, 20, 15, 0, 2, 2, 6, 9, 0, 0, 0, 1, 5, 14, 11, 0, 0, 4, 4, 2, 7,
            16, 3, 5,
        ];
        let bar = |(place, &credits): (usize, &i64)| DayBar {
            day: format!("{} November", place + 1),
            credits,
            height: credits * 5,
        };
        let row = |name: &str, whose: Option<&str>, credits, width| ShareRow {
            name: name.into(),
            whose: whose.map(Into::into),
            credits,
            width,
        };
        Self {
            balance: 48,
            is_unlimited: false,
            held: 4,
            debt: 0,
            advice: None,
            awaited: None,
            next: Some((50, Moment::sample("in 12 days"))),
            grants: vec![
                GrantRow {
                    label: "Monthly",
                    credits: 38,
                    ends: Some(Moment::sample("in 12 days")),
                },
                GrantRow { label: "Bought", credits: 10, ends: None },
            ],
            chart: Some(DayChart {
                summary: "153 credits in 30 days, 20 on the busiest.".into(),
                bars: used.iter().enumerate().map(bar).collect(),
                most: 20,
            }),
            shares: vec![
                ShareTable {
                    title: "API keys",
                    column: "Key",
                    rows: vec![
                        row("Newsletter pictures", Some("You"), 90, 100),
                        row("ci", Some("grace@example.com"), 20, 22),
                    ],
                },
                ShareTable {
                    title: "Apps",
                    column: "App",
                    rows: vec![row("Pressroom", Some("grace@example.com"), 43, 48)],
                },
                ShareTable {
                    title: "Members",
                    column: "Member",
                    rows: vec![row("You", None, 90, 100), row("grace@example.com", None, 63, 70)],
                },
            ],
        }
    }
}

#[cfg(test)]
impl MovementRow {
    fn samples() -> Vec<Self> {
        let held = Self {
            when: Moment::sample("4 minutes ago"),
            what: "Held for a job",
            credits: "−4".into(),
            of: "Monthly",
            source: "monthly:01935a2e:2026-11-10".into(),
            purpose: "Make images".into(),
            reference: Some("images:01935a2e-7b1c-7def-8a90-3c5d1e2f4a72".into()),
            images: (1..=4)
                .map(|number| Link {
                    label: format!("Image {number}"),
                    href: format!("/images/01935a2e-7b1c-7def-8a90-3c5d1e2f4a7{number}"),
                })
                .collect(),
            who: Some("grace@example.com".into()),
            with: Some("the app Pressroom".into()),
        };
        let spent = Self { what: "Spent", credits: "4".into(), ..held.clone() };
        let granted = Self {
            when: Moment::sample("18 days ago"),
            what: "Came in",
            credits: "+50".into(),
            purpose: "A new month".into(),
            reference: None,
            images: Vec::new(),
            who: None,
            with: None,
            ..held.clone()
        };
        let deleted = Self { images: Vec::new(), ..spent.clone() };
        vec![spent, held, deleted, granted]
    }
}
