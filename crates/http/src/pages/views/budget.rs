//! `/settings/…/budget`: how much a key or an app may spend.

use askama::Template;

use super::{Field, Layout, Problem, problems};

/// The page.
#[derive(Debug, Template)]
#[template(path = "budget.html")]
pub(crate) struct BudgetPage {
    /// The frame.
    pub(crate) layout: Layout,
    /// Why the budget was not set, or nothing.
    pub(crate) refusal: Option<String>,
    /// What stands for the budget as it is.
    pub(crate) seen: String,
    /// What the key or app is called.
    pub(crate) name: String,
    /// Where the form goes.
    pub(crate) action: String,
    /// Whether keys that it made have spent something, which counts.
    pub(crate) counts_made: bool,
    /// Where the key or app is listed.
    pub(crate) back: &'static str,
    /// In a day.
    pub(crate) day: CapField,
    /// In a month.
    pub(crate) month: CapField,
    /// Ever.
    pub(crate) total: CapField,
}

/// The most that may be spent in a span.
#[derive(Debug, Clone)]
pub(crate) struct CapField {
    /// What is spent in it, as a sentence.
    pub(crate) spent: String,
    /// The cap, as typed.
    pub(crate) field: Field,
}

impl BudgetPage {
    fn problems(&self) -> Vec<Problem> {
        let fields = [
            ("day", self.day.field.error.as_ref()),
            ("month", self.month.field.error.as_ref()),
            ("total", self.total.field.error.as_ref()),
        ];
        problems(self.refusal.as_ref(), &fields)
    }
}

#[cfg(test)]
impl CapField {
    fn sample(spent: &str, value: &str, error: Option<&str>) -> Self {
        let field = Field { value: value.into(), error: error.map(Into::into) };
        Self { spent: spent.into(), field }
    }
}

#[cfg(test)]
impl BudgetPage {
    fn sample(name: &str) -> Self {
        Self {
            layout: Layout::sample_signed_in(),
            refusal: None,
            seen: "0f1e2d3c4b5a6978".into(),
            name: name.into(),
            action: "/settings/api-keys/01935a2e-7b1c-7def-8a90-3c5d1e2f4a6b/budget".into(),
            counts_made: true,
            back: "/settings#api-keys",
            day: CapField::sample("3 credits are spent today.", "", None),
            month: CapField::sample("12 credits are spent this month.", "100", None),
            total: CapField::sample("1 credit is spent in total.", "", None),
        }
    }

    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let hostile = super::tests::HOSTILE;
        vec![
            ("budget", Self::sample("Newsletter pictures")),
            (
                "budget-refused",
                Self {
                    day: CapField::sample(
                        "3 credits are spent today.",
                        "a few",
                        Some("Credits a day: expected a whole number of credits."),
                    ),
                    ..Self::sample("Newsletter pictures")
                },
            ),
            (
                "budget-hostile",
                Self {
                    total: CapField::sample(hostile, hostile, Some(hostile)),
                    ..Self::sample(hostile)
                },
            ),
        ]
    }
}
