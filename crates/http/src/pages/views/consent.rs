//! `/authorize`: where a person decides whether an app may use Bloom as them.

use askama::Template;

use super::{AppIdentity, AppKind, Field, Layout, Moment, Problem, problems};

/// The page at `/authorize`.
#[derive(Debug, Template)]
#[template(path = "consent.html")]
pub(crate) struct Consent {
    /// The frame.
    pub(crate) layout: Layout,
    /// What became of an answer that did not count.
    pub(crate) notice: Option<&'static str>,
    /// The authorization request, sealed; goes back with the answer.
    pub(crate) sealed: String,
    /// The sealed request that the question was made from, to ask once more.
    pub(crate) again: String,
    /// Who asks.
    pub(crate) app: AppIdentity,
    /// Where the answer goes, in words a person can check: `https://app.example`,
    /// `127.0.0.1 on this device`, `com.example.app`.
    pub(crate) answer_goes_to: String,
    /// The signed-in account's address.
    pub(crate) account: String,
    /// Signs in as somebody else, then comes back here.
    pub(crate) switch_account_href: String,
    /// Whether it named nothing, and so asks for everything but API keys.
    pub(crate) asks_for_all: bool,
    /// What is granted, one line each, in Bloom's own terms ("See your brands, images and credits").
    pub(crate) access: Vec<String>,
    /// What it was allowed before, beyond this, as one sentence.
    pub(crate) allowed_before: Option<String>,
    /// What the app does not get, a sentence each ("It can spend no credits.").
    pub(crate) not_granted: Vec<&'static str>,
    /// The names of the workspaces that the app can act in.
    pub(crate) workspaces: Vec<String>,
    /// The choice between them, when there is one to make.
    pub(crate) choice: Option<WorkspaceChoice>,
    /// How much it may spend; none when it asks for nothing that costs.
    pub(crate) budget: Option<BudgetChoice>,
    /// Until when it may act.
    pub(crate) until: UntilChoice,
    /// Since when the person has had this app connected, when they have.
    pub(crate) connected_since: Option<Moment>,
}

/// The choice of how much an app may spend.
#[derive(Debug, Clone)]
pub(crate) struct BudgetChoice {
    /// What holds already, in words; it is not raised here.
    pub(crate) already: Option<String>,
    /// What can be spent in each of the workspaces, by their names; none where credits are unlimited.
    pub(crate) balances: Vec<(String, i64)>,
    /// How many credits, as typed.
    pub(crate) credits: Field,
    /// In which span: `day`, `month` or `total`.
    pub(crate) span: String,
}

/// The choice of until when an app may act.
#[derive(Debug, Clone)]
pub(crate) struct UntilChoice {
    /// When it ends as it is: the first choice, if it does.
    pub(crate) already: Option<Moment>,
    /// The other choices. Unless one is chosen, it is the first of all.
    pub(crate) options: Vec<UntilOption>,
}

/// A time that can be chosen.
#[derive(Debug, Clone)]
pub(crate) struct UntilOption {
    /// Its value.
    pub(crate) value: String,
    /// Its words.
    pub(crate) text: String,
    /// Whether it is chosen.
    pub(crate) is_chosen: bool,
}

/// The choice of workspaces that an app may act in.
#[derive(Debug, Clone)]
pub(crate) struct WorkspaceChoice {
    /// The person's workspaces.
    pub(crate) options: Vec<WorkspaceOption>,
    /// Whether the app is to act in some of them only.
    pub(crate) is_limited: bool,
    /// What is wrong with the choice.
    pub(crate) error: Option<String>,
}

/// A workspace that can be chosen.
#[derive(Debug, Clone)]
pub(crate) struct WorkspaceOption {
    /// Its id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// Whether it is chosen.
    pub(crate) is_chosen: bool,
}

impl Consent {
    fn problems(&self) -> Vec<Problem> {
        let error = self.choice.as_ref().and_then(|choice| choice.error.as_ref());
        let budget = self.budget.as_ref().and_then(|budget| budget.credits.error.as_ref());
        problems(None, &[("workspaces-some", error), ("budget", budget)])
    }
}

#[cfg(test)]
impl WorkspaceChoice {
    fn sample(error: Option<&str>) -> Self {
        let option = |id: &str, name: &str, is_chosen| WorkspaceOption {
            id: id.into(),
            name: name.into(),
            is_chosen,
        };
        Self {
            options: vec![
                option("01935a2e-7b1c-7def-8a90-3c5d1e2f4a6d", "Personal", false),
                option("01935a2e-7b1c-7def-8a90-3c5d1e2f4a6e", "Analytical Engines", true),
            ],
            is_limited: true,
            error: error.map(Into::into),
        }
    }
}

