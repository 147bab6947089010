//! The plans of a person's workspaces, a part of the settings page.

use super::{Link, Moment};

/// The part of the page.
#[derive(Debug, Clone)]
pub(crate) struct Plans {
    /// Each workspace with its plan.
    pub(crate) rows: Vec<PlanRow>,
    /// What each plan of this server includes, in the operator's order.
    pub(crate) offered: Vec<OfferedPlan>,
}

/// A plan, next to the others.
#[derive(Debug, Clone)]
pub(crate) struct OfferedPlan {
    /// Its name.
    pub(crate) name: String,
    /// What it costs, as the operator says it.
    pub(crate) price: String,
    /// How many credits come each month.
    pub(crate) monthly: i64,
    /// How many come once, for signing up.
    pub(crate) signup: i64,
    /// The largest image ("4K").
    pub(crate) largest: &'static str,
    /// Whether there are team workspaces, and for how many people each.
    pub(crate) teams: Option<i64>,
    /// Whether the API answers.
    pub(crate) api: bool,
    /// Whether the MCP server's tools do.
    pub(crate) mcp: bool,
}

/// A workspace with its plan.
#[derive(Debug, Clone)]
pub(crate) struct PlanRow {
    /// What the workspace is called.
    pub(crate) workspace: String,
    /// Where its credits are looked at.
    pub(crate) credits_href: String,
    /// The plan's name.
    pub(crate) name: String,
    /// What it costs, as the operator says it; nothing for a plan that is not offered any more.
    pub(crate) price: Option<String>,
    /// How the subscription is doing; nothing when there never was one.
    pub(crate) badge: Option<PlanBadge>,
    /// How many credits come each month.
    pub(crate) monthly: i64,
    /// When the next ones come.
    pub(crate) next: Option<Moment>,
    /// Until when it is paid for.
    pub(crate) paid_until: Option<Moment>,
    /// What is the matter, and what to do about it.
    pub(crate) advice: Option<String>,
    /// Where the payment is looked after: somebody else's page.
    pub(crate) manage_href: Option<String>,
    /// The plans that can be bought, each on somebody else's page.
    pub(crate) offers: Vec<Link>,
}

/// How a subscription is doing, in a word or two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlanBadge {
    /// Well.
    Good(&'static str),
    /// Something is to be done.
    Look(&'static str),
    /// It is over.
    Plain(&'static str),
}

impl PlanBadge {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good(_) => "badge badge-good",
            Self::Look(_) => "badge badge-look",
            Self::Plain(_) => "badge",
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Good(words) | Self::Look(words) | Self::Plain(words) => words,
        }
    }
}

#[cfg(test)]
impl Plans {
    pub(super) fn sample() -> Self {
        Self { rows: PlanRow::samples(), offered: OfferedPlan::samples() }
    }

    pub(super) fn sample_hostile() -> Self {
        let hostile = || String::from(super::tests::HOSTILE);
        let [plan, _] = OfferedPlan::samples().try_into().expect("two");
        Self {
            rows: vec![PlanRow::sample_hostile()],
            offered: vec![OfferedPlan { name: hostile(), price: hostile(), ..plan }],
        }
    }
}

#[cfg(test)]
impl OfferedPlan {
    fn samples() -> Vec<Self> {
        let trial = Self {
            name: "trial".into(),
            price: "Free: 10 credits once".into(),
            monthly: 0,
            signup: 10,
            largest: "2K",
            teams: None,
            api: true,
            mcp: false,
        };
        let pro = Self {
            name: "pro".into(),
            price: "29 EUR a month".into(),
            monthly: 100,
            signup: 0,
            largest: "4K",
            teams: Some(3),
            mcp: true,
            ..trial.clone()
        };
        vec![trial, pro]
    }
}

#[cfg(test)]
impl PlanRow {
    fn sample() -> Self {
        Self {
            workspace: "Personal workspace".into(),
            credits_href: "/settings/credits".into(),
            name: "pro".into(),
            price: Some("29 EUR a month".into()),
            badge: Some(PlanBadge::Good("Active")),
            monthly: 100,
            next: Some(Moment::sample("in 12 days")),
            paid_until: Some(Moment::sample("in 12 days")),
            advice: None,
            manage_href: Some("https://pay.example/login".into()),
            offers: Vec::new(),
        }
    }

    fn samples() -> Vec<Self> {
        let offer = |label: &str| Link {
            label: label.into(),
            href: "https://pay.example/plus?client_reference_id=01935a2e".into(),
        };
        vec![
            Self::sample(),
            Self {
                workspace: "Analytical Engines".into(),
                badge: Some(PlanBadge::Look("Paused")),
                monthly: 0,
                next: None,
                paid_until: None,
                advice: Some("This plan is paused. Ask the owner of the workspace.".into()),
                manage_href: None,
                ..Self::sample()
            },
            Self {
                workspace: "Difference".into(),
                name: "trial".into(),
                price: Some("Free: 10 credits once".into()),
                badge: None,
                monthly: 0,
                next: None,
                paid_until: None,
                manage_href: None,
                offers: vec![
                    offer("Choose plus: 19 EUR a month"),
                    offer("Choose pro: 29 EUR a month"),
                ],
                ..Self::sample()
            },
            Self { name: "gone".into(), price: None, ..Self::sample() },
        ]
    }

    fn sample_hostile() -> Self {
        let hostile = || String::from(super::tests::HOSTILE);
        let moment = || Moment { iso: hostile(), exact: hostile(), relative: hostile() };
        Self {
            workspace: hostile(),
            name: hostile(),
            price: Some(hostile()),
            next: Some(moment()),
            paid_until: Some(moment()),
            advice: Some(hostile()),
            manage_href: Some(hostile()),
            offers: vec![Link { label: hostile(), href: hostile() }],
            ..Self::sample()
        }
    }
}
