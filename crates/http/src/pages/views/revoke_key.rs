//! `/settings/api-keys/{id}/revoke`: what ends with a key, before it does.

use askama::Template;

use super::{Field, KeyRow, KeyState, Layout, Problem, problems};

/// The page on which a key is revoked.
#[derive(Debug, Template)]
#[template(path = "revoke_key.html")]
pub(crate) struct RevokeKey {
    /// The frame.
    pub(crate) layout: Layout,
    /// The key.
    pub(crate) key: KeyRow,
    /// The names of the keys that it made, and that they made, as far as they work.
    pub(crate) made: Vec<String>,
    /// How its secret begins, as far as that is shown.
    pub(crate) beginning: String,
    /// What was typed to confirm it.
    pub(crate) confirmed: Field,
}

impl RevokeKey {
    fn problems(&self) -> Vec<Problem> {
        problems(None, &[("confirmed", self.confirmed.error.as_ref())])
    }
}

#[cfg(test)]
impl RevokeKey {
    fn sample(key: KeyRow) -> Self {
        Self {
            layout: Layout::sample_signed_in(),
            key,
            made: Vec::new(),
            beginning: "bloom_sk_Ab12".into(),
            confirmed: Field::default(),
        }
    }

    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let hostile = || String::from(super::tests::HOSTILE);
        let key = |state| KeyRow::sample("Newsletter pictures", Some("4 minutes ago"), state);
        let refused = "This is neither its name nor how it begins. Nothing was revoked.";
        vec![
            ("revoke-key", Self::sample(key(KeyState::Active))),
            (
                "revoke-key-refused",
                Self {
                    made: vec!["nightly import".into(), "ci".into()],
                    confirmed: Field { value: "ci".into(), error: Some(refused.into()) },
                    ..Self::sample(key(KeyState::Rotated))
                },
            ),
            (
                "revoke-key-hostile",
                Self {
                    made: vec![hostile()],
                    beginning: hostile(),
                    confirmed: Field { value: hostile(), error: Some(hostile()) },
                    ..Self::sample(KeyRow::sample_hostile(KeyState::Rotated))
                },
            ),
        ]
    }
}
