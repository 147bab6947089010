//! `/settings/security/delete`.

use askama::Template;

use super::{Field, Layout, Link, Problem, problems};

/// The page on which a person deletes their account.
#[derive(Debug, Template)]
#[template(path = "delete_account.html")]
pub(crate) struct DeleteAccount {
    /// The frame.
    pub(crate) layout: Layout,
    /// The address that has to be typed.
    pub(crate) email: String,
    /// The teams that have to be deleted or given away first.
    pub(crate) owned: Vec<Link>,
    /// The names of the teams that they have deleted, and could restore.
    pub(crate) deleted: Vec<String>,
    /// Whether plans are paid for elsewhere.
    pub(crate) has_plans: bool,
    /// The address as typed.
    pub(crate) typed: Field,
}

impl DeleteAccount {
    fn problems(&self) -> Vec<Problem> {
        problems(None, &[("email", self.typed.error.as_ref())])
    }
}

#[cfg(test)]
impl DeleteAccount {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let hostile = || String::from(super::tests::HOSTILE);
        let page = || Self {
            layout: Layout::sample_signed_in(),
            email: "ada@example.com".into(),
            owned: Vec::new(),
            deleted: vec!["Looms".into()],
            has_plans: false,
            typed: Field::default(),
        };
        let link = |label: String, href: String| vec![Link { label, href }];
        let refused = Field {
            value: "ada".into(),
            error: Some("This is not the address of your account.".into()),
        };
        let hostile_field = Field { value: hostile(), error: Some(hostile()) };
        vec![
            ("delete-account", page()),
            ("delete-account-refused", Self { has_plans: true, typed: refused, ..page() }),
            (
                "delete-account-owner",
                Self { owned: link("Engines".into(), "/settings/workspaces/1".into()), ..page() },
            ),
            (
                "delete-account-hostile",
                Self { email: hostile(), deleted: vec![hostile()], typed: hostile_field, ..page() },
            ),
            ("delete-account-owner-hostile", Self { owned: link(hostile(), hostile()), ..page() }),
        ]
    }
}