#[cfg(test)]
impl BudgetChoice {
    fn sample() -> Self {
        Self {
            already: None,
            balances: vec![("Personal".into(), 12)],
            credits: Field::default(),
            span: "month".into(),
        }
    }
}

#[cfg(test)]
impl UntilChoice {
    fn sample(already: Option<Moment>) -> Self {
        let option = |value: &str, text: &str| UntilOption {
            value: value.into(),
            text: text.into(),
            is_chosen: false,
        };
        let options = vec![option("revoked", "Until I revoke it"), option("30", "For 30 days")];
        Self { already, options }
    }
}

#[cfg(test)]
impl Consent {
    fn sample(app: AppIdentity, answer_goes_to: &str) -> Self {
        Self {
            layout: Layout::sample_signed_in(),
            notice: None,
            asks_for_all: true,
            sealed: "sample-sealed-request".into(),
            again: "sample-sealed-request".into(),
            choice: None,
            app,
            answer_goes_to: answer_goes_to.into(),
            account: "ada@example.com".into(),
            switch_account_href: "/sign-in?next=%2Fauthorize%3Frequest%3Dsample".into(),
            access: vec![
                "See your brands, images and credits".into(),
                "Make images, which spends your credits".into(),
                "Change and delete your brands and images".into(),
            ],
            allowed_before: None,
            not_granted: vec!["It cannot make or revoke API keys, or change your password."],
            workspaces: vec!["Ada Lovelace".into()],
            budget: Some(BudgetChoice::sample()),
            until: UntilChoice::sample(None),
            connected_since: None,
        }
    }

    fn sample_hostile() -> Self {
        let hostile = || String::from(super::tests::HOSTILE);
        Self {
            layout: Layout { signed_in_as: Some(hostile()), form_token: hostile() },
            notice: None,
            asks_for_all: true,
            sealed: hostile(),
            again: hostile(),
            choice: Some(WorkspaceChoice {
                options: vec![WorkspaceOption { id: hostile(), name: hostile(), is_chosen: true }],
                is_limited: true,
                error: Some(hostile()),
            }),
            app: AppIdentity::sample(&hostile(), AppKind::Unverified { host: hostile() }),
            answer_goes_to: hostile(),
            account: hostile(),
            switch_account_href: hostile(),
            access: vec![hostile()],
            allowed_before: Some(hostile()),
            not_granted: Vec::new(),
            workspaces: vec![hostile(), hostile()],
            budget: Some(BudgetChoice {
                already: Some(hostile()),
                balances: vec![(hostile(), 1), (hostile(), 2)],
                credits: Field { value: hostile(), error: Some(hostile()) },
                span: hostile(),
            }),
            until: UntilChoice {
                already: Some(Moment::sample_hostile()),
                options: vec![UntilOption { value: hostile(), text: hostile(), is_chosen: true }],
            },
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
                "consent-verified",
                Self::sample(AppIdentity::sample_verified(), "https://studio.example"),
            ),
            (
                "consent-on-this-device",
                Self::sample(AppIdentity::sample_on_this_device(), "127.0.0.1 on this device"),
            ),
            (
                "consent-again",
                Self {
                    workspaces: vec!["Ada Lovelace".into(), "Analytical Engines".into()],
                    choice: Some(WorkspaceChoice::sample(None)),
                    connected_since: Some(Moment::sample("3 weeks ago")),
                    asks_for_all: false,
                    allowed_before: Some(
                        "You allowed it this before, and it keeps it: “Make images”.".into(),
                    ),
                    not_granted: Vec::new(),
                    budget: None,
                    until: UntilChoice::sample(Some(Moment::sample("in 5 days"))),
                    access: vec!["See your brands, images and credits".into()],
                    ..Self::sample(AppIdentity::sample_unverified(), "https://studio.example")
                },
            ),
            (
                "consent-nothing-chosen",
                Self {
                    choice: Some(WorkspaceChoice::sample(Some("Choose at least one workspace."))),
                    budget: Some(BudgetChoice {
                        balances: vec![("Personal".into(), 12), ("Analytical Engines".into(), 1)],
                        ..BudgetChoice::sample()
                    }),
                    ..Self::sample(AppIdentity::sample_unverified(), "https://studio.example")
                },
            ),
            (
                "consent-come-back",
                Self {
                    notice: Some(
                        "Your session had ended. What you chose is filled in again, and nothing was sent yet.",
                    ),
                    choice: Some(WorkspaceChoice::sample(None)),
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
