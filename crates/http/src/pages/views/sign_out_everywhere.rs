//! `/settings/security/sign-out-everywhere`: which keys end with the sessions, before they do.

use askama::Template;

use super::{Field, Layout, Moment, Problem, problems};

/// The page on which a person signs out everywhere and ends their keys.
#[derive(Debug, Template)]
#[template(path = "sign_out_everywhere.html")]
pub(crate) struct SignOutEverywhere {
    /// The frame.
    pub(crate) layout: Layout,
    /// The address that has to be typed.
    pub(crate) email: String,
    /// The keys that end.
    pub(crate) keys: Vec<EndingKey>,
    /// Whether those are all that work, and not only those that came from apps.
    pub(crate) all_keys: bool,
    /// How many apps end too; none when that was not chosen.
    pub(crate) apps: i64,
    /// What was typed to confirm it.
    pub(crate) confirmed: Field,
}

/// A key that ends.
#[derive(Debug, Clone)]
pub(crate) struct EndingKey {
    /// Its name.
    pub(crate) name: String,
    /// How it begins and ends.
    pub(crate) hint: String,
    /// When it was used last.
    pub(crate) last_used: Option<Moment>,
}

impl SignOutEverywhere {
    fn problems(&self) -> Vec<Problem> {
        problems(None, &[("confirmed", self.confirmed.error.as_ref())])
    }
}

#[cfg(test)]
impl SignOutEverywhere {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let hostile = || String::from(super::tests::HOSTILE);
        let key = |name: &str, last_used: Option<&str>| EndingKey {
            name: name.into(),
            hint: "bloom_sk_Ab12…9xYz".into(),
            last_used: last_used.map(Moment::sample),
        };
        let page = |keys: Vec<EndingKey>, apps: i64| Self {
            layout: Layout::sample_signed_in(),
            email: "ada@example.com".into(),
            keys,
            all_keys: true,
            apps,
            confirmed: Field::default(),
        };
        let refused = Field {
            value: "ada".into(),
            error: Some("This is not the address of your account. Nothing was ended.".into()),
        };
        let hostile_key = EndingKey { name: hostile(), hint: hostile(), last_used: None };
        let hostile_field = Field { value: hostile(), error: Some(hostile()) };
        vec![
            (
                "sign-out-everywhere-of-apps",
                Self { all_keys: false, ..page(vec![key("made by Pressroom", None)], 1) },
            ),
            ("sign-out-everywhere", page(vec![key("ci", Some("4 minutes ago"))], 0)),
            (
                "sign-out-everywhere-refused",
                Self { confirmed: refused, ..page(vec![key("ci", None), key("Laptop", None)], 2) },
            ),
            (
                "sign-out-everywhere-hostile",
                Self { email: hostile(), confirmed: hostile_field, ..page(vec![hostile_key], 1) },
            ),
        ]
    }
}
